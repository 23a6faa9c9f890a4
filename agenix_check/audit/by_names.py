"""The audit where only names are known: every rule that needs no declaration."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from agenix_check.audit.content import judge_content
from agenix_check.audit.copies import Numbered, audit_copied, audit_rewritten, is_suspect, mark
from agenix_check.audit.directories import audit_directories
from agenix_check.audit.dummies import name_dummies
from agenix_check.audit.keyring import Keyring, make_keyring
from agenix_check.audit.sources import audit_sources
from agenix_check.discover.tree.facts import LockedFact
from agenix_check.discover.tree.names import Names, fleet_of
from agenix_check.model.findings import (
    Counts,
    FileKind,
    Finding,
    FleetInfo,
    JudgedFile,
    Report,
    Severity,
    SnapshotInfo,
    Verdict,
    finding_key,
)
from agenix_check.model.fleet import Fleet
from agenix_check.model.frozen import replace

if TYPE_CHECKING:
    from collections.abc import Sized

    from agenix_check.audit.judged import AboutOutput


def audit_names(names: Names, fleet: Fleet, snapshot: SnapshotInfo) -> Report:
    """Judge a fleet that is known by names, and return everything that is wrong with it."""
    # Keys of the base too: they tell whose a stanza is, after a rotation.
    keyring = make_keyring(names.here.keys.values(), names.base.keys.values())
    outputs, findings = _judge_contents(names, fleet, keyring, snapshot.base)
    lost: list[AboutOutput] = []
    spoiled: list[Finding] = []
    if not names.quiet:
        # A tree in order, which most are, needs none of this.
        from agenix_check.audit.unexplained import audit_spoiled, audit_unexplained

        lost = list(audit_unexplained(names, keyring))
        spoiled = list(audit_spoiled(names))
        outputs += _wrong_outputs(lost)
    findings += [one.finding for one in lost]
    named = {(one.rule, one.node, one.path) for one in spoiled}
    about_nodes = audit_directories(names, fleet, keyring)
    findings += spoiled
    findings += [one for one in about_nodes if (one.rule, one.node, one.path) not in named]
    findings += audit_sources(names, fleet)
    if not names.legible:
        from agenix_check.audit.relinked import audit_relinked

        findings += audit_relinked(names, fleet)
    if fleet.inventory == "names" and names.dangling:
        from agenix_check.audit.sources import audit_dangling

        findings += audit_dangling(names)
    unchecked = () if names.quiet else _say_unexplained(names, outputs)
    info = FleetInfo(
        inventory=fleet.inventory,
        complete=fleet.complete,
        nodes=len({output.group for output in outputs}),
        secrets=len({output.source or output.path for output in outputs}),
    )
    return Report(
        snapshot=snapshot,
        fleet=info,
        counts=Counts.of(outputs, findings),
        files=tuple(outputs),
        findings=tuple(sorted(findings, key=finding_key)),
        incomplete=(*names.incomplete, *names.undecided, *unchecked),
        skipped=names.skipped,
    )


def _judge_contents(
    names: Names, fleet: Fleet, keyring: Keyring, base: str | None
) -> tuple[list[JudgedFile], list[Finding]]:
    """Judge every output by what it holds, and by which other files hold the same."""
    files, facts = names.here.files, names.here.facts
    findings: list[Finding] = []
    outputs: list[JudgedFile] = []
    kind, make = FileKind.OUTPUT, partial(tuple.__new__, JudgedFile)  # nearly all cost no more
    for output in fleet.outputs:
        node, secret, path, _, _, sources, _, _ = output
        source = sources[0] if len(sources) == 1 else output.source
        judgement = judge_content(
            output,
            files[path],
            facts.get(path),
            None if source is None else facts.get(source),
            keyring,
        )
        rules: tuple[str, ...] = ()
        if judgement.findings:
            new = not names.changed.isdisjoint((output.path, *output.sources))
            findings += [replace(finding, new=new) for finding in judgement.findings]
            rules = tuple(finding.rule for finding in judgement.findings)
        outputs.append(
            make(
                (kind, node, secret, source, path, judgement.verdict, rules, judgement.reason, None)
            )
        )
    if findings:
        judged = list(zip(fleet.outputs, outputs, strict=True))
        outputs, findings = name_dummies(names, judged, findings)
    if not is_suspect(names):
        return outputs, findings
    judged = list(zip(fleet.outputs, outputs, strict=True))
    copied = list(_date_copies(names, keyring, audit_copied(names, keyring, judged)))
    outputs = mark(outputs, copied)
    judged = list(zip(fleet.outputs, outputs, strict=True))
    rewritten = list(audit_rewritten(names, keyring, judged, base))
    findings += [one.finding for one in (*copied, *rewritten)]
    return mark(outputs, rewritten), findings


def _date_copies(names: Names, keyring: Keyring, found: Iterable[Numbered]) -> Iterator[Numbered]:
    """Say which copies the base had too."""
    copies = list(found)
    if not copies or names.base is names.here:
        yield from (one._replace(finding=replace(one.finding, new=False)) for one in copies)
        return
    then = names.at_base()
    _, at_base = _judge_contents(then, fleet_of(then), keyring, None)
    old = {one.path for one in at_base if one.rule == "output-copied"}
    for one in copies:
        path = one.finding.path or ""
        was = path in old and names.base.files[path].oid == names.here.files[path].oid
        yield one._replace(finding=replace(one.finding, new=not was))


def _wrong_outputs(lost: Iterable["AboutOutput"]) -> list[JudgedFile]:
    from agenix_check.rules import find_rule

    return [
        JudgedFile(
            kind=FileKind.OUTPUT,
            group=output.directory,
            name=output.name,
            source=finding.source,
            path=output.path,
            verdict=Verdict.WRONG,
            rules=(finding.rule,),
        )
        for finding, output in lost
        if find_rule(finding.rule).lost and finding.severity is Severity.ERROR
    ]


def _say_unexplained(names: Names, judged: "Sized") -> tuple[str, ...]:
    """Say that outputs are there and none could be judged: that must not pass for in order."""
    count = len(names.here.outputs)
    if judged or not count or (names.unjudged and names.undecided):
        return ()
    what = "the 1 output is not" if count == 1 else f"none of the {count} outputs is"
    return (f"{what} explained by a key and a source in this tree{_where_else(names)}",)


def _where_else(names: Names) -> str:
    """Return what the tree shows of why: where its keys or its sources may be instead."""
    from agenix_check.discover.tree.unreadable import list_submodules

    here = names.here
    submodules = sorted(file.path for file in list_submodules(here))
    locked = sorted({fact.by for fact in here.facts.values() if isinstance(fact, LockedFact)})
    elsewhere = "in another repository"
    if submodules:
        elsewhere = f"in the submodule {submodules[0]}, or {elsewhere}"
    if locked:
        elsewhere = f"encrypted with {locked[0]}, or {elsewhere}"
    if not any(key.paths for key in here.keys.values()):
        return f": it has no host key; are they {elsewhere}? (--inventory nix knows them)"
    if not here.sources:
        return f": it has no source; are they {elsewhere}? (--inventory nix knows them)"
    return f"; are its keys or sources {elsewhere}? (--inventory nix knows them)"
