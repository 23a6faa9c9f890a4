"""What a tree with nothing to check has instead: where its secrets may be, or what keeps them."""

import posixpath
import re
from collections.abc import Iterator, Mapping

from agenix_check.discover.tree.facts import AgeFact
from agenix_check.discover.tree.names import Names
from agenix_check.discover.tree.naming import output_file
from agenix_check.discover.tree.unreadable import list_submodules
from agenix_check.git.objects import read_blobs
from agenix_check.git.worktree import list_unstaged, read_file
from agenix_check.model.fleet import RULES_FILE
from agenix_check.view import View

_DERIVATION = re.compile(rb'^[^#\n]*\bstorageMode\s*=[^;\n]*"derivation"', re.MULTILINE)
_KEYS = b"publicKeys"  # what a rules file has, and no NixOS module
_NO_RULES = "no rules file (secrets.nix) is in this tree"
_NO_OUTPUT = "no file is named like an output of agenix-rekey (<ident>-<name>.age)"
_NEITHER = f"{_NO_OUTPUT}, and none is a rules file of agenix (secrets.nix)"
_SCHEMES = ("vaultix", "sops-nix")  # by the names of their flakes


def say_what_is_there(view: View, names: Names, *, rekey: bool) -> str:
    """Return what is missing, in words of what the repository uses, and what stands in its place.

    `rekey` says that something in it names agenix-rekey.
    """
    files = names.here.files
    speaking = {path: file.oid for path, file in files.items() if path.endswith(".nix")}
    blobs = read_blobs(view.repository.git, speaking.values())
    contents = {blob.oid: blob.data for blob in blobs}
    texts = {path: contents.get(speaking[path], b"") for path in sorted(speaking)}
    waiting = sorted(_list_waiting(view))
    plain = any(map(_is_rules_file, waiting)) or any(_KEYS in text for text in texts.values())
    missing = _NO_OUTPUT if rekey else _NO_RULES if plain else _NEITHER
    there = _say_waiting(waiting) or _say_there(names, texts)
    return missing if there is None else f"{missing}; {there}"


def _list_waiting(view: View) -> Iterator[str]:
    """Yield the rules files and outputs that are in the work tree, and not in the index."""
    if view.snapshot.kind != "index":
        return
    for path in list_unstaged(view.repository):
        if path in view.snapshot.files:
            continue
        is_rules = _is_rules_file(path) and _KEYS in (read_file(view.repository, path) or b"")
        if is_rules or output_file(path) is not None:
            yield path


def _is_rules_file(path: str) -> bool:
    return posixpath.basename(path) == RULES_FILE


def _say_waiting(waiting: list[str]) -> str | None:
    if not waiting:
        return None
    first = next(filter(_is_rules_file, waiting), waiting[0])
    more = f" and {len(waiting) - 1} more" if waiting[1:] else ""
    are = "are" if waiting[1:] else "is"
    return f"{first}{more} {are} in the work tree, and not staged: git add what is to be checked"


def _say_there(names: Names, texts: Mapping[str, bytes]) -> str | None:
    """Return what stands in place of outputs and rules, None where the tree shows nothing of it."""
    path = next((path for path in texts if _DERIVATION.search(texts[path])), None)
    if path is not None:
        return f'{path} says storageMode = "derivation": outputs are in the Nix store'
    if modules := list_submodules(names.here):
        return f"secrets may be in the submodule {modules[0].path}, a repository of its own"
    ages = [path for path, fact in names.here.facts.items() if isinstance(fact, AgeFact)]
    for scheme in _SCHEMES:
        path = next((path for path in texts if scheme.encode() in texts[path]), None)
        if path is not None:
            return f"{path} speaks of {scheme}, which is not what this program checks"
    rules = next((path for path in texts if _KEYS in texts[path]), None)
    if ages and rules is not None:
        return (
            f"{rules} has publicKeys: if it is the rules file, name it under `rules` in "
            "agenix-check.toml"
        )
    if ages:
        more = f" and {len(ages) - 1} more" if ages[1:] else ""
        are = "are age files" if ages[1:] else "is an age file"
        return f"{min(ages)}{more} {are} without an output or a rule (secrets.nix)"
    return None
