"""What `agenix-check fleet` prints: who has which secrets, made from what."""

import json
from collections.abc import Sequence
from dataclasses import replace

from agenix_check.audit.select import is_node, matches
from agenix_check.model.fleet import Fleet, Output
from agenix_check.report.escape import inert, reversible, visible
from agenix_check.report.words import quantity

FLEET_SCHEMA = "agenix-check/fleet/1"


def restrict(fleet: Fleet, nodes: Sequence[str], secrets: Sequence[str]) -> Fleet:
    """Return the part of a fleet whose names match globs; without globs, everything matches."""
    outputs = tuple(
        output
        for output in fleet.outputs
        if is_node(output.node, nodes) and matches(output.secret, secrets)
    )
    kept = {output.node for output in outputs}
    nodes_ = (node for node in fleet.nodes if node.name in kept or not secrets)
    return replace(
        fleet, outputs=outputs, nodes=tuple(node for node in nodes_ if is_node(node.name, nodes))
    )


def render_text(fleet: Fleet) -> str:
    """Turn a fleet into a table: for each node its key, and its secrets with their sources."""
    outputs: dict[str, list[Output]] = {}
    for output in fleet.outputs:
        outputs.setdefault(output.node, []).append(output)
    parts = []
    for node in fleet.nodes:
        lines = [visible(node.name or ".")]
        lines += [f"  key     {visible(_short(text))}" for text in node.keys]
        rows = [
            (visible(output.secret), visible(output.source or "?"), output.skipped)
            for output in outputs.get(node.name, [])
        ]
        width = max((len(secret) for secret, _, _ in rows), default=0)
        for secret, source, skipped in sorted(rows, key=lambda row: row[:2]):
            why = f"  ({skipped})" if skipped else ""
            lines.append(f"  secret  {secret:<{width}}  {source}{why}")
        parts.append("\n".join(lines) + "\n")
    if fleet.masters or fleet.unknown_masters:
        lines = ["every source is for"]
        lines += [f"  master  {visible(_short(text))}" for text in fleet.masters]
        lines += [
            f"  master  {visible(place)} (public key unknown)" for place in fleet.unknown_masters
        ]
        parts.append("\n".join(lines) + "\n")
    for rule in fleet.plain:
        lines = [visible(rule.path)]
        lines += [f"  key     {visible(_short(text))}" for text in rule.recipients]
        parts.append("\n".join(lines) + "\n")
    sources = {output.source or output.skipped for output in fleet.outputs}
    summary = (
        f"{quantity(len(fleet.nodes), 'node')}, {quantity(len(fleet.outputs), 'output')} of "
        f"{quantity(len(sources), 'source')}, known from {fleet.inventory}"
    )
    if fleet.inventory == "names":
        summary += ": secrets that were never rekeyed are not shown"
    elif not fleet.complete:
        summary += ", incomplete"
    return inert("\n".join([*parts, summary]) + "\n")


def render_json(fleet: Fleet) -> str:
    """Turn a fleet into a JSON document."""
    document = {
        "schema": FLEET_SCHEMA,
        "inventory": fleet.inventory,
        "complete": fleet.complete,
        "nodes": [
            {
                "name": reversible(node.name),
                "storage": reversible(node.storage),
                "keys": [reversible(text) for text in node.keys],
            }
            for node in fleet.nodes
        ],
        "outputs": [
            {
                "node": reversible(output.node),
                "secret": reversible(output.secret),
                "path": reversible(output.path) or None,
                "sources": [reversible(path) for path in output.sources],
                "skipped": output.skipped,
            }
            for output in fleet.outputs
        ],
        "masters": list(fleet.masters),
        "unknown_masters": [reversible(place) for place in fleet.unknown_masters],
        "plain": [
            {"path": reversible(rule.path), "recipients": list(rule.recipients)}
            for rule in fleet.plain
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def _short(text: str) -> str:
    """Return a key as one line, with a long body shortened in the middle."""
    words = text.strip().split(" ")
    cut = [word if len(word) <= 64 else f"{word[:24]}…{word[-8:]}" for word in words]
    return " ".join(cut)
