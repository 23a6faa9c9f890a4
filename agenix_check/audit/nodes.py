"""Judge declared nodes: their keys, their storage directories, their evaluation."""

from collections import defaultdict
from collections.abc import Iterator

from agenix_check.age import DUMMY_RECIPIENT
from agenix_check.audit.commands import REPLACE_KEY, put_key_right, shell
from agenix_check.audit.directories import find_inside, judge_key, storage_overlap
from agenix_check.audit.expected_outputs import Bench
from agenix_check.audit.judged import make_finding
from agenix_check.discover.declared.followed import submodule_of
from agenix_check.discover.declared.from_declaration import say_failed
from agenix_check.discover.tree.evidence import Evidence
from agenix_check.model.declaration import WITHHELD, Declaration, DeclaredNode
from agenix_check.model.findings import CauseKind, Finding, Report
from agenix_check.model.frozen import replace

NOT_EVALUATED = "node-not-evaluated"


def audit_nodes(bench: Bench) -> Iterator[Finding]:
    """Yield the findings about nodes as they are declared."""
    declaration = bench.declared.declaration
    for failed in declaration.failed:
        yield make_finding(NOT_EVALUATED, failed.message, node=failed.name)
    for node in declaration.nodes:
        yield from _private(bench, node)
        yield from _key(bench, node)
    local = [node for node in declaration.nodes if node.storage_mode == "local"]
    yield from _overlaps(bench, [node for node in local if node.host_pubkey != DUMMY_RECIPIENT])


def say_failures_once(report: Report, here: Evidence, declaration: Declaration) -> Report:
    """Leave out of the sentences of a report what its findings say of nodes that failed.

    Settings may have left findings out: what is said of their nodes stays whole.
    """
    told = {one.node for one in report.findings if one.rule == NOT_EVALUATED}
    brief = {
        one.sentence: one.brief
        for one in say_failed(here, declaration)
        if told.issuperset(one.nodes)
    }
    return replace(report, incomplete=tuple(brief.get(one, one) for one in report.incomplete))


def _private(bench: Bench, node: DeclaredNode) -> Iterator[Finding]:
    """Find private keys where public keys belong."""
    changed = bench.key_files.changed(node)
    cause = None if changed is None else bench.cause(CauseKind.KEY_CHANGED, changed)
    for field, texts in (
        ("hostPubkey", [node.host_pubkey]),
        ("pubkey of a master identity", [one.pubkey for one in node.master_identities]),
        ("extraEncryptionPubkeys", node.extra_recipients),
    ):
        if WITHHELD in texts:
            yield make_finding(
                "private-key", f"its {field} is a private key", node=node.name,
                new=bench.depends.gives_key(node), mend=REPLACE_KEY,
                cause=cause if field == "hostPubkey" else None,
            )  # fmt: skip


def _key(bench: Bench, node: DeclaredNode) -> Iterator[Finding]:
    if node.host_pubkey == WITHHELD:
        return
    spoiled = bench.declared.rotated.get(node.name)
    if spoiled is not None and spoiled in bench.names.spoiled:
        yield make_finding(
            "node-invalid-key",
            f"{spoiled} must be exactly one recipient, but {bench.names.spoiled[spoiled]}",
            path=spoiled, node=node.name, new=bench.depends.touches(spoiled),
            cause=bench.cause(CauseKind.KEY_CHANGED, spoiled), mend=put_key_right(shell(spoiled)),
        )  # fmt: skip
        return
    found = judge_key(node.host_pubkey, bench.keyring.texts.get(node.host_pubkey))
    if found is None:
        return
    rule, message = found
    if rule == "node-placeholder-key":
        message = "hostPubkey is agenix-rekey's placeholder: its secrets are not rekeyed"
    changed = bench.key_files.changed(node)
    holders = bench.key_files.holders(node)
    path = changed or (holders[0] if holders else None)
    yield make_finding(
        rule, message, path=path, node=node.name, new=bench.depends.gives_key(node),
        cause=None if changed is None else bench.cause(CauseKind.KEY_CHANGED, changed),
        mend=bench.rekey(node) if rule == "node-invalid-key" else None,
    )  # fmt: skip


def _overlaps(bench: Bench, nodes: list[DeclaredNode]) -> Iterator[Finding]:
    names, depends = bench.names, bench.depends
    storages: dict[str, list[DeclaredNode]] = defaultdict(list)
    for node in nodes:
        if submodule_of(names.here, node.storage) is not None:
            continue  # its outputs are skipped
        if node.storage is not None and node.storage.path is not None:
            storages[node.storage.path].append(node)
        else:
            outside = node.storage.outside if node.storage is not None else "nowhere"
            message = f"its storage directory is outside the repository: {outside}"
            yield make_finding(
                "node-storage-overlap", message,
                node=node.name, new=depends.may_declare(),
            )  # fmt: skip
    declared = {secret.source.path for node in nodes for secret in node.secrets}
    sources = {path for paths in names.here.sources.values() for path in paths}
    paths = find_inside(storages, {*filter(None, declared), *sources, *storages})
    for storage, (owner, *others) in sorted(storages.items()):
        inside = [*paths.get(storage, ()), *(f"what belongs to {node.name}" for node in others)]
        if not inside:
            continue
        new = depends.touches(*inside) or depends.may_declare()
        yield storage_overlap(storage, inside, node=owner.name, new=new)
