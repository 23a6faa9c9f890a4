"""`make test`: what it says first, what it installs, and how it ends. Programs are stand-ins here.

The targets and scripts are the real ones, in a copy of this checkout; instead of installing and
testing, the programs that they call write down that they were called.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkout import ROOT, publish
from tests.pace import PATIENCE

# The oldest Python that is supported, and one that is newer than any that a machine has.
OLDEST, NEWEST = "3.11", "3.15"
NETWORK = ("apt-get", "curl", "npm", "npx", "pip", "pip3", "wget")

_STAND_IN = """#!/bin/sh
echo "{name} $*" >>"{log}"
case "{name} $*" in $FAIL) exit 1 ;; esac
"""
_PYTHON = """#!/bin/sh
echo "{minor} $0"
"""


_CASES = """
import pytest

@pytest.mark.parametrize("number", [1, 2, 3])
def test_numbers(number): ...

class TestA:
    def test_alone(self): ...

    @pytest.mark.parametrize("letter", ["a", "b"])
    @pytest.mark.parametrize(
        "number", [pytest.param(1, marks=pytest.mark.skip(reason="not here")), 2]
    )
    def test_both(self, number, letter): ...
"""
_STORIES = """
import pytest

@pytest.fixture
def fleet(): ...

def test_story_1(fleet): ...
def test_story_2(fleet): ...
def test_story_3(fleet): ...
def test_story_4(fleet): ...
"""


PROGRAMS = ["age", "chromium", "chromedriver", "fish", "man", "mandoc", "nix", "ssh-keygen", "zsh"]


class Make:
    """A copy of this checkout with stand-ins for all that make calls."""

    def __init__(self, top: Path) -> None:
        self.top, _ = publish(top / "copy")
        self.log = top / "log"
        self.programs = top / "programs"
        self.programs.mkdir()
        for name in (*NETWORK, *PROGRAMS):
            self._write(self.programs / name, _STAND_IN, name=name)
        for version in (OLDEST, NEWEST):
            minor = version.partition(".")[2]
            self._write(self.programs / f"python{version}", _PYTHON, minor=minor)
        for environment in (".venv", ".venv-newest"):
            for name in ("mypy", "pip", "python", "ruff"):
                path = self.top / environment / "bin" / name
                self._write(path, _STAND_IN, name=f"{environment}/bin/{name}")
            (self.top / environment / ".dev").touch()
        (self.top / ".cache").mkdir()
        for package in (ROOT / ".cache").iterdir():  # what tests/setup/packages.sh fetched
            if package.name != "coverage":  # of the run that this is a part of
                (self.top / ".cache" / package.name).symlink_to(package)

    def test(self, fail: str = "") -> tuple[int, str, list[str]]:
        """Return the exit code of `make test`, what it says, and what it calls.

        `fail` is a shell pattern of calls that fail.
        """
        # The make that runs these tests may have been given variables: they are not for this one.
        kept = {name: text for name, text in os.environ.items() if "MAKE" not in name}
        done = subprocess.run(
            ["make", "test"],
            cwd=self.top,
            env={**kept, "FAIL": fail, "PATH": f"{self.programs}:{os.environ['PATH']}"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        return done.returncode, done.stdout, self.log.read_text().splitlines()

    def _write(self, path: Path, text: str, **values: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.format(log=self.log, **values))
        path.chmod(0o755)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return a copy with everything that the tests need."""
    return Make(tmp_path)


def _tested(calls: list[str]) -> list[str]:
    return [call.split("/")[0] for call in calls if " -m pytest" in call]


def test_where_everything_is_there_nothing_is_installed(make: Make) -> None:
    code, said, calls = make.test()

    assert code == 0, said
    assert "It installs nothing: every program, package and environment is there.\n" in said
    assert [call for call in calls if call.split("/")[-1].split()[0] in NETWORK] == []
    assert [call for call in calls if "-m pip" in call or "-m venv" in call] == []
    # The plan comes before the first step, and has each of them.
    plan = said[: said.index(".venv/bin/ruff")]
    for word in ("lint", f"Python {OLDEST}", NEWEST, "coverage", "minutes"):
        assert word in plan
    assert _tested(calls) == [".venv", ".venv-newest"]
    assert said.endswith(f"The tests passed on Python {OLDEST} and {NEWEST}.\n")
    # All tests run once, and a part of the package's twice.
    first, second = (call for call in calls if " -m pytest" in call)
    assert first.startswith(
        ".venv/bin/python -m pytest -n auto --dist worksteal --one-case --ignore="
    )
    for word in first.split():
        if word.startswith("--ignore="):
            assert (ROOT / word.removeprefix("--ignore=")).exists()
    assert second == ".venv-newest/bin/python -m pytest -n auto --dist worksteal"


def test_what_is_missing_is_named_first(make: Make) -> None:
    (make.top / ".venv-newest/.dev").unlink()
    (make.top / ".cache/axe-core").unlink()

    _, said, calls = make.test(fail="*/ruff *")

    plan = said[: said.index(".venv/bin/ruff")]
    assert "It installs first" in plan
    assert "  from PyPI, into: .venv-newest\n" in plan
    assert "  from npm, into .cache: axe-core@" in plan
    assert "apt-get" not in plan
    assert _tested(calls) == []  # what lint finds comes first


@pytest.mark.parametrize(
    ("fail", "failed"),
    [
        (".venv/bin/* -m pytest *", OLDEST),
        (".venv-newest/bin/* -m pytest *", NEWEST),
        ("*/bin/* -m pytest *", f"{OLDEST} and {NEWEST}"),
    ],
)
def test_one_python_that_fails_does_not_hide_the_other(make: Make, fail: str, failed: str) -> None:
    code, said, calls = make.test(fail=fail)

    assert code == 2  # that of make
    assert _tested(calls) == [".venv", ".venv-newest"]
    assert f"\nThe tests failed on Python {failed}.\n" in said
    assert "The tests passed" not in said
    # What the other one covers is said all the same.
    assert [call for call in calls if "-m tests.coverage" in call]


def test_one_case_is_the_first_that_is_not_skipped_and_of_stories_there_is_one_in_three(
    tmp_path: Path,
) -> None:
    (tmp_path / "test_cases.py").write_text(_CASES)
    for room in ("cli", "mend"):
        (tmp_path / room).mkdir()
        (tmp_path / room / f"test_{room}.py").write_text(_STORIES)

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "--one-case", "-p", "tests.conftest", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )

    ran = [line.split()[0].split("::", 1)[1] for line in done.stdout.splitlines() if "::" in line]
    cases = ["test_numbers[1]", "TestA::test_alone", "TestA::test_both[2-a]"]
    stories = [f"test_story_{number}" for number in (1, 2, 3, 4)]  # of cli; then those of mend
    assert sorted(ran) == sorted([*cases, *stories, "test_story_1", "test_story_4"]), done.stdout
    assert "9 passed, 7 deselected" in done.stdout
