"""The command as a process: variables and the settings file."""

import json

import pytest

from agenix_check.demo.workshop import Workshop
from tests.cli.running import complains
from tests.conftest import Run


@pytest.fixture
def run(run_here: Run) -> Run:
    return run_here


@pytest.mark.parametrize(
    ("variable", "value", "code"),
    [
        ("AGENIX_CHECK_STRICT", "1", 0),
        ("AGENIX_CHECK_STRICT", "maybe", 2),
        ("AGENIX_CHECK_REQUIRE_VERIFIED", "true", 1),
        ("AGENIX_CHECK_REQUIRE_VERIFIED", "no", 0),
        ("AGENIX_CHECK_REV", "HEAD", 0),
        ("AGENIX_CHECK_REV", "no-such", 2),
        ("AGENIX_CHECK_FORMAT", "xml", 2),
        ("AGENIX_CHECK_NODE", "*/alpha,*/beta", 0),
        ("AGENIX_CHECK_NODE", "no-such", 3),
        ("AGENIX_CHECK_IGNORE", "output-stale,output-orphan", 0),
        ("AGENIX_CHECK_IGNORE", "output-stal", 2),
    ],
)
def test_variables(fleet: Workshop, run: Run, variable: str, value: str, code: int) -> None:
    result = run(fleet.top, env={variable: value})
    assert result.code == code, result
    assert "Traceback" not in result.stderr


def test_an_option_wins_over_a_variable(fleet: Workshop, run: Run) -> None:
    result = run(fleet.top, "--format", "json", env={"AGENIX_CHECK_FORMAT": "junit"})
    assert json.loads(result.stdout)["counts"]["wrong"] == 0


def test_a_variable_wins_over_the_settings_file(fleet: Workshop, run: Run) -> None:
    fleet.write("agenix-check.toml", 'format = "junit"\n')
    fleet.stage()
    assert run(fleet.top).stdout.startswith("<?xml")
    result = run(fleet.top, env={"AGENIX_CHECK_FORMAT": "json"})
    assert json.loads(result.stdout)["counts"]["wrong"] == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("strict = 1", ("strict", "true or false")),
        ("format = 3", ("format", "string")),
        ('format = "xml"', ("format", "xml")),
        ("nodes = [1]", ("nodes", "strings")),
        ("stict = true", ("'stict'", "'strict'")),
        ("strict = [", ("agenix-check.toml",)),
        ("nix-timeout = true", ("nix-timeout", "number above 0")),
        ("nix-jobs = 0", ("nix-jobs", "number above 0")),
        ("nix-jobs = 1.5", ("nix-jobs", "whole number")),
        ("[[ignore]]\nrule = 'output-stale'", ("reason",)),
        ("[[ignore]]\nrule = 'output-stal'\nreason = 'x'", ("'output-stale'",)),
        ("\xff\xfe", ("agenix-check.toml",)),
    ],
)
def test_a_settings_file_that_is_wrong(
    fleet: Workshop, run: Run, text: str, words: tuple[str, ...]
) -> None:
    fleet.write("agenix-check.toml", text.encode("latin-1"))
    fleet.stage()
    complains(run(fleet.top), 2, "agenix-check.toml", *words)


def test_a_settings_file_that_is_no_file(fleet: Workshop, run: Run) -> None:
    settings = fleet.top / "agenix-check.toml"
    fleet.write("agenix-check.toml/settings.toml", "strict = true\n")
    fleet.stage()
    complains(run(fleet.top), 2, "agenix-check.toml", "regular file")
    fleet.remove("agenix-check.toml/settings.toml")
    settings.rmdir()
    settings.symlink_to("/etc/passwd")
    fleet.stage()
    complains(run(fleet.top), 2, "agenix-check.toml", "regular file")
