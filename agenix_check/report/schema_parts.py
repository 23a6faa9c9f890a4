"""Parts of the JSON Schemas of the report and of the lock file."""

Schema = dict[str, object]


def described_object(description: str, **properties: Schema) -> Schema:
    """Return the schema of an object that has exactly these properties."""
    return {
        "description": description,
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def described_array(description: str, items: Schema) -> Schema:
    """Return the schema of an array of such items."""
    return {"description": description, "type": "array", "items": items}
