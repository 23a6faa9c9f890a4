"""The demo as a whole: it passes wherever it runs, and leaves nothing behind."""

import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agenix_check.demo import show_all, tell_stories
from agenix_check.demo.breaks import Break
from agenix_check.demo.every_break import BREAKS
from agenix_check.demo.plain_breaks import PLAIN_BREAKS
from agenix_check.demo.play import Play
from agenix_check.demo.stories import KEY_FILE, PAGE, PLAIN_STORIES, STORIES
from agenix_check.errors import UsageError
from tests.pace import PATIENCE

if TYPE_CHECKING:
    from agenix_check.demo.sample_fleet import SampleFleet

HOSTILE = """\
[commit]
gpgSign = true
[core]
hooksPath = {hooks}
excludesFile = {hooks}/ignore
autocrlf = true
[init]
templateDir = {hooks}
[gpg]
program = /bin/false
[user]
useConfigOnly = true
"""


def demo(*arguments: str, env: Mapping[str, str], cwd: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "agenix_check", "demo", *arguments],
        cwd=cwd,
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return what the demo tells without an argument."""
    place = tmp_path_factory.mktemp("demo")
    scratch, elsewhere = _made(place / "scratch"), _made(place / "elsewhere")

    done = demo(env={"TMPDIR": str(scratch)}, cwd=elsewhere)

    assert (done.returncode, done.stderr) == (0, "")
    assert str(place) not in done.stdout
    assert "\x1b" not in done.stdout
    assert list(scratch.iterdir()) == []
    assert list(elsewhere.iterdir()) == []
    return done.stdout


def test_tells_each_story_on_a_screen(told: str) -> None:
    rest = told
    stories = [(one.title, one.rule, one.fix) for one in STORIES]
    stories += [(one.title, one.rule, one.fix) for one in PLAIN_STORIES]
    for number, (named, rule, fix) in enumerate(stories, 1):
        _, title, rest = rest.partition(f"\n{number}. {named}\n")
        assert title
        story = rest.partition(f"\n{number + 1}. ")[0].partition("\nWhat is in")[0]
        found, *fixes = story.split("\n$ ")
        assert found.startswith("$ agenix-check\n")
        assert f"[{rule}]" in found
        assert [tuple(one.partition("\n")[0].split()) for one in fixes] == [*fix]
        assert f"fix: {' '.join(fix[0])}" in found
        green = ("10 outputs on 4 nodes: 8 ok, 2 unverifiable", "all as their rules say")
        assert fixes[-1].rstrip().endswith(green)
        assert _rows(title + story.rstrip()) <= 25


def _rows(text: str) -> int:
    """Return how many rows a text has on a terminal of 80 columns."""
    return sum(max(1, -(-len(line) // 80)) for line in text.splitlines())


def test_ends_with_what_is_in_the_fleet(told: str) -> None:
    commands = [line[2:] for line in told.splitlines() if line.startswith("$ ")]
    assert commands[-3:] == [
        "agenix-check fleet", "agenix-check access", f"agenix-check --output html={PAGE}",
    ]  # fmt: skip
    for part in told.partition("\nWhat is in")[2].split("\n$ ")[1:]:
        assert _rows(part) <= 27
    assert told.endswith("\nagenix-check demo DIR keeps the fleet in DIR, to play with.\n")
    assert "agenix-check demo --all" in told


def test_all_shows_every_break_and_what_the_gate_says(tmp_path: Path) -> None:
    told: list[str] = []

    assert show_all(str(_made(tmp_path / "empty")), told.append, color=False) == 0

    text = "".join(told)
    shows = [(one.title, one.rule) for one in BREAKS]
    shows += [(one.title, one.rule) for one in PLAIN_BREAKS]
    for number, (title, rule) in enumerate(shows, 1):
        shown = text.partition(f"\n{number}. {title}\n")[2].partition(f"\n{number + 1}. ")[0]
        assert f"[{rule}]" in shown
    assert text.count("\n3 plain agenix files: all as their rules say\n") == 2
    assert text.count("\n10 outputs on 4 nodes: 8 ok, 2 unverifiable\n") == 2  # built, and fixed
    plain = len(PLAIN_BREAKS)
    assert f"{len(BREAKS)} ways to break a fleet and {plain} to break plain agenix" in text
    assert "The fleet is in " in text


def test_leaves_a_fleet_in_the_directory_that_can_be_broken_and_fixed(tmp_path: Path) -> None:
    directory = tmp_path / "new" / "fleet"

    done = demo("fleet", env={}, cwd=_made(tmp_path / "new"))

    assert done.returncode == 0
    assert done.stdout.endswith(
        f"\nThe fleet is in fleet, to play with; --fix works there; see {PAGE} too.\n"
    )
    assert {"fleet.nix", "hosts", "rekeyed", "secrets", PAGE} <= {
        path.name for path in directory.iterdir()
    }
    assert _run(directory, "git", "status", "--porcelain") == (0, "")
    assert _run(directory, "git", "check-ignore", PAGE)[0] == 0
    assert (directory / KEY_FILE).stat().st_mode & 0o077 == 0
    program = (sys.executable, "-m", "agenix_check")
    assert _run(directory, *program)[0] == 0
    next((directory / "rekeyed" / "alpha").glob("*.age")).write_bytes(b"")
    assert _run(directory, "git", "add", "rekeyed")[0] == 0
    assert _run(directory, *program)[0] == 1
    assert _run(directory, *program, "--fix")[0] == 0
    assert _run(directory, *program)[0] == 0


def test_refuses_a_directory_with_something_in_it(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine\n")

    done = demo(str(tmp_path), env={}, cwd=tmp_path)

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        f"agenix-check: {tmp_path} is not empty; the demo needs a new or an empty directory\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_refuses_a_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine\n")

    with pytest.raises(UsageError, match="file: File exists"):
        show_all(str(file), lambda _: None, color=False)


def test_needs_git_and_nothing_else(tmp_path: Path) -> None:
    git = shutil.which("git")
    assert git is not None
    programs, home = _made(tmp_path / "bin"), _made(tmp_path / "home")
    (programs / "git").symlink_to(git)

    done = demo(env={"PATH": str(programs), "HOME": str(home)}, cwd=home)

    assert (done.returncode, done.stderr) == (0, "")
    assert list(home.iterdir()) == []


def test_heeds_no_configuration_of_the_users(tmp_path: Path) -> None:
    home, hooks = _made(tmp_path / "home"), _made(tmp_path / "hooks")
    (hooks / "pre-commit").write_text("#!/bin/sh\nexit 1\n")
    (hooks / "pre-commit").chmod(0o755)
    (hooks / "ignore").write_text("*\n")
    (home / ".gitconfig").write_text(HOSTILE.format(hooks=hooks))
    ignore = _made(tmp_path / "config" / "git") / "ignore"
    ignore.write_text("*\n")
    other = _made(tmp_path / "other")
    subprocess.run(["git", "init", "-q", other], check=True)
    before = sorted(other.rglob("*"))
    summary = tmp_path / "summary"

    done = demo(
        env={
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
            "GIT_DIR": str(other / ".git"),
            "GIT_INDEX_FILE": str(other / ".git" / "index"),
            "GIT_TEMPLATE_DIR": str(hooks),
            "AGENIX_CHECK_FORMAT": "json",
            "AGENIX_CHECK_IDENTITY": str(home / "none"),
            "GITHUB_ACTIONS": "true",
            "GITHUB_STEP_SUMMARY": str(summary),
        },
        cwd=other,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "{" not in done.stdout
    assert sorted(other.rglob("*")) == before
    assert not summary.exists()


def test_gives_the_environment_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", "somebody")
    before = dict(os.environ)

    tell_stories(
        str(tmp_path / "fleet"), lambda *_: (0, ""), lambda _: None, color=False, pause=lambda: None
    )

    assert dict(os.environ) == before


def test_fails_where_the_gate_does_not_name_the_rule(tmp_path: Path) -> None:
    told: list[str] = []
    harmless: Break[SampleFleet] = Break(
        title="Somebody did nothing", act=lambda _: None, rule="output-stale"
    )

    code = Play(tmp_path / "fleet", told.append, color=False).run([harmless], None)

    assert code == 1
    assert "defect in agenix-check: the gate did not name output-stale\n" in "".join(told)
    assert "caught" not in "".join(told)


def test_a_story_fails_where_a_command_does_not_do_what_it_tells(tmp_path: Path) -> None:
    told: list[str] = []

    code = tell_stories(
        str(tmp_path / "fleet"), lambda *_: (0, ""), told.append, color=False, pause=lambda: None
    )

    assert code == 1
    assert "defect in agenix-check: the gate did not name output-stale\n" in "".join(told)
    assert "agenix-check ended with 0 and not 1\n" in "".join(told)
    assert "keeps the fleet" not in "".join(told)


def test_on_a_terminal_it_uses_colors_and_waits(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "agenix_check", "demo"],
            cwd=tmp_path,
            env={**os.environ, "TERM": "xterm"},
            stdin=theirs,
            stdout=theirs,
        )
    finally:
        os.close(theirs)
    shown, waits = b"", 0
    try:
        while chunk := os.read(ours, 65536):
            shown += chunk
            for _ in range(shown.count(b"(Enter for") - waits):
                os.write(ours, b"\n")
                waits += 1
    except OSError:  # how Linux says that the other end is closed
        pass
    finally:
        os.close(ours)
    assert process.wait(timeout=PATIENCE) == 0
    assert waits == len((*STORIES, *PLAIN_STORIES)) + 2  # between screens
    assert b"\x1b[1m1. " in shown
    assert b"\x1b[1;31merror" in shown  # the commands too


def _run(directory: Path, *command: str) -> tuple[int, str]:
    done = subprocess.run(
        command, cwd=directory, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    return done.returncode, done.stdout


def _made(directory: Path) -> Path:
    directory.mkdir(parents=True)
    return directory
