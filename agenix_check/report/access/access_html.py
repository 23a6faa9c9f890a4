"""Who can read what, as a page for a browser."""

from collections.abc import Iterable, Mapping

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
    used = {one.shown for reader in listing.readers for one in reader.secrets}
    secrets = {one.secret for reader in listing.readers for one in reader.secrets}
    tables = _changes(listing) if listing.change is not None else _present(listing.readers)
    marks = (f"{MARKS[one]} {said}" for one, said in MARKS_SAY.items() if one in used)
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
            (*(f"could not check: {one}" for one in listing.incomplete), ADDRESSED_SAYS, *marks),
            tables,
        )
    )


def _present(readers: tuple[Reader, ...]) -> tuple[TableOnPage, ...]:
    names = reader_names(readers)
    table = make_table(readers)
    rows = [(row.secrets, _marked(row.readers, names)) for row in table.rows]
    if table.everywhere:
        rows.insert(0, (("every secret",), _marked(table.everywhere, names)))
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
    readers: Iterable[tuple[Reader, Shown]], names: Mapping[Reader, str]
) -> tuple[str, ...]:
    return tuple(f"{names[one]}{MARKS[shown]}" for one, shown in readers) or ("nobody else",)


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
