"""What cannot be looked at is said in one line; what a repository asks Git to run is not run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.errors import UsageError
from agenix_check.git.repository import open_repository
from tests.git.looking import WIFI, call, judge, mark, says, spoil
from tests.pace import PATIENCE


def test_a_directory_without_a_repository(tmp_path: Path) -> None:
    said = says(call(tmp_path, GIT_CEILING_DIRECTORIES=str(tmp_path.parent)), 3)
    assert said.endswith("is in no Git repository")


def test_a_file_instead_of_a_directory(fleet: Workshop) -> None:
    for name in ("README.md", "none"):
        with pytest.raises(UsageError, match=f"{name} is not a directory"):
            open_repository(fleet.top / name)


def test_the_inside_of_a_git_directory(fleet: Workshop) -> None:
    assert says(call(fleet.top / ".git"), 3).endswith(
        "is inside a Git directory; go to the work tree"
    )


def test_a_repository_of_somebody_else(fleet: Workshop) -> None:
    said = says(call(fleet.top, GIT_TEST_ASSUME_DIFFERENT_OWNER="1"), 3)
    assert "detected dubious ownership in repository at" in said
    assert said.endswith("if you trust it, add it to safe.directory in your Git configuration")
    trusted = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory",
               "GIT_CONFIG_VALUE_0": str(fleet.top)}  # fmt: skip
    assert judge(fleet.top, "--worktree", GIT_TEST_ASSUME_DIFFERENT_OWNER="1", **trusted) == set()


@pytest.mark.parametrize(
    "revision",
    ["none", "", "^HEAD", "HEAD^..HEAD", "HEAD:README.md", "HEAD^{tree}", "--all", "-h",
     "0" * 40, "1" * 40, "HEAD^9", "a b", "\x1b[31m", "@{u}", "HEAD\nHEAD", "\udcff"],
)  # fmt: skip
def test_a_revision_that_names_no_commit(fleet: Workshop, revision: str) -> None:
    said = says(call(fleet.top, f"--rev={revision}"), 2)
    assert said.startswith("no commit is named ")
    assert "\x1b" not in said
    says(call(fleet.top, "--to-ref", "HEAD", f"--from-ref={revision}x"), 2)


def test_a_revision_may_be_any_name_of_a_commit(fleet: Workshop) -> None:
    spoil(fleet)
    head = fleet.commit("Break it")
    fleet.git.run("tag", "-a", "-m", "tag", "v1")
    for revision in ("HEAD", "main", "v1", head, head[:8], ":/Break", "@", "HEAD^0", "main@{0}"):
        assert judge(fleet.top, "--rev", revision) == {"output-stale"}


def test_a_broken_head_is_not_taken_for_the_first_commit(fleet: Workshop) -> None:
    head = fleet.git.run("rev-parse", "HEAD").decode().strip()
    (fleet.top / ".git/objects" / head[:2] / head[2:]).unlink()
    assert says(call(fleet.top), 3) == f"HEAD is {head}, which cannot be read"


def test_an_index_that_is_no_index(fleet: Workshop) -> None:
    (fleet.top / ".git/index").write_bytes(b"garbage" * 100)
    for options in ((), ("--worktree",)):
        assert says(call(fleet.top, *options), 3).startswith("git ")
    assert judge(fleet.top, "--rev", "HEAD") == set()


def test_a_configuration_that_is_none(fleet: Workshop) -> None:
    (fleet.top / ".git/config").write_text("[core\n")
    assert "bad config line 1" in says(call(fleet.top), 3)


def test_a_file_that_git_cannot_add(fleet: Workshop) -> None:
    (fleet.top / "inner/.git").mkdir(parents=True)
    (fleet.top / "inner/.git/HEAD").write_text("ref: refs/heads/main\n")
    for name in ("objects", "refs"):
        (fleet.top / "inner/.git" / name).mkdir()
    said = says(call(fleet.top, "--worktree"), 3)
    assert said.startswith("git add: ")
    assert judge(fleet.top) == set()


def _without_root(directory: Path, *words: str) -> tuple[int, str]:
    """Run the command as somebody who cannot read everything; return its code and complaint."""
    drop = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*drop, sys.executable, "-m", "agenix_check", *words],
        cwd=directory, capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("shut", "words", "said"),
    [
        ("secrets", ("--worktree",), "git add: could not open directory 'secrets/'"),
        ("secrets", (), "secrets/rekeyed cannot be used: Permission denied"),
        ("secrets", ("--format", "json"), "secrets/rekeyed cannot be used: Permission denied"),
        ("secrets/rekeyed/alpha", ("--fix",), "cannot be used: Permission denied"),
    ],
)
def test_a_directory_that_cannot_be_read(
    fleet: Workshop, shut: str, words: tuple[str, ...], said: str
) -> None:
    spoil(fleet)
    fleet.stage()
    (fleet.top / shut).chmod(0)
    try:
        code, complaint = _without_root(fleet.top, *words)
    finally:
        (fleet.top / shut).chmod(0o755)
    assert (code, complaint.count("\n")) == (3, 1), complaint
    assert said in complaint


def test_a_replaced_object_is_judged_by_its_own_bytes(fleet: Workshop) -> None:
    source = fleet.git.run("rev-parse", f"HEAD:{WIFI}").decode().strip()
    text = fleet.git.run("rev-parse", "HEAD:README.md").decode().strip()
    fleet.git.run("replace", source, text)
    head, first = fleet.git.run("rev-parse", "HEAD", "HEAD^").decode().split()
    fleet.git.run("replace", head, first)
    for options in ((), ("--worktree",), ("--rev", "HEAD")):
        assert judge(fleet.top, *options) == set()
    assert f'"commit":"{head}"' in call(
        fleet.top, "--format", "json", "--rev", "HEAD"
    ).stdout.replace(" ", "")


def test_a_graft_gives_no_other_parent(fleet: Workshop) -> None:
    first = fleet.git.run("rev-parse", "HEAD^").decode().strip()
    spoil(fleet)
    head = fleet.commit("Break it")
    (fleet.top / ".git/info").mkdir(exist_ok=True)
    (fleet.top / ".git/info/grafts").write_text(f"{head} {first}\n")
    assert judge(fleet.top, "--rev", "HEAD") == {"output-stale"}


SETTINGS = {
    "core.fsmonitor": "", "core.sshCommand": "", "core.pager": "", "core.editor": "",
    "gpg.program": "", "credential.helper": "!", "diff.external": "", "core.askPass": "",
    "diff.evil.command": "", "diff.evil.textconv": "", "merge.evil.driver": "",
    "filter.evil.clean": "", "filter.evil.smudge": "", "filter.evil.process": "",
    "core.alternateRefsCommand": "", "uploadpack.packObjectsHook": "",
    "alias.write-tree": "!", "alias.cat-file": "!", "pager.ls-tree": "", "pager.log": "",
}  # fmt: skip


def test_no_program_of_the_configuration_runs(fleet: Workshop, tmp_path: Path) -> None:
    spoil(fleet)
    fleet.write(".gitattributes", "* filter=evil diff=evil merge=evil\n")
    fleet.commit("Break it")
    spoil(fleet)
    fleet.stage()
    marker = tmp_path / "ran"
    program = mark(tmp_path / "program", marker)
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("post-index-change", "pre-commit", "reference-transaction", "fsmonitor-watchman"):
        mark(hooks / name, marker)
        mark(fleet.top / ".git/hooks" / name, marker)
    for name, prefix in SETTINGS.items():
        fleet.git.run("config", name, prefix + program)
    fleet.git.run("config", "core.hooksPath", str(hooks))
    fleet.git.run("config", "log.showSignature", "true")
    marker.unlink(missing_ok=True)
    for options in (("--staged",), ("--rev", "HEAD"), ("--from-ref", "HEAD^", "--to-ref", "HEAD")):
        judge(fleet.top, *options)
        assert not marker.exists(), options
