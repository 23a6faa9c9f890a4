"""Which key can read which secret of one tree, file by file: what the headers of age files show.

An output's name says for which key it was made; its header says who can open it. The header counts,
and the name where it shows nothing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from agenix_check.access.key_book import KeyBook
from agenix_check.age import Match, Recipient, Stanza, describe, match, stanza_tag
from agenix_check.discover.tree.evidence import Evidence, is_outside_fleet
from agenix_check.discover.tree.facts import AgeFact, Fact, LockedFact, MissingFact, PointerFact
from agenix_check.discover.tree.naming import OutputFile
from agenix_check.model.access import EVERYBODY, ReaderKind, Shown
from agenix_check.model.frozen import NOTHING, frozen

_ORDINALS = ("second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")


class Who(NamedTuple):
    """A reader: by its key without a comment; where the files do not show that, in `words`."""

    key: str | None
    words: str = ""


class Entry(NamedTuple):
    """One key can read one secret, as one file shows.

    `node` is the one that the file is for, if it was made for this key.
    """

    who: Who
    kind: ReaderKind
    node: str | None
    secret: str
    shown: Shown


class Made(NamedTuple):
    """For which key text an output was made (None: it is not known), and the secrets in it."""

    key_text: str | None
    secrets: tuple[str, ...]


@frozen
class Declarations:
    """What is declared of a tree: `masters` of every source, `rules` by the path of their file.

    `places` are the files that declare masters, by the key. `nodes` are the names of nodes by the
    path of an output, `storage` by its directory; `sources` are declared sources. `plain` says that
    there are rules files and no declared nodes.
    """

    masters: tuple[Recipient, ...] = ()
    places: Mapping[str, str] = NOTHING
    rules: Mapping[str, tuple[Recipient, ...]] = NOTHING
    nodes: Mapping[str, str] = NOTHING
    storage: Mapping[str, str] = NOTHING
    sources: frozenset[str] = frozenset()
    plain: bool = False

    def node_of(self, output: OutputFile) -> str:
        """Return the node that an output is for; by names alone, its directory."""
        known = self.nodes.get(output.path)
        return known or self.storage.get(output.directory, output.directory)


def read_outputs(
    outputs: Iterable[OutputFile],
    made: Mapping[str, Made],
    tree: Evidence,
    book: KeyBook,
    declared: Declarations,
) -> Iterator[Entry]:
    """Yield who can read outputs; `made` is by path. One of which nothing is known is a secret."""
    nothing = Made(None, ())
    for output in outputs:
        if tree.files[output.path].is_empty:
            continue  # nobody reads anything in it
        key_text, secrets = made.get(output.path, nothing)
        fact = tree.facts.get(output.path)
        key = _key_of(key_text, book)
        for who, shown in _readers_of_output(fact, key_text, book):
            is_its_own = key is not None and who.key == key
            node = declared.node_of(output) if is_its_own else None
            kind = ReaderKind.NODE if is_its_own else ReaderKind.UNKNOWN
            for secret in secrets or (output.path,):
                yield Entry(who, kind, node, secret, shown)


def _key_of(key_text: str | None, book: KeyBook) -> str | None:
    """Return a key text without its comment; a text that is no key as it is."""
    recipient = book.parse(key_text)
    return recipient.text if recipient else key_text.strip() if key_text else None


def _readers_of_output(
    fact: Fact | None, key_text: str | None, book: KeyBook
) -> Iterator[tuple[Who, Shown]]:
    recipient = book.parse(key_text)
    key = _key_of(key_text, book)
    if isinstance(fact, PointerFact | MissingFact | LockedFact):
        yield Who(key, "" if key else "a key that is not known"), Shown.NAMED
        return
    if not isinstance(fact, AgeFact):
        yield Who(None, EVERYBODY), Shown.NAMED
        return
    strangers = _Strangers(", in an output")
    is_found = False
    for stanza in fact.stanzas:
        matched = Match.NO if recipient is None else match(stanza, recipient)
        if matched is Match.YES:
            yield Who(key), Shown.ADDRESSED
        elif matched is Match.UNKNOWN and not is_found:
            is_found = True  # one stanza is for it; who else has one of that kind is not known
            yield Who(key), Shown.ANONYMOUS
        else:
            yield from _by_tag(stanza, book, strangers)


def _by_tag(stanza: Stanza, book: KeyBook, strangers: "_Strangers") -> Iterator[tuple[Who, Shown]]:
    found = book.find(stanza)
    for recipient in found:
        yield Who(recipient.text), Shown.ADDRESSED
    if not found:
        yield strangers.name(stanza), Shown.ANONYMOUS


class _Strangers:
    """Those whose keys one file does not show: told apart by their number, if by nothing else.

    `where` tells those of an output from those of sources, who are masters as a rule.
    """

    def __init__(self, where: str = "") -> None:
        self._where = where
        self._seen: Counter[str] = Counter()

    def name(self, stanza: Stanza) -> Who:
        """Return who has a stanza: a second one of a kind is for another key."""
        words = describe(stanza)
        if stanza_tag(stanza) is not None:
            return Who(None, words)
        self._seen[words] += 1
        number = self._seen[words]
        if number == 1:
            return Who(None, f"{words}{self._where}")
        place = _ORDINALS[number - 2] if number - 2 < len(_ORDINALS) else f"{number}th"
        return Who(None, f"a {place} {words.partition(' ')[2]}{self._where}")


def read_sources(
    paths: Iterable[str], tree: Evidence, book: KeyBook, declared: Declarations
) -> Iterator[Entry]:
    """Yield who can read files that are no outputs: sources, and files of plain agenix."""
    without_rule = ReaderKind.MASTER
    if declared.plain and not tree.outputs:
        without_rule = ReaderKind.RULE  # there are no masters
    for path in paths:
        if path in tree.outputs or is_outside_fleet(path) or path not in tree.files:
            continue
        if tree.files[path].is_empty:
            continue
        fact = tree.facts.get(path)
        rule = declared.rules.get(path)
        kind = without_rule if rule is None else ReaderKind.RULE
        wanted = declared.masters if rule is None else rule
        if isinstance(fact, AgeFact):
            for who, shown in _readers_of_source(fact.stanzas, wanted, book):
                yield Entry(who, kind, None, path, shown)
        elif isinstance(fact, PointerFact | MissingFact | LockedFact):
            for recipient in wanted:
                yield Entry(Who(recipient.text), kind, None, path, Shown.NAMED)
        elif rule is not None or path in declared.sources:
            yield Entry(Who(None, EVERYBODY), ReaderKind.UNKNOWN, None, path, Shown.NAMED)


def _readers_of_source(
    stanzas: Sequence[Stanza], wanted: Sequence[Recipient], book: KeyBook
) -> Iterator[tuple[Who, Shown]]:
    """Yield the readers of a file; anonymous stanzas are of those declared keys that fit them."""
    taken: set[Recipient] = set()
    anonymous: list[Stanza] = []
    for stanza in stanzas:
        known = [one for one in wanted if match(stanza, one) is Match.YES]
        taken.update(known)
        for recipient in known:
            yield Who(recipient.text), Shown.ADDRESSED
        if known:
            continue
        found = book.find(stanza)
        if found:
            yield from ((Who(one.text), Shown.ADDRESSED) for one in found)
        else:
            anonymous.append(stanza)
    strangers = _Strangers()
    left = dict.fromkeys(one for one in wanted if one not in taken)
    for recipient in left:
        if any(match(stanza, recipient) is Match.UNKNOWN for stanza in anonymous):
            yield Who(recipient.text), Shown.ANONYMOUS
    room = list(left)
    for stanza in anonymous:
        fits = next((one for one in room if match(stanza, one) is Match.UNKNOWN), None)
        if fits is None:
            yield strangers.name(stanza), Shown.ANONYMOUS
        else:
            room.remove(fits)
