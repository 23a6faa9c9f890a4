"""The workflow for plain agenix: its steps are run on such a repository, and ask no Nix."""

import re
from pathlib import Path
from typing import Any

import pytest

from agenix_check.demo.plain_sample import ADMINS, PlainSample
from tests.ci.hub import Hub, Start, merge_group, pull_request, push
from tests.ci.runner import OURS, names_of, steps_of
from tests.examples import EXAMPLES, load_yaml

WORKFLOW = EXAMPLES / "plain-agenix.yml"


@pytest.fixture
def sample(tmp_path: Path) -> PlainSample:
    made = PlainSample(tmp_path / "plain")
    made.build()
    made.shop.git.run("config", "uploadpack.allowAnySHA1InWant", "true")
    return made


@pytest.fixture
def hub(sample: PlainSample, tmp_path: Path) -> Hub:
    """Put plain agenix where `start` has a fleet."""
    return Hub(sample.shop, tmp_path)


@pytest.fixture(autouse=True)
def nix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a Nix on PATH that leaves a trace where it is started."""
    programs = tmp_path / "nix-bin"
    programs.mkdir()
    (programs / "nix").write_text(f"#!/bin/sh\n: > {tmp_path}/nix-was-started\nexit 1\n")
    (programs / "nix").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    return tmp_path / "nix-was-started"


@pytest.mark.parametrize("event", [push, pull_request, merge_group])
def test_who_was_forgotten_is_found(
    sample: PlainSample, hub: Hub, start: Start, nix: Path, event: Any
) -> None:
    sample.rule((*ADMINS, "carol"))
    sample.encrypt("db.age", (*ADMINS, "carol"))
    broken = sample.shop.commit("Let Carol in")

    runner = start(*event(hub.base), broken)
    code, others = runner.job(steps_of(WORKFLOW, "check"))

    assert code == 1, runner.log
    assert "plain-missing-recipient" in runner.log
    assert names_of(others) == ["actions/checkout", "actions/upload-artifact"]
    report = (runner.workspace / "agenix-check.xml").read_text()
    assert re.findall(r'<testsuite [^>]*?\bname="([^"]*)"', report) == ["secrets.nix", "repository"]
    assert len(re.findall(r'<testcase [^>]*?classname="secrets.nix"', report)) == 3

    sample.encrypt("mail.age", (*ADMINS, "carol"))
    sample.encrypt("wifi.age", (*ADMINS, "carol"))
    fixed = start(*event(hub.base), sample.shop.commit("Rekey"))
    assert fixed.job(steps_of(WORKFLOW, "check"))[0] == 0, fixed.log
    assert not nix.exists()


def test_it_needs_nothing_that_a_fork_has_not() -> None:
    workflow = load_yaml(WORKFLOW)
    assert workflow["permissions"] == {"contents": "read"}
    assert "secrets." not in re.sub(r"secrets\.(nix|yml)", "", WORKFLOW.read_text())
    assert "install-nix" not in WORKFLOW.read_text()
    uses = re.findall(r"uses: (\S+)", WORKFLOW.read_text())
    assert [one for one in uses if not re.search(r"@[0-9a-f]{40}$", one)] == [OURS]
