"""Who can read what, for a page or a comment: a table of secrets with equal readers."""

from collections.abc import Iterator, Sequence

from agenix_check.model.access import AccessChange, AccessListing, Reader
from agenix_check.report.access.access_words import (
    ADDRESSED_SAYS,
    MARKS,
    MARKS_SAY,
    change_in_words,
    key_words,
    make_table,
    reader_names,
)
from agenix_check.report.escape import inert
from agenix_check.report.markup import cell, code, prose

_NOBODY = "Nobody gains or loses a secret.\n"


def render(listing: AccessListing) -> str:
    """Turn who can read what into Markdown; of a range, what it changes."""
    if listing.change is not None:
        lines = [*change_lines(listing.change)] or [_NOBODY]
    else:
        lines = [*_table(listing.readers), *_readers(listing.readers)]
    unseen = [f"- could not check: {prose(sentence)}\n" for sentence in listing.incomplete]
    return inert("".join([*lines, *(["\n"] if unseen else []), *unseen]))


def change_lines(change: AccessChange) -> Iterator[str]:
    """Yield what a change does, a line for each reader."""
    for section in change_in_words(change):
        yield f"**{section.title}**\n\n"
        for name, secrets in section.readers:
            yield f"- {code(name)}: {', '.join(map(code, secrets))}\n"
        yield "\n"


def _table(readers: Sequence[Reader]) -> Iterator[str]:
    names = reader_names(readers)
    yield "| secrets | readers |\n| --- | --- |\n"
    table = make_table(readers)
    everywhere = [("every secret", table.everywhere)] if table.everywhere else []
    listed = [(", ".join(map(cell, row.secrets)), row.readers) for row in table.rows]
    for secrets, row in (*everywhere, *listed):
        said = [cell(f"{names[reader]}{MARKS[shown]}") for reader, shown in row]
        yield f"| {secrets} | {', '.join(said) or 'nobody else'} |\n"
    used = {one.shown for reader in readers for one in reader.secrets}
    yield f"\n{ADDRESSED_SAYS}\n"
    yield from (f"{code(MARKS[one])}: {said}.\n" for one, said in MARKS_SAY.items() if one in used)


def _readers(readers: Sequence[Reader]) -> Iterator[str]:
    yield "\n| reader | kind | secrets | key | file |\n| --- | --- | ---: | --- | --- |\n"
    names = reader_names(readers)
    for one in readers:
        words = key_words(one)
        cells = (
            cell(names[one]), one.kind.value, str(len(one.secrets)),
            cell(words) if words else "", cell(one.path) if one.path else "",
        )  # fmt: skip
        yield f"| {' | '.join(cells)} |\n"
