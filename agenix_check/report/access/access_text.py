"""Who can read what, for a terminal: secrets with equal readers together, then the readers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from textwrap import wrap

from agenix_check.model.access import AccessChange, AccessListing, Reader, Shown
from agenix_check.report.access.access_words import (
    ADDRESSED_SAYS,
    MARKS,
    MARKS_SAY,
    change_in_words,
    key_words,
    make_table,
    reader_names,
)
from agenix_check.report.escape import inert, visible
from agenix_check.report.words import quantity

_WIDTH = 80
_LONGEST_NAME = 28
_NOTHING_CHANGED = "nobody gains or loses a secret"


def render(listing: AccessListing) -> str:
    """Turn who can read what into text; of a range, what it changes."""
    if listing.change is not None:
        lines = list(_change(listing.change))
    else:
        lines = [*_table(listing.readers), *_readers(listing.readers), *_end(listing)]
    return inert("\n".join(lines) + "\n")


def _table(readers: Sequence[Reader]) -> Iterator[str]:
    names = reader_names(readers)
    table = make_table(readers)
    if table.everywhere:
        yield from _wrap(f"{_several(table.everywhere, names)}: every secret")
        yield ""
    for row in table.rows:
        said = _several(row.readers, names) or "nobody else"
        yield from _wrap(f"{said}: {quantity(len(row.secrets), 'secret')}")
        yield from (f"  {visible(secret)}" for secret in row.secrets)
        yield ""


def _several(readers: Iterable[tuple[Reader, Shown]], names: Mapping[Reader, str]) -> str:
    return ", ".join(f"{visible(names[reader])}{MARKS[shown]}" for reader, shown in readers)


def _wrap(text: str) -> list[str]:
    return wrap(
        text, _WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )


def _readers(readers: Sequence[Reader]) -> Iterator[str]:
    if not readers:
        return
    names = reader_names(readers)
    width = min(max(len(visible(names[one])) for one in readers), _LONGEST_NAME)
    yield "Readers"
    for one in readers:
        words = [
            one.kind.value.ljust(7), visible(names[one]).ljust(width),
            quantity(len(one.secrets), "secret").rjust(11), visible(key_words(one)),
            visible(one.path or ""),
        ]  # fmt: skip
        yield f"  {'  '.join(filter(None, words))}".rstrip()
    yield ""


def _end(listing: AccessListing) -> Iterator[str]:
    used = {one.shown for reader in listing.readers for one in reader.secrets}
    if Shown.ADDRESSED in used:
        yield from wrap(ADDRESSED_SAYS, _WIDTH)
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
