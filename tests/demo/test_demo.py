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

from agenix_check.demo import run
from agenix_check.demo.breaks import Break
from agenix_check.demo.every_break import BREAKS
from agenix_check.demo.plain_breaks import PLAIN_BREAKS
from agenix_check.demo.play import Play
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


def test_plays_in_a_scratch_directory_and_leaves_nothing(tmp_path: Path) -> None:
    scratch, elsewhere = tmp_path / "scratch", tmp_path / "elsewhere"
    scratch.mkdir()
    elsewhere.mkdir()

    done = demo(env={"TMPDIR": str(scratch)}, cwd=elsewhere)

    assert done.stderr == ""
    assert done.returncode == 0
    plain = len(PLAIN_BREAKS)
    said = f"{len(BREAKS)} ways to break a fleet and {plain} to break plain agenix, all caught."
    assert said in done.stdout
    assert str(tmp_path) not in done.stdout
    assert "\x1b" not in done.stdout
    assert list(scratch.iterdir()) == []
    assert list(elsewhere.iterdir()) == []


def test_shows_what_was_done_and_what_the_gate_says(tmp_path: Path) -> None:
    told: list[str] = []

    assert run(str(tmp_path / "fleet"), told.append, color=False) == 0

    text = "".join(told)
    shows = [(one.title, one.rule) for one in BREAKS]
    shows += [(one.title, one.rule) for one in PLAIN_BREAKS]
    for number, (title, rule) in enumerate(shows, 1):
        shown = text.partition(f"\n{number}. {title}\n")[2].partition(f"\n{number + 1}. ")[0]
        assert f"[{rule}]" in shown
    assert text.count("\n3 plain agenix files: all as their rules say\n") == 2
    assert text.count("\n10 outputs on 4 nodes: 8 ok, 2 unverifiable\n") == 2  # built, and mended


def test_leaves_the_fleet_in_the_directory(tmp_path: Path) -> None:
    directory = tmp_path / "new" / "fleet"

    done = demo("fleet", env={}, cwd=_made(tmp_path / "new"))

    assert done.returncode == 0
    assert "The fleet is in fleet, in order again: play with it." in done.stdout
    assert {"fleet.nix", "hosts", "rekeyed", "secrets"} <= {
        path.name for path in directory.iterdir()
    }
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=directory, capture_output=True, check=True
    )
    assert status.stdout == b""
    check = subprocess.run(
        [sys.executable, "-m", "agenix_check"], cwd=directory, capture_output=True, check=False
    )
    assert (check.returncode, check.stderr) == (0, b"")


def test_takes_an_empty_directory(tmp_path: Path) -> None:
    assert run(str(_made(tmp_path / "empty")), lambda _: None, color=False) == 0


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
        run(str(file), lambda _: None, color=False)


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

    done = demo(
        env={
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
            "GIT_DIR": str(other / ".git"),
            "GIT_INDEX_FILE": str(other / ".git" / "index"),
            "GIT_TEMPLATE_DIR": str(hooks),
        },
        cwd=other,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(other.rglob("*")) == before


def test_gives_the_environment_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", "somebody")
    before = dict(os.environ)

    run(str(tmp_path / "fleet"), lambda _: None, color=False)

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


@pytest.mark.parametrize(("env", "colored"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_uses_colors_on_a_terminal(tmp_path: Path, env: dict[str, str], *, colored: bool) -> None:
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "agenix_check", "demo"],
            cwd=tmp_path,
            env={**os.environ, "TERM": "xterm", **env},
            stdin=subprocess.DEVNULL,
            stdout=theirs,
        )
    finally:
        os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 65536):
            shown += chunk
    except OSError:  # how Linux tells that the other end is closed
        pass
    finally:
        os.close(ours)
    assert process.wait(timeout=PATIENCE) == 0
    assert (b"\x1b[1m1. " in shown) is colored
    assert (b"\x1b[" in shown) is colored


def _made(directory: Path) -> Path:
    directory.mkdir(parents=True)
    return directory
