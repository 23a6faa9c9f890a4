"""Judge every declared output, and find files that no declaration accounts for."""

from collections.abc import Iterator

from agenix_check.age import Match, recipient_or_none
from agenix_check.audit.commands import (
    LEFT_OUT,
    NOT_STAGED,
    REKEY,
    REKEY_EITHER_WAY,
    REPLACE_KEY,
    bring_back,
    edit,
    encrypt_to_all,
    from_top,
    may_remove,
    pathspec,
    put_key_right,
    record,
    remove,
    replace_staged,
    shell,
    stage,
)
from agenix_check.audit.content import describe_other, is_other, judge_content
from agenix_check.audit.declared_changes import Dependencies
from agenix_check.audit.directories import explain_invalid
from agenix_check.audit.judged import Judged, make_finding
from agenix_check.audit.key_files import KeyFiles
from agenix_check.audit.keyring import Keyring
from agenix_check.audit.outdated import not_generated_yet
from agenix_check.audit.predecessors import Predecessors, made_from, match_file, slot
from agenix_check.discover.declared.expected import Declared, Expected
from agenix_check.discover.tree.key_texts import digest
from agenix_check.discover.tree.names import Names
from agenix_check.discover.tree.naming import OutputFile
from agenix_check.model.declaration import WITHHELD, DeclaredNode
from agenix_check.model.findings import Cause, CauseKind, FileKind, Finding, JudgedFile, Verdict
from agenix_check.model.fleet import Output
from agenix_check.model.frozen import frozen, replace


@frozen(kw_only=False)
class Bench:
    """Everything that a declared output is judged by.

    `may_be_old` says that the declaration is of a lock file: what is declared by now may differ.
    """

    names: Names
    declared: Declared
    keyring: Keyring
    predecessors: Predecessors
    key_files: KeyFiles
    depends: Dependencies
    may_be_old: bool = False

    def rekey(self, node: DeclaredNode) -> str:
        """Return how to make a node's outputs anew: first of all for a key that age can use."""
        text, files = node.host_pubkey, self.key_files
        if text.startswith("/"):
            return f"{from_top('agenix rekey -a')}  # on a machine that has {shell(text.strip())}"
        if text == WITHHELD:
            return REPLACE_KEY
        if explain_invalid(text) is None:
            return REKEY
        path = files.changed(node) or next(iter(files.holders(node)), None)
        return put_key_right(shell(path) if path else f"the hostPubkey of {shell(node.name)}")

    def cause(self, kind: CauseKind, path: str) -> Cause:
        """Return a cause, with the commit that made it if it is known."""
        return Cause(kind=kind, path=path, commit=self.names.commits.get(path))


def audit_outputs(bench: Bench) -> Iterator[Judged]:
    """Judge every output that should be there."""
    for one in bench.declared.expected:
        if one.lacks_source:
            yield _without_source(bench, one)
        elif one.skip is not None:
            yield _skipped(bench, one)
        elif one.unknown_because is not None:
            yield Judged(_result(one, Verdict.UNVERIFIABLE, reason=one.unknown_because))
        elif one.output is None:
            reason = "its source's content cannot be read"
            yield Judged(_result(one, Verdict.UNVERIFIABLE, reason=reason))
        elif one.output.path in bench.names.here.files:
            yield _there(bench, one, one.output)
        else:
            yield _lost(bench, one, one.output)


def find_unclaimed(names: Names, declared: Declared) -> frozenset[str]:
    """Return the directories of no evaluated node whose outputs keys and sources here explain.

    They are of hosts that are declared elsewhere: guests, a hive, a second flake. One that this
    tree explained until an older commit broke it counts too.
    """
    nodes = declared.declaration.nodes
    known = {node.storage.path for node in nodes if node.storage is not None}
    files = [file for file in names.here.outputs.values() if file.directory not in known]
    return frozenset(file.directory for file in files if _is_needed_elsewhere(names, file))


def _is_needed_elsewhere(names: Names, file: OutputFile) -> bool:
    lost = names.lost.get(file.path)
    if lost is not None:
        return not lost.brought and lost.excuse is None and not lost.unseen
    return names.traced(file).here is not None


def audit_orphans(bench: Bench) -> Iterator[Finding]:
    """Find files that are named like outputs but that no declaration accounts for.

    If a node could not be evaluated, a file may belong to it unless it is made for another node.
    """
    names, declaration = bench.names, bench.declared.declaration
    nodes = {
        node.storage.path: node
        for node in declaration.nodes
        if node.storage is not None and node.storage.path is not None
    }
    wanted = {
        (one.node.storage.path, one.secret.name)
        for one in bench.declared.expected
        if one.node.storage is not None
    }
    unclaimed = find_unclaimed(names, bench.declared)
    for path, file in sorted(names.here.outputs.items()):
        if path in bench.predecessors.accounted or file.directory in unclaimed:
            continue
        node = nodes.get(file.directory)
        if node is not None and not bench.declared.has_known_key(node):
            continue
        made = made_from(names, file)
        of_node = node is not None and made is not None and made.key == digest(node.host_pubkey)
        if declaration.failed and not of_node:
            continue
        if node is None:
            why = "it is in no node's storage directory: is its host gone?"
        elif file.place in wanted:
            why = f"an older version, which {node.name} does not need any more"
        else:
            why = f"{node.name} declares no secret with this name"
        if is_other(names.here.facts.get(path)):
            yield make_finding(
                "output-not-encrypted", f"{describe_other(names.here.files[path])}, and {why}",
                path=path, node=node.name if node else file.directory, secret=file.name,
                new=bench.depends.touches(path),
                mend=f"git rm --cached -- {pathspec(path)}",
            )  # fmt: skip
            continue
        yield make_finding(
            "output-orphan", why, path=path, node=node.name if node else file.directory,
            secret=file.name, new=_orphaned_now(bench, file),
            mend=may_remove(path, staged=path in names.changed) if node is None else REKEY,
        )  # fmt: skip


def _orphaned_now(bench: Bench, file: OutputFile) -> bool:
    """Return whether this change made a file an orphan, judging by its key and source."""
    if bench.depends.touches(file.path):
        return True
    return bench.names.traced(file).base is not None and bench.depends.may_declare()


def _skipped(bench: Bench, one: Expected) -> Judged:
    files = bench.predecessors.intermediary.get(slot(one), ())
    if not files:
        return Judged(_result(one, Verdict.SKIPPED, reason=one.skip))
    findings = tuple(_intermediary(bench, one, file) for file in files)
    path = files[0].path
    return Judged(_result(one, Verdict.WRONG, rules=(findings[0].rule,), path=path), findings)


def _intermediary(bench: Bench, one: Expected, file: OutputFile) -> Finding:
    return make_finding(
        "output-intermediary", "an intermediary secret is not for hosts, but it has an output",
        path=file.path, node=one.node.name, secret=one.secret.name, source=one.secret.source.path,
        new=bench.depends.touches(file.path) or bench.depends.may_declare(),
        mend=(may_remove if bench.may_be_old else remove)(
            file.path, staged=file.path in bench.names.changed
        ),
    )  # fmt: skip


def _without_source(bench: Bench, one: Expected) -> Judged:
    source = one.secret.source.path or ""
    cause = None
    if source in bench.declared.on_disk:
        rule, message, mend = "source-unstaged", "in the work tree, but not staged", stage(source)
    elif one.secret.generator is not None:
        rule, message = "source-missing", not_generated_yet(one.secret, bench.declared, bench.names)
        mend = from_top("agenix generate -a")
    else:
        rule, message = "source-missing", "declared, but not in the tree"
        mend = from_top(edit(source))
    if rule == "source-missing":
        mend = encrypt_to_all(mend, bench.declared.masters.known)
        mend = _bring_back(bench.names, source, mend)
    if source in bench.names.base.files:
        cause = bench.cause(CauseKind.SOURCE_DELETED, source)
    finding = make_finding(
        rule, message, path=source, node=one.node.name, secret=one.secret.name, source=source,
        new=bench.depends.touches(source) or bench.depends.may_declare(), cause=cause, mend=mend,
    )  # fmt: skip
    return Judged(_result(one, Verdict.WRONG, rules=(rule,)), (finding,))


def _bring_back(names: Names, source: str, otherwise: str) -> str:
    """Return how to get a source back that the base or history had; a new one is another secret."""
    at_base = source in names.base.files
    lost = (one.past_source for one in names.lost.values())
    if not (at_base or any(past is not None and past.path == source for past in lost)):
        return otherwise
    commit = names.commits.get(source)
    return bring_back(source, commit, at_base=at_base, otherwise=otherwise)


def _there(bench: Bench, one: Expected, output: Output) -> Judged:
    names = bench.names
    judgement = judge_content(
        output,
        names.here.files[output.path],
        names.here.facts.get(output.path),
        names.here.facts.get(output.source or ""),
        bench.keyring,
    )
    new = bench.depends.touches(output.path, *output.sources)
    rekey = bench.rekey(one.node) if judgement.findings else REKEY
    findings = tuple(
        replace(finding, new=new, mend=rekey if finding.mend == REKEY else finding.mend)
        for finding in judgement.findings
    )
    rules = tuple(finding.rule for finding in findings)
    return Judged(_result(one, judgement.verdict, rules, judgement.reason), findings)


def _lost(bench: Bench, one: Expected, output: Output) -> Judged:
    stale = bench.predecessors.standing.get(slot(one))
    cause = _cause(bench, one, output, stale)
    touched = {output.path, *output.sources, stale.path if stale else None}
    touched.add(cause.path if cause else None)
    new = bench.depends.touches(*touched) or bench.depends.gives_key(one.node)
    source = bench.names.unstaged.sources.get(stale.ident) if stale is not None else None
    if output.path in bench.declared.on_disk:
        partial = bench.names.unstaged.partial
        finding = make_finding(
            "output-unstaged", LEFT_OUT if partial else NOT_STAGED,
            output=output, new=new, cause=cause,
            mend=replace_staged(output.path, stale and stale.path, partial=partial),
        )  # fmt: skip
    elif stale is None:
        finding = make_finding(
            "output-missing", "declared, but never rekeyed for this node"
            if cause is None or cause.kind is not CauseKind.OUTPUT_DELETED
            else "declared, but deleted",
            output=output, new=new, cause=cause, mend=_make(bench, one),
        )  # fmt: skip
    elif source is not None:
        finding = make_finding(
            "source-unstaged",
            f"{stale.path} is made from {source} as it is in the work tree, which is not staged",
            path=source, node=output.node, secret=output.secret, source=source, new=new,
            cause=Cause(kind=CauseKind.SOURCE_CHANGED, path=source),
            mend=record(stage(source), partial=bench.names.unstaged.partial),
        )  # fmt: skip
        return Judged(_result(one, Verdict.WRONG, (finding.rule,), path=stale.path), (finding,))
    else:
        finding = make_finding(
            "output-stale", _stale_message(cause, output), output=output, path=stale.path,
            new=new, cause=cause, mend=_make(bench, one),
        )  # fmt: skip
    return Judged(_result(one, Verdict.WRONG, (finding.rule,), path=finding.path), (finding,))


def _make(bench: Bench, one: Expected) -> str:
    rekey = bench.rekey(one.node)
    return REKEY_EITHER_WAY if rekey == REKEY else rekey


def _stale_message(cause: Cause | None, output: Output) -> str:
    if cause is None or cause.kind is CauseKind.KEY_CHANGED:
        return "made for another key than the one that its node is declared to have"
    if cause.kind is CauseKind.KEY_TEXT_CHANGED:
        return (
            "made for another text of its node's key; the key is still the same, but agenix-rekey "
            "hashes its comment and newline too"
        )
    return f"made from another version of {output.source}"


def _cause(bench: Bench, one: Expected, output: Output, stale: OutputFile | None) -> Cause | None:
    """Return why an older file does not fit; without one, the edit that took the output away."""
    names, source = bench.names, output.source or ""
    changed = bench.key_files.changed(one.node)
    if stale is not None:
        kind = _misfit(bench, one, stale)
        if kind is CauseKind.SOURCE_CHANGED:
            return bench.cause(kind, source)
        held = changed or _former_holder(names, stale)
        holders = (held,) if held is not None else bench.key_files.holders(one.node)
        return bench.cause(kind, holders[0]) if holders else None
    if source in names.changed:
        return bench.cause(CauseKind.SOURCE_CHANGED, source)
    if output.path in names.base.files:
        return bench.cause(CauseKind.OUTPUT_DELETED, output.path)
    return bench.cause(CauseKind.KEY_CHANGED, changed) if changed is not None else None


def _former_holder(names: Names, stale: OutputFile) -> str | None:
    """Return the file that held the key of a file which an older commit left behind."""
    lost = names.lost.get(stale.path)
    if lost is None or lost.brought:
        return None
    return next((path for path in lost.keys if path in names.here.files), None)


def _misfit(bench: Bench, one: Expected, stale: OutputFile) -> CauseKind:
    """Return why an older file does not fit: by what made it, else by whom it is addressed to."""
    names = bench.names
    made, recipient = made_from(names, stale), recipient_or_none(one.node.host_pubkey)
    if explain_invalid(one.node.host_pubkey) is not None:
        return CauseKind.KEY_CHANGED
    if made is None:
        fits = match_file(names, stale, recipient) is not Match.NO
        return CauseKind.SOURCE_CHANGED if fits else CauseKind.KEY_CHANGED
    if made.key == digest(one.node.host_pubkey):
        return CauseKind.SOURCE_CHANGED
    known = (tree.keys.get(made.key) for tree in (names.here, names.base))
    lost = names.lost.get(stale.path)
    texts = [key.text for key in known if key is not None]
    text = texts[0] if texts else lost.key_text if lost is not None else None
    same = recipient_or_none(text) == recipient
    return CauseKind.KEY_TEXT_CHANGED if same else CauseKind.KEY_CHANGED


def _result(
    one: Expected,
    verdict: Verdict,
    rules: tuple[str, ...] = (),
    reason: str | None = None,
    path: str | None = None,
) -> JudgedFile:
    source = one.secret.source.path
    return JudgedFile(
        kind=FileKind.OUTPUT,
        group=one.node.name,
        name=one.secret.name,
        source=source,
        path=path or (one.output.path if one.output is not None else source or one.secret.name),
        verdict=verdict,
        rules=rules,
        reason=reason,
    )
