"""Whose the stanzas are that no rule of plain agenix accounts for: in the tree, then in history."""

import posixpath
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from agenix_check.age import recipient_or_none, recipient_tag, stanza_tag
from agenix_check.discover.tree.evidence import Evidence
from agenix_check.discover.tree.facts import AgeFact
from agenix_check.discover.tree.names import Names
from agenix_check.git.cache import Store
from agenix_check.model.declaration import RulesFile
from agenix_check.view import View

if TYPE_CHECKING:
    from agenix_check.discover.tree.retired_keys import RetiredKey

# What looks for strangers is imported where there are any.
_SHOWN_OF_COMMIT = 10
_SHOWN_OF_HOLDER = 60  # characters


def name_strangers(
    view: View, names: Names, files: Iterable[RulesFile], paths: Iterable[str], store: Store
) -> dict[str, str]:
    """Return in words whose the tags are that files have and no rule lists, by the tag.

    Asked are the files of the rules, and those at `paths`.
    """
    rules = [rule for file in files for rule in file.rules]
    declared = {
        recipient_tag(recipient)
        for text in {text for rule in rules for text in rule.recipients}
        if (recipient := recipient_or_none(text)) is not None
    }
    facts = (names.here.fact(path) for path in [*(rule.path for rule in rules), *paths])
    wanted = {
        tag
        for fact in facts
        if isinstance(fact, AgeFact)
        for stanza in fact.stanzas
        if (tag := stanza_tag(stanza)) is not None and tag not in declared
    }
    if not wanted:
        return {}
    found = _in_trees(view, names, wanted)
    missing = wanted - found.keys()
    tip = view.snapshot.commit or view.repository.head
    if missing and tip is not None:
        from agenix_check.discover.tree.retired_keys import find_retired

        retired = find_retired(view.repository.git, tip, store)
        found |= {tag: _say_retired(retired[tag]) for tag in missing if tag in retired}
    return found


def _in_trees(view: View, names: Names, wanted: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    bound: Mapping[str, str] | None = None
    for tree, when in ((names.here, ""), (names.base, " before this change")):
        for tag, (text, path) in _holders(tree, wanted - found.keys()).items():
            if bound is None:
                from agenix_check.discover.tree.key_names import name_keys

                bound = name_keys(view.repository, (names.here, names.base))
            words = text.split(None, 2)
            comment = words[2].strip() if len(words) > 2 else None
            name = bound.get(" ".join(words[:2])) or comment or _stem(path) or ""
            name = name[:_SHOWN_OF_HOLDER]
            found[tag] = f"{name} (in {path}{when})" if name else f"the key in {path}{when}"
    return found


def _holders(tree: Evidence, wanted: set[str]) -> dict[str, tuple[str, str]]:
    """Return for tags the text of their key, with a comment if there is one, and its file."""
    found: dict[str, tuple[str, str]] = {}
    for text, paths in tree.keys.values():
        recipient = recipient_or_none(text)
        tag = None if recipient is None else recipient_tag(recipient)
        if text is None or tag not in wanted or not paths:
            continue
        one = (text.strip(), min(paths, key=lambda path: (not path.endswith(".pub"), path)))
        known = found.get(tag)
        found[tag] = one if known is None else max(known, one, key=lambda one: len(one[0]))
    return found


def _say_retired(key: "RetiredKey") -> str:
    name = (key.name or _stem(key.path) or "")[:_SHOWN_OF_HOLDER]
    until = f"in {key.path} until {key.until[:_SHOWN_OF_COMMIT]}"
    return f"{name} ({until})" if name else f"a key that was {until}"


def _stem(path: str) -> str | None:
    """Return the name of a file of one key, where it says whose it is."""
    stem, ending = posixpath.splitext(posixpath.basename(path))
    return stem if ending == ".pub" else None
