"""What the verbs about access say, as tests ask them."""

import json
from typing import Any

import jsonschema

from agenix_check.demo.workshop import Workshop
from agenix_check.report import schema
from tests.conftest import Run

DIRECTORY = "secrets/rekeyed/"


def ask_access(fleet: Workshop, run: Run, *arguments: str) -> dict[str, Any]:
    """Return the JSON that `access` prints, which its schema describes."""
    result = run(fleet.top, "access", "--format", "json", *arguments)
    assert (result.code, result.stderr) == (0, "")
    document: dict[str, Any] = json.loads(result.stdout)
    jsonschema.Draft202012Validator(json.loads(schema.render("access"))).validate(document)
    return document


def readable(readers: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return the secrets of readers by their name; of nodes without their directory."""
    found = {one["name"].removeprefix(DIRECTORY): one["secrets"] for one in readers}
    assert len(found) == len(readers)
    return found


def changed(fleet: Workshop, run: Run, before: str, after: str = "HEAD") -> dict[str, Any]:
    """Return what a range changes, by kind: added, removed and replaced."""
    document = ask_access(fleet, run, "--from-ref", before, "--to-ref", after)
    return {kind: document[kind] for kind in ("added", "removed", "replaced")}
