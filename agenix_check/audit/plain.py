"""Plain agenix: compare the recipients of each rule with the header of its file."""

import posixpath
from collections.abc import Container, Iterable, Iterator, Mapping
from types import MappingProxyType

from agenix_check.audit.commands import (
    LEFT_OUT_OF_COMMIT,
    bring_back,
    encrypt_to_all,
    from_top,
    move_back,
    or_untrack,
    pathspec,
    record,
    shell,
    stage,
    take_out_blanks,
    write_anew,
)
from agenix_check.audit.judged import NOT_FOR_ALL, Judged, make_finding
from agenix_check.audit.plain_people import name_text
from agenix_check.audit.plain_recipients import (
    PlainBench,
    RuleRecipients,
    changed_source,
    edit_cause,
    judge_recipients,
    name_rules,
    put_rule_right,
)
from agenix_check.audit.plain_renames import correct_name, rename_file
from agenix_check.audit.sources import is_of_keys
from agenix_check.discover.tree.facts import AgeFact, LockedFact, MissingFact, PointerFact
from agenix_check.discover.tree.key_texts import KeyTexts
from agenix_check.discover.tree.names import Names
from agenix_check.discover.tree.unreadable import say_veiled
from agenix_check.model.declaration import WITHHELD, PlainRule, RulesFile
from agenix_check.model.findings import (
    FileKind,
    Finding,
    JudgedFile,
    Severity,
    Verdict,
)
from agenix_check.model.frozen import replace

_ANONYMOUS_REASON = (
    "recipients of anonymous types: their number is right, but the file does not show whose keys "
    "they are"
)
_NESTED = (
    "its rule has a list in its list of keys, which `agenix -r` cannot read: join them with ++"
)
_NO_KEYS = "its rule lists no key, so that nobody could read it"


def audit_plain(
    bench: PlainBench, renames: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Judged]:
    """Judge the file of every rule of every rules file; for `renames` see `audit_without_rule`."""
    for file in bench.files:
        for rule in file.rules:
            findings = tuple(_judge(bench, file, rule, renames.get(rule.path)))
            rules = tuple(
                dict.fromkeys([one.rule for one in findings] or _as_source(bench.names, rule))
            )
            verdict, reason = _verdict(bench.names, rule, rules, file.unstaged)
            result = JudgedFile(
                FileKind.PLAIN, file.path, rule.path, None, rule.path, verdict, rules, reason
            )
            yield Judged(result, findings)


def say_hidden(names: Names, judged: Iterable[Judged]) -> tuple[str, ...]:
    """Say which files of rules are behind what nobody can look through: links, git-crypt."""
    paths = [one.result.path for one in judged if one.result.verdict is Verdict.UNVERIFIABLE]
    return say_veiled(names.here, paths)


def audit_rules_files(names: Names, files: Iterable[RulesFile]) -> Iterator[Finding]:
    """Find private keys where public keys belong; of one in a file of its own that file says so."""
    for file in files:
        listed = [rule.origin(WITHHELD) for rule in file.rules if WITHHELD in rule.recipients]
        if any(origin is None or origin.path == file.path for origin in listed):
            yield make_finding(
                "private-key", "one of its publicKeys is a private key", path=file.path,
                new=file.path in names.changed,
                mend="# make a new key pair, use its public key, then: agenix -r",
            )  # fmt: skip


def audit_without_rule(
    bench: PlainBench, paths: Iterable[str], renames: Mapping[str, str]
) -> Iterator[Finding]:
    """Report age files that no rule and no node covers; an error where the base had a rule.

    `renames` are paths in rules, and the files that they meant before they were renamed.
    """
    names = bench.names
    renamed = {path: to for to, path in renames.items()}
    for path in paths:
        fact = names.here.facts.get(path)
        stanzas = fact.stanzas if isinstance(fact, AgeFact) else ()
        readers = bench.people.list_readers(stanzas)
        can = f"; it can be read by {readers}" if readers else ""
        left = bench.before.get(path)
        if left:
            file, _ = left[0]
            changed = changed_source(names, file) or file.path
            mend = (
                f"# put its rule back into {shell(file.path)} and git add that, "
                f"{or_untrack(path, staged=path not in names.base.files)}"
            )
            if path in renamed:
                mend = rename_file(file, path, renamed[path])
            yield make_finding(
                "plain-without-rule",
                f"its rule left {file.path}, so it is never rekeyed again{can}",
                path=path, severity=Severity.ERROR, cause=edit_cause(names, changed), mend=mend,
            )  # fmt: skip
        elif path in renamed:
            to = renamed[path]
            file = next(one for one in bench.files if one.rule(to) is not None)
            yield make_finding(
                "plain-without-rule",
                f"no rule names it, but {file.path} has one for {to}, which is not there: one of "
                f"the names may have a typing error{can}",
                path=path, severity=Severity.WARNING, new=path not in names.base.files,
                mend=correct_name(file, path, to),
            )  # fmt: skip
        else:
            moved = _moved_from(bench, path)
            yield make_finding(
                "plain-without-rule",
                f"no rule names it, so it is never rekeyed again{can}",
                path=path, severity=Severity.WARNING, new=path not in names.base.files,
                mend=_move_or_name(moved[0], path, moved[1]) if moved else _rule_it(bench, path),
            )  # fmt: skip


def _as_source(names: Names, rule: PlainRule) -> list[str]:
    """Return the rules that a file breaks as a source; other findings report them."""
    fact = names.here.fact(rule.path)
    if names.here.follow(rule.path).obstacle is not None:
        return []
    if fact is None or isinstance(fact, KeyTexts):
        return ["source-not-encrypted"]
    broken = isinstance(fact, AgeFact) and (fact.problem or fact.refusal) is not None
    return ["source-malformed"] if broken else []


def _verdict(
    names: Names, rule: PlainRule, rules: tuple[str, ...], unstaged: Container[str]
) -> tuple[Verdict, str | None]:
    """Return the verdict of a rule's file, and why it could not be judged."""
    if rules == ("plain-missing-file",):
        staged = rule.path not in unstaged
        return Verdict.SKIPPED, "it is not in the tree" if staged else "it is not staged"
    fact = names.here.fact(rule.path)
    if rules == ("source-malformed",) and isinstance(fact, AgeFact) and fact.problem is None:
        return Verdict.UNVERIFIABLE, NOT_FOR_ALL
    if rules:
        return Verdict.WRONG, None
    if not isinstance(fact, AgeFact):
        return Verdict.UNVERIFIABLE, "its content cannot be read"
    if any(recipient.is_anonymous for recipient in RuleRecipients(rule).texts):
        return Verdict.UNVERIFIABLE, _ANONYMOUS_REASON
    return Verdict.OK, None


def _make_file(names: Names, file: RulesFile, rule: PlainRule) -> str:
    """Return how to make a rule's file, or get back what a change deleted."""
    edit = encrypt_to_all(
        from_top(f"{call_agenix(file, rule.path)} && {stage(rule.path)}", file.directory),
        RuleRecipients(rule).texts,
    )
    before = names.base.files.get(rule.path)
    if before is None:
        return f"{edit}  # or, if it was there once: git log --oneline -- {pathspec(rule.path)}"
    moved = [
        path
        for path, one in names.here.files.items()
        if one.oid == before.oid and path not in names.base.files
    ]
    if moved:
        return _move_or_name(file, min(moved), rule.path)
    return bring_back(rule.path, names.commits.get(rule.path), at_base=True, otherwise=edit)


def _rule_it(bench: PlainBench, path: str) -> str:
    """Return what to do with a file without a rule: not to delete what a rule may mean."""
    is_new, missing = path not in bench.names.base.files, min(bench.missing, default=None)
    command = "# give it a rule in secrets.nix and git add that, "
    if is_new or missing is None:
        return command + or_untrack(path, staged=is_new)
    return (
        f"{command}or, if it is what {shell(missing)} was, which has a rule and no file: "
        f"{move_back(path, missing)}"
    )


def _move_or_name(file: RulesFile, path: str, back: str) -> str:
    return (
        f"{move_back(path, back)}  # or name {shell(path)} in {shell(file.path)}, and git add that"
    )


def _moved_from(bench: PlainBench, path: str) -> tuple[RulesFile, str] | None:
    """Return under which name of a rule, and of which rules file, the base had a new file."""
    here, base = bench.names.here, bench.names.base
    if path in base.files:
        return None
    before = here.files[path].oid
    names = (
        (file, missing)
        for missing, file in bench.missing.items()
        if missing in base.files and base.files[missing].oid == before
    )
    return next(names, None)


def write_by_agenix(bench: PlainBench, finding: Finding) -> Finding:
    """Return a finding about a ruled file as a source, with the fix of plain agenix."""
    path = finding.path
    if path is None or finding.mend is None or " agenix edit " not in finding.mend:
        return finding
    file = next(file for file in bench.files if file.rule(path) is not None)
    command = from_top(f"{call_agenix(file, path)} && {stage(path)}", file.directory)
    empty = bench.names.here.files[path].is_empty
    return replace(finding, mend=write_anew(path, empty=empty, command=command))


def call_agenix(file: RulesFile, path: str) -> str:
    """Return the command that edits a file, to type in the directory of a rules file's names."""
    name = shell(posixpath.relpath(f"/{path}", f"/{file.directory}"))
    return f"{name_rules(file)}agenix -e {name}"


def _judge(
    bench: PlainBench, file: RulesFile, rule: PlainRule, left: str | None
) -> Iterator[Finding]:
    names = bench.names
    before = bench.rule_at_base(file, rule.path)
    fact, found = names.here.fact(rule.path), names.here.follow(rule.path)
    new = before is None or not names.changed.isdisjoint((rule.path, found.path))
    read = RuleRecipients(rule)
    yield from _invalid(bench, file, rule, read)
    if found.obstacle is None and found.path not in names.here.files:
        yield _missing(bench, file, rule, left, new=new)
        return
    if found.obstacle or isinstance(fact, PointerFact | MissingFact | LockedFact):
        return
    reported = rule.path in bench.reported and not found.passed
    if not isinstance(fact, AgeFact):
        if not reported or is_of_keys(fact):
            yield make_finding(
                "source-not-encrypted", "not an age file: a secret in plain text?",
                path=rule.path, new=new,
            )  # fmt: skip
        return
    if fact.problem is not None:
        if not reported:
            yield make_finding("source-malformed", fact.problem, path=rule.path, new=new)
        return
    if fact.refusal is not None and not reported:
        yield make_finding(
            "source-malformed", fact.refusal, path=rule.path, severity=Severity.WARNING, new=new,
            mend=take_out_blanks(rule.path),
        )  # fmt: skip
    if read.texts:
        yield from judge_recipients(bench, file, rule, fact, read)


def _missing(
    bench: PlainBench, file: RulesFile, rule: PlainRule, left: str | None, *, new: bool
) -> Finding:
    """Report a rule without a file; `left` is the file that it means by another name."""
    names = bench.names
    waits = rule.path in file.unstaged
    if left is not None and left not in bench.before and not waits:
        return make_finding(
            "plain-missing-file",
            f"{file.path} has a rule for it, but it is not in the tree; {left} is, which no rule "
            "names",
            path=rule.path, new=new, mend=correct_name(file, left, rule.path),
        )  # fmt: skip
    if not waits:
        return make_finding(
            "plain-missing-file", f"{file.path} has a rule for it, but it is not in the tree",
            path=rule.path, new=new, mend=_make_file(names, file, rule)
            if left is None else rename_file(file, left, rule.path),
        )  # fmt: skip
    partial = names.unstaged.partial
    why = f"is {LEFT_OUT_OF_COMMIT}" if partial else "is in the work tree, but not staged"
    return make_finding(
        "plain-missing-file", f"{file.path} has a rule for it, and it {why}", path=rule.path,
        new=new, mend=record(stage(names.here.follow(rule.path).path), partial=partial),
    )  # fmt: skip


def _invalid(
    bench: PlainBench,
    file: RulesFile,
    rule: PlainRule,
    read: RuleRecipients,
) -> Iterator[Finding]:
    """Report what age cannot take of a rule's keys."""
    before = bench.rule_at_base(file, rule.path)
    known = RuleRecipients(before) if before is not None else None
    said = [
        f"its rule lists {name_text(text, rule.origin(text))}, which age cannot take: {why}"
        for text, why in read.invalid.items()
    ]
    new = known is None or not read.invalid.keys() <= known.invalid.keys()
    if rule.nested:
        said.append(_NESTED)
        new = new or (before is not None and not before.nested)
    if not rule.recipients:
        said.append(_NO_KEYS)
        new = new or (before is not None and bool(before.recipients))
    if not said:
        return
    changed = changed_source(bench.names, file) if new else None
    yield make_finding(
        "plain-invalid-key", "; ".join(said), path=rule.path, new=new,
        cause=None if changed is None else edit_cause(bench.names, changed),
        mend=put_rule_right(file, read),
    )  # fmt: skip
