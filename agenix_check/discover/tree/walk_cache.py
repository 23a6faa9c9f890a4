"""What walks through history found, remembered: it outlives versions of the program.

Commits and contents do not change. What of them is kept here has a format number of its own.
"""

from typing import Annotated, TypedDict

from agenix_check.discover.tree.answered import has_all, tips_of
from agenix_check.discover.tree.library import Library
from agenix_check.discover.tree.line import Known, Line, Loss
from agenix_check.discover.tree.naming import Place, Trace
from agenix_check.git.cache import Store
from agenix_check.git.history import first_parents
from agenix_check.model.findings import CauseKind
from agenix_check.model.lost import Excuse, Past, Reason
from agenix_check.view import View

_STORED_HISTORY = "history"
_HISTORY_FORMAT = 9
_MOST_WALKS = 64
NEAR = 256  # first parents among which one that is remembered is searched
_MOST_PARTS = 2_000_000  # digests; what is over that is read again

_Trace = tuple[str, str]
_Names = tuple[str, ...]
_FlatLoss = tuple[
    str | None, str | None, bool, _Names, _Names, bool, bool, Annotated[str, CauseKind],
    str, tuple[Annotated[str, Reason], str] | None, bool, int, bool, _Trace | None,
]  # fmt: skip


class _FlatLine(TypedDict):
    length: int
    spans: dict[str, tuple[int, int]]
    known: tuple[dict[str, _Names], _Names, dict[str, str | None]]
    lost: dict[str, _FlatLoss]
    casualties: dict[str, dict[Place, _Trace]]


class _FlatHistory(TypedDict):
    tips: _Names
    states: dict[str, _FlatLine]
    parts: dict[str, _Names]
    texts: dict[str, str | None]
    sources: _Names
    made: dict[str, _Trace]
    late: dict[str, _Trace]
    past: dict[str, tuple[str, str | None]]
    blind: bool
    mentions: dict[str, tuple[str, bool]]


class Walked:
    """The library of contents, and of some commits what their lines had lost by then.

    What was learned from a history that the view does not have, such as that of another branch, is
    not used, nor what was learned on another line than that of its first parents: a look without
    memory would not know it.
    """

    def __init__(self, view: View, store: Store) -> None:
        self._git = view.repository.git
        self._tips = tips_of(view)
        self._store = store
        self._is_loaded = False
        self._is_new = False
        self._states: dict[str, _FlatLine] = {}
        self._library = Library()
        self._committed: Library | None = None
        self._mentions: dict[str, tuple[str, bool]] = {}

    @property
    def states(self) -> dict[str, _FlatLine]:
        """What is remembered, by commit."""
        self._load()
        return self._states

    @property
    def library(self) -> Library:
        """What is known of contents."""
        self._load()
        return self._library

    @property
    def mentions(self) -> dict[str, tuple[str, bool]]:
        """Whether `.nix` files named something, with the commit up to which that was looked for.

        By the name of a secret, or by a commit and a source's file name.
        """
        self._load()
        return self._mentions

    def note(self, what: str, commit: str, *, found: bool) -> tuple[str, bool]:
        """Remember whether `.nix` files named something, and return that."""
        self._is_new = self._is_new or self._mentions.get(what) != (commit, found)
        self._mentions[what] = commit, found
        return commit, found

    def keep(self, commit: str, line: Line, *, last: bool = False) -> None:
        """Remember a line up to a commit; after the `last` one comes what is in none."""
        self._load()
        if last:
            self._end_history()
        self._is_new = self._is_new or commit not in self._states
        self._states.pop(commit, None)
        commits = {loss.commit for loss in line.lost.values()}
        self._states[commit] = {
            "length": line.length,
            "spans": dict(line.spans),
            "known": (*line.known(),),
            "lost": {path: _flatten(loss) for path, loss in line.lost.items()},
            "casualties": {
                one or "": {where: (*made,) for where, made in found.items()}
                for one, found in line.casualties.items()
                if one in commits
            },
        }

    def known(self, commit: str) -> Known:
        """Return what a line knew at a commit that is remembered."""
        return Known(*self._states[commit]["known"])

    def restore(self, commit: str, line: Line) -> bool:
        """Bring a line that has the commit's tree to where it was.

        Returns whether the line has all outputs that were lost there.
        """
        state = self._states[commit]
        line.length = state["length"]
        line.spans = dict(state["spans"])
        for path, plain in state["lost"].items():
            if path in line.outputs:
                line.lost[path] = _revive(line, path, plain)
        line.casualties = {
            one or None: {where: Trace(*made) for where, made in found.items()}
            for one, found in state["casualties"].items()
        }
        return state["lost"].keys() <= line.outputs.keys()

    def _end_history(self) -> None:
        """Note that what is learned from here on is in no commit, and may never be."""
        known = self.library
        self._committed = Library(
            parts=dict(known.parts),
            texts=dict(known.texts),
            sources=set(known.sources),
            past=dict(known.past),
            blind=known.blind,
        )

    def _of_history(self) -> Library:
        """Return what is known of contents that are in commits."""
        committed = self._committed
        if committed is None:
            return self.library
        committed.made = {
            ident: made
            for ident, made in self.library.made.items()
            if made.key in committed.texts and made.source in committed.sources
        }
        return committed

    def save(self) -> None:
        """Write what was learned of commits, where there is room for it."""
        self._load()
        if not self._is_new:
            return
        library, late = self._of_history(), self.library.late
        states = dict(list(self._states.items())[-_MOST_WALKS:])
        if sum(map(len, library.parts.values())) > _MOST_PARTS:
            return
        value: _FlatHistory = {
            "tips": self._tips,
            "states": states,
            "parts": {oid: tuple(parts) for oid, parts in library.parts.items() if parts},
            "texts": dict(library.texts),
            "sources": tuple(library.sources),
            "made": {one: (*made,) for one, made in library.made.items() if one not in late},
            "late": {one: (*library.made[one],) for one in late & library.made.keys()},
            "past": {part: (*past,) for part, past in library.past.items()},
            "blind": library.blind,
            "mentions": self._mentions,
        }
        self._store.save(_STORED_HISTORY, {**value}, number=_HISTORY_FORMAT)

    def _load(self) -> None:
        if self._is_loaded:
            return
        self._is_loaded = True
        value = self._store.load(_STORED_HISTORY, _FlatHistory, number=_HISTORY_FORMAT)
        tips = value["tips"] if value is not None else ()
        if value is None or not tips or not has_all(self._git, self._tips, tips):
            return
        if tips[0] != self._tips[0] and tips[0] not in first_parents(
            self._git, self._tips[0], NEAR
        ):
            return
        self._mentions = value["mentions"]
        self._states = value["states"]
        library = self._library
        library.parts = {oid: frozenset(found) for oid, found in value["parts"].items()}
        library.texts = value["texts"]
        library.sources = set(value["sources"])
        library.made = {ident: Trace(*pair) for ident, pair in value["made"].items()}
        library.late_before = {ident: Trace(*pair) for ident, pair in value["late"].items()}
        library.past = {part: Past(*one) for part, one in value["past"].items()}
        library.blind = value["blind"]


def _flatten(loss: Loss) -> _FlatLoss:
    return (
        loss.commit, loss.born, loss.brought, tuple(loss.sources), tuple(loss.keys),
        loss.source_gone, loss.key_gone, str(loss.kind), loss.about,
        None if loss.excuse is None else (str(loss.excuse.reason), loss.excuse.about),
        loss.succeeds, loss.rekeys, loss.unseen, None if loss.before is None else (*loss.before,),
    )  # fmt: skip


def _revive(line: Line, path: str, plain: _FlatLoss) -> Loss:
    (
        commit, born, brought, sources, keys, source_gone, key_gone, kind, about, excuse,
        succeeds, rekeys, unseen, before,
    ) = plain  # fmt: skip
    file = line.outputs[path]
    return Loss(
        file=file,
        made=line.library.made.get(file.ident),
        commit=commit,
        born=born,
        brought=brought,
        sources=list(sources),
        keys=list(keys),
        source_gone=source_gone,
        key_gone=key_gone,
        kind=CauseKind(kind),
        about=about,
        excuse=None if excuse is None else Excuse(Reason(excuse[0]), excuse[1]),
        succeeds=succeeds,
        rekeys=rekeys,
        unseen=unseen,
        before=None if before is None else Trace(*before),
    )
