"""What holds for every format there is, and what it takes to add one: one file."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.model.findings import Cause, CauseKind, Report, Verdict
from agenix_check.report import RenderOptions, render
from agenix_check.report.registry import Format, all_formats, find_format, format_names
from tests.report.runner import commands
from tests.report.sample import HOSTILE, TROUBLE, finding, output, plain

ROOT = Path(__file__).parents[2]

_EVIL = f"{HOSTILE}\n::add-mask::x\x00\x9b\u2028"


def hostile() -> Report:
    """Return a report in which everything that a repository can name is hostile."""
    found = finding(
        "output-stale", _EVIL, _EVIL, message=_EVIL, path=_EVIL, mend=_EVIL,
        cause=Cause(kind=CauseKind.SOURCE_CHANGED, path=_EVIL, commit=_EVIL),
    )  # fmt: skip
    files = (
        output(_EVIL, _EVIL, Verdict.WRONG, "output-stale"),
        output(_EVIL, "x", Verdict.UNVERIFIABLE, reason=_EVIL),
        plain(_EVIL, Verdict.SKIPPED, rules_file=_EVIL),
    )
    return replace(
        TROUBLE,
        findings=(found, replace(found, new=False, cause=None), *TROUBLE.findings),
        files=(*files, *TROUBLE.files),
        incomplete=(_EVIL,),
        skipped=(_EVIL,),
    )


@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("form", format_names())
def test_hostile_names_are_printable_in(form: str, verbose: bool) -> None:
    text = render(hostile(), form, RenderOptions(verbose=verbose))

    assert not [char for char in text if not (char.isprintable() or char in "\n\t")]
    assert text.encode().decode() == text
    assert {one.name for one in commands(text)} <= {"error", "warning", "notice"}


def test_a_declaration_is_of_its_file() -> None:
    assert [one.name for one in all_formats()] == list(format_names())
    for one in all_formats():
        assert one.audience
        if one.summary is not None:
            assert isinstance(find_format(one.summary.format), Format)


SCRATCH = '''\
"""A format for this test."""

from agenix_check.model.findings import Report
from agenix_check.report.escape import visible
from agenix_check.report.registry import Format, RenderOptions


def render(report: Report, options: RenderOptions) -> str:
    return "".join(f"{visible(finding.message)}\\n" for finding in report.findings)


FORMAT = Format(name="scratch", audience="those who try things", render=render)
'''


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a copy of this checkout with one more file."""
    for name in ("agenix_check", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "agenix_check/report/formats/scratch.py").write_text(SCRATCH)
    return tmp_path


def run_module(checkout: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=checkout,
        env={**plain_environment(), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def plain_environment() -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("PYTEST_")}
    return {**kept, "COLUMNS": "80"}


def test_a_format_is_added_in_one_file(checkout: Path, fleet: Workshop) -> None:
    code, said = run_module(checkout, "agenix_check", "--help")
    assert code == 0
    assert "  scratch   those who try things\n" in said
    assert ",scratch}" in said

    fleet.source("secrets/db.age", "another\n")
    fleet.stage()
    program = "import os, sys; sys.path.insert(0, sys.argv[1]); from agenix_check.cli import main"
    done = subprocess.run(
        [sys.executable, "-c", f"{program}; sys.exit(main(sys.argv[2:]))", str(checkout),
         "--format", "scratch", "--output", "scratch=report"],
        cwd=fleet.top, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, "")
    assert "made from the version of secrets/db.age before this change\n" in done.stdout
    assert (fleet.top / "report").read_text() == done.stdout

    test = ("pytest", "-q", "-p", "no:cacheprovider", "tests/test_readme.py", "-k", "formats")
    assert run_module(checkout, *test)[0] == 1  # README does not say it yet
    assert run_module(checkout, *test, UPDATE_README="1")[0] == 0
    assert "| `scratch` | those who try things |" in (checkout / "README.md").read_text()


def test_the_hostile_names_find_a_new_format(checkout: Path) -> None:
    test = ("pytest", "-q", "-p", "no:cacheprovider", "tests/report/test_every_format.py")
    code, said = run_module(checkout, *test, "-k", "printable_in and scratch")
    assert code == 0, said
    assert "2 passed" in said

    careless = SCRATCH.replace("visible(finding.message)", "finding.message")
    (checkout / "agenix_check/report/formats/scratch.py").write_text(careless)
    code, said = run_module(checkout, *test, "-k", "printable_in and scratch")
    assert code == 1
    assert "2 failed" in said
