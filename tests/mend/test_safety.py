"""What must never happen: a lost source, half a fix, a plaintext where anybody can read it."""

import os
import resource
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt, new_identity
from tests.host_keys import ALPHA
from tests.mend.mending import (
    DB,
    NEW_TEXT,
    ask,
    command,
    edit,
    execute,
    fix,
    outputs,
    state,
    write_key,
)

# A process that writes too much gets an error where it ignores the signal; so must those it starts.
_PATIENT = """
import subprocess, sys
init = subprocess.Popen.__init__
def patient(self, *arguments, **options):
    init(self, *arguments, **{**options, "restore_signals": False})
subprocess.Popen.__init__ = patient
from agenix_check.cli import main
sys.exit(main(sys.argv[1:]))
"""


def refused(fleet: Workshop, *arguments: str, code: int = 3) -> str:
    """Mend, which must fail and change nothing; return the one line that is said."""
    before = state(fleet)
    done = fix(fleet, *arguments)
    assert done.code == code, done
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("agenix-check: ")
    assert state(fleet) == before
    assert not list((fleet.top / ".git/agenix-check").glob("journal*"))
    return line


def test_another_identity_ends_before_anything_is_written(fleet: Workshop) -> None:
    edit(fleet)
    fleet.identity, _ = new_identity()
    assert DB in refused(fleet)


def test_without_an_identity_it_ends_before_anything_is_written(fleet: Workshop) -> None:
    edit(fleet)
    before = state(fleet)
    words = [word for word in command(fleet) if word not in ("-i", str(write_key(fleet)))]
    done = execute(fleet, words)
    assert done.code == 3
    assert "Traceback" not in done.stderr
    assert state(fleet) == before


@pytest.mark.parametrize("kept", [30, 150, -1])
def test_a_cut_source_ends_before_anything_is_written(fleet: Workshop, kept: int) -> None:
    fleet.source(DB, "postgres://new\n")
    fleet.stage(fleet.write(DB, fleet.read(DB)[:kept]))
    before = state(fleet)
    done = fix(fleet)
    assert done.code in (1, 3), done
    assert DB in done.stderr
    assert state(fleet) == before


def test_a_source_that_was_altered_ends_before_anything_is_written(fleet: Workshop) -> None:
    fleet.source(DB, "postgres://new\n")
    content = fleet.read(DB)
    fleet.stage(fleet.write(DB, content[:-1] + bytes([content[-1] ^ 1])))
    assert DB in refused(fleet)


def test_a_source_for_another_key_ends_before_anything_is_written(fleet: Workshop) -> None:
    edit(fleet, "postgres://one\n")
    fleet.source("secrets/wifi.age", "another\n")
    fleet.write(DB, encrypt(b"postgres://two\n", [ALPHA]))
    fleet.stage()
    assert DB in refused(fleet)


@pytest.mark.parametrize("bytes_", [0, 150, 700, 1800, 2200, 2600, 3000])
def test_a_full_disk_leaves_everything_as_it_was(fleet: Workshop, bytes_: int) -> None:
    edit(fleet)
    before = state(fleet)
    words = command(fleet, "--no-cache")
    words[1:5] = ["-c", _PATIENT]

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_, bytes_))

    done = subprocess.run(
        words, cwd=fleet.top, preexec_fn=limit, capture_output=True, check=False, text=True
    )
    assert done.returncode in (0, 3), done
    assert "Traceback" not in done.stderr, done.stderr
    if done.returncode:
        assert state(fleet) == before
    assert fix(fleet).code == 0
    assert ask(fleet, "ls-files", "--others") == ""


@pytest.mark.parametrize("directory", ["secrets/rekeyed/beta", ".git", ".git/objects"])
def test_a_read_only_directory_leaves_everything_as_it_was(fleet: Workshop, directory: str) -> None:
    edit(fleet)
    before = state(fleet)
    drop = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    places = [fleet.top / directory]
    places += (
        [path for path in places[0].iterdir() if path.is_dir()] if ".git/" in directory else []
    )
    for place in places:
        place.chmod(0o555)
    try:
        done = execute(fleet, [*drop, *command(fleet, "--no-cache")])
    finally:
        for place in places:
            place.chmod(0o755)
    assert done.code == 3, done
    assert "Traceback" not in done.stderr, done.stderr
    assert state(fleet) == before
    assert fix(fleet).code == 0


def test_no_plaintext_is_anywhere(fleet: Workshop, tmp_path: Path) -> None:
    edit(fleet)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    done = fix(fleet, "-v", env={"TMPDIR": str(scratch)})
    assert done.code == 0
    spoilt = fleet.write(DB, fleet.read(DB)[:-1] + b"x")
    fleet.stage(spoilt)
    failed = fix(fleet, "-v", env={"TMPDIR": str(scratch)})
    assert failed.code == 3
    assert list(scratch.iterdir()) == []
    secrets = (NEW_TEXT, "correct horse", "token of alpha", fleet.identity)
    for text in secrets:
        for said in (*done[1:], *failed[1:]):
            assert text.strip() not in said
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.name != "master.key":
            content = path.read_bytes()
            assert not any(text.strip().encode() in content for text in secrets), path
    for oid in ask(fleet, "rev-list", "--objects", "--all", "--indexed-objects").split("\n")[:-1]:
        content = fleet.git.run("cat-file", "-p", oid.split()[0])
        assert not any(text.strip().encode() in content for text in secrets)


def test_two_runs_at_once_do_not_harm_each_other(fleet: Workshop) -> None:
    edit(fleet)
    write_key(fleet)
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: execute(fleet, command(fleet)), range(4)))
    assert {run.code for run in runs} <= {0, 3}
    assert any(run.code == 0 for run in runs)
    for run in runs:
        assert "Traceback" not in run.stderr
        assert run.code == 0 or "another `agenix-check --fix` is at work" in run.stderr
    assert fix(fleet).code == 0
    assert ask(fleet, "diff", "--name-only") == ""
    assert ask(fleet, "ls-files", "--others") == ""


def test_a_locked_index_is_left_alone(fleet: Workshop) -> None:
    edit(fleet)
    lock = fleet.top / ".git/index.lock"
    lock.touch()
    assert "index.lock exists" in refused(fleet)
    assert lock.exists()
    lock.unlink()
    assert fix(fleet).code == 0


# What must not be fixed, said before anything is written.


def test_an_unstaged_edit_of_a_file_to_be_written_is_kept(fleet: Workshop) -> None:
    (path,) = (one for one in outputs(fleet) if "alpha" in one and one.endswith("-db.age"))
    fleet.stage(fleet.write(path, "plain text"))
    fleet.write(path, "an edit that is not staged")
    assert path in refused(fleet)
    assert fleet.read(path) == b"an edit that is not staged"


def test_an_unstaged_edit_of_a_file_to_be_removed_is_kept(fleet: Workshop) -> None:
    edit(fleet)
    (path,) = (one for one in outputs(fleet) if "alpha" in one and one.endswith("-db.age"))
    fleet.write(path, "an edit that is not staged")
    assert path in refused(fleet)
    assert fleet.read(path) == b"an edit that is not staged"


def test_a_file_that_was_deleted_is_made_again(fleet: Workshop) -> None:
    (path,) = (one for one in outputs(fleet) if "alpha" in one and one.endswith("-db.age"))
    fleet.stage(fleet.write(path, "plain text"))
    fleet.remove(path)
    assert fix(fleet).code == 0
    assert fleet.read(path).startswith(b"age-encryption.org/v1\n")


def test_what_is_in_the_place_of_an_output_and_no_age_file_is_kept(fleet: Workshop) -> None:
    edit(fleet)
    path = fleet.write(fleet.output_path("alpha", "db", DB), "notes that nobody else has\n")
    assert f"{path} is in the way" in refused(fleet)
    fleet.write(path, encrypt(b"a dummy", [ALPHA]))
    assert fix(fleet).code == 0
    assert ask(fleet, "status", "--porcelain", "--", path) == f"A  {path}\n"


@pytest.mark.parametrize("content", [b"", b"age-encryption.org/v1\n-> ssh-ed"])
def test_what_an_interrupted_rekey_left_in_a_place_is_replaced(
    fleet: Workshop, content: bytes
) -> None:
    edit(fleet)
    path = fleet.write(fleet.output_path("alpha", "db", DB), content)
    assert fix(fleet).code == 0
    assert fleet.read(path).startswith(b"age-encryption.org/v1\n")


def test_a_commit_of_some_paths_is_refused(fleet: Workshop) -> None:
    edit(fleet)
    index = fleet.top / ".git/next-index-4711.lock"
    index.write_bytes((fleet.top / ".git/index").read_bytes())
    before = state(fleet)
    done = fix(fleet, env={"GIT_INDEX_FILE": str(index)})
    assert done.code == 2
    assert "then `git commit` without naming paths, or `git commit -a`" in done.stderr
    assert state(fleet) == before
    words = [word for word in command(fleet) if word != "--fix"][:-2]
    judged = execute(fleet, words, env={"GIT_INDEX_FILE": str(index)})
    assert judged.code == 1
    assert judged.stderr == done.stderr  # the gate advises what works, too


@pytest.mark.parametrize("option", [("--rev", "HEAD"), ("--worktree",)])
def test_only_the_index_is_fixed(fleet: Workshop, option: tuple[str, ...]) -> None:
    edit(fleet)
    assert f"cannot be used with {option[0]}" in refused(fleet, *option, code=2)


def test_a_bare_repository_is_refused(fleet: Workshop, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    shutil.copytree(fleet.top / ".git", bare)
    fleet.git.run(f"--git-dir={bare}", "config", "core.bare", "true")
    shop = Workshop.__new__(Workshop)
    shop.top, shop.identity = bare, fleet.identity
    done = execute(shop, command(fleet))
    assert done.code == 2
    assert "bare repository" in done.stderr


def test_a_merge_that_has_not_ended_is_refused(fleet: Workshop) -> None:
    for branch in ("one", "two"):
        fleet.git.run("checkout", "--quiet", "-B", branch, "main")
        fleet.write("README.md", branch)
        fleet.commit(branch)
    assert fleet.git.attempt("merge", "--quiet", "one")[0] == 1
    fleet.source(DB, NEW_TEXT)
    fleet.stage(DB)
    assert "unmerged entries" in refused(fleet)


def test_a_storage_directory_with_sources_in_it_is_refused(fleet: Workshop) -> None:
    fleet.source(f"{fleet.storage}/alpha/inner.age", "inner\n")
    fleet.commit("Keep a source among outputs")
    edit(fleet)
    assert "node-storage-overlap" in refused(fleet)


def test_a_directory_behind_a_symlink_is_refused(fleet: Workshop, tmp_path: Path) -> None:
    edit(fleet)
    real = tmp_path / "elsewhere"
    place = fleet.top / fleet.storage / "alpha"
    place.rename(real)
    place.symlink_to(real)
    before = {path.name: path.read_bytes() for path in real.iterdir()}
    line = fix(fleet)
    assert line.code == 3
    assert "symlink" in line.stderr
    assert {path.name: path.read_bytes() for path in real.iterdir()} == before


def test_a_filter_is_not_run(fleet: Workshop) -> None:
    fleet.write(".gitattributes", "*.age filter=lfs\n")
    edit(fleet)
    assert "filter" in refused(fleet)


@pytest.mark.parametrize(
    "key", ["age1tag1qt8lw0ual6avlwmwatk888yqnmdamm7xfd0wak53ut6elz5c4swx2yqdj4e"]
)
def test_a_recipient_that_cannot_be_encrypted_to_is_refused(fleet: Workshop, key: str) -> None:
    fleet.stage(fleet.host("delta", key + "\n"))
    before = state(fleet)
    done = fix(fleet)
    assert done.code in (0, 1, 3), done
    if done.code:
        assert state(fleet) == before
