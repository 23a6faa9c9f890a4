"""Who can read what, as a page for a browser."""

from collections.abc import Iterable, Mapping, Sequence

from agenix_check.model.access import AccessListing, Reader, Shown
from agenix_check.report.access.access_words import (
    ADDRESSED_SAYS,
    MARKS,
    MARKS_SAY,
    change_in_words,
    key_words,
    make_table,
    reader_names,
)
from agenix_check.report.formats.html.tables import TableOnPage, TablesPage, render_tables
from agenix_check.report.words import quantity


def render(listing: AccessListing) -> str:
    """Turn who can read what into HTML; of a range, what it changes."""
    secrets = {one.secret for reader in listing.readers for one in reader.secrets}
    tables = _changes(listing) if listing.change is not None else tables_of(listing.readers)
    summary = (
        f"{quantity(len(listing.readers), 'reader')}, {quantity(len(secrets), 'secret')}, "
        f"known from {listing.inventory}"
    )
    if listing.change is not None:
        summary = "What the range changes" if tables else "Nobody gains or loses a secret"
    return render_tables(
        TablesPage(
            "Who can read what",
            "unknown" if listing.incomplete else "good",
            summary,
            (
                *(f"could not check: {one}" for one in listing.incomplete),
                *sentences_of(listing.readers),
            ),
            tables,
        )
    )


def sentences_of(readers: Iterable[Reader]) -> tuple[str, ...]:
    """Return what a table of readers proves, and what the marks in it mean."""
    used = {one.shown for reader in readers for one in reader.secrets}
    marks = (f"{MARKS[one]} {said}" for one, said in MARKS_SAY.items() if one in used)
    return (ADDRESSED_SAYS, *marks)


def tables_of(readers: tuple[Reader, ...], most: int | None = None) -> tuple[TableOnPage, ...]:
    """Return the secrets with their readers, at most so many for each, and the readers."""
    names = reader_names(readers)
    table = make_table(readers)
    rows = [(row.secrets, _marked(row.readers, names, most)) for row in table.rows]
    if table.everywhere:
        rows.insert(0, (("every secret",), _marked(table.everywhere, names, most)))
    listed = tuple(
        (
            (names[one],),
            (one.kind.value,),
            (str(len(one.secrets)),),
            (key_words(one),),
            (one.path or "",),
        )
        for one in readers
    )
    return (
        TableOnPage("Secrets", ("secrets", "readers"), tuple(rows)),
        TableOnPage("Readers", ("reader", "kind", "secrets", "key", "file"), listed),
    )


def _marked(
    readers: Sequence[tuple[Reader, Shown]], names: Mapping[Reader, str], most: int | None
) -> tuple[str, ...]:
    listed = tuple(f"{names[one]}{MARKS[shown]}" for one, shown in readers[:most])
    if len(listed) < len(readers):
        return (*listed, f"and {len(readers) - len(listed)} more: agenix-check access lists them")
    return listed or ("nobody else",)


def _changes(listing: AccessListing) -> tuple[TableOnPage, ...]:
    sections = change_in_words(listing.change) if listing.change is not None else []
    return tuple(
        TableOnPage(
            one.title,
            ("reader", "secrets"),
            tuple(((name,), secrets) for name, secrets in one.readers),
        )
        for one in sections
    )
