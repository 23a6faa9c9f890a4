"""Who can read what, for a terminal: secrets with equal readers together, then the readers."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from agenix_check.model.access import AccessChange, AccessListing, Reader, ReaderKind, Shown
from agenix_check.report.access.access_words import (
    ADDRESSED_SAYS,
    MARKS,
    MARKS_SAY,
    change_in_words,
    make_table,
    reader_names,
    short_key,
)
from agenix_check.report.escape import inert, visible
from agenix_check.report.folding import all_or_names, wrap_words
from agenix_check.report.registry import DEFAULT_WIDTH
from agenix_check.report.words import quantity

_LONGEST_NAME = 30
_NOTHING_CHANGED = "nobody gains or loses a secret"


def render(listing: AccessListing, width: int = DEFAULT_WIDTH) -> str:
    """Turn who can read what into text of so many columns; of a range, what it changes."""
    if listing.change is not None:
        lines = list(_change(listing.change))
    else:
        lines = [*_table(listing.readers, width), *_readers(listing.readers), *_end(listing, width)]
    return inert("\n".join(lines) + "\n")


def _table(readers: Sequence[Reader], width: int) -> Iterator[str]:
    names = reader_names(readers)
    nodes = {visible(names[one]) for one in readers if one.kind is ReaderKind.NODE}
    table = make_table(readers)
    if table.everywhere:
        yield from wrap_words(f"{_several(table.everywhere, names, nodes)}: every secret", width)
        yield ""
    between = False  # blocks are apart; what fits in a line each stands together
    for row in table.rows:
        said = _several(row.readers, names, nodes) or "nobody else"
        line = f"{said}: {visible(row.secrets[0])}"
        if len(row.secrets) == 1 and len(line) <= width:
            yield line
            between = True
            continue
        yield from [""] if between else []
        yield from wrap_words(f"{said}: {quantity(len(row.secrets), 'secret')}", width)
        yield from (f"  {visible(secret)}" for secret in row.secrets)
        yield ""
        between = False
    yield from [""] if between else []


def _several(
    readers: Sequence[tuple[Reader, Shown]], names: Mapping[Reader, str], nodes: Collection[str]
) -> str:
    """Name readers; nodes whose files show the same fold where they are all, or nearly all."""
    alike = [visible(names[one]) for one, shown in readers if _folds(one, shown)]
    folded = all_or_names(alike, nodes, "node")
    others = readers
    if folded == ", ".join(alike):
        folded = ""
    else:
        others = [each for each in readers if not _folds(*each)]
    return ", ".join(
        filter(None, (folded, *(f"{visible(names[one])}{MARKS[shown]}" for one, shown in others)))
    )


def _folds(reader: Reader, shown: Shown) -> bool:
    return reader.kind is ReaderKind.NODE and not MARKS[shown]


def _readers(readers: Sequence[Reader]) -> Iterator[str]:
    if not readers:
        return
    names = reader_names(readers)
    width = min(max(len(visible(names[one])) for one in readers), _LONGEST_NAME)
    yield "Readers"
    for one in readers:
        words = [
            one.kind.value.ljust(7), visible(names[one]).ljust(width),
            quantity(len(one.secrets), "secret").rjust(11), visible(short_key(one)),
            visible(one.path or ""),
        ]  # fmt: skip
        yield f"  {'  '.join(filter(None, words))}".rstrip()
    yield ""


def _end(listing: AccessListing, width: int) -> Iterator[str]:
    used = {one.shown for reader in listing.readers for one in reader.secrets}
    if Shown.ADDRESSED in used:
        yield from wrap_words(ADDRESSED_SAYS, width, "")
    yield from (f"{MARKS[one]} {said}" for one, said in MARKS_SAY.items() if one in used)
    secrets = {one.secret for reader in listing.readers for one in reader.secrets}
    yield (
        f"{quantity(len(listing.readers), 'reader')}, {quantity(len(secrets), 'secret')}, "
        f"known from {listing.inventory}"
    )


def _change(change: AccessChange) -> Iterator[str]:
    sections = change_in_words(change)
    for section in sections:
        yield section.title
        for name, secrets in section.readers:
            yield f"  {visible(name)}"
            yield from (f"    {visible(secret)}" for secret in secrets)
    if not sections:
        yield _NOTHING_CHANGED
