"""Killed at every step: the index is the old or the new one, and the next run ends right."""

import os
import shutil
import signal
import sys
from itertools import product
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt
from tests.conftest import Run, copy_fleet
from tests.host_keys import ALPHA
from tests.mend.mending import DB, NODES, WIFI, ask, command, edit, execute, fix, outputs, state

# Python tells of every file that it opens, renames, links or removes, and of every program that it
# starts. From the first write on, the process ends before the one of this number.
_KILLER = """
import os, sys
left = int(sys.argv[1])
begun = False
EVENTS = {"os.rename", "os.link", "os.remove", "os.rmdir", "os.mkdir", "subprocess.Popen"}

def hook(event, args):
    global left, begun
    writes = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR)
    begun = begun or (writes and str(args[0]).endswith("journal.new"))
    if begun and (writes or event in EVENTS):
        left -= 1
        if left < 0:
            os._exit(137)

sys.addaudithook(hook)
from agenix_check.cli import main
sys.exit(main(sys.argv[2:]))
"""
_CHUNKS = 12  # one of them is tried on the oldest Python


@pytest.fixture
def broken(fleet: Workshop) -> Workshop:
    """Return a fleet with stale outputs, and one that is cut short and fixed in its place."""
    (path,) = (fleet.top / fleet.storage / "alpha").glob("*-wifi.age")
    path.write_bytes(encrypt(b"correct horse\n", [ALPHA])[:150])
    for node in ("gamma", "delta"):
        for old in (fleet.top / fleet.storage / node).iterdir():
            old.unlink()
    fleet.commit("Cut an output short; keep two hosts")
    edit(fleet)
    return fleet


@pytest.mark.parametrize("chunk", range(_CHUNKS))
def test_the_run_after_a_killed_one_ends_right(
    broken: Workshop, tmp_path: Path, run_here: Run, chunk: int
) -> None:
    before, source = outputs(broken), broken.read(DB)
    steps = chunk
    while True:
        copy = copy_fleet(broken, tmp_path / str(steps) / "fleet")
        words = command(copy)
        words[1:5] = ["-c", _KILLER, str(steps)]
        killed = execute(copy, words)
        now = outputs(copy)
        assert now == before or not set(now) & {path for path in before if path.endswith("-db.age")}
        assert _sources(copy) == _sources(broken)
        done = run_here(copy.top, *command(copy)[5:])
        assert done.code == 0, (steps, killed, done)
        _in_order(copy, source)
        if killed.code != 137:
            assert killed.code == 0, killed
            return
        steps += _CHUNKS


# The signal comes when the lock was just taken.
_ENDED = """
import os, signal, sys

def hook(event, args):
    if event == "os.link" and str(args[1]).endswith("index.lock"):
        os.kill(os.getpid(), getattr(signal, sys.argv[1]))

sys.addaudithook(hook)
from agenix_check.cli import main
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_who_is_ended_while_the_index_is_locked_leaves_no_lock(fleet: Workshop, name: str) -> None:
    edit(fleet)
    source = fleet.read(DB)
    words = command(fleet)
    words[1:5] = ["-c", _ENDED, name]
    ended = execute(fleet, words)
    assert ended.code == (130 if name == "SIGINT" else -signal.Signals[name]), ended
    assert not (fleet.top / ".git/index.lock").exists()
    fleet.stage(fleet.write("README.md", "Another text.\n"))
    assert fix(fleet).code == 0
    _in_order(fleet, source)


# Stands for Git: ends as if it were killed, before, in the middle of its input, or after its work,
# or while it has the lock of the index that it works on.
_DYING = """#!{python}
import os, signal, subprocess, sys, time
command = next(word for word in sys.argv[1:] if not word.startswith(("-", "core.")))
if command == os.environ["VICTIM"] and not os.path.exists(os.environ["DONE"]):
    open(os.environ["DONE"], "w").close()
    given, when = sys.stdin.buffer.read(), os.environ["WHEN"]
    if when == "locked":
        index = os.environ.get("GIT_INDEX_FILE") or os.environ["GIT_DIR"] + "/index"
        open(index + ".lock", "x").close()
    elif when != "before":
        with subprocess.Popen([{git!r}, *sys.argv[1:]], stdin=subprocess.PIPE) as real:
            real.stdin.write(given if when == "after" else given[: len(given) // 2])
            real.stdin.flush()
            if when == "after":
                real.stdin.close()
                real.wait()
            else:
                time.sleep(0.2)
            real.kill()
    os.kill(os.getpid(), signal.SIGKILL)
os.execv({git!r}, ["git", *sys.argv[1:]])
"""


@pytest.mark.parametrize(
    ("victim", "when"),
    [
        *product(
            ("hash-object", "update-index", "write-tree", "check-attr"),
            ("before", "amid", "after"),
        ),
        ("update-index", "locked"),
        ("write-tree", "locked"),
    ],
)
def test_a_git_that_is_killed_changes_nothing(
    fleet: Workshop, tmp_path: Path, victim: str, when: str
) -> None:
    edit(fleet)
    source, before = fleet.read(DB), state(fleet)
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    git = shutil.which("git")
    program.write_text(_DYING.format(python=sys.executable, git=git))
    program.chmod(0o755)
    path = f"{program.parent}:{os.environ['PATH']}"
    done = tmp_path / "done"
    env = {"PATH": path, "VICTIM": victim, "WHEN": when, "DONE": str(done)}
    killed = fix(fleet, env=env)
    assert done.exists()
    assert killed.code == 3 or (killed.code == 0 and victim == "write-tree"), killed
    assert "Traceback" not in killed.stderr
    assert killed.code == 0 or state(fleet) == before
    assert not list((fleet.top / ".git").glob("*.lock"))
    assert fix(fleet).code == 0
    assert fleet.read(DB) == source
    assert ask(fleet, "diff", "--name-only") == ""
    assert ask(fleet, "ls-files", "--others") == ""


def _sources(fleet: Workshop) -> dict[str, bytes]:
    tracked = ask(fleet, "ls-files", "--stage", "secrets/*.age").splitlines()
    listed = [line for line in tracked if "/rekeyed/" not in line]
    files = {str(path): path.read_bytes() for path in sorted(Path(fleet.top, "secrets").glob("*"))
             if path.is_file()}  # fmt: skip
    return {"": "\n".join(listed).encode(), **{Path(name).name: files[name] for name in files}}


def _in_order(fleet: Workshop, source: bytes) -> None:
    assert fleet.read(DB) == source
    assert ask(fleet, "diff", "--name-only") == ""
    assert ask(fleet, "ls-files", "--others") == ""
    assert not (fleet.top / ".git/index.lock").exists()
    assert not {"journal", "index"} & {
        path.name for path in (fleet.top / ".git/agenix-check").iterdir()
    }
    for node in NODES[:2]:
        assert (fleet.top / fleet.output_path(node, "db", DB)).exists()
        assert (fleet.top / fleet.output_path(node, "wifi", WIFI)).exists()
