"""The rows of `--fix`."""

from collections.abc import Iterator

from tests.bench import goals
from tests.bench.mending import edit_all, race, race_inside
from tests.bench.scene import Measured, Scene, compare

_SIZE = (100, 100)
_ONE = (100, 1)
_BULK_TURNS = 3


def measure_fix(scene: Scene) -> Iterator[Measured]:
    """Mend what one edited source made stale, and what a hundred did."""
    one = edit_all(scene.cache, scene.room(), *_ONE)
    result, decryptions = race_inside(one, scene.turns_of(4))
    if decryptions != 1:
        raise RuntimeError(f"{decryptions} decryptions where one is enough")
    yield compare(goals.MAKING, result)
    yield compare(goals.FIX, race(one, one.fix, one.bare, scene.turns))
    yield compare(goals.FIX_PEER, race(one, one.fix, one.pipelines, scene.turns_of(0.4)))
    bulk = edit_all(scene.cache, scene.room(), *_SIZE)
    yield compare(goals.FIX_BULK, race(bulk, bulk.fix, bulk.bare, _BULK_TURNS))
