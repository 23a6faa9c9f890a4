"""Whom a file of plain agenix is for, held against its rule, and both against the base."""

import posixpath
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from agenix_check.age import (
    Match,
    Recipient,
    RecipientError,
    Stanza,
    match,
    parse_recipient,
    recipient_or_none,
    stanza_tag,
)
from agenix_check.audit.commands import REKEY, encrypt_to_all, shell
from agenix_check.audit.judged import make_finding
from agenix_check.audit.plain_people import People, name_any_of, name_key
from agenix_check.audit.readers import Difference, compare
from agenix_check.discover.declared.written_rules import WrittenRules
from agenix_check.discover.tree.facts import AgeFact, Fact
from agenix_check.discover.tree.names import Names
from agenix_check.model.declaration import KeyOrigin, PlainRule, RulesFile
from agenix_check.model.findings import Cause, CauseKind, Finding
from agenix_check.model.frozen import frozen


@frozen
class PlainBench:
    """What plain agenix is judged by.

    `files` are the rules files of the snapshot, `at_base` those of the base; `people` knows whose
    keys are whose, `written` whom files were for when they were written, where their rules changed
    since. Contents of files that are `reported` are known to be wrong already.
    """

    names: Names
    files: tuple[RulesFile, ...]
    at_base: tuple[RulesFile, ...]
    people: People
    written: Mapping[str, WrittenRules]
    reported: frozenset[str | None]

    @cached_property
    def before(self) -> Mapping[str, list[tuple[RulesFile, PlainRule]]]:
        """The rules of the base, by the path of their file."""
        found: dict[str, list[tuple[RulesFile, PlainRule]]] = {}
        for file in self.at_base:
            for rule in file.rules:
                found.setdefault(rule.path, []).append((file, rule))
        return found

    @cached_property
    def missing(self) -> Mapping[str, RulesFile]:
        """The paths of rules that no file of the tree has, each with its rules file."""
        there = self.names.here.files
        return {
            rule.path: file
            for file in reversed(self.files)
            for rule in file.rules
            if rule.path not in there
        }

    def rule_at_base(self, file: RulesFile, path: str) -> PlainRule | None:
        """Return the rule that the base has for a file: of this rules file before others."""
        rules = self.before.get(path, [])
        return next((rule for other, rule in rules if other.path == file.path), None) or (
            rules[0][1] if rules else None
        )


# Whoever could read a file keeps what Git has of it.
_CHANGE = "; then change the secret: what Git keeps of it can still be read"


class RuleRecipients:
    """The recipients in a rule: `texts` are how each is written, `invalid` why others are none."""

    def __init__(self, rule: PlainRule) -> None:
        """Read the keys of a rule."""
        self._rule = rule
        self.texts: dict[Recipient, list[str]] = {}
        self.invalid: dict[str, str] = {}
        for text in rule.recipients:
            try:
                self.texts.setdefault(parse_recipient(text), []).append(text)
            except RecipientError as error:
                self.invalid[text] = str(error)

    def origin(self, recipient: Recipient) -> KeyOrigin | None:
        """Return where a recipient is written."""
        return self._rule.origin(self.texts[recipient][0])

    def origin_of_text(self, text: str) -> KeyOrigin | None:
        """Return where a text is written, which may be no key."""
        return self._rule.origin(text)

    def name(self, recipient: Recipient) -> str:
        """Return what people call a recipient."""
        return name_key(recipient, self.texts[recipient][0], self.origin(recipient))

    def compare(self, fact: AgeFact) -> Difference:
        """Compare a file with the rule; a key that is listed again may have another stanza."""
        again = filter(None, map(recipient_or_none, self._rule.repeated))
        mentions = [one for one, texts in self.texts.items() for _ in texts]
        return compare(fact.stanzas, [*mentions, *again])


class _Before:
    """What the base says of a file: its rule there, and what was wrong with it there."""

    def __init__(self, rule: PlainRule | None, fact: Fact | None) -> None:
        self.read = None if rule is None else RuleRecipients(rule)
        self._difference = Difference((), ())
        if self.read is not None and isinstance(fact, AgeFact) and fact.problem is None:
            self._difference = self.read.compare(fact)

    def declares(self, recipient: Recipient) -> bool:
        return self.read is not None and recipient in self.read.texts

    def lacks(self, recipient: Recipient) -> bool:
        """Return whether a recipient was missing; of anonymous kinds, whether one of them was."""
        missing = self._difference.missing
        if not recipient.is_anonymous:
            return recipient in missing
        return self.declares(recipient) and any(one.kind == recipient.kind for one in missing)

    def strangers(self, stanzas: Iterable[Stanza]) -> list[Stanza]:
        """Return those of some strangers' stanzas that were none."""
        known = Counter(map(_mark, self._difference.unknown))
        fresh = []
        for stanza in stanzas:
            known[_mark(stanza)] -= 1
            if known[_mark(stanza)] < 0:
                fresh.append(stanza)
        return fresh

    def cannot_have(self, recipients: Iterable[Recipient]) -> list[Recipient]:
        """Return the recipients that were declared later than the file was written.

        Of anonymous kinds no file shows whose stanzas it has. One for somebody who was not declared
        then may be for who was declared since.
        """
        if self.read is None:
            return []
        unknown = self._difference.unknown
        return [
            one
            for one in recipients
            if one.is_anonymous
            and not self.declares(one)
            and not any(match(stanza, one) is Match.UNKNOWN for stanza in unknown)
        ]


def _mark(stanza: Stanza) -> tuple[str, ...]:
    """Return what a stanza is told by in another version of the file."""
    tag = stanza_tag(stanza)
    return (stanza.type,) if tag is None else (stanza.type, tag)


def changed_source(names: Names, file: RulesFile) -> str | None:
    """Return the changed file that decides what a rules file says: itself, or one that it reads."""
    if file.path in names.changed:
        return file.path
    read = set(file.read)
    edited = [path for path in file.read if path in names.changed]
    # Of a directory that it lists, only what came and went matters.
    listed = (path for path in names.changed if posixpath.dirname(path) in read)
    moved = (path for path in listed if (path in names.here.files) != (path in names.base.files))
    return min([*edited, *moved], default=None)


def edit_cause(names: Names, path: str, binding: str | None = None) -> Cause:
    """Return the cause that a file was edited, and in it what `binding` binds."""
    commit = names.commits.get(path)
    return Cause(kind=CauseKind.FILE_CHANGED, path=path, commit=commit, binding=binding)


def judge_recipients(
    bench: PlainBench, file: RulesFile, rule: PlainRule, fact: AgeFact, read: RuleRecipients
) -> Iterator[Finding]:
    """Compare a file with its rule, and that with what the base says of both."""
    names = bench.names
    difference = read.compare(fact)
    was = _Before(bench.rule_at_base(file, rule.path), names.base.fact(rule.path))
    is_same = names.changed.isdisjoint((rule.path, names.here.follow(rule.path).path))
    then = was if is_same else _Before(None, None)
    if written := bench.written.get(rule.path):
        past = PlainRule(path=rule.path, recipients=written.recipients, armor=None)
        then = _Before(past, fact)
    # Of anonymous kinds these say who it is, where the number of stanzas only says how many.
    later = then.cannot_have(read.texts)
    kinds = {one.kind for one in later}
    counted = [one for one in difference.missing if not (one.is_anonymous and one.kind in kinds)]
    mend = _rekey(file, read, _CHANGE if difference.unknown else "")
    if counted or later:
        brought = [one for one in (*counted, *later) if not was.declares(one)]
        fresh = bool(brought) or not all(map(was.lacks, counted))
        lacking = [_lacking(read, one, fact) for one in counted]
        lacking = list(dict.fromkeys([*lacking, *map(read.name, later)]))
        yield make_finding(
            "plain-missing-recipient", f"cannot be read by {', '.join(lacking)} of {file.path}",
            path=rule.path, new=fresh, mend=mend,
            cause=_cause(names, file, map(read.origin, brought), other=bool(brought)),
        )  # fmt: skip
    if difference.unknown:
        strange = was.strangers(difference.unknown)
        gone = _left(was, read, strange)
        strangers = bench.people.list_readers(difference.unknown)
        yield make_finding(
            "plain-unknown-recipient", f"can be read by {strangers}, not in {file.path}",
            path=rule.path, new=bool(strange), mend=mend,
            cause=_cause(names, file, gone, other=was.read is None or bool(gone)),
        )  # fmt: skip


def _rekey(file: RulesFile, read: RuleRecipients, more: str = "") -> str:
    """Return how to encrypt a file anew, and behind a `#` how agenix does it, and what is more."""
    mend = encrypt_to_all(REKEY, read.texts)
    if file.unread != ():
        return f"# see what could not be checked in {shell(file.path)} first, then: {REKEY}"
    if read.invalid:
        return put_rule_right(file, read)
    if mend != REKEY:
        return mend
    place = f"in {shell(file.directory)}: " if file.directory else ""
    return f"{mend}  # or {place}{name_rules(file)}agenix -r, then git add{more}"


def put_rule_right(file: RulesFile, read: RuleRecipients) -> str:
    """Return how to fix what a rule's own keys stand in the way of, where they are written."""
    origins = [read.origin_of_text(text) for text in read.invalid]
    places = {one.path for one in origins if one is not None}
    then = f"and git add that, then: {REKEY}, or agenix -r and git add"
    if None in origins or not places or file.path in places:
        return f"# put its rule in {shell(file.path)} right {then}"
    shown = " and ".join(map(shell, sorted(places)))
    return f"# put the key in {shown} right {then}"


def name_rules(file: RulesFile) -> str:
    """Return the variable without which agenix would read another rules file."""
    rules = posixpath.relpath(f"/{file.path}", f"/{file.directory}")
    return "" if rules == "secrets.nix" else f"RULES={shell(f'./{rules}')} "


def _lacking(read: RuleRecipients, one: Recipient, fact: AgeFact) -> str:
    """Return who cannot read a file; of anonymous kinds it may be one of several."""
    like = [other for other in read.texts if other.kind == one.kind]
    some = any(match(stanza, one) is Match.UNKNOWN for stanza in fact.stanzas)
    if one.is_anonymous and some and len(like) > 1:
        return name_any_of(map(read.origin, like), one.kind)
    return read.name(one)


def _cause(
    names: Names, file: RulesFile, edits: Iterable[KeyOrigin | None], *, other: bool
) -> Cause | None:
    """Return what edit brought or took keys: where they are written, if that is one place.

    `other` says that it may be another one of what the rules file is made of.
    """
    origins = {one for one in edits if one is not None and one.path in names.changed}
    places = {one.path for one in origins}
    if len(places) == 1:
        bindings = {one.name if one.path.endswith(".nix") else None for one in origins}
        return edit_cause(names, places.pop(), bindings.pop() if len(bindings) == 1 else None)
    changed = changed_source(names, file) if other else None
    return None if changed is None else edit_cause(names, changed)


def _left(
    was: "_Before", read: RuleRecipients, strangers: Iterable[Stanza]
) -> list[KeyOrigin | None]:
    """Return where keys were written that left a rule, and that strangers' stanzas may be for."""
    if was.read is None:
        return []
    strangers = list(strangers)
    return [
        was.read.origin(one)
        for one in was.read.texts
        if one not in read.texts
        and any(match(stanza, one) in (Match.YES, Match.UNKNOWN) for stanza in strangers)
    ]
