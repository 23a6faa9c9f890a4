"""Every output that is declared: right, wrong or missing; and files that nobody declares."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from agenix_check.age import Match, RecipientError, match, parse_recipient
from agenix_check.audit.content import judge
from agenix_check.audit.keyring import Keyring
from agenix_check.audit.making import REKEY, add, make_finding, remove
from agenix_check.discover.declared import Declared, Expected
from agenix_check.discover.evidence import NOWHERE, OutputFile
from agenix_check.discover.facts import AgeFact
from agenix_check.discover.keys import digest
from agenix_check.discover.names import Names
from agenix_check.finding import Cause, CauseKind, Finding, OutputResult, Verdict
from agenix_check.fleet import Output


@dataclass(frozen=True, slots=True)
class Judged:
    """One expected output: its verdict and its findings."""

    result: OutputResult
    findings: tuple[Finding, ...] = ()


def audit_outputs(names: Names, declared: Declared, keyring: Keyring) -> Iterator[Judged]:
    """Judge every output that should be."""
    wanted = {
        one.output.path for one in declared.expected if one.output is not None and one.skip is None
    }
    older: dict[tuple[str, str], list[OutputFile]] = defaultdict(list)
    for path, file in names.here.outputs.items():
        if path not in wanted:
            older[file.directory, file.name].append(file)
    for one in declared.expected:
        if one.skip is not None:
            yield _skipped(names, one)
        elif one.doubt is not None:
            yield Judged(_result(one, Verdict.UNVERIFIABLE, reason=one.doubt))
        elif one.lacks_source or one.output is None:
            yield _without_source(declared, one)
        elif one.output.path in names.here.files:
            yield _there(names, one, one.output, keyring)
        else:
            storage = one.node.storage.path if one.node.storage else None
            stale = older.get((storage or "", one.secret.name), [])
            yield _missing(names, declared, one, one.output, stale)


def audit_orphans(names: Names, declared: Declared) -> Iterator[Finding]:
    """Find files that are named like outputs and belong to no declaration.

    Where a node could not be evaluated, what lies outside the known storage directories may be its.
    """
    accounted = {one.output.path for one in declared.expected if one.output is not None}
    storages = {
        node.storage.path: node.name
        for node in declared.declaration.nodes
        if node.storage is not None and node.storage.path is not None
    }
    # A file of an older version stands for its output: that one is stale, this one no orphan.
    lost = {
        (one.node.storage.path, one.secret.name)
        for one in declared.expected
        if one.node.storage is not None
        and (one.output is None or one.output.path not in names.here.files)
        and one.skip is None
    }
    for path, file in sorted(names.here.outputs.items()):
        if path in accounted or (file.directory, file.name) in lost:
            continue
        node = storages.get(file.directory)
        if node is None and declared.declaration.failed:
            continue
        why = (
            f"{node} declares no such secret, or has it in another version"
            if node is not None
            else "it is in no node's storage directory: of a host that is gone?"
        )
        yield make_finding(
            "output-orphan", why, path=path, node=node or file.directory, secret=file.name,
            new=path in names.changed, mend=remove(path),
        )  # fmt: skip


def _skipped(names: Names, one: Expected) -> Judged:
    output = one.output
    if one.secret.intermediary and output is not None and output.path in names.here.files:
        finding = make_finding(
            "output-intermediary",
            "an intermediary secret is not for hosts, and has an output",
            output=output, new=output.path in names.changed, mend=remove(output.path),
        )  # fmt: skip
        return Judged(_result(one, Verdict.WRONG, rules=(finding.rule,)), (finding,))
    return Judged(_result(one, Verdict.SKIPPED, reason=one.skip))


def _without_source(declared: Declared, one: Expected) -> Judged:
    source = one.secret.source.path or ""
    if source in declared.on_disk:
        rule, message, mend = "source-unstaged", "in the work tree, but not staged", add(source)
    elif one.secret.generator is not None:
        rule, message = "source-missing", "declared with a generator, and not generated yet"
        mend = "agenix generate -a"
    else:
        rule, message = "source-missing", "declared, and not in the tree"
        mend = f"agenix edit {source}"
    finding = make_finding(
        rule, message, path=source, node=one.node.name, secret=one.secret.name, source=source,
        cause=Cause(kind=CauseKind.SOURCE_DELETED, path=source), mend=mend,
    )  # fmt: skip
    return Judged(_result(one, Verdict.WRONG, rules=(rule,)), (finding,))


def _there(names: Names, one: Expected, output: Output, keyring: Keyring) -> Judged:
    facts = names.here.facts
    judgement = judge(
        output,
        names.here.files[output.path],
        facts.get(output.path),
        facts.get(output.source or ""),
        keyring,
    )
    new = not names.changed.isdisjoint((output.path, *output.sources))
    findings = tuple(replace(finding, new=new) for finding in judgement.findings)
    rules = tuple(finding.rule for finding in findings)
    return Judged(_result(one, judgement.verdict, rules, judgement.reason), findings)


def _missing(
    names: Names, declared: Declared, one: Expected, output: Output, stale: list[OutputFile]
) -> Judged:
    cause = _cause(names, one, output, stale)
    touched = {output.path, *output.sources, *(file.path for file in stale)}
    new = not names.changed.isdisjoint({cause.path, *touched} if cause else touched)
    if output.path in declared.on_disk:
        then = "".join(f" && {remove(file.path)}" for file in stale)
        finding = make_finding(
            "output-unstaged", "rekeyed, but not staged: it is in the work tree only",
            output=output, new=new, cause=cause, mend=add(output.path) + then,
        )  # fmt: skip
    elif stale:
        finding = make_finding(
            "output-stale", _stale_message(cause, output), output=output, path=stale[0].path,
            new=new, cause=cause, mend=REKEY,
        )  # fmt: skip
    else:
        finding = make_finding(
            "output-missing", "declared, and never rekeyed for this node",
            output=output, new=new, cause=cause, mend=REKEY,
        )  # fmt: skip
    return Judged(_result(one, Verdict.WRONG, rules=(finding.rule,), path=finding.path), (finding,))


def _stale_message(cause: Cause | None, output: Output) -> str:
    if cause is not None and cause.kind is CauseKind.KEY_CHANGED:
        return "made for another text of the node's key than the one that is declared"
    return f"made from another version of {output.source}"


def _cause(names: Names, one: Expected, output: Output, stale: list[OutputFile]) -> Cause | None:
    """Tell what an older file does not fit; without one, what of this change took the output."""
    source = output.source or ""
    keys = names.here.keys.get(digest(one.node.host_pubkey), NOWHERE).paths
    if stale and keys and not _fits_key(names, one, stale[0]):
        found = (CauseKind.KEY_CHANGED, keys[0])
    elif stale or source in names.changed:
        found = (CauseKind.SOURCE_CHANGED, source)
    elif output.path in names.base.files:
        found = (CauseKind.OUTPUT_DELETED, output.path)
    else:
        changed = [path for path in keys if path in names.changed]
        if not changed:
            return None
        found = (CauseKind.KEY_CHANGED, changed[0])
    return Cause(kind=found[0], path=found[1], commit=names.commits.get(found[1]))


def _fits_key(names: Names, one: Expected, stale: OutputFile) -> bool:
    """Tell whether an older file was made for the node's key, as far as that is known."""
    made = names.explain(names.base, stale)
    if made is not None:
        return made.key == digest(one.node.host_pubkey)
    fact = names.here.facts.get(stale.path)
    try:
        recipient = parse_recipient(one.node.host_pubkey)
    except RecipientError:
        return False
    stanzas = fact.stanzas if isinstance(fact, AgeFact) else ()
    return any(match(stanza, recipient) is not Match.NO for stanza in stanzas)


def _result(
    one: Expected,
    verdict: Verdict,
    rules: tuple[str, ...] = (),
    reason: str | None = None,
    path: str | None = None,
) -> OutputResult:
    source = one.secret.source.path
    return OutputResult(
        node=one.node.name,
        secret=one.secret.name,
        source=source,
        path=path or (one.output.path if one.output is not None else source or one.secret.name),
        verdict=verdict,
        rules=rules,
        reason=reason,
    )
