"""Which keys a fix may encrypt to: docs/design.md, section 9, step 0.

A key is admitted if this clone knows it, or the person at work here brings it. By names, more is
asked, because whoever knows a public key and a source can name a file for them: it must be the one
key that the outputs of its directory were made for, or the key that took its place.
"""

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import NamedTuple

from agenix_check.age import Match, Recipient, match, recipient_or_none
from agenix_check.audit.commands import choose_key, shell
from agenix_check.discover.declared.inventory import Inventory
from agenix_check.discover.tree.evidence import LOCK, Evidence
from agenix_check.discover.tree.facts import AgeFact
from agenix_check.discover.tree.names import Names
from agenix_check.errors import CannotCheckError
from agenix_check.git.pickaxe import find_in_any_commit, is_in_any_commit
from agenix_check.git.repository import Repository
from agenix_check.mend.former_keys import FormerKeys
from agenix_check.mend.lock_gifts import LockGifts
from agenix_check.mend.needs import Need
from agenix_check.mend.pasted_keys import find_pasted
from agenix_check.model.lost import Rotated

_MAYBE_OLD = (
    "has another key, and history that would show whether it once had this one is not all here "
    "(git fetch --unshallow)"
)
NOT_KNOWN = "this key is not known in this clone"
A_HOST = "this key is a host's, and most sources are not for it: it would read them all"
NOT_SHOWN = f"{NOT_KNOWN}, and no file shows whether it can read it already: it is anonymous"

COMMIT_DIGITS = 12  # hexadecimal digits

# A node, and the canonical text of its key; no node stands for files of plain agenix and sources.
Pair = tuple[str | None, str]


class Ungranted(NamedTuple):
    """A file that is not made, because its key (its canonical text) is not admitted.

    `secret` is None for a file that would be encrypted anew in place. `choice` says what to do
    where another key may be its host's; then a grant decides as well.
    """

    node: str | None
    key: str
    file: str
    secret: str | None
    why: str
    choice: str | None = None


class Admission:
    """What one run knows about keys; `names` are those of what the run looks at.

    `known` are canonical texts, `granted` pairs that a person has granted in this run. `staged`
    says that it looks at what a person has staged: only then a key can be one that they bring.
    `inventory` shows what an edited lock file gives.
    """

    def __init__(
        self,
        repository: Repository,
        names: Names,
        known: Collection[str],
        granted: Collection[Pair] = (),
        *,
        inventory: Inventory | None = None,
        staged: bool = True,
    ) -> None:
        self._staged = staged
        self._inventory = inventory
        self._repository = repository
        self._names = names
        self._granted = frozenset(granted)
        self._known = frozenset(known) | {key for _, key in granted}
        self._brought: dict[str, bool] = {}
        self._canonical: dict[str, str | None] = {}

    @cached_property
    def _gifts(self) -> LockGifts | None:
        return None if self._inventory is None else LockGifts(self._names, self._inventory)

    @cached_property
    def _pasted(self) -> Mapping[tuple[str, str], str]:
        one = self._inventory
        return {} if one is None else find_pasted(one.rules, one.rules_at_base)

    @cached_property
    def _former(self) -> FormerKeys:
        return FormerKeys(self._names)

    def canonical(self, text: str) -> str | None:
        """Return a key without comment and newline; None for a text that is no key."""
        if text not in self._canonical:
            recipient = recipient_or_none(text)
            self._canonical[text] = None if recipient is None else recipient.text
        return self._canonical[text]

    def refuse(self, need: Need, path: str, *, declared: bool) -> Ungranted | None:
        """Return what keeps an output from being made; None where nothing does.

        `path` is the file that a person is told of. `declared` says that Nix or the lock file
        declares it. What is no key at all is admitted: those who encrypt refuse it, and say why.
        """
        key = self.canonical(need.key)
        if key is None or (need.node, key) in self._granted:
            return None
        if declared:
            why = None if self._gifts is None else self._gifts.objection(need)
            if why is not None and (self._brings(key) or self._brings_lock):
                why = None
        else:
            why = self._former.objection(need.storage, need.key)
            rotated = self._former.rotated(need.storage, need.key)
            if why is None and rotated is not None:
                holders = files_with(self._names.here, searched(key))
                choice = choose_key(rotated.path, holders)
                return Ungranted(
                    need.node, key, path, need.secret, _which(rotated, holders[0]), choice
                )
            if why is None and (other := self._former.maybe_rotated(need.storage, need.key)):
                why = f"{shell(other)} {_MAYBE_OLD}"
        if why is None and (owner := self._former.owner(need.storage, need.key)) is not None:
            why = f"the outputs in {shell(owner)} are made for it: that host would read these too"
        if why is None and not self.knows(key):
            why = NOT_KNOWN
        return None if why is None else Ungranted(need.node, key, path, need.secret, why)

    def refuse_file(self, path: str, recipients: Iterable[str]) -> list[Ungranted]:
        """Return which of the recipients of a file, as canonical texts, are not admitted."""
        refused: dict[str, Ungranted] = {}
        for key in map(self.canonical, recipients):
            if key is None or (None, key) in self._granted:
                continue
            why = self._pasted.get((path, key)) if self.knows(key) else _why(key)
            if why is not None:
                refused[key] = Ungranted(None, key, path, None, why)
        return list(refused.values())

    def refuse_source(self, path: str, recipients: Iterable[str]) -> list[Ungranted]:
        """Return which of the master recipients of a source are not admitted.

        That a key is known as a host's does not make it one that reads every secret.
        """
        refused = self.refuse_file(path, recipients)
        unknown = {one.key for one in refused}
        for text in recipients:
            key = self.canonical(text)
            if key is None or key in unknown or (None, key) in self._granted:
                continue
            if key in self._mere_hosts and not self._brings(key):
                refused.append(Ungranted(None, key, path, None, A_HOST))
        return refused

    @cached_property
    def _mere_hosts(self) -> frozenset[str]:
        """The keys of hosts that most sources of the base are not encrypted to."""
        declared = None if self._inventory is None else self._inventory.declared
        if declared is None:
            return frozenset()
        nodes = declared.declaration.nodes
        hosts = {self.canonical(node.host_pubkey) for node in nodes}
        masters = [one for one in declared.masters.known if one.text in hosts]
        sources = {one.source.path for node in nodes for one in node.secrets}
        facts = [self._names.base.facts.get(path) for path in sources if path is not None]
        readable = [one for one in facts if isinstance(one, AgeFact) and one.problem is None]
        return frozenset(
            one.text
            for one in masters
            if sum(_may_read(fact, one) for fact in readable) * 2 <= len(readable)
        )

    def knows(self, key: str) -> bool:
        """Return whether a key is known here, or is brought by the person at work here."""
        return key in self._known or self._brings(key)

    @cached_property
    def _brings_lock(self) -> bool:
        """Whether the lock file is the work of the person at work here: it is in no commit."""
        file = self._names.here.files.get(LOCK)
        return (
            self._staged and file is not None and not is_in_any_commit(self._repository, file.oid)
        )

    def _brings(self, key: str) -> bool:
        if key not in self._brought:
            self._brought[key] = self._is_brought(key)
        return self._brought[key]

    def _is_brought(self, key: str) -> bool:
        """Return whether a key's text is staged, and in no commit that this clone has."""
        text = searched(key)
        if (
            not self._staged
            or not files_with(self._names.here, text)
            or files_with(self._names.base, text)
        ):
            return False
        try:
            return find_in_any_commit(self._repository, text) is None
        except CannotCheckError:
            return False


def _may_read(fact: AgeFact, recipient: Recipient) -> bool:
    return any(match(stanza, recipient) is not Match.NO for stanza in fact.stanzas)


def _which(rotated: Rotated, holder: str) -> str:
    since = "" if rotated.commit is None else f" since {rotated.commit[:COMMIT_DIGITS]}"
    return (
        f"{shell(rotated.path)} has another key{since}, and {shell(holder)} still has this one: "
        "which of them the host has, names alone do not show"
    )


def _why(key: str) -> str:
    recipient = recipient_or_none(key)
    return NOT_KNOWN if recipient is None or not recipient.is_anonymous else NOT_SHOWN


def searched(key: str) -> str:
    """Return the part of a canonical text that every spelling of the key has."""
    return key.partition(" ")[2].rstrip("=") or key


def files_with(tree: Evidence, text: str) -> tuple[str, ...]:
    """Return the files of a tree that hold a key; the lock file, which repeats keys, is none."""
    return tuple(
        sorted(
            {
                path
                for known in tree.keys.values()
                if known.text is not None and text in known.text
                for path in known.paths
            }
        )
    )
