"""The JSON Schema of `agenix-check.lock`, behind `agenix-check schema lock`."""

from agenix_check.report.schema_parts import Schema, described_array, described_object


def lock_schema() -> Schema:
    """Return the schema of the lock file; a field that is not described here never occurs."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Lock file of agenix-check",
        **described_object(
            "What a flake declares, sorted, for machines without Nix. A byte of a name that is not"
            " UTF-8 is a lone surrogate, U+DC80 to U+DCFF.",
            schema={
                "const": "agenix-check/lock/1",
                "description": "Which version of this schema it follows.",
            },
            nodes=_map("The nodes, by the names that agenix-rekey gives them.", _node()),
            plain=_map("The rules files of plain agenix, by their paths.", _rules_file()),
        ),
        "required": ["schema", "nodes"],
        "$defs": {
            "text": {
                "type": "string",
                "pattern": "^[^\\u0000]*$",
                "description": "A text without zero bytes.",
            },
            "place": {
                "description": "Where a file or directory is.",
                "anyOf": [
                    {
                        "type": "string",
                        "pattern": "^(?!\\.{0,2}/|\\.{1,2}(?![\\s\\S]))[^\\u0000]*$",
                        "description": (
                            "Its path in the repository, from the root; empty for the root itself."
                        ),
                    },
                    described_object(
                        "It is not in the repository.",
                        outside=_nullable("Where it is, as Nix prints it."),
                    ),
                ],
            },
        },
    }


def _node() -> Schema:
    return {
        **described_object(
            "One evaluated configuration that uses agenix-rekey.",
            hostPubkey=_text("The exact configured text; comment and newline count."),
            storageMode={
                "enum": ["local", "derivation"],
                "description": "Whether outputs are in the repository or in the Nix store.",
            },
            storage={
                "description": "Its localStorageDir; null in derivation mode.",
                "anyOf": [{"$ref": "#/$defs/place"}, {"type": "null"}],
            },
            secrets=_map("Its secrets that have a rekeyFile, by their ids.", _secret()),
            masterIdentities=described_array(
                "Its master identities.",
                described_object(
                    "One master identity.",
                    identity={"description": "Its file.", "$ref": "#/$defs/place"},
                    pubkey=_nullable("Its public key, if it is given."),
                ),
            ),
            extraEncryptionPubkeys=described_array(
                "Other keys that must be able to read the sources.", {"$ref": "#/$defs/text"}
            ),
        ),
        "if": {"properties": {"storageMode": {"const": "local"}}},
        "then": {"properties": {"storage": {"not": {"type": "null"}}}},
    }


def _rules_file() -> Schema:
    return described_object(
        "One rules file.",
        files=_map(
            "The rules file and what it reads, by their paths, as they were: object ids of Git;"
            " null for what was not there.",
            _nullable("An object id."),
        ),
        rules=_map(
            "Its rules, by the paths of their files.",
            described_object(
                "One rule.",
                publicKeys=described_array(
                    "The keys that must be able to read the file.", {"$ref": "#/$defs/text"}
                ),
                again=described_array(
                    "Those that are listed again, once for each further time.",
                    {"$ref": "#/$defs/text"},
                ),
                armor={
                    "description": "Whether the file is armored; null if the rule does not say.",
                    "type": ["boolean", "null"],
                },
            ),
        ),
    )


def _secret() -> Schema:
    return described_object(
        "One secret.",
        name=_text("Its name, as it appears in the file name of its output."),
        source={"description": "Its rekeyFile.", "$ref": "#/$defs/place"},
        intermediary={"type": "boolean", "description": "Whether it has no output."},
        generator={
            "description": "The tags of its generator; null where it has none.",
            "anyOf": [
                {"type": "array", "items": {"$ref": "#/$defs/text"}},
                {"type": "null"},
            ],
        },
        dependencies=described_array(
            "The sources that it is generated from. A lock file of an older version does not say.",
            {"$ref": "#/$defs/place"},
        ),
        optional=("dependencies",),
    )


def _map(description: str, values: Schema) -> Schema:
    return {
        "description": description,
        "type": "object",
        "propertyNames": {"$ref": "#/$defs/text"},
        "additionalProperties": values,
    }


def _text(description: str) -> Schema:
    return {"description": description, "$ref": "#/$defs/text"}


def _nullable(description: str) -> Schema:
    return {"description": description, "anyOf": [{"$ref": "#/$defs/text"}, {"type": "null"}]}
