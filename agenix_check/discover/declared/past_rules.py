"""What plain agenix had at past commits: the rules, and the files that they are about."""

from collections.abc import Mapping, MutableMapping, Sequence

from agenix_check.discover.declared.plain_rules import declare_plain
from agenix_check.discover.declared.written_rules import WrittenRules, find_written
from agenix_check.discover.tree.evidence import classify, read_facts
from agenix_check.discover.tree.facts_cache import Memory
from agenix_check.discover.tree.names import Names
from agenix_check.git.cache import Store
from agenix_check.git.history import touching_commits
from agenix_check.git.repository import commit_snapshot
from agenix_check.model.declaration import RulesFile
from agenix_check.model.frozen import replace
from agenix_check.model.settings import Settings
from agenix_check.view import View

Broken = tuple[tuple[str, str], ...]  # rules and paths

_STORED_BROKEN = "plain-broken"
_MOST_BROKEN = 1000  # that are remembered


class RulesHistory:
    """The past of a view, as far as plain agenix is concerned.

    `broken` says of commits which rules their files broke, as far as that is remembered.
    """

    def __init__(self, view: View, settings: Settings, store: Store) -> None:
        self.view = view
        self.settings = settings
        self.store = store
        self._about = repr((settings.rules, settings.ignore))
        known = store.load(_STORED_BROKEN, dict[str, Broken]) or {}
        self._others = {key: one for key, one in known.items() if not key.endswith(self._about)}
        self.broken: MutableMapping[str, Broken] = {
            key.removesuffix(self._about): known[key] for key in known.keys() - self._others.keys()
        }
        self._count = len(self.broken)

    def save(self) -> None:
        """Remember what was found of commits."""
        if len(self.broken) > self._count:
            mine = {f"{commit}{self._about}": one for commit, one in self.broken.items()}
            self.store.save(_STORED_BROKEN, self._others | mine, most=_MOST_BROKEN)

    def commits(self, paths: Sequence[str]) -> list[tuple[str, list[str]]]:
        """Return the commits that touched some paths, the newest first, each with those.

        Nothing in a shallow clone: what its oldest commit has is older.
        """
        repository = self.view.repository
        tip = self.view.snapshot.commit or repository.head
        none = tip is None or repository.shallow
        return [] if none or tip is None else touching_commits(repository.git, tip, paths)

    def at(self, commit: str) -> tuple[Names, tuple[RulesFile, ...], Mapping[str, WrittenRules]]:
        """Return the names, the rules files, and whom files were for when they were written."""
        snapshot = commit_snapshot(self.view.repository, commit)
        past = replace(self.view, snapshot=snapshot, base=snapshot, cut_off=False, authority=None)
        here = classify(
            snapshot.files, read_facts(self.view.repository, snapshot, Memory(self.store))
        )
        names = Names(here=here, base=here, traces={}, traces_at_base={}, changed=frozenset())
        files = declare_plain(past, self.settings.rules, self.settings.ignore, None).files
        return names, files, find_written(past, names, files, self.settings, self.store)
