"""Plain agenix on the page: for each rules file, its files by who is to read them."""

from collections.abc import Iterable, Iterator

from agenix_check.model.findings import JudgedFile, ReaderState, Verdict
from agenix_check.model.frozen import frozen

_VERDICT_ORDER = {Verdict.WRONG: 0, Verdict.UNVERIFIABLE: 1, Verdict.SKIPPED: 2, Verdict.OK: 3}


@frozen
class PlainRow:
    """A file, and for each reader what it is to that one; None if it has nothing to do with it."""

    file: JudgedFile
    states: tuple[ReaderState | None, ...]


@frozen
class PlainTable:
    """The files of one rules file; `readers` are those of all of them, short and in full."""

    rules_file: str
    readers: tuple[tuple[str, str], ...]
    rows: tuple[PlainRow, ...]


def plain_tables(files: Iterable[JudgedFile]) -> Iterator[PlainTable]:
    """Give a table for each rules file, in which the worst files come first."""
    groups: dict[str, list[JudgedFile]] = {}
    for file in sorted(files, key=lambda one: (one.group, _VERDICT_ORDER[one.verdict], one.path)):
        groups.setdefault(file.group, []).append(file)
    for rules_file, its in groups.items():
        pairs = [pair for one in its for pair in _readers(one)]
        ruled = [name for name, state in pairs if state is not ReaderState.STRANGER]
        names = dict.fromkeys([*ruled, *(name for name, _ in pairs)])
        yield PlainTable(
            rules_file=rules_file,
            readers=tuple((name.partition(" (")[0], name) for name in names),
            rows=tuple(
                PlainRow(file=one, states=tuple(dict(_readers(one)).get(name) for name in names))
                for one in its
            ),
        )


def _readers(file: JudgedFile) -> Iterable[tuple[str, ReaderState]]:
    return () if file.detail is None else file.detail.readers
