"""Who can read what, for programs; `agenix-check schema access` describes it."""

import json

from agenix_check.model.access import AccessChange, AccessListing, Reader, Replacement, Shown
from agenix_check.report.escape import inert_json, reversible

ACCESS_SCHEMA = "agenix-check/access/1"


def render(listing: AccessListing) -> str:
    """Turn who can read what into a JSON document."""
    document = {
        "schema": ACCESS_SCHEMA,
        "complete": not listing.incomplete,
        "readers": [reader_document(one) for one in listing.readers],
        **change_document(listing.change or AccessChange()),
        "incomplete": [reversible(one) for one in listing.incomplete],
    }
    return inert_json(json.dumps(document, indent=2) + "\n")


def change_document(change: AccessChange) -> dict[str, list[dict[str, object]]]:
    """Return what a change does, as the report has it too."""
    return {
        "added": [
            {**reader_document(one), "new": one.key in change.newcomers} for one in change.added
        ],
        "removed": [reader_document(one) for one in change.removed],
        "replaced": [_replacement(one) for one in change.replaced],
    }


def reader_document(reader: Reader) -> dict[str, object]:
    """Return one reader."""
    return {
        "name": reversible(reader.name),
        "kind": reader.kind.value,
        **_key(reader),
        "secrets": [reversible(one.secret) for one in reader.secrets],
        "anonymous": _of(reader, Shown.ANONYMOUS),
        "unread": _of(reader, Shown.NAMED),
    }


def _replacement(one: Replacement) -> dict[str, object]:
    return {
        "name": reversible(one.after.name),
        "kind": one.after.kind.value,
        "before": _key(one.before),
        "after": _key(one.after),
        "secrets": [reversible(each.secret) for each in one.after.secrets],
    }


def _key(reader: Reader) -> dict[str, object]:
    return {
        "key": reader.key and reversible(reader.key),
        "fingerprint": reader.fingerprint,
        "path": reader.path and reversible(reader.path),
    }


def _of(reader: Reader, shown: Shown) -> list[str]:
    return [reversible(one.secret) for one in reader.secrets if one.shown is shown]
