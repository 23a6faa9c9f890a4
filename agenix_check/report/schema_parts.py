"""Parts of the JSON Schemas of the report and of the lock file."""

from collections.abc import Collection

Schema = dict[str, object]


def described_object(
    description: str, *, optional: Collection[str] = (), **properties: Schema
) -> Schema:
    """Return the schema of an object that has exactly these properties, all but the `optional`."""
    return {
        "description": description,
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def described_array(description: str, items: Schema) -> Schema:
    """Return the schema of an array of such items."""
    return {"description": description, "type": "array", "items": items}
