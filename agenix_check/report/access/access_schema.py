"""The JSON Schema of what `agenix-check access --format json` prints."""

from agenix_check.model.access import ReaderKind
from agenix_check.report.access.access_json import ACCESS_SCHEMA
from agenix_check.report.schema_parts import Schema, described_array, described_object

_TEXT: Schema = {"type": "string"}
_NULLABLE = ["string", "null"]


def access_schema() -> Schema:
    """Return the schema of who can read what."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Who can read what, by agenix-check",
        **described_object(
            "Readers and their secrets. With --from-ref also what the range changes.",
            schema={"const": ACCESS_SCHEMA, "description": "Which version of this schema."},
            complete={"type": "boolean", "description": "Whether all of the tree was looked at."},
            readers=described_array(
                "Every key, once under each of its names, with what it can read.",
                reader_schema("One reader."),
            ),
            **change_schema(),
            incomplete=described_array(
                "What could not be looked at, in sentences.", {"description": "One.", **_TEXT}
            ),
        ),
    }


def change_schema() -> dict[str, Schema]:
    """Return the schemas of the parts of a change."""
    new: Schema = {"type": "boolean", "description": "Whether the key could read nothing before."}
    return {
        "added": described_array(
            "Readers with the secrets that they gain.", reader_schema("Who gains.", new=new)
        ),
        "removed": described_array(
            "Readers with the secrets that they lose in the tree; who has read one may have kept"
            " it.",
            reader_schema("Who loses."),
        ),
        "replaced": described_array(
            "Keys that took the place of others under the same name.",
            described_object(
                "One name whose key is another now.",
                name={"description": "The name.", **_TEXT},
                kind=_kind(),
                before=described_object("The former key.", **_key()),
                after=described_object("The key in its place.", **_key()),
                secrets=_paths("What both could read."),
            ),
        ),
    }


def reader_schema(description: str, **more: Schema) -> Schema:
    """Return the schema of a reader."""
    return described_object(
        description,
        name={
            "description": "The node, or what people call the key; in words where the files do not"
            " show whose it is.",
            **_TEXT,
        },
        kind=_kind(),
        **_key(),
        secrets=_paths("The sources that it can read, and the files of plain agenix."),
        anonymous=_paths("Those of which the file shows the kind of key alone, not which key."),
        unread=_paths("Those that are known from a name or a rule, not from the file."),
        **more,
    )


def _kind() -> Schema:
    return {"description": "What the reader is.", "enum": [str(one) for one in ReaderKind]}


def _key() -> dict[str, Schema]:
    return {
        "key": {"description": "The key without its comment; null if unknown.", "type": _NULLABLE},
        "fingerprint": {
            "description": "What ssh-keygen prints of it; of a short age key the key itself.",
            "type": _NULLABLE,
        },
        "path": {"description": "A file that holds the key.", "type": _NULLABLE},
    }


def _paths(description: str) -> Schema:
    return described_array(description, _TEXT)
