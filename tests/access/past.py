"""Histories of which it is asked what former readers could read."""

import json
from typing import Any

import jsonschema

from agenix_check.demo.workshop import Workshop
from agenix_check.report import schema
from tests.access.test_present import DB, TOKEN, WIFI
from tests.conftest import Run

TEXTS = {DB: "postgres://db\n", WIFI: "correct horse\n", TOKEN: "token of alpha\n"}
NAMES = {DB: "db", WIFI: "wifi", TOKEN: "token"}


def ask_exposure(fleet: Workshop, run: Run, *arguments: str, code: int) -> dict[str, Any]:
    """Return the JSON that `exposure` prints, which its schema describes."""
    result = run(fleet.top, "exposure", "--format", "json", *arguments)
    assert result.code == code, result
    document: dict[str, Any] = json.loads(result.stdout)
    jsonschema.Draft202012Validator(json.loads(schema.render("exposure"))).validate(document)
    assert document["schema"] == "agenix-check/exposure/1"
    assert document["complete"] == (code != 3)
    return document


def states(document: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return the state of each secret, by key without its type."""
    return {
        (one["key"] or one["words"]).rpartition(" ")[2]: {
            each["secret"]: each["state"] for each in one["secrets"]
        }
        for one in document["keys"]
    }


def body(key: str) -> str:
    """Return a key as `states` has it."""
    return key.split()[1] if key.startswith("ssh-") else key.strip()


def sell(fleet: Workshop, node: str) -> str:
    """Take a host and its outputs out of the fleet."""
    fleet.git.run("rm", "-rq", f"secrets/rekeyed/{node}", f"hosts/{node}")
    return fleet.commit(f"Sell {node}")


def rekey_all(fleet: Workshop, source: str, text: str, *nodes: str) -> None:
    """Write a source anew, and its outputs for some nodes in place of the former ones."""
    for path in list((fleet.top / "secrets/rekeyed").glob(f"*/*-{NAMES[source]}.age")):
        path.unlink()
    fleet.source(source, text)
    for node in nodes:
        fleet.rekey(node, NAMES[source], source, text)


def blob(fleet: Workshop, revision: str) -> str:
    """Return the object id of a file in a commit."""
    return fleet.git.run("rev-parse", revision).decode().strip()
