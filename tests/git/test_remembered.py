"""What is remembered and is not ours: it is dropped, and the verdict is right."""

import marshal
import os
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from agenix_check import __version__
from agenix_check.demo.workshop import Workshop
from agenix_check.git import cache
from agenix_check.git.cache import Store
from tests.git.looking import Said, call, spoil

_VALUES: list[Any] = [
    1,
    None,
    [1],
    {},
    {1: 2},
    {"a": 1},
    {"states": 1},
    {"states": {}, "parts": {"a": 1}, "past": {}, "made": {}, "texts": 1, "sources": 5},
]


def _rewrite(file: Path, body: bytes) -> None:
    header = file.read_bytes().partition(b"\n")[0] + b"\n"
    file.write_bytes(header + sha256(body).digest() + body)


def _look(fleet: Workshop) -> Said:
    return call(fleet.top, "--format", "json")


@pytest.fixture
def broken(fleet: Workshop) -> Workshop:
    """Return a fleet of which facts and history are remembered."""
    spoil(fleet)
    fleet.commit("Break it")
    fleet.write("README.md", "more")
    fleet.commit("Go on")
    return fleet


@pytest.mark.parametrize("name", ["facts", "history"])
def test_content_of_another_shape_is_dropped(broken: Workshop, name: str) -> None:
    right = _look(broken)
    assert right.code == 1
    file = broken.top / ".git/agenix-check" / name
    known = marshal.loads(file.read_bytes().partition(b"\n")[2][32:])  # noqa: S302 - our own
    spoilt = {one: {"x": ("none", "x")} for one in known}
    foreign = spoilt if name == "facts" else {**known, "made": 1}
    bodies = [*map(marshal.dumps, [*_VALUES, foreign]), b"", b"none", b"(\1\0\0\0" * 3000]
    for body in bodies:
        _rewrite(file, body)
        assert _look(broken) == right, body[:80]
        assert _look(broken) == right


@pytest.mark.parametrize("value", _VALUES, ids=range(len(_VALUES)))
def test_reports_of_another_shape_are_not_taken(fleet: Workshop, value: Any) -> None:
    right = call(fleet.top)
    assert right.code == 0
    file = fleet.top / ".git/agenix-check/reports"
    known = marshal.loads(file.read_bytes().partition(b"\n")[2][32:])  # noqa: S302 - our own
    ((name, entry),) = known.items()
    for one in (
        value,
        {name: value},
        *({name: (*entry[:at], value, *entry[at + 1 :])} for at in (4, 5)),
    ):
        _rewrite(file, marshal.dumps(one))
        assert call(fleet.top) == right, one


def test_of_too_many_entries_the_newest_are_kept(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    store.save("some", {"a": 1, "b": 2, "c": 3}, most=2)
    assert store.load("some", dict[str, int]) == {"b": 2, "c": 3}


def test_what_is_too_large_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST_STORED", 100)
    store = Store(tmp_path)
    store.save("small", {"a": "x" * 50})
    store.save("large", {"a": "x" * 100})
    assert [one.name for one in tmp_path.iterdir()] == ["small"]


def test_what_a_killed_run_left_half_written_is_swept(tmp_path: Path) -> None:
    for name, age in ((".some.1", 4000), (".some.2", 10), (".other.1", 4000)):
        (tmp_path / name).write_bytes(b"half")
        when = time.time() - age
        os.utime(tmp_path / name, (when, when))
    Store(tmp_path).save("some", {"a": 1})
    assert {one.name for one in tmp_path.iterdir()} == {"some", ".some.2", ".other.1"}


def test_another_build_of_a_version_is_another_program(tmp_path: Path) -> None:
    package = tmp_path / "agenix_check"
    assert cache.name_build(package) == ""
    record = tmp_path / f"agenix_check-{__version__}.dist-info/RECORD"
    record.parent.mkdir()
    code, pyc = "agenix_check/gate.py,sha256={},9\n", "agenix_check/__pycache__/gate.pyc,,\n"
    builds = [
        code.format("a"),
        f"../../bin/agenix-check,sha256=c,9\n{code.format('a')}{pyc}",
        code.format("b"),
    ]
    names = []
    for lines in builds:
        record.write_text(lines)
        cache.name_build.cache_clear()
        names.append(cache.name_build(package))
    assert names[0] == names[1] != names[2]
    assert all(names)
