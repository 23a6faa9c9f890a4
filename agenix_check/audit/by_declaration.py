"""The audit of a declared fleet: nothing is guessed, and what is missing is certain."""

from collections.abc import Callable, Iterator

from agenix_check.audit.declared_changes import compare_with_base
from agenix_check.audit.expected_outputs import Bench, audit_orphans, audit_outputs
from agenix_check.audit.findings import make_finding
from agenix_check.audit.keyring import make_keyring
from agenix_check.audit.nodes import audit_nodes
from agenix_check.audit.predecessors import find_predecessors
from agenix_check.audit.recipients import audit_masters
from agenix_check.audit.sources import audit_sources
from agenix_check.discover.declared.expected import Declared, fleet_of_declared
from agenix_check.discover.declared.known import Inventory
from agenix_check.discover.declared.lock import RENEW
from agenix_check.discover.tree.evidence import LOCK
from agenix_check.discover.tree.keys import KeyText
from agenix_check.discover.tree.names import Names, fleet_of
from agenix_check.model.findings import (
    Counts,
    Finding,
    FleetInfo,
    JudgedFile,
    Report,
    SnapshotInfo,
    finding_key,
)

_RENEW = f"{RENEW} && git add {LOCK}"


def audit_declared(
    names: Names,
    inventory: Inventory,
    declared: Declared,
    snapshot: SnapshotInfo,
    by_names: Callable[[], Report],
) -> Report:
    """Judge a declared fleet; `by_names` judges the nodes that could not be evaluated."""
    declaration = declared.declaration
    keys = [KeyText(node.host_pubkey, ()) for node in declaration.nodes]
    keyring = make_keyring([*names.here.keys.values(), *keys], names.base.keys.values())
    changes = compare_with_base(names, declared)
    bench = Bench(names, declared, keyring, find_predecessors(names, declared), changes)
    judged = list(audit_outputs(bench))
    outputs = [one.result for one in judged]
    findings = [finding for one in judged for finding in one.findings]
    findings += audit_orphans(bench)
    findings += audit_nodes(bench)
    findings += audit_masters(bench)
    findings += _lock(names, inventory)
    sources = list(audit_sources(names, fleet_of_declared(declared, inventory.kind)))
    if declaration.failed:
        rest_outputs, rest_findings = _rest(declared, by_names())
        outputs += rest_outputs
        findings += rest_findings
        used = {path for output in fleet_of(names).outputs for path in output.sources}
        sources = [one for one in sources if one.rule != "source-unused" or one.path not in used]
    findings += sources
    outputs.sort(key=lambda output: (output.node, output.secret, output.path))
    return Report(
        snapshot=snapshot,
        fleet=FleetInfo(
            inventory=inventory.kind,
            complete=not declaration.failed,
            nodes=len(declaration.nodes) + len(declaration.failed),
            secrets=len({output.source or output.path for output in outputs}),
        ),
        counts=Counts.of(outputs, findings),
        files=tuple(outputs),
        findings=tuple(sorted(findings, key=finding_key)),
        incomplete=names.incomplete,
        skipped=names.skipped,
    )


def _rest(declared: Declared, by_names: Report) -> tuple[list[JudgedFile], list[Finding]]:
    """Return what the audit by names found in directories that belong to no evaluated node."""
    nodes = declared.declaration.nodes
    known = {node.storage.path for node in nodes if node.storage is not None}
    return (
        [output for output in by_names.outputs if output.node not in known],
        [
            finding
            for finding in by_names.findings
            if finding.node is not None and finding.node not in known
        ],
    )


def _lock(names: Names, inventory: Inventory) -> Iterator[Finding]:
    for sentence in inventory.stale:
        yield make_finding("lock-stale", sentence, path=LOCK, new=bool(names.changed), mend=_RENEW)
