"""The details of each output: whom it is for, how long it is, and what it was made from."""

from collections.abc import Iterator
from functools import cache

from agenix_check.age import Stanza, describe
from agenix_check.audit.keyring import Keyring, make_keyring
from agenix_check.audit.plain_people import People
from agenix_check.audit.plain_recipients import RuleRecipients
from agenix_check.discover.declared.inventory import Inventory
from agenix_check.discover.tree.facts import AgeFact
from agenix_check.discover.tree.names import Names
from agenix_check.discover.tree.naming import OutputFile
from agenix_check.model.findings import (
    JudgedFile,
    MadeFrom,
    OutputDetail,
    PlainReader,
    ReaderState,
    Report,
    Verdict,
)
from agenix_check.model.fleet import closest_to_name
from agenix_check.model.frozen import replace
from agenix_check.model.lost import Past


def add_details(report: Report, names: Names, inventory: Inventory) -> Report:
    """Return the report with the details of every output, and of files of plain agenix."""
    reader = _DetailReader(names)
    outputs = [one._replace(detail=reader.detail(one)) for one in report.outputs]
    plain = _detail_plain(report, names, inventory) if report.plain else ()
    return replace(report, files=(*outputs, *plain))


def _detail_plain(report: Report, names: Names, inventory: Inventory) -> Iterator[JudgedFile]:
    """Say of each file of plain agenix who is to read it, and who can."""
    people = People(inventory.rules, inventory.rules_at_base, {})
    rules = {(file.path, rule.path): rule for file in inventory.rules for rule in file.rules}
    for one in report.plain:
        rule, fact = rules.get((one.group, one.path)), names.here.fact(one.path)
        if rule is None or not isinstance(fact, AgeFact):
            yield one
            continue
        read = RuleRecipients(rule)
        difference = read.compare(fact)
        states = dict.fromkeys(read.texts, ReaderState.READS)
        states |= {key: ReaderState.HIDDEN for key in read.texts if key.is_anonymous}
        states |= dict.fromkeys(difference.missing, ReaderState.LACKS)
        readers = [PlainReader(read.name(key), state) for key, state in states.items()]
        strangers = dict.fromkeys(map(people.addressee, difference.unknown))
        readers += [PlainReader(name, ReaderState.STRANGER) for name in strangers]
        yield one._replace(detail=OutputDetail(readers=tuple(readers)))


class _DetailReader:
    """Reads details from what was found by names; equal values share one object."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._keyring = make_keyring(names.here.keys.values(), names.base.keys.values())
        self._addressees = cache(lambda stanza: _addressee(self._keyring, stanza))
        self._current = cache(lambda path: MadeFrom(path=path))

    def detail(self, output: JudgedFile) -> OutputDetail:
        """Return what is known about an output that is there, or that should be there."""
        here = self._names.here
        fact, source = here.facts.get(output.path), here.facts.get(output.source or "")
        file = here.outputs.get(output.path)
        detail = OutputDetail(
            source_size=source.plaintext_size if isinstance(source, AgeFact) else None
        )
        if file is None:
            return detail
        made, key = self._made_from(output, file)
        detail = replace(detail, source=made, key=key)
        if not isinstance(fact, AgeFact):
            return detail
        addressed_to = tuple(map(self._addressees, fact.stanzas))
        return replace(detail, addressed_to=addressed_to, plaintext_size=fact.plaintext_size)

    def _made_from(
        self, output: JudgedFile, file: OutputFile
    ) -> tuple[MadeFrom | None, MadeFrom | None]:
        """Return the source and the key that made it: of this tree, the base, or history."""
        names = self._names
        for tree, made in zip((names.here, names.base), names.traced(file), strict=True):
            if made is not None:
                sources = tree.sources[made.source]
                source = (
                    output.source
                    if output.source in sources
                    else closest_to_name(sources, file.name)
                )
                keys = tree.keys[made.key].paths
                return (
                    self._version(source, current=made.source in names.here.sources),
                    self._version(keys[0], current=made.key in names.here.keys) if keys else None,
                )
        if output.verdict is Verdict.OK and output.source is not None:
            return self._current(output.source), None  # its key is in no file
        lost = names.lost.get(file.path)
        return (None, None) if lost is None else (_past(lost.past_source), _past(lost.past_key))

    def _version(self, path: str, *, current: bool) -> MadeFrom:
        if current:
            return self._current(path)
        return MadeFrom(path=path, current=False, until=self._names.commits.get(path))


def _past(past: Past | None) -> MadeFrom | None:
    return None if past is None else MadeFrom(path=past.path, current=False, until=past.until)


def _addressee(keyring: Keyring, stanza: Stanza) -> str:
    """Say whom a stanza is for, as `inspect` does, and which file has that key."""
    holder = keyring.holder(stanza)
    if holder is None or not holder.paths:
        return describe(stanza)
    when = " before this change" if holder.past else ""
    return f"{describe(stanza)}, in {holder.paths[0]}{when}"
