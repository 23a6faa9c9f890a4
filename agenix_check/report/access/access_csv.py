"""Who can read what, for spreadsheets: a line for each reader and secret."""

import csv
import io
from collections.abc import Iterator

from agenix_check.model.access import AccessListing, Reader
from agenix_check.report.escape import inert, visible

_COLUMNS = ("change", "secret", "reader", "kind", "key", "fingerprint", "path", "shown")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def render(listing: AccessListing) -> str:
    """Turn who can read what into CSV (RFC 4180); of a range, what it changes."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for change, reader in _listed(listing):
        for secret, shown in reader.secrets:
            cells = (
                change, secret, reader.name, reader.kind.value, reader.key or "",
                reader.fingerprint or "", reader.path or "", shown.value,
            )  # fmt: skip
            writer.writerow(map(_cell, cells))
    return inert(text.getvalue())


def _listed(listing: AccessListing) -> Iterator[tuple[str, Reader]]:
    change = listing.change
    if change is None:
        yield from (("", one) for one in listing.readers)
        return
    yield from (("added", one) for one in change.added)
    yield from (("removed", one) for one in change.removed)
    for one in change.replaced:
        yield "replaced", one.before
        yield "replacement", one.after


def _cell(text: str) -> str:
    """Return a text that a spreadsheet does not take for a formula."""
    shown = visible(text)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
