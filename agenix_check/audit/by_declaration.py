"""The audit of a declared fleet: nothing is guessed, and what is missing is certain."""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial

from agenix_check.audit.commands import REKEY, pathspec, put_key_right, remove, shell
from agenix_check.audit.copies import (
    JudgedOutput,
    Numbered,
    audit_copied,
    audit_rewritten,
    is_suspect,
    mark,
)
from agenix_check.audit.declared_changes import Dependencies, mark_new
from agenix_check.audit.dummies import name_dummies
from agenix_check.audit.expected_outputs import (
    Bench,
    audit_orphans,
    audit_outputs,
    find_unclaimed,
)
from agenix_check.audit.judged import make_finding
from agenix_check.audit.key_files import KeyFiles
from agenix_check.audit.keyring import Keyring, make_keyring
from agenix_check.audit.nodes import audit_nodes
from agenix_check.audit.outdated import audit_outdated
from agenix_check.audit.predecessors import find_predecessors
from agenix_check.audit.readers import audit_masters
from agenix_check.audit.sources import audit_sources
from agenix_check.discover.declared.expected import Declared, fleet_of_declared
from agenix_check.discover.declared.inventory import Inventory
from agenix_check.discover.declared.left_lock import Left
from agenix_check.discover.declared.lock import RENEW
from agenix_check.discover.tree.evidence import LOCK
from agenix_check.discover.tree.key_texts import KeyText
from agenix_check.discover.tree.names import Names, fleet_of
from agenix_check.model.findings import (
    Counts,
    Finding,
    FleetInfo,
    JudgedFile,
    Report,
    Severity,
    SnapshotInfo,
    finding_key,
)
from agenix_check.model.frozen import replace
from agenix_check.rules import find_rule

_BY_NAMES = 'inventory = "names" in agenix-check.toml'
_RENEW = f"{RENEW} && git add -- {pathspec(LOCK)}"


def audit_declared(
    names: Names,
    inventory: Inventory,
    declared: Declared,
    snapshot: SnapshotInfo,
    by_names: Callable[[], Report],
) -> Report:
    """Judge a declared fleet; `by_names` judges the nodes that could not be evaluated."""
    declaration = declared.declaration
    may_be_old = inventory.kind == "lock"
    outputs, findings = _judge(names, declared, snapshot.base, may_be_old=may_be_old)
    if declared.base is not None and findings:
        base = declared.base
        unjudged = {node.name for node in base.declaration.failed}
        at_base = _judge(names.at_base(), base, None, may_be_old=may_be_old)[1]
        findings = mark_new(findings, names, at_base, unjudged)
    findings = [_date(names, finding) for finding in findings]
    findings += audit_lock(names, inventory)
    findings += audit_outdated(names, declared, inventory.outdated)
    fleet = fleet_of_declared(declared, inventory.kind)
    sources = list(audit_sources(names, fleet, tuple(declared.masters.known)))
    unclaimed = find_unclaimed(names, declared)
    if declaration.failed or unclaimed:
        rest_outputs, rest_findings = _rest(declared, by_names(), unclaimed)
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
            complete=not (declaration.failed or unclaimed),
            nodes=len(declaration.nodes) + (len(declaration.failed) or len(unclaimed)),
            secrets=len({output.source or output.path for output in outputs}),
        ),
        counts=Counts.of(outputs, findings),
        files=tuple(outputs),
        findings=tuple(sorted(findings, key=finding_key)),
        incomplete=(*names.incomplete, *declared.unseen),
        skipped=names.skipped,
    )


def _judge(
    names: Names, declared: Declared, base: str | None, *, may_be_old: bool
) -> tuple[list[JudgedFile], list[Finding]]:
    """Judge what is declared; what is new in it is judged by dependencies alone.

    `base` is the commit that the snapshot is held against.
    """
    keys = [KeyText(node.host_pubkey, ()) for node in declared.declaration.nodes]
    keyring = make_keyring([*names.here.keys.values(), *keys], names.base.keys.values())
    key_files = KeyFiles(names, keyring)
    bench = Bench(
        names=names,
        declared=declared,
        keyring=keyring,
        predecessors=find_predecessors(names, declared),
        key_files=key_files,
        depends=Dependencies(names, key_files),
        may_be_old=may_be_old,
    )
    judged = list(audit_outputs(bench))
    findings = [finding for one in judged for finding in one.findings]
    findings += audit_orphans(bench)
    findings += audit_nodes(bench)
    findings += audit_masters(bench)
    results = [one.result for one in judged]
    if findings:
        known, outputs = _known_outputs(bench, results)
        renamed, findings = name_dummies(names, outputs, findings)
        for number, result in zip(known, renamed, strict=True):
            results[number] = result
    audits = (audit_copied, partial(audit_rewritten, base=base)) if is_suspect(names) else ()
    for audit in audits:
        found = list(_audit_bytes(bench, results, audit))
        findings += [one.finding for one in found]
        results = mark(results, found)
    return results, findings


def _audit_bytes(
    bench: Bench,
    results: Sequence[JudgedFile],
    audit: Callable[[Names, Keyring, Sequence[JudgedOutput]], Iterator[Numbered]],
) -> Iterator[Numbered]:
    """Find what an audit of bytes says of the outputs that are known."""
    known, outputs = _known_outputs(bench, results)
    for found in audit(bench.names, bench.keyring, outputs):
        number, finding = known[found.number], found.finding
        if finding.mend == REKEY:
            finding = replace(finding, mend=bench.rekey(bench.declared.expected[number].node))
        yield Numbered(number, finding)


def _known_outputs(
    bench: Bench, results: Sequence[JudgedFile]
) -> tuple[list[int], list[JudgedOutput]]:
    """Return the outputs that are known, and which numbers they have among all results."""
    known: list[int] = []
    outputs: list[JudgedOutput] = []
    for number, (one, result) in enumerate(zip(bench.declared.expected, results, strict=True)):
        if one.output is not None:
            known.append(number)
            outputs.append((one.output, result))
    return known, outputs


def _date(names: Names, finding: Finding) -> Finding:
    """Say since which commit an output is stale, where names found that it was lost then.

    Where the two disagree on whether that was before this change, they speak of two things.
    """
    file, cause = names.here.outputs.get(finding.path or ""), finding.cause
    lost = names.lost.get(finding.path or "")
    if file is None or lost is None or not find_rule(finding.rule).unexplained:
        return finding
    if lost.commit is None or names.is_old(file) is finding.new:
        return finding
    if lost.brought and lost.past_source is None and lost.past_key is None:
        return finding
    if cause is not None and cause.commit is None and not lost.brought:
        # Of two edits the later one may be what the declaration shows.
        pasts = [past for past in (lost.past_source, lost.past_key) if past is not None]
        others = (past.until for past in pasts if cause.path == past.path != lost.about)
        cause = replace(cause, commit=next(others, None) or lost.commit)
    return replace(finding, since=lost.commit, cause=cause)


def _rest(
    declared: Declared, by_names: Report, unclaimed: Collection[str]
) -> tuple[list[JudgedFile], list[Finding]]:
    """Return what the audit by names found in directories that belong to no evaluated node.

    Where all nodes were evaluated it is asked only about directories that it can explain.
    """
    nodes = declared.declaration.nodes
    known = {node.storage.path for node in nodes if node.storage is not None}

    def is_asked(directory: str | None) -> bool:
        if directory is None or not declared.declaration.failed:
            return directory in unclaimed
        return directory not in known

    return (
        [output for output in by_names.outputs if is_asked(output.node)],
        [finding for finding in by_names.findings if is_asked(finding.node)],
    )


def audit_lock(names: Names, inventory: Inventory) -> Iterator[Finding]:
    """Yield a finding for everything that is out of date in the lock file, or that left it."""
    was = inventory.stale_at_base

    def is_new(what: str) -> bool:
        return bool(names.changed) if was is None else what not in was

    rotated = inventory.declared.rotated.values() if inventory.declared is not None else ()
    spoiled = [path for path in rotated if path in names.spoiled]
    mend = put_key_right(shell(spoiled[0]), _RENEW) if spoiled else _RENEW
    for sentence in inventory.stale:
        yield make_finding("lock-stale", sentence, path=LOCK, new=is_new(sentence), mend=mend)
    for sentence in inventory.spared:
        yield make_finding(
            "lock-stale", f"{sentence}; only Nix can tell", path=LOCK, severity=Severity.WARNING,
            mend=_RENEW,
        )  # fmt: skip
    is_there = LOCK in names.here.files
    for left in inventory.left:
        ways = [f"if that is gone for good: {'; '.join(_let_go(left, names))}"]
        if not is_there:
            ways.insert(0, f"to be judged by names for ever: {_BY_NAMES}")
        yield make_finding(
            "lock-stale", left.sentence, path=LOCK, node=left.node, new=is_new(left.what),
            mend=f"{_RENEW}  # or, {'; or, '.join(ways)}",
        )  # fmt: skip


def _let_go(left: Left, names: Names) -> Iterator[str]:
    """Yield what takes away what is left of a node or a secret, the least precious first."""
    if left.outputs:
        inside = [path for path in names.here.files if path.startswith(f"{left.storage}/")]
        if left.storage and len(left.outputs) > 1 and len(inside) == len(left.outputs):
            yield f"git rm -r -- {pathspec(left.storage)}"
        else:
            yield remove(*left.outputs)
    if left.keys:
        yield f"take its key out of {' '.join(map(shell, left.keys))}"
    if left.sources:
        yield f"{remove(*left.sources)} (nothing that is known is made from it)"
