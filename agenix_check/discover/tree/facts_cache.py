"""Facts of whole directories, remembered by the object id of their trees.

A tree's object id covers the content of all its files, so a fact that is remembered under it
cannot be out of date.
"""

from collections.abc import Mapping
from functools import cache, cached_property
from typing import Literal

from agenix_check.age import Stanza
from agenix_check.discover.tree.facts import (
    AgeFact,
    Fact,
    LinkFact,
    LockedFact,
    MissingFact,
    PointerFact,
)
from agenix_check.discover.tree.key_texts import KeyTexts
from agenix_check.discover.tree.naming import Trace
from agenix_check.git.cache import Store
from agenix_check.model.frozen import frozen

_STORED_FACTS = "facts"
_FACTS_FORMAT = 7  # of what is remembered: another one wherever the same bytes give other facts
_MOST_FACTS = 500_000  # facts; a few of the largest fleets

_Texts = tuple[str, ...]
_Stanzas = tuple[tuple[str, _Texts], ...]
_FlatAge = tuple[Literal["age"], str, _Stanzas, int | None, str | None, str | None]
_FlatKeys = tuple[Literal["keys"], _Texts, _Texts, _Texts, str | None, bool, bool]
_FlatOther = tuple[Literal["link", "locked", "pointer"], str]
FlatFact = _FlatAge | _FlatKeys | _FlatOther
_Facts = dict[str, FlatFact]


@frozen(kw_only=False)
class Found:
    """What this run found already, in a snapshot from which files are left out.

    `facts` are those of files that were read, by path, None where they are of no interest; `traces`
    what made idents, of its outputs and of those that are left out.
    """

    facts: Mapping[str, Fact | None]
    traces: Mapping[str, Trace]


NOTHING_FOUND = Found({}, {})


class Memory:
    """The facts of each directory's own files, not of those in directories below it.

    `found` is what this run found before.
    """

    def __init__(self, store: Store, found: Found = NOTHING_FOUND) -> None:
        self._store = store
        self.found = found
        self._used: dict[str, _Facts] = {}
        self._learned = False

    @cached_property
    def _known(self) -> dict[str, _Facts]:
        shape = dict[str, _Facts]
        return self._store.load(_STORED_FACTS, shape, number=_FACTS_FORMAT, of_contents=True) or {}

    @property
    def keeps(self) -> bool:
        """Whether anything is remembered at all."""
        return self._store.keeps

    def recall(self, tree: str) -> dict[str, Fact] | None:
        """Return the facts of a directory by file name, or None where it was never read."""
        plain = self._known.get(tree)
        if plain is None:
            return None
        self._used[tree] = plain
        return {name: revive_fact(values) for name, values in plain.items()}

    def keep(self, tree: str, facts: Mapping[str, Fact]) -> None:
        """Remember a directory that was read as a whole."""
        if self.keeps and not any(isinstance(fact, MissingFact) for fact in facts.values()):
            self._used[tree] = {name: flatten_fact(fact) for name, fact in facts.items()}
            self._learned = True

    def save(self) -> None:
        """Write what this run used, and of earlier runs what there is room for."""
        if not self._learned:
            return
        kept = dict(self._used)
        room = _MOST_FACTS - sum(map(len, kept.values()))
        for tree, facts in self._known.items():
            room -= len(facts)
            if room < 0:
                break
            kept.setdefault(tree, facts)
        self._store.save(_STORED_FACTS, kept, number=_FACTS_FORMAT, of_contents=True)


def flatten_fact(fact: Fact) -> FlatFact:
    """Return a fact as tuples of plain values."""
    if isinstance(fact, AgeFact):
        stanzas = tuple((stanza.type, stanza.args) for stanza in fact.stanzas)
        return "age", fact.sha256, stanzas, *fact[2:]
    if isinstance(fact, KeyTexts):
        return "keys", *fact
    if isinstance(fact, LinkFact):
        return "link", *fact
    return "locked" if isinstance(fact, LockedFact) else "pointer", *fact


def revive_fact(plain: FlatFact) -> Fact:
    """Return the fact that was made plain."""
    if plain[0] == "age":
        _, sha256, stanzas, size, problem, refusal = plain
        revived = tuple(_stanza(type_, args) for type_, args in stanzas)
        return AgeFact(sha256, revived, size, problem, refusal)
    if plain[0] == "keys":
        return KeyTexts(*plain[1:])
    kind, text = plain
    if kind == "link":
        return LinkFact(text)
    return LockedFact(text) if kind == "locked" else PointerFact(text)


@cache
def _stanza(type_: str, args: tuple[str, ...]) -> Stanza:
    return Stanza(type=type_, args=args, body=b"")
