"""A partial clone lacks contents: what is missing is said, and nothing is fetched."""

import shutil
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.git.history import last_changes
from agenix_check.git.objects import read_blobs
from agenix_check.git.process import Git
from agenix_check.keys.encrypt import encrypt
from tests.git.looking import bytes_of, call, judge, mark, says, spoil
from tests.host_keys import NEW


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """Return the file that is there once somebody has asked the origin."""
    return tmp_path / "asked"


@pytest.fixture
def partial(fleet: Workshop, tmp_path: Path, marker: Path) -> Path:
    """Return a partial clone, fully checked out, of which any fetch would leave a marker."""
    return _clone(fleet, tmp_path / "partial", marker, "--filter=blob:none")


def _clone(fleet: Workshop, top: Path, marker: Path, *options: str) -> Path:
    fleet.git.run("config", "uploadpack.allowFilter", "true")
    fleet.git.run("config", "uploadpack.allowAnySHA1InWant", "true")
    opener = fleet.git.with_environment({"GIT_ALLOW_PROTOCOL": "file", "GIT_NO_LAZY_FETCH": "0"})
    opener.run("clone", "--quiet", *options, f"file://{fleet.top}", str(top))
    program = mark(top.with_name("upload-pack"), marker)
    fleet.git.run("config", "--file", str(top / ".git/config"), "remote.origin.uploadpack", program)
    return top


def _without_contents(fleet: Workshop, top: Path, marker: Path) -> Path:
    """Return a partial clone with an index, but with no content at all."""
    _clone(fleet, top, marker, "--filter=blob:none", "--no-checkout")
    Git(str(top)).run("read-tree", "HEAD")
    return top


@pytest.mark.parametrize("options", [(), ("--worktree",), ("--rev", "HEAD")])
def test_a_partial_clone_that_has_what_counts_passes(
    partial: Path, marker: Path, options: tuple[str, ...]
) -> None:
    assert judge(partial, *options) == set()
    assert not marker.exists()


@pytest.mark.parametrize("options", [(), ("--rev", "HEAD")])
def test_contents_that_are_not_here_are_said_and_not_fetched(
    fleet: Workshop, tmp_path: Path, marker: Path, options: tuple[str, ...]
) -> None:
    top = _without_contents(fleet, tmp_path / "empty", marker)
    before = bytes_of(top / ".git/objects")
    trace = tmp_path / "trace"
    said = call(top, "--no-cache", *options, GIT_TRACE=str(trace))
    assert said.code == 3
    assert "is not in this clone" in said.stderr
    assert "Traceback" not in said.stderr
    assert "cat-file" in trace.read_text()
    assert " fetch" not in trace.read_text()
    assert not marker.exists()
    assert bytes_of(top / ".git/objects") == before


@pytest.mark.parametrize("options", [(), ("--rev", "HEAD"), ("--worktree",)])
def test_a_key_that_is_not_here_is_not_taken_for_a_key_that_nobody_has(
    fleet: Workshop, tmp_path: Path, marker: Path, options: tuple[str, ...]
) -> None:
    fleet.commit("Something else")
    top = _clone(fleet, tmp_path / "sparse", marker, "--filter=blob:none", "--no-checkout")
    opener = Git(str(top), {"GIT_ALLOW_PROTOCOL": "file", "GIT_NO_LAZY_FETCH": "0"})
    fleet.git.run(
        "config", "--file", str(top / ".git/config"), "--unset", "remote.origin.uploadpack"
    )
    opener.run("sparse-checkout", "set", "secrets")
    opener.run("checkout", "--quiet", "main")

    said = call(top, "--no-cache", *options)

    assert said.code == 3
    assert "outputs are not explained, and hosts/alpha/host.pub, which may do so" in said.stderr
    assert ", and 7 more" in said.stderr


def test_a_picture_that_is_not_here_is_not_missed(
    fleet: Workshop, tmp_path: Path, marker: Path
) -> None:
    fleet.write("desk/picture.PNG", bytes(range(256)) * 40)
    spoil(fleet)
    fleet.commit("A picture, and a source that nobody rekeyed")
    top = _clone(fleet, tmp_path / "small", marker, "--filter=blob:limit=5k", "--no-checkout")
    assert judge(top, "--rev", "HEAD") == {"output-stale"}


def test_of_old_orphans_only_files_that_may_have_keys_are_missed(
    fleet: Workshop, tmp_path: Path, marker: Path
) -> None:
    fleet.write("secrets/rekeyed/west/" + "0" * 32 + "-s.age", encrypt(b"x", [NEW]))
    fleet.write("update.sh", "echo\n" * 2000)
    fleet.commit("An orphan, and a long script")
    fleet.commit("Nothing")
    top = _clone(fleet, tmp_path / "small", marker, "--filter=blob:limit=5k", "--no-checkout")
    assert judge(top, "--rev", "HEAD") == set()
    fleet.write("hosts/keys.nix", "# nothing\n" * 2000)
    fleet.commit("A long list")
    fleet.commit("Nothing")
    top = _clone(fleet, tmp_path / "other", marker, "--filter=blob:limit=5k", "--no-checkout")
    assert "1 output is not explained, and hosts/keys.nix" in says(call(top, "--rev", "HEAD"), 3)


def test_without_its_origin_a_partial_clone_is_judged_alike(
    fleet: Workshop, tmp_path: Path, marker: Path
) -> None:
    top = _without_contents(fleet, tmp_path / "empty", marker)
    first = call(top, "--rev", "HEAD")
    shutil.rmtree(fleet.top)
    assert call(top, "--rev", "HEAD") == first


def test_the_blobs_that_are_here_are_read_and_the_others_are_told(
    partial: Path, fleet: Workshop, marker: Path
) -> None:
    spoil(fleet)
    fleet.commit("What the clone has not got")
    here = fleet.git.run("rev-parse", "HEAD^:README.md").decode().strip()
    away = fleet.git.run("rev-parse", "HEAD:secrets/wifi.age").decode().strip()
    blobs = {blob.oid: blob for blob in read_blobs(Git(str(partial)), [away, here])}
    assert (blobs[here].size, blobs[here].data) == (9, b"A fleet.\n")
    assert (blobs[away].size, blobs[away].data) == (-1, b"")
    assert not marker.exists()


def test_a_git_that_cannot_be_told_not_to_fetch_is_kept_from_it(
    fleet: Workshop, tmp_path: Path, marker: Path
) -> None:
    top = _without_contents(fleet, tmp_path / "empty", marker)
    away = fleet.git.run("rev-parse", "HEAD:README.md").decode().strip()
    git = Git(str(top), {"GIT_NO_LAZY_FETCH": "0"})  # as before Git 2.39.4
    assert [blob.size for blob in read_blobs(git, [away])] == [-1]
    assert not marker.exists()


def test_a_clone_without_trees_cannot_be_checked_and_is_not_filled(
    fleet: Workshop, tmp_path: Path, marker: Path
) -> None:
    top = _clone(fleet, tmp_path / "treeless", marker, "--filter=tree:0", "--no-checkout")
    said = says(call(top, "--rev", "HEAD"), 3)
    assert said.startswith("HEAD is ")
    assert said.endswith(", which cannot be read")
    assert last_changes(Git(str(top)), "HEAD^", "HEAD") == {}
    assert not marker.exists()
