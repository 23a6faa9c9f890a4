"""Many contents in one Git process, whatever they are; damaged ones are named."""

import hashlib
import os
from io import BytesIO
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.git import snapshot
from agenix_check.git.objects import AGE_HEAD, HEAD, WHOLE, Blob, _cut, read_blobs
from agenix_check.git.process import GitError, _listen
from tests.git.looking import WIFI, call, says

AGE = b"age-encryption.org/v1\n"
ODD = [
    b"",
    b"\n",
    b"\0",
    b"no newline at the end",
    b"\n\n\n",
    b"0" * 40 + b" blob 3\nabc\n",
    b"\xff\xfe\r\n\x1b[31m",
    bytes(range(256)) * 300,
]


def _add(workshop: Workshop, content: bytes) -> str:
    path = workshop.write("content", content)
    return workshop.git.run("hash-object", "-w", "--no-filters", "--", path).decode().strip()


def _loose(workshop: Workshop, oid: str) -> Path:
    file = workshop.top / ".git/objects" / oid[:2] / oid[2:]
    file.chmod(0o644)
    return file


def test_many_blobs_with_odd_bytes_come_back_as_they_are(workshop: Workshop) -> None:
    wanted = {_add(workshop, content): content for content in ODD}
    found = list(read_blobs(workshop.git, [*wanted, *wanted]))
    assert {blob.oid: blob.data for blob in found} == wanted
    assert len(found) == len(wanted)
    assert all(blob.size == len(blob.data) and blob.sha256 is None for blob in found)


def test_an_answer_that_breaks_off_gives_no_blob_in_part() -> None:
    blobs = {f"{number:040x}": content for number, content in enumerate(ODD[:7])}
    parts = [b"%b blob %d\n%b\n" % (oid.encode(), len(data), data) for oid, data in blobs.items()]
    answer = b"".join(parts)
    for end in range(len(answer)):
        whole = sum(end >= len(b"".join(parts[:count])) for count in range(1, len(parts) + 1))
        found = list(_cut(BytesIO(answer[:end]), list(blobs)))
        assert [(blob.oid, blob.data) for blob in found] == list(blobs.items())[:whole]


def test_nothing_is_asked_where_nothing_is_wanted(tmp_path: Path, workshop: Workshop) -> None:
    trace = tmp_path / "trace"
    assert list(read_blobs(workshop.git.with_environment({"GIT_TRACE": str(trace)}), [])) == []
    assert not trace.exists()


def test_many_blobs_cost_as_many_processes_as_two(tmp_path: Path, workshop: Workshop) -> None:
    for number in range(300):
        workshop.write(f"files/{number}", str(number))
    workshop.commit("Many")
    listing = workshop.git.run("ls-tree", "-r", "--object-only", "HEAD").decode().split()
    trace = tmp_path / "trace"
    git = workshop.git.with_environment({"GIT_TRACE": str(trace)})
    found = {blob.data for blob in read_blobs(git, listing)}
    assert found == {str(number).encode() for number in range(300)}
    assert len(trace.read_text().splitlines()) == 2


def test_a_large_blob_is_given_by_its_head(workshop: Workshop) -> None:
    small, large = os.urandom(WHOLE), b"text" + os.urandom(WHOLE)
    oids = _add(workshop, small), _add(workshop, large)
    found = {blob.oid: blob for blob in read_blobs(workshop.git, oids)}
    assert found[oids[0]] == Blob(oids[0], len(small), small)
    assert found[oids[1]] == Blob(oids[1], len(large), large[:HEAD])


def test_a_large_age_file_is_hashed_to_its_end(workshop: Workshop) -> None:
    content = AGE + os.urandom(3 * WHOLE)
    oid = _add(workshop, content)
    digest = hashlib.sha256(content).hexdigest()
    assert list(read_blobs(workshop.git, [oid])) == [
        Blob(oid, len(content), content[:AGE_HEAD], digest)
    ]


def test_what_is_not_there_or_no_blob_has_no_size(workshop: Workshop) -> None:
    oid = _add(workshop, b"here")
    commit = workshop.commit("Begin")
    found = {blob.oid: blob.size for blob in read_blobs(workshop.git, [oid, "1" * 40, commit])}
    assert found == {oid: 4, "1" * 40: -1, commit: -1}


@pytest.mark.parametrize("damage", [b"", b"garbage", None])
def test_a_damaged_object_is_named(workshop: Workshop, damage: bytes | None) -> None:
    oid = _add(workshop, os.urandom(5000))
    others = [_add(workshop, content) for content in ODD]
    file = _loose(workshop, oid)
    whole = file.read_bytes()
    file.write_bytes(whole[:2000] + bytes(100) + whole[2100:] if damage is None else damage)
    for oids in ([oid, *others], [*others, oid]):
        with pytest.raises(GitError, match=f"the object {oid} is damaged"):
            list(read_blobs(workshop.git, oids))


def test_a_damaged_large_object_is_an_error(workshop: Workshop) -> None:
    oid = _add(workshop, AGE + os.urandom(2 * WHOLE))
    file = _loose(workshop, oid)
    whole = file.read_bytes()
    file.write_bytes(whole[:1_500_000] + bytes(100) + whole[1_500_100:])
    with pytest.raises(GitError, match=oid):
        list(read_blobs(workshop.git, [oid]))


def test_many_complaints_do_not_make_both_sides_wait(workshop: Workshop) -> None:
    lines = ["fatal: no " + "x" * 1000] * 500
    script = "for n in $(seq 500); do echo 'error: " + "x" * 1000 + "' >&2; done; echo done; exit 1"
    workshop.git.run("config", "alias.complain", f"!{script}")
    with (
        pytest.raises(GitError, match="git complain: xxx"),
        workshop.git.stream("complain", lines=lines) as answers,
    ):
        assert answers.read() == b"done\n"


def test_a_pipe_that_an_interrupt_closed_says_nothing(workshop: Workshop) -> None:
    said: list[bytes] = []
    pipe = (workshop.top / workshop.write("complaint", "error: x")).open("rb")
    pipe.close()
    _listen(pipe, said)
    assert said == []


def test_a_stream_that_is_left_early_is_no_error(workshop: Workshop) -> None:
    oid = _add(workshop, b"x" * 5_000_000)
    with workshop.git.stream("cat-file", "blob", oid) as content:
        assert content.read(3) == b"xxx"


@pytest.mark.parametrize("options", [(), ("--rev", "HEAD"), ("--worktree",)])
def test_a_damaged_source_ends_the_run_in_one_line(
    fleet: Workshop, options: tuple[str, ...]
) -> None:
    oid = fleet.git.run("rev-parse", f"HEAD:{WIFI}").decode().strip()
    _loose(fleet, oid).write_bytes(b"garbage")
    assert oid in says(call(fleet.top, "--no-cache", *options), 3)


@pytest.mark.parametrize("what", ["HEAD", "HEAD^{tree}", "HEAD:secrets"])
@pytest.mark.parametrize("damage", [b"garbage", None])
def test_a_damaged_or_lost_commit_or_tree_ends_the_run_in_one_line(
    fleet: Workshop, what: str, damage: bytes | None
) -> None:
    head, oid = (fleet.git.run("rev-parse", name).decode().strip() for name in ("HEAD", what))
    file = _loose(fleet, oid)
    file.write_bytes(damage) if damage is not None else file.unlink()
    said = says(call(fleet.top, "--no-cache", "--rev", "HEAD"), 3)
    assert oid in said or said == f"HEAD is {head}, which cannot be read"


def test_a_parent_that_is_lost_is_not_taken_for_none(fleet: Workshop) -> None:
    oid = fleet.git.run("rev-parse", "HEAD^").decode().strip()
    _loose(fleet, oid).unlink()
    said = says(call(fleet.top, "--no-cache", "--rev", "HEAD"), 3)
    assert said == f"the commit {oid} cannot be read; run `git fsck` for details"


def _nest(fleet: Workshop, levels: int, count: int) -> str:
    """Commit a directory in a directory and so on, each `count` times in the other."""
    git, blob = fleet.git, fleet.git.run("hash-object", "-w", "--stdin", given=b"x").decode()
    entries = f"100644 blob {blob.strip()}\tf\n"
    for _ in range(levels):
        tree = git.run("mktree", given=entries.encode()).decode().strip()
        entries = "".join(f"040000 tree {tree}\t{'d' * 200}{at}\n" for at in range(count))
    tree = git.run("mktree", given=entries.encode()).decode().strip()
    return git.run("commit-tree", tree, "-m", "nested").decode().strip()


def test_a_tree_that_is_too_deep_or_too_large_is_said(
    fleet: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = says(call(fleet.top, "--rev", _nest(fleet, 60, 1)), 3)
    assert said == "the tree is too deep: it has paths of more than 4096 bytes"
    monkeypatch.setattr(snapshot, "MOST_LISTED", 10_000)
    said = says(call(fleet.top, "--rev", _nest(fleet, 6, 2)), 3)
    assert said.startswith("the tree is too large: ")
