"""The rows of large fleets: what a change costs, beside the old build, and many findings."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from tests.bench import goals
from tests.bench.fleet import git, prepare
from tests.bench.measure import IMPORT, Duel, Side, duel, gate, run, take_turns
from tests.bench.scene import (
    Measured,
    Scene,
    all_source_edits,
    commit_staged,
    compare,
    edits,
    key_edits,
    source_edits,
    weigh,
)

_LARGE = (1_000, 200)
_HUGE = (1_000, 1_000)
_MANY = (200, 200)
_FINDINGS = (0, 1)  # exit codes


def measure_findings(scene: Scene) -> Iterator[Measured]:
    """Report 40,000 outputs that are stale, and half of them."""
    top = prepare(scene.cache, *_MANY)
    whole, half = scene.copy(top), scene.copy(top)
    all_source_edits(whole, 200)
    all_source_edits(half, 100)
    text, json, fewer = take_turns(
        Side(commands=[gate("--no-cache")], cwd=whole, codes=_FINDINGS),
        Side(commands=[gate("--no-cache", "--format", "json")], cwd=whole, codes=_FINDINGS),
        Side(commands=[gate("--no-cache")], cwd=half, codes=_FINDINGS),
        turns=scene.turns_of(0.4),
    )
    yield compare(goals.TEXT, Duel(text, json))
    yield compare(goals.TEXT_LINEAR, Duel(text, fewer))


def measure_large(scene: Scene) -> Iterator[Measured]:
    """Look at 200,000 outputs after a change of something else, of a source, and anew."""
    top = prepare(scene.cache, *_LARGE)
    mine = _known(scene.copy(top), gate())
    edited = Side(commands=[gate()], cwd=mine, before=edits(mine))
    written = scene.copy(top)
    write = Side(commands=[IMPORT, ["git", "write-tree"]], cwd=written, before=edits(written))
    floor = duel(edited, write, turns=scene.turns)
    memory = weigh(goals.EDIT_MEMORY, floor.ours)
    if scene.old is None:
        reason = "this clone lacks the commit of the old build"
        yield Measured(goals.EDIT, None, reason)
        yield compare(goals.EDIT_FLOOR, floor)
        yield memory
        yield Measured(goals.SOURCE, None, reason)
        yield Measured(goals.KEY, None, reason)
        yield Measured(goals.STALE, None, reason)
        yield Measured(goals.LARGE, None, reason)
        return
    turns = scene.turns_of(0.4)
    theirs = _known(scene.copy(top), scene.old)
    old = Side(commands=[scene.old], cwd=theirs, before=edits(theirs))
    yield compare(goals.EDIT, duel(edited, old, turns=turns))
    yield compare(goals.EDIT_FLOOR, floor)
    yield memory
    ours, old = (
        Side(commands=[command], cwd=where, before=source_edits(where), codes=_FINDINGS)
        for command, where in ((gate(), mine), (scene.old, theirs))
    )
    yield compare(goals.SOURCE, duel(ours, old, turns=turns))
    yield from _measure_keys(scene, mine, theirs, turns)
    ours, old = (
        Side(commands=[[*command, "--no-cache"]], cwd=scene.copy(top))
        for command in (gate(), scene.old)
    )
    yield compare(goals.LARGE, duel(ours, old, turns=turns))


def _measure_keys(scene: Scene, mine: Path, theirs: Path, turns: int) -> Iterator[Measured]:
    """Edit the key of a host, and go on in a repository that was left so."""
    sides = [(mine, gate()), (theirs, scene.old or [])]
    for where, _ in sides:
        git(where, "read-tree", "HEAD")
    keys = (
        Side(commands=[command], cwd=where, before=key_edits(where), codes=_FINDINGS)
        for where, command in sides
    )
    yield compare(goals.KEY, duel(*keys, turns=turns))
    for where, command in sides:
        commit_staged(where)
        run(Side(commands=[command], cwd=where, codes=_FINDINGS))
    pages = (
        Side(commands=[command], cwd=where, before=edits(where), codes=_FINDINGS)
        for where, command in sides
    )
    yield compare(goals.STALE, duel(*pages, turns=turns))


def measure_huge(scene: Scene) -> Iterator[Measured]:
    """Look at a million outputs, once, and after a change of something else; keep none of it."""
    top = prepare(scene.scratch, *_HUGE)
    try:
        first = Side(commands=[gate("--no-cache")], cwd=top)
        floor = Side(
            commands=[["git", "ls-files", "-s"], ["git", "cat-file", "--batch"]],
            cwd=top,
            stdin=scene.blobs(top),
        )
        result = duel(first, floor, turns=1)
        yield compare(goals.HUGE, result)
        yield weigh(goals.HUGE_MEMORY, result.ours)
        large = _known(scene.copy(prepare(scene.cache, *_LARGE)), gate())
        sides = (
            Side(commands=[gate()], cwd=where, before=edits(where))
            for where in (_known(top, gate()), large)
        )
        yield compare(goals.HUGE_EDIT, duel(*sides, turns=scene.turns_of(0.4)))
    finally:
        shutil.rmtree(top)


def _known(top: Path, command: list[str]) -> Path:
    """Return a repository that a build has looked at."""
    run(Side(commands=[command], cwd=top))
    return top
