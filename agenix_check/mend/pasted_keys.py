"""Keys of plain agenix that a change wrote under one name, and that were another name's before.

Somebody who renews a host's key may paste the wrong one. It is known, so nothing else would ask
before the secrets of the one go to the other.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from agenix_check.age import recipient_or_none
from agenix_check.audit.commands import shell
from agenix_check.model.declaration import RulesFile

_Binding = tuple[str, str]  # the file that has it, and its name


def find_pasted(
    now: Iterable[RulesFile], before: Iterable[RulesFile]
) -> Mapping[tuple[str, str], str]:
    """Return why a key may not be meant, by the path of a file and the key's canonical text.

    Only names that stand for one key, on either side, are compared, and only keys that the rule for
    the file did not list before.
    """
    old, listed = _bindings(before)
    new, lists = _bindings(now)
    owners = {key: name for name, keys in old.items() if len(keys) == 1 for key in keys}
    pasted = {
        name: key
        for name, keys in new.items()
        if len(keys) == 1 == len(old.get(name, ()))
        for key in keys - old[name]
        if owners.get(key, name) != name
    }
    return {
        (path, key): f"{shell(name[1])} in {shell(name[0])} had another key before this change, "
        f"and this one was {shell(owners[key][1])}'s"
        for path, bound in lists.items()
        for name, key in bound
        if pasted.get(name) == key and all(key != known for _, known in listed.get(path, ()))
    }


def _bindings(
    files: Iterable[RulesFile],
) -> tuple[Mapping[_Binding, set[str]], Mapping[str, set[tuple[_Binding, str]]]]:
    """Return the keys of each name, and the names and keys that each file's rule lists."""
    names: dict[_Binding, set[str]] = defaultdict(set)
    lists: dict[str, set[tuple[_Binding, str]]] = defaultdict(set)
    for file in files:
        for rule in file.rules:
            for text in rule.recipients:
                origin, recipient = rule.origin(text), recipient_or_none(text)
                if recipient is None or origin is None:
                    continue
                name = origin.path, origin.name or ""
                lists[rule.path].add((name, recipient.text))
                if origin.name is not None:
                    names[name].add(recipient.text)
    return names, lists
