"""The rules that files of plain agenix had when they were last written."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple, cast

from agenix_check.age import recipient_or_none
from agenix_check.discover.declared.plain_rules import declare_plain
from agenix_check.discover.tree.facts import AgeFact
from agenix_check.discover.tree.names import Names
from agenix_check.git.cache import Store
from agenix_check.git.history import touching_commits
from agenix_check.git.repository import commit_snapshot
from agenix_check.model.declaration import PlainRule, RulesFile
from agenix_check.model.settings import Settings
from agenix_check.view import View

_STORED_WRITTEN = "rules-when-written"
_WRITTEN_FORMAT = 1
_MOST_WRITTEN = 4096  # commits whose rules are remembered


_Recipients = dict[str, tuple[str, ...]]


class WrittenRules(NamedTuple):
    """The keys that files were to have when they were written, by path; and in which commit."""

    recipients: tuple[str, ...]
    commit: str


def find_written(
    view: View, names: Names, files: Iterable[RulesFile], settings: Settings, store: Store
) -> dict[str, WrittenRules]:
    """Return the recipients of files' rules in the commits that wrote the files as they are.

    Only of files with keys of anonymous types, and only where rules changed since: in other files
    tags show who can read them. What the rules of a commit say is remembered.
    """
    files = tuple(files)
    asked = {rule.path for file in files for rule in file.rules if _is_vague(names, rule)}
    tip = view.snapshot.commit
    if tip is None:
        asked = {path for path in asked if path not in names.changed}
        tip = view.repository.head
    if not asked or tip is None:
        return {}
    sources = {path for file in files for path in (file.path, *file.read)}
    written = _last_written(view, tip, asked, sources - {""})
    loaded = store.load(_STORED_WRITTEN, number=_WRITTEN_FORMAT)
    known = cast("dict[str, _Recipients]", loaded) if isinstance(loaded, dict) else {}
    about = repr((settings.rules, settings.ignore))
    fresh = False
    found = {}
    for path, commit in written.items():
        key = f"{commit} {about}"
        if key not in known:
            there = replace(view, snapshot=commit_snapshot(view.repository, commit), base=None)
            rules = declare_plain(there, settings.rules, settings.ignore, None).files
            known[key] = {one.path: one.recipients for file in rules for one in file.rules}
            fresh = True
        if path in known[key]:
            found[path] = WrittenRules(known[key][path], commit)
    if fresh:
        store.save(_STORED_WRITTEN, known, number=_WRITTEN_FORMAT, most=_MOST_WRITTEN)
    return found


def _is_vague(names: Names, rule: PlainRule) -> bool:
    fact = names.here.facts.get(rule.path)
    return isinstance(fact, AgeFact) and any(
        recipient.is_anonymous
        for text in rule.recipients
        if (recipient := recipient_or_none(text)) is not None
    )


def _last_written(view: View, tip: str, asked: set[str], sources: set[str]) -> Mapping[str, str]:
    """Return which commit wrote a file last, of files that were written before rules changed."""
    found: dict[str, str] = {}
    rules_changed = False
    left = set(asked)
    below = tuple(f"{path}/" for path in sources)
    for commit, paths in touching_commits(view.repository.git, tip, sorted(asked | sources)):
        for path in left.intersection(paths):
            left.discard(path)
            if rules_changed:
                found[path] = commit
        if not left:
            break
        rules_changed = rules_changed or any(
            path in sources or path.startswith(below) for path in paths
        )
    return found
