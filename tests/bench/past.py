"""The rows of long histories: what lasts, and what former readers could read."""

from collections.abc import Iterator

from tests.bench import goals
from tests.bench.history import prepare_history, prepare_leavers
from tests.bench.measure import IMPORT, Side, duel, gate, run
from tests.bench.scene import Measured, Scene, commits, compare, weigh

_LEFT = 300  # old orphans
_COMMITS = 20_000
_LEAVING = 2_000  # commits


def measure_past(scene: Scene) -> Iterator[Measured]:
    """Judge what was left behind long ago: all of history says since when, and is remembered."""
    top = scene.copy(prepare_history(scene.cache, _COMMITS, _LEFT))
    floor = Side(
        commands=[["git", "log", "--raw", "-m"], ["git", "cat-file", "--batch"], IMPORT],
        cwd=top,
        stdin=scene.past_blobs(top),
    )
    first = Side(commands=[gate("--rev", "main", "--no-cache")], cwd=top)
    result = duel(first, floor, turns=scene.turns_of(0.4))
    yield compare(goals.PAST, result)
    yield weigh(goals.PAST_MEMORY, result.ours)
    report = ("--inventory", "names", "--format", "json")
    left, clean = (
        Side(commands=[gate("--rev", branch, *report)], cwd=top) for branch in ("main", "clean")
    )
    run(left)  # the one walk through history, remembered
    yield compare(goals.PAST_SECOND, duel(left, clean, turns=scene.turns_of(2)))


def measure_exposure(scene: Scene) -> Iterator[Measured]:
    """Find what former readers could read, in all of history and after one more commit."""
    top = scene.copy(prepare_leavers(scene.cache, _LEAVING))
    floor = Side(
        commands=[["git", "log", "--all", "--raw", "-m"], ["git", "cat-file", "--batch"], IMPORT],
        cwd=top,
        stdin=scene.past_blobs(top),
    )
    first = Side(commands=[gate("exposure", "--no-cache")], cwd=top, codes=(0, 1))
    yield compare(goals.EXPOSURE, duel(first, floor, turns=scene.turns))
    start = Side(commands=[IMPORT], cwd=top)
    again = Side(commands=[gate("exposure")], cwd=top, codes=(0, 1), before=commits(top))
    yield compare(goals.EXPOSURE_SECOND, duel(again, start, turns=scene.turns))
