"""Plain agenix: compare the recipients of each rule with the header of its file."""

import posixpath
from collections.abc import Iterable, Iterator

from agenix_check.age import (
    Recipient,
    RecipientError,
    describe,
    parse_recipient,
    recipient_or_none,
)
from agenix_check.audit.commands import (
    REKEY,
    bring_back,
    encrypt_to_all,
    from_top,
    shell,
    stage,
    take_out_blanks,
)
from agenix_check.audit.judged import NOT_FOR_ALL, Judged, make_finding
from agenix_check.audit.readers import compare
from agenix_check.discover.tree.facts import AgeFact, LockedFact, MissingFact, PointerFact
from agenix_check.discover.tree.key_texts import KeyTexts
from agenix_check.discover.tree.names import Names
from agenix_check.git.snapshot import SYMLINK
from agenix_check.model.declaration import WITHHELD, PlainRule, RulesFile
from agenix_check.model.findings import (
    Cause,
    CauseKind,
    FileKind,
    Finding,
    JudgedFile,
    Severity,
    Verdict,
)

_ANONYMOUS_REASON = (
    "recipients of anonymous types: their number is right, but the file does not show whose keys "
    "they are"
)


def audit_plain(names: Names, files: Iterable[RulesFile]) -> Iterator[Judged]:
    """Judge the file of every rule of every rules file."""
    for file in files:
        changed = _changed_source(names, file)
        for rule in file.rules:
            findings = tuple(_judge(names, file.path, rule, changed))
            rules = tuple(dict.fromkeys([one.rule for one in findings] or _as_source(names, rule)))
            verdict, reason = _verdict(names, rule, rules)
            result = JudgedFile(
                FileKind.PLAIN, file.path, rule.path, None, rule.path, verdict, rules, reason
            )
            yield Judged(result, findings)


def audit_rules_files(names: Names, files: Iterable[RulesFile]) -> Iterator[Finding]:
    """Find private keys where public keys belong."""
    for file in files:
        if any(WITHHELD in rule.recipients for rule in file.rules):
            yield make_finding(
                "private-key", "one of its publicKeys is a private key", path=file.path,
                new=file.path in names.changed,
                mend="# make a new key pair, use its public key, then: agenix -r",
            )  # fmt: skip


def _as_source(names: Names, rule: PlainRule) -> list[str]:
    """Return the rules that a file breaks as a source; other findings report them."""
    fact = names.here.facts.get(rule.path)
    if fact is None or isinstance(fact, KeyTexts):
        return ["source-not-encrypted"]
    broken = isinstance(fact, AgeFact) and (fact.problem or fact.refusal) is not None
    return ["source-malformed"] if broken else []


def _verdict(names: Names, rule: PlainRule, rules: tuple[str, ...]) -> tuple[Verdict, str | None]:
    """Return the verdict of a rule's file, and why it could not be judged."""
    if rules == ("plain-missing-file",):
        return Verdict.SKIPPED, "it is not in the tree"
    fact = names.here.facts.get(rule.path)
    if rules == ("source-malformed",) and isinstance(fact, AgeFact) and fact.problem is None:
        return Verdict.UNVERIFIABLE, NOT_FOR_ALL
    if rules:
        return Verdict.WRONG, None
    if not isinstance(fact, AgeFact):
        return Verdict.UNVERIFIABLE, "its content cannot be read"
    if any(recipient.is_anonymous for recipient in _read(rule)[0]):
        return Verdict.UNVERIFIABLE, _ANONYMOUS_REASON
    return Verdict.OK, None


def _make_file(names: Names, rules_file: str, rule: PlainRule) -> str:
    """Return how to make a rule's file, or get back what a change deleted.

    agenix takes the names of files as the rules file has them: relative to its directory.
    """
    directory, _, base = rules_file.rpartition("/")
    rules = "" if base == "secrets.nix" else f"RULES={shell(f'./{base}')} "
    name = rule.path
    if not directory or name.startswith(f"{directory}/"):
        name = name.removeprefix(f"{directory}/")
    else:
        directory, rules = "", f"RULES={shell(f'./{rules_file}')} "
    edit = encrypt_to_all(
        from_top(f"{rules}agenix -e {shell(name)} && {stage(rule.path)}", directory), _read(rule)[0]
    )
    if rule.path not in names.base.files:
        return edit
    return bring_back(rule.path, names.commits.get(rule.path), at_base=True, otherwise=edit)


def _changed_source(names: Names, file: RulesFile) -> str | None:
    """Return the changed file that decides what a rules file says: itself, or one that it reads."""
    if file.path in names.changed:
        return file.path
    read = set(file.read)
    edited = [path for path in file.read if path in names.changed]
    # Of a directory that it lists, only what came and went matters.
    listed = (path for path in names.changed if posixpath.dirname(path) in read)
    moved = (path for path in listed if (path in names.here.files) != (path in names.base.files))
    return min([*edited, *moved], default=None)


def _judge(
    names: Names, rules_file: str, rule: PlainRule, changed: str | None
) -> Iterator[Finding]:
    fact = names.here.facts.get(rule.path)
    new = changed is not None or rule.path in names.changed
    if rule.path not in names.here.files:
        yield make_finding(
            "plain-missing-file", f"{rules_file} has a rule for it, but it is not in the tree",
            path=rule.path, new=new, mend=_make_file(names, rules_file, rule),
        )  # fmt: skip
        return
    if isinstance(fact, PointerFact | MissingFact | LockedFact):
        return
    # Files that end in `.age` are already reported as sources.
    reported = rule.path.endswith(".age") and names.here.files[rule.path].mode != SYMLINK
    if not isinstance(fact, AgeFact):
        if not reported:
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
    recipients, invalid = _read(rule)
    mend = encrypt_to_all(REKEY, recipients)
    cause = None
    if changed is not None:
        cause = Cause(kind=CauseKind.FILE_CHANGED, path=changed, commit=names.commits.get(changed))
    again = filter(None, map(recipient_or_none, rule.repeated))
    mentions = [one for one, texts in recipients.items() for _ in texts]
    difference = compare(fact.stanzas, [*mentions, *again])
    lacking = [_name(one, recipients[one][0]) for one in difference.missing] + invalid
    if lacking:
        yield make_finding(
            "plain-missing-recipient", f"cannot be read by {', '.join(lacking)} of {rules_file}",
            path=rule.path, new=new, cause=cause, mend=mend,
        )  # fmt: skip
    if difference.unknown and not invalid:
        strangers = ", ".join(dict.fromkeys(describe(one) for one in difference.unknown))
        yield make_finding(
            "plain-unknown-recipient", f"can be read by {strangers}, not in {rules_file}",
            path=rule.path, new=new, cause=cause, mend=mend,
        )  # fmt: skip


def _read(rule: PlainRule) -> tuple[dict[Recipient, list[str]], list[str]]:
    """Return the recipients of a rule with their texts, and what is wrong with other texts."""
    recipients: dict[Recipient, list[str]] = {}
    invalid = []
    for text in rule.recipients:
        try:
            recipients.setdefault(parse_recipient(text), []).append(text)
        except RecipientError as error:
            invalid.append(f"a key that is not a recipient ({error})")
    return recipients, invalid


def _name(recipient: Recipient, text: str) -> str:
    """Return a name for a recipient that people know: its comment and the end of its key."""
    if recipient.is_anonymous:
        return f"one of the {recipient.kind} recipients"
    kind, _, key = recipient.text.rpartition(" ")
    comment = text.removeprefix(recipient.text).strip()
    end = f"…{key[-8:]}"
    return f"{comment} ({end})" if comment else f"{kind} {end}".strip()
