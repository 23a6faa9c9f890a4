"""The rows of the table: what is measured, against what, and what it must reach."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench.flake import make_flake
from tests.bench.fleet import git, prepare
from tests.bench.history import prepare_history
from tests.bench.measure import PYTHON, Duel, Sample, duel, gate, run, solo
from tests.bench.mending import Stale, edit_all, race, race_inside
from tests.bench.plain import prepare_plain

_GIB = 1 << 30
_IMPORT = [PYTHON, "-c", "import git"]
_SIZE = (100, 100)
_LARGE = (1_000, 200)
_FLAKE = (20, 20)
_ONE = (100, 1)
_RULES = 60
_LEFT = 300  # old orphans
_COMMITS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measured line: `value` must be at most `target`, both in `unit`.

    None stands for no target: what is measured to be known.
    """

    what: str
    against: str
    value: float
    target: float | None
    unit: str
    details: str

    @property
    def is_met(self) -> bool:
        """Whether the target is reached."""
        return self.target is None or self.value <= self.target


def measure(cache: Path, *, large: bool, turns: int) -> Iterator[Row]:
    """Give the rows as they are measured."""
    top = prepare(cache, *_SIZE)
    with tempfile.TemporaryDirectory(prefix="agenix-check-bench-") as scratch:
        oids = Path(scratch, "oids")
        oids.write_bytes(b"".join(b"%s\n" % oid for oid in _blobs(top)))
        yield _start_up(top, oids, turns)
        first, row = _first_run(top, oids, turns)
        yield row
        yield _second_run(top, oids, turns)
        yield from _plain(prepare_plain(cache, _RULES), oids, turns)
        yield _declared(Path(scratch, "flake"), oids, turns)
        yield from _history(cache, oids, turns)
        one = edit_all(cache, Path(scratch, "one"), *_ONE)
        yield _making(one, turns)
        yield _mending(one, turns)
        yield _peer(one, turns)
        yield _bulk(edit_all(cache, Path(scratch, "bulk"), *_SIZE))
        if large:
            yield from _linear(prepare(cache, *_LARGE), oids, first)


def _blobs(top: Path) -> list[bytes]:
    lines = git(top, "ls-files", "-s").splitlines()
    return list(dict.fromkeys(line.split(maxsplit=2)[1] for line in lines))


def _blobs_of_log(top: Path) -> list[bytes]:
    log = git(top, "log", "--raw", "-m", "--no-abbrev", "--no-renames", "--format=")
    fields = (line.split(maxsplit=4) for line in log.splitlines() if line)
    oids = dict.fromkeys(oid for _, _, *both, _ in fields for oid in both)
    return [oid for oid in oids if oid.strip(b"0")]


def _start_up(top: Path, stdin: Path, turns: int) -> Row:
    result = duel(
        [gate("--version")], [[PYTHON, "-c", "pass"]], turns=4 * turns, cwd=top, stdin=stdin
    )
    return _ratio("start-up: `agenix-check --version`", "`python -c pass`", result, 3)


def _first_run(top: Path, oids: Path, turns: int) -> tuple[Sample, Row]:
    theirs = [["git", "ls-files", "-s"], ["git", "cat-file", "--batch"], _IMPORT]
    result = duel([gate("--no-cache")], theirs, turns=turns, cwd=top, stdin=oids)
    row = _ratio(
        f"gate, {_name(_SIZE)}, nothing cached",
        "`git ls-files -s` + `git cat-file --batch` of the same blobs + `python -c 'import git'`",
        result,
        2,
    )
    return result.ours, row


def _second_run(top: Path, stdin: Path, turns: int) -> Row:
    result = duel([gate()], [_IMPORT], turns=2 * turns, cwd=top, stdin=stdin)
    return _ratio("the same, second run", "`python -c 'import git'`", result, 1.5)


def _plain(top: Path, stdin: Path, turns: int) -> Iterator[Row]:
    """Judge rules files that are understood without Nix, so that it is not asked."""
    against = "`python -c 'import git'`"
    result = duel([gate("--no-cache")], [_IMPORT], turns=2 * turns, cwd=top, stdin=stdin)
    yield _ratio(f"gate, plain agenix, {_RULES} rules, nothing cached", against, result, 1.5)
    result = duel([gate()], [_IMPORT], turns=2 * turns, cwd=top, stdin=stdin)
    yield _ratio("the same, second run", against, result, 1.1)


def _declared(top: Path, stdin: Path, turns: int) -> Row:
    make_flake(top, *_FLAKE)
    report = ("--format", "json", "--evaluate", "relevant")
    declared, names = gate("--inventory", "nix", *report), gate("--inventory", "names", *report)
    run([declared], cwd=top, stdin=stdin)  # the one evaluation, remembered
    result = duel([declared], [names], turns=2 * turns, cwd=top, stdin=stdin)
    what = f"gate, {_name(_FLAKE)}, evaluation remembered"
    return _ratio(what, "the same by names", result, 1.25)


def _history(cache: Path, stdin: Path, turns: int) -> Iterator[Row]:
    """Judge what was left behind long ago: all of history tells since when, and is remembered."""
    top = prepare_history(cache, _COMMITS, _LEFT)
    with tempfile.TemporaryDirectory(prefix="agenix-check-bench-") as scratch:
        named = Path(scratch, "named")
        named.write_bytes(b"".join(b"%s\n" % oid for oid in _blobs_of_log(top)))
        theirs = [["git", "log", "--raw", "-m"], ["git", "cat-file", "--batch"], _IMPORT]
        first = gate("--rev", "main", "--no-cache")
        result = duel([first], theirs, turns=max(turns // 2, 1), cwd=top, stdin=named)
    yield _ratio(
        f"gate, {_LEFT} old orphans, {_COMMITS:,} commits, nothing cached",
        "`git log --raw -m` + `git cat-file --batch` of the blobs it names + "
        "`python -c 'import git'`",
        result,
        3,
    )
    report = ("--inventory", "names", "--format", "json")
    left, clean = (gate("--rev", branch, *report) for branch in ("main", "clean"))
    run([left], cwd=top, stdin=stdin)  # the one walk through history, remembered
    result = duel([left], [clean], turns=2 * turns, cwd=top, stdin=stdin)
    yield _ratio(
        "the same with `--format json`, history remembered",
        "the same tree without the orphans",
        result,
        2,
    )
    left, clean = (gate("--rev", branch) for branch in ("main", "clean"))
    result = duel([left], [clean], turns=2 * turns, cwd=top, stdin=stdin)
    yield _ratio("the same, second run", "the same tree without the orphans", result, 2)


def _making(stale: Stale, turns: int) -> Row:
    result, decryptions = race_inside(stale, 4 * turns)
    what = f"`--fix`, 1 source changed for 100 nodes: {decryptions} decryption, 100 encryptions"
    return _ratio(what, "the bare pyrage calls for the same work, in one process", result, 3)


def _mending(stale: Stale, turns: int) -> Row:
    result = race(stale, stale.fix, stale.bare, turns)
    what = "the whole run of it: start, check, rekey, write, stage, check again"
    return _ratio(what, "a process with the bare pyrage calls", result, None)


def _peer(stale: Stale, turns: int) -> Row:
    result = race(stale, stale.fix, stale.pipelines, max(turns // 2, 1))
    what = "the same: time an output"
    return _ratio(what, "`age -d \\| age -e` for each output, as agenix-rekey does", result, 1)


def _bulk(stale: Stale) -> Row:
    result = race(stale, stale.fix, stale.bare, 3)
    what = f"`--fix`, all sources changed, {_name(_SIZE)}: the whole run"
    return _ratio(what, "a process with the bare pyrage calls", result, None)


def _linear(top: Path, stdin: Path, first: Sample) -> Iterator[Row]:
    run = solo([gate("--no-cache")], turns=3, cwd=top, stdin=stdin)
    small, big = (nodes * secrets for nodes, secrets in (_SIZE, _LARGE))
    yield Row(
        what=f"gate, {_name(_LARGE)}, nothing cached: time per output",
        against=f"the same for {_name(_SIZE)}",
        value=(run.seconds / big) / (first.seconds / small),
        target=1.1,
        unit="times",
        details=f"{run.seconds:.1f} s, {run.seconds / big * 1e6:.0f} µs an output",
    )
    yield Row(
        what=f"gate, {_name(_LARGE)}: peak memory",
        against="",
        value=run.peak / _GIB,
        target=1,
        unit="GiB",
        details=f"{run.peak >> 20} MiB",
    )


def _name(size: tuple[int, int]) -> str:
    nodes, secrets = size
    return f"{nodes:,} nodes with {secrets:,} secrets each"


def _ratio(what: str, against: str, result: Duel, target: float | None) -> Row:
    ours, theirs = (f"{one.seconds * 1000:.0f} ms" for one in result)
    return Row(
        what=what,
        against=against,
        value=result.ratio,
        target=target,
        unit="times",
        details=f"{ours} against {theirs}",
    )
