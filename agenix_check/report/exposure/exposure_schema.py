"""The JSON Schema of what `agenix-check exposure --format json` prints."""

from agenix_check.model.exposed import VersionState
from agenix_check.report.exposure.exposure_json import EXPOSURE_SCHEMA
from agenix_check.report.schema_parts import Schema, described_array, described_object

_OBJECT_ID = "^([0-9a-f]{40}|[0-9a-f]{64})$"


def exposure_schema() -> Schema:
    """Return the schema of what keys could ever read."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What keys could read, by agenix-check",
        **described_object(
            "Keys and the versions of secrets that they could read, what is in use first.",
            schema={"const": EXPOSURE_SCHEMA, "description": "Which version of this schema."},
            complete={"type": "boolean", "description": "Whether all of history was looked at."},
            keys=described_array("Former readers, or the keys that were asked for.", _key()),
            public=described_array(
                "What everybody could read who could read the repository.", _public()
            ),
            incomplete=described_array("What could not be looked at, in sentences.", _text("One.")),
            notices=described_array("What was left out, in sentences.", _text("One.")),
        ),
    }


def _key() -> Schema:
    return described_object(
        "One key.",
        key=_nullable("Its text without a comment; null if no file of the history shows it."),
        fingerprint=_nullable("What ssh-keygen prints of it; of a short age key the key itself."),
        names=described_array("The files that held it.", _text("A path.")),
        nodes=described_array(
            "The nodes whose outputs were made for it: by their names where the lock file or a"
            " remembered evaluation says these, else by their directories, as every format"
            " shortens them.",
            _text("A name."),
        ),
        words=_nullable("What the files show of it where they do not show the key."),
        reader={
            "type": "boolean",
            "description": "Whether HEAD, or what is not merged, has it as a reader.",
        },
        secrets=described_array(
            "What it could read.",
            described_object(
                "One secret.",
                secret=_text("The source, or the file of plain agenix."),
                now=described_array("Where it is now, if it has moved.", _text("A path.")),
                state=_state("The state of its version to worry about most."),
                versions=described_array("Its versions that the key could read.", _version()),
            ),
        ),
    )


def _version() -> Schema:
    return described_object(
        "One version, through one file.",
        blob=_oid("The object id of the source's content; of an output of unknown source, its own"),
        **{"from": _oid("The commit that brought the file")},
        until={
            "type": ["string", "null"],
            "pattern": _OBJECT_ID,
            "description": "What took it away; null while HEAD, or what is not merged, has it.",
        },
        via=_text("The file that the key could open."),
        state=_state("Whether this version is in use."),
        anonymous={
            "type": "boolean",
            "description": "Whether the file shows the kind of key alone, not which key.",
        },
        rotated_by={
            "type": ["string", "null"],
            "pattern": _OBJECT_ID,
            "description": "The commit that took this version out of use, if it is.",
        },
    )


def _public() -> Schema:
    return described_object(
        "One secret.",
        secret=_text("The source, or the file of plain agenix."),
        commit=_oid("The first commit that shows it"),
        path=_text("The file with the plain text, or with the private key."),
        state=_state("Whether what was public is in use."),
        private_key={
            "type": "boolean",
            "description": "Whether it is a private key that opens it.",
        },
        now=described_array("Where it is now, if it has moved.", _text("A path.")),
    )


def _text(description: str) -> Schema:
    return {"type": "string", "description": description}


def _nullable(description: str) -> Schema:
    return {"type": ["string", "null"], "description": description}


def _oid(description: str) -> Schema:
    return {"type": "string", "pattern": _OBJECT_ID, "description": f"{description}."}


def _state(description: str) -> Schema:
    return {"enum": [str(one) for one in VersionState], "description": description}
