"""Completion in real shells: what they offer for what was typed."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from tests.checkout import ROOT
from tests.cli.running import complains
from tests.conftest import Run
from tests.pace import PATIENCE

_SHARE = ROOT / "share"
_BASH = _SHARE / "bash-completion/completions/agenix-check"
_ZSH = _SHARE / "zsh/site-functions/_agenix-check"
_FISH = _SHARE / "fish/vendor_completions.d/agenix-check.fish"
_HOSTILE = "$(touch pwned)`touch pwned`; touch pwned"

# What stands before the cursor, and what is offered there: all of it, or some.
_TYPED: tuple[tuple[tuple[str, ...], set[str]], ...] = (
    (("exp",), {"explain", "exposure"}),
    (("fleet", ""), {"alpha", "beta", "gamma", "delta"}),
    (("fleet", "--node", "d"), {"delta"}),
    (("-q", "--secret", "w"), {"wifi"}),
    (("--inventory", "n"), {"nix", "names"}),
    (("--no-c",), {"--no-cache"}),
    (("explain", "output-mi"), {"output-missing", "output-mixed-keys"}),
    (("--rev", "ma"), {"main"}),
    (("config", "nix-"), {"nix-timeout", "nix-memory", "nix-jobs"}),
    (("access", "--format", "c"), {"csv"}),
    (("help", "fl"), {"fleet"}),
    (("completion", "z"), {"zsh"}),
)


@pytest.fixture
def place(fleet: Workshop) -> Path:
    """A fleet, in which somebody named a directory and a secret after commands."""
    (db,) = (fleet.top / "secrets/rekeyed/alpha").glob("*-db.age")
    fleet.write(f"secrets/rekeyed/{_HOSTILE}/{db.name}", db.read_bytes())
    fleet.write(f"secrets/{_HOSTILE}.age", db.read_bytes())
    fleet.git.run("add", "-A")
    return fleet.top


def _environment(place: Path) -> dict[str, str]:
    """Return variables with the program on PATH, and a home that a shell may write to."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    home = str(place.parent / "home")
    homes = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"), home)
    return {**os.environ, **homes, "XDG_STATE_HOME": home, "PATH": programs, "TERM": "dumb"}


def _shell(place: Path, *command: str) -> str:
    done = subprocess.run(
        command,
        cwd=place,
        env=_environment(place),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def _typed() -> list[str]:
    """Return commands that show what is offered for each of `_TYPED`, a line each."""
    return [
        f"typed {' '.join(repr(word) for word in ('agenix-check', *words))}" for words, _ in _TYPED
    ]


def _check(shown: str) -> None:
    lines = shown.splitlines()
    assert len(lines) == len(_TYPED), shown
    for (words, offered), line in zip(_TYPED, lines, strict=True):
        found = {word for word in line.split("\t") if word and word.startswith(words[-1])}
        assert offered == {one for one in found if "pwned" not in one}, (words, line)


def test_in_bash(place: Path) -> None:
    lines = [
        f"source {_BASH}",
        'typed() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _agenix_check',
        "local IFS=$'\\t'; echo \"${COMPREPLY[*]}\"; }",
        *_typed(),
    ]
    _check(_shell(place, "bash", "--norc", "-c", "\n".join(lines)))
    equals = (f"source {_BASH}", "COMP_WORDS=(agenix-check --inventory = l)", "COMP_CWORD=3")
    shown = _shell(place, "bash", "-c", "\n".join((*equals, "_agenix_check; echo $COMPREPLY")))
    assert shown == "lock\n"
    hostile = (f"source {_BASH}", "COMP_WORDS=(agenix-check --node '$')", "COMP_CWORD=2")
    last = '_agenix_check; eval "set -- $COMPREPLY"; echo "$1"'
    assert _shell(place, "bash", "-c", "\n".join((*hostile, last))) == f"{_HOSTILE}\n"
    assert not (place / "pwned").exists()


def test_in_fish(place: Path) -> None:
    typed = (" ".join(("agenix-check", *words)) for words, _ in _TYPED)
    lines = [f"source {_FISH}"]
    lines += [
        f"echo (complete -C '{one}' | string replace -r '\\t.*' '' | string join \\t)"
        for one in typed
    ]
    _check(_shell(place, "fish", "--no-config", "-c", "\n".join(lines)))
    assert not (place / "pwned").exists()


def test_in_zsh(place: Path, tmp_path: Path) -> None:
    # What zsh shows is for a line editor, so the functions that it offers words with print them.
    lines = [
        f"fpath=({_ZSH.parent} $fpath)",
        f"autoload -Uz compinit; compinit -u -d {tmp_path / 'dump'}",
        "autoload -Uz +X _agenix-check; source " + str(_ZSH),
        "compadd() { [[ $1 == -S= ]] && shift; [[ $1 == -a ]] && set -- -- ${(P)2}",
        "shift; print -rn -- ${(pj:\\t:)@}$'\\t'; }",
        "_describe() { local -a all=(${(P)@[-1]}); print -rn -- ${(pj:\\t:)all%%:*}$'\\t' }",
        'typed() { words=("$@"); CURRENT=$#; PREFIX=${@[-1]}; _agenix_check; print }',
        *_typed(),
    ]
    _check(_shell(place, "zsh", "-f", "-c", "\n".join(lines)))
    assert not (place / "pwned").exists()


def test_on_the_line_of_zsh(place: Path, tmp_path: Path) -> None:
    begin = (
        f"PS1=re''ady:; fpath=({_ZSH.parent} $fpath); "
        f"autoload -Uz compinit; compinit -u -d {tmp_path / 'dump'}; bindkey '^I' complete-word\n"
    )
    assert "agenix-check fleet --node delta" in _type(place, ("zsh", "-f", "-i"), begin)


def _type(place: Path, shell: tuple[str, ...], begin: str) -> str:
    """Return what a shell shows on a terminal where a key is typed to complete a word."""
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        shell, cwd=place, env=_environment(place), stdin=theirs, stdout=theirs, stderr=theirs,
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        os.write(ours, begin.encode())
        _read_until(ours, "ready:")
        os.write(ours, b"agenix-check fleet --node d\t")
        return _read_until(ours, "--node delta")
    finally:
        running.kill()
        running.wait()
        os.close(ours)


def _read_until(terminal: int, wanted: str) -> str:
    shown, end = "", time.monotonic() + PATIENCE
    while not re.search(wanted, shown) and time.monotonic() < end:
        if select.select([terminal], [], [], 1)[0]:
            shown += os.read(terminal, 1 << 16).decode(errors="replace")
    return shown


def test_names_outside_of_a_repository(tmp_path: Path, run: Run) -> None:
    for names in ("nodes", "secrets"):
        done = run(tmp_path, "completion", "--list", names)
        assert (done.code, done.stdout, done.stderr) == (0, "", "")
    complains(run(tmp_path, "completion"), 2, "name one shell: bash, zsh or fish")
