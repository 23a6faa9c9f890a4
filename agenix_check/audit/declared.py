"""The audit of what is declared: nothing is guessed, and what is missing is certain."""

from collections.abc import Iterator

from agenix_check.audit.counting import count
from agenix_check.audit.expected import audit_orphans, audit_outputs
from agenix_check.audit.keyring import make_keyring
from agenix_check.audit.making import make_finding
from agenix_check.audit.names import order
from agenix_check.audit.nodes import audit_nodes
from agenix_check.audit.recipients import audit_masters
from agenix_check.audit.sources import audit_sources
from agenix_check.declaration import Declaration
from agenix_check.discover.declared import Declared, fleet_of_declared
from agenix_check.discover.evidence import KeyText
from agenix_check.discover.inventory import LOCK, Inventory
from agenix_check.discover.names import Names
from agenix_check.finding import Finding, FleetInfo, OutputResult, Report

_RENEW = "agenix-check fleet --lock && git add agenix-check.lock"


def audit_declared(
    names: Names, inventory: Inventory, declared: Declared, by_names: Report
) -> Report:
    """Judge a declared fleet; `by_names` serves for nodes that could not be evaluated."""
    declaration = declared.declaration
    keys = [KeyText(node.host_pubkey, ()) for node in declaration.nodes]
    keyring = make_keyring([*names.here.keys.values(), *keys], names.base.keys.values())
    judged = list(audit_outputs(names, declared, keyring))
    outputs = [one.result for one in judged]
    findings = [finding for one in judged for finding in one.findings]
    findings += audit_orphans(names, declared)
    findings += audit_nodes(names, declaration, keyring)
    findings += audit_masters(names, declared)
    findings += audit_sources(names, fleet_of_declared(declared, inventory.kind))
    findings += _lock(names, inventory)
    if declaration.failed:
        rest_outputs, rest_findings = _rest(declaration, by_names)
        outputs += rest_outputs
        findings += rest_findings
    outputs.sort(key=lambda output: (output.node, output.secret, output.path))
    return Report(
        snapshot=by_names.snapshot,
        fleet=FleetInfo(
            inventory=inventory.kind,
            complete=not declaration.failed,
            nodes=len(declaration.nodes) + len(declaration.failed),
            secrets=len({output.source or output.path for output in outputs}),
        ),
        counts=count(outputs, findings),
        outputs=tuple(outputs),
        findings=tuple(sorted(findings, key=order)),
        incomplete=names.incomplete,
        skipped=by_names.skipped,
    )


def _rest(declaration: Declaration, by_names: Report) -> tuple[list[OutputResult], list[Finding]]:
    """Return what names say of directories that no evaluated node has."""
    known = {node.storage.path for node in declaration.nodes if node.storage is not None}
    return (
        [output for output in by_names.outputs if output.node not in known],
        [
            finding
            for finding in by_names.findings
            if finding.node is not None and finding.node not in known
        ],
    )


def _lock(names: Names, inventory: Inventory) -> Iterator[Finding]:
    if inventory.declared is None:
        return
    declaration = inventory.declared.declaration
    if inventory.lock is not None and inventory.lock.nodes != declaration.nodes:
        yield make_finding(
            "lock-stale", _difference(inventory.lock, declaration), path=LOCK,
            new=bool(names.changed), mend=_RENEW,
        )  # fmt: skip


def _difference(lock: Declaration, now: Declaration) -> str:
    """Say in which nodes a lock file differs from what is declared."""
    old = {node.name: node for node in lock.nodes}
    new = {node.name: node for node in now.nodes}
    parts = []
    for word, names in (
        ("new", new.keys() - old.keys()),
        ("gone", old.keys() - new.keys()),
        ("changed", {name for name in old.keys() & new.keys() if old[name] != new[name]}),
    ):
        if names:
            shown = ", ".join(sorted(names)[:5])
            more = f" and {len(names) - 5} more" if len(names) > 5 else ""
            parts.append(f"{word}: {shown}{more}")
    return "it is not what the flake declares; " + "; ".join(parts)
