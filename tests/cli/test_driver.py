"""Age files in `git diff` and `git merge`, with the drivers that `init` sets up: the real Git."""

import re
import subprocess
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt
from tests.conftest import SECRETS, Run
from tests.examples import with_programs
from tests.host_keys import BETA, NEW

DB = "secrets/db.age"


@pytest.fixture
def driven(fleet: Workshop, run: Run) -> Workshop:
    """A fleet whose Git calls the program."""
    done = run(fleet.top, "init", "--yes", env=with_programs())
    assert done.code == 0, done.stderr
    fleet.commit("Set up")
    return fleet


def _git(fleet: Workshop, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", *arguments],
        cwd=fleet.top, env=with_programs(), capture_output=True, text=True, check=False,
    )  # fmt: skip


def _output(fleet: Workshop, node: str, secret: str) -> str:
    listing = fleet.git.run("ls-files", "-z", "--", "secrets/rekeyed").decode().split("\0")
    (path,) = (one for one in listing if f"/{node}/" in one and one.endswith(f"-{secret}.age"))
    return path


def test_a_diff_says_whom_a_file_is_for(driven: Workshop) -> None:
    path = _output(driven, "alpha", "db")
    driven.write(path, encrypt(b"x", [BETA]))
    shown = _git(driven, "diff", "--", path)
    assert (shown.returncode, shown.stderr) == (0, "")
    lines = [line for line in shown.stdout.splitlines() if re.match(r"[-+ ][a-z]", line)]
    assert lines[0] == " age file, binary"
    assert any(line.startswith("-for the key in hosts/alpha/host.pub (") for line in lines)
    assert any(line.startswith("+for the key in hosts/beta/host.pub (") for line in lines)
    assert f"-made from {DB}, for alpha" in lines
    assert "+plaintext of 1 byte" in lines
    assert str(driven.top.parent) not in "".join(lines)


def test_the_text_is_stable_and_shows_each_new_ciphertext(driven: Workshop) -> None:
    first = _git(driven, "log", "-p", "--", DB).stdout
    assert first == _git(driven, "log", "-p", "--", DB).stdout
    driven.source(DB, "postgres://db\n")
    shown = _git(driven, "diff", "--", DB).stdout
    assert len(re.findall(r"^[-+]ciphertext [0-9a-f]{16}$", shown, re.MULTILINE)) == 2
    assert len(re.findall(r"^[-+][a-z]", shown, re.MULTILINE)) == 2


def test_what_is_no_whole_age_file_is_shown_too(driven: Workshop) -> None:
    data = driven.read(DB)
    driven.write(DB, data[:40])
    assert "+damaged age file: " in _git(driven, "diff", "--", DB).stdout
    driven.write(DB, "no age file\n")
    assert "+no age file" in _git(driven, "diff", "--", DB).stdout


def _branches(fleet: Workshop, path: str, ours: bytes, theirs: bytes) -> None:
    """Commit two contents of a file on two branches."""
    _git(fleet, "checkout", "--quiet", "-b", "side")
    fleet.write(path, theirs)
    fleet.commit("Theirs")
    _git(fleet, "checkout", "--quiet", "main")
    fleet.write(path, ours)
    fleet.commit("Ours")


def test_of_two_that_rekeyed_one_output_either_stays(driven: Workshop, run: Run) -> None:
    path = _output(driven, "alpha", "db")
    key = driven.read("hosts/alpha/host.pub").decode()
    (text,) = (content for source, _, content, _ in SECRETS if source == DB)
    ours, theirs = (encrypt(text.encode(), [key]) for _ in range(2))
    _branches(driven, path, ours, theirs)
    merged = _git(driven, "merge", "--no-edit", "side")
    assert merged.returncode == 0, merged.stdout + merged.stderr
    assert driven.read(path) == ours
    assert run(driven.top).code == 0


@pytest.mark.parametrize("other", ["recipient", "length", "no age file"])
def test_two_that_cannot_be_joined_are_a_conflict_that_says_how_to_go_on(
    driven: Workshop, other: str
) -> None:
    path = _output(driven, "alpha", "db")
    key = driven.read("hosts/alpha/host.pub").decode()
    theirs = {
        "recipient": encrypt(b"text", [NEW]),
        "length": encrypt(b"longer text", [key]),
        "no age file": b"text",
    }[other]
    _branches(driven, path, encrypt(b"text", [key]), theirs)
    merged = _git(driven, "merge", "--no-edit", "side")
    assert merged.returncode == 1
    assert f"git checkout --theirs -- :/{path}" in merged.stderr
    assert "then `agenix-check --fix`" in merged.stderr


def test_two_edits_of_a_source_are_a_conflict_that_names_both(driven: Workshop, run: Run) -> None:
    ours, theirs = (encrypt(text, [driven.master]) for text in (b"ours", b"their"))
    _branches(driven, DB, ours, theirs)
    merged = _git(driven, "merge", "--no-edit", "side")
    assert merged.returncode == 1
    assert "both sides changed this secret" in merged.stderr
    refused = run(driven.top)
    assert (refused.code, refused.stderr.count("\n")) == (3, 1)
    for said in (merged.stderr, refused.stderr):
        for commit, subject in (("HEAD", "'Ours'"), ("side", "'Theirs'")):
            oid = driven.git.run("rev-parse", "--short=10", commit).decode().strip()
            assert f" of {oid} {subject}" in said
        # Nobody is told to take a side before reading both.
        assert 0 < said.index("git show :3:") < said.index("git checkout --")
    for stage, content in ((2, ours), (3, theirs)):
        (typed,) = re.findall(rf"`(git show :{stage}:\S*) \| age -d -i IDENTITY`", merged.stderr)
        shown = subprocess.run(typed.split(), cwd=driven.top, capture_output=True, check=True)
        assert shown.stdout == content
    assert driven.read(DB) == ours
    (typed,) = re.findall("`(git checkout --theirs [^`]*)`", merged.stderr)
    assert subprocess.run(["sh", "-c", typed], cwd=driven.top, check=False).returncode == 0
    assert driven.read(DB) == theirs


def test_of_conflict_markers_no_side_is_taken_unread(driven: Workshop, run: Run) -> None:
    """Without our driver Git may take an armored file for text."""
    driven.write(".gitattributes", "")
    driven.commit("Let Git merge")
    driven.write(DB, encrypt(b"before", [driven.master], armored=True))
    driven.commit("Armor it")
    ours, theirs = (encrypt(text, [driven.master], armored=True) for text in (b"ours", b"their"))
    _branches(driven, DB, ours, theirs)
    assert _git(driven, "merge", "--no-edit", "side").returncode == 1
    assert "<<<<<<<" in driven.read(DB).decode()
    driven.stage()
    for _ in ("staged", "committed"):
        said = run(driven.top, "--inventory", "names").stdout
        assert "error[source-malformed]: it has Git conflict markers" in said
        (fix,) = re.findall(r"fix: (# both versions .*)", said)
        assert f"git show COMMIT:{DB} | age -d -i IDENTITY" in fix
        assert "git restore" not in said
        driven.commit("Merge")


def test_outside_a_repository_a_file_speaks_for_itself(tmp_path: Path, run: Run) -> None:
    (tmp_path / "x.age").write_bytes(encrypt(b"abc", [BETA]))
    shown = run(tmp_path, "driver", "diff", "x.age")
    assert shown.code == 0
    assert "plaintext of 3 bytes" in shown.stdout
    assert run(tmp_path, "driver", "merge", "x.age").code == 2
