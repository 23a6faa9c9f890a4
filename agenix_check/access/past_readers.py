"""Which key could read which version of which secret, in all of a history."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from agenix_check.access.entries import Who
from agenix_check.access.key_book import KeyBook
from agenix_check.access.secret_versions import Versions, is_secret_path
from agenix_check.age import (
    Match,
    Recipient,
    Stanza,
    describe,
    match,
)
from agenix_check.discover.tree.chronicle import Chronicle, Held, Span
from agenix_check.discover.tree.evidence import is_outside_fleet
from agenix_check.discover.tree.facts import AgeFact, Fact, PointerFact
from agenix_check.discover.tree.key_texts import KeyText, KeyTexts, digest
from agenix_check.discover.tree.naming import (
    MOST_PAIRS_IN_HISTORY,
    OutputFile,
    Pairs,
    Trace,
    output_file,
    trace,
)
from agenix_check.model.frozen import frozen

_AT_ANY_TIME = Span(begun="", begun_on=0, begun_at=0, until=None, until_on=0, until_at=0)


class PastReading(NamedTuple):
    """A key could read a content of a secret, through the file `via`.

    `digest` is that of the source's content; None where no commit has it: then `secret` is what its
    name says, or the output itself.
    """

    who: Who
    secret: str
    digest: str | None
    length: int | None
    via: Held
    node: str | None
    anonymous: bool


@frozen
class PastReaders:
    """Who could read what in a history; `asked` are keys that may stand in no file of it."""

    chronicle: Chronicle
    versions: Versions
    asked: tuple[Recipient, ...] = ()

    @cached_property
    def key_texts(self) -> Mapping[str, KeyText]:
        """Every text that may have been a public key, by its digest, with the files that had it."""
        texts: dict[str, set[str]] = defaultdict(set)
        for held in self.chronicle.spans:
            fact = self.chronicle.facts.get(held.oid)
            if isinstance(fact, KeyTexts) and _may_hold_key(held.path):
                for text in fact.texts():
                    texts[text].add(held.path)
        return {digest(text): KeyText(text, tuple(sorted(at))) for text, at in texts.items()}

    @cached_property
    def book(self) -> KeyBook:
        """All keys of the history."""
        asked = (KeyText(one.text, ()) for one in self.asked)
        return KeyBook(self.key_texts.values(), asked)

    @cached_property
    def readings(self) -> tuple[PastReading, ...]:
        """Every reading. Raises `CannotCheckError` where there are too many pairs to try."""
        outputs = {
            held: file
            for held in self.chronicle.spans
            if (file := output_file(held.path)) is not None
        }
        traces = trace(
            {file.ident for file in outputs.values()},
            self.key_texts,
            self.versions.by_digest,
            Pairs(MOST_PAIRS_IN_HISTORY),
        )
        sources = self._sources_by_name(outputs.values(), traces)
        found = [
            reading
            for held, file in outputs.items()
            for reading in self._of_output(held, file, traces.get(file.ident), sources)
        ]
        made_for = {one.who.key for one in found if one.node is not None}
        found += self._of_sources(made_for)
        return tuple(found)

    def _sources_by_name(
        self, outputs: Iterable[OutputFile], traces: Mapping[str, Trace]
    ) -> dict[str, set[str]]:
        """Return from which sources outputs of a name were made."""
        found: dict[str, set[str]] = defaultdict(set)
        for file in outputs:
            made = traces.get(file.ident)
            if made is not None:
                found[file.name].update(held.path for held in self.versions.by_digest[made.source])
        return found

    def _of_output(
        self, held: Held, file: OutputFile, made: Trace | None, sources: Mapping[str, set[str]]
    ) -> Iterator[PastReading]:
        fact = self.chronicle.facts.get(held.oid)
        text = self.key_texts[made.key].text if made is not None else None
        recipient = self.book.parse(text)
        own = recipient.text if recipient else text.strip() if text else None
        length = fact.plaintext_size if isinstance(fact, AgeFact) else None
        secrets, sha = sorted(sources.get(file.name, (held.path,))), None
        if made is not None:
            sha = made.source
            secrets = sorted({one.path for one in self.versions.by_digest[sha]})
        for who, anonymous in self._readers(fact, recipient, own):
            node = file.directory if own is not None and who.key == own else None
            for secret in secrets:
                yield PastReading(who, secret, sha, length, held, node, anonymous)

    def _readers(
        self, fact: Fact | None, recipient: Recipient | None, own: str | None
    ) -> Iterator[tuple[Who, bool]]:
        if isinstance(fact, PointerFact):
            if own is not None:
                yield Who(own), True
            return
        for stanza in fact.stanzas if isinstance(fact, AgeFact) else ():
            matched = Match.NO if recipient is None else match(stanza, recipient)
            if matched is Match.NO:
                yield from self._by_tag(stanza)
            else:
                yield Who(own), matched is Match.UNKNOWN

    def _by_tag(self, stanza: Stanza) -> Iterator[tuple[Who, bool]]:
        found = self.book.find(stanza)
        for recipient in found:
            yield Who(recipient.text), False
        if not found:
            yield Who(None, describe(stanza)), True

    def _of_sources(self, made_for: set[str | None]) -> Iterator[PastReading]:
        """Yield who could read sources and files of plain agenix.

        Of anonymous stanzas: whoever had a key of that kind in the tree meanwhile, unless outputs
        were made for it.
        """
        presence = self._presence(made_for)
        spans, facts = self.chronicle.spans, self.chronicle.facts
        for held, span in spans.items():
            fact = facts.get(held.oid)
            if not isinstance(fact, AgeFact) or not is_secret_path(held.path):
                continue
            for stanza in fact.stanzas:
                candidates = [
                    (Who(one.text), True)
                    for one, at in presence
                    if match(stanza, one) is Match.UNKNOWN and any(map(span.meets, at))
                ]
                for who, anonymous in (*self._by_tag(stanza), *candidates):
                    yield PastReading(
                        who, held.path, fact.sha256, fact.plaintext_size, held, None, anonymous
                    )

    def _presence(self, made_for: set[str | None]) -> list[tuple[Recipient, list[Span]]]:
        """Return the keys whose stanzas are anonymous, and when a file had each."""
        found: dict[Recipient, list[Span]] = defaultdict(list)
        parsed: dict[str, Recipient | None] = {}
        for held, span in self.chronicle.spans.items():
            fact = self.chronicle.facts.get(held.oid)
            if not isinstance(fact, KeyTexts) or not _may_hold_key(held.path):
                continue
            for text in fact.public:
                if text not in parsed:
                    parsed[text] = self.book.parse(text)
                recipient = parsed[text]
                if recipient is None or not recipient.is_anonymous:
                    continue
                if recipient.text not in made_for:
                    found[recipient].append(span)
        for one in self.asked:
            if one.is_anonymous and one.text not in made_for and one not in found:
                found[one] = [_AT_ANY_TIME]  # it stands in no file that says when it was there
        return list(found.items())


def _may_hold_key(path: str) -> bool:
    return output_file(path) is None and not is_outside_fleet(path)
