"""What is remembered and of another shape: no traceback, and the report that nothing remembers."""

import marshal
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest

from agenix_check.demo.workshop import Workshop
from tests.git.looking import call, mend, spoil

_NO_TEXT: tuple[Any, ...] = (b"", b"ssh-ed25519", True, 1.5, (), ("x",), [], {}, {"x": 1})
_OTHERS: tuple[Any, ...] = (-1, "", "\udcff", *_NO_TEXT)
_EACH = 5  # mutations of one file
_ASKED = (
    ("--format", "json", "--rev", "HEAD"),
    ("--format", "json", "--rev", "HEAD~"),
    ("access", "--format", "json"),
    ("exposure", "--format", "json"),
)


def _places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to each part of a value; of a key of a dict it ends with None."""
    yield above
    if isinstance(value, dict):
        for key, one in value.items():
            yield (*above, key, None)
            yield from _places(one, (*above, key))
    elif isinstance(value, tuple):
        for number, one in enumerate(value):
            yield from _places(one, (*above, number))


def _put(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    if not place:
        return new
    step, *rest = place
    if isinstance(value, dict):
        if rest == [None]:
            return {(new if key == step else key): one for key, one in value.items()}
        return {**value, step: _put(value[step], tuple(rest), new)}
    return (*value[:step], _put(value[step], tuple(rest), new), *value[step + 1 :])


def _mutate(value: Any, chance: Random) -> Any:
    """Return a value with one part of another type, or of another length."""
    place = chance.choice(list(_places(value)))
    old = value
    for step in place:
        old = old if step is None else old[step]
    if isinstance(old, tuple) and chance.random() < 0.5:
        return _put(value, place, (*old, None, None))
    # What may be None may be a text or a number.
    others = [one for one in (_NO_TEXT if old is None else _OTHERS) if type(one) is not type(old)]
    if place[-1:] == (None,):
        others = [-1, b"", b"x", 1.5]
    return _put(value, place, chance.choice(others))


@pytest.mark.parametrize("stays_broken", [True, False])
def test_what_has_another_shape_counts_as_absent(fleet: Workshop, *, stays_broken: bool) -> None:
    spoil(fleet)
    fleet.commit("Break it")
    fleet.write("README.md", "more")
    fleet.commit("Go on")
    if not stays_broken:
        mend(fleet)
        fleet.commit("Mend it")
        fleet.write("README.md", "most")
        fleet.commit("Go on")
    right = {asked: call(fleet.top, *asked) for asked in _ASKED}
    assert {said.code for said in right.values()} <= {0, 1}
    folder = fleet.top / ".git/agenix-check"
    saved = {path: path.read_bytes() for path in sorted(folder.iterdir())}
    bodies = {path: data for path, data in saved.items() if data.startswith(b"agenix-check ")}
    chance = Random(stays_broken)  # noqa: S311 - it chooses mutations
    for path, data in bodies.items():
        header, _, sealed = data.partition(b"\n")
        value = marshal.loads(sealed[32:])  # noqa: S302 - our own
        for number in range(_EACH):
            mutated = _mutate(value, chance)
            body = marshal.dumps(mutated)
            _write_all(saved)
            path.write_bytes(header + b"\n" + sha256(body).digest() + body)
            for asked, said in right.items():
                assert call(fleet.top, *asked) == said, (path.name, number, asked, mutated)


def _write_all(saved: dict[Path, bytes]) -> None:
    folder = next(iter(saved)).parent
    for path in folder.iterdir():
        if path not in saved:
            path.unlink()
    for path, data in saved.items():
        path.write_bytes(data)
