"""Verdicts that hold for another tree too: nothing that differs between the two can change them.

By names alone a verdict depends on outputs, on files with keys and on age files, on links,
submodules and some files by their name; where outputs are not explained, on what
`.nix` files say of them and on history too; and a link needs what it leads to. Most commits touch
none of these.
"""

import posixpath
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from shutil import which

from agenix_check.discover.tree.evidence import FLAKE, LOCK, is_outside_fleet
from agenix_check.discover.tree.facts import AgeFact, Fact, LinkFact, PointerFact, find_fact
from agenix_check.discover.tree.names import Names
from agenix_check.discover.tree.naming import output_file
from agenix_check.git.known_trees import KnownTree, LinearCommit, list_between, read_linear
from agenix_check.git.objects import read_blobs
from agenix_check.git.paths import to_bytes
from agenix_check.git.repository import Repository, parents_of
from agenix_check.git.snapshot import SUBMODULE, SYMLINK, Change, File
from agenix_check.model.fleet import RULES_FILE
from agenix_check.model.settings import InventoryChoice, Settings
from agenix_check.view import View

_MOST_PASSED = 64  # since a tree that was judged
_MOST_WORDS = 200
_MOST_TRIED = 3  # trees that were judged at one commit
DECIDING_FILES = {
    FLAKE, LOCK, RULES_FILE, "flake.lock", "agenix-check.toml", "pyproject.toml", ".gitmodules",
    ".gitattributes",
}  # fmt: skip


def known_tree(view: View, settings: Settings, names: Names, report: str) -> KnownTree | None:
    """Return as what a judged view, in which nothing is new, is remembered under its report's name.

    None where its verdicts may not hold for trees that differ in nothing of interest: what this
    change did to keys, or beside outputs that are not explained, history will show another way.
    """
    here = names.here
    if not (here.outputs and is_by_names_alone(view, settings)):
        return None
    has_past = bool(names.lost or names.outgrown or names.rotated)
    for path in names.changed:
        sides = [(tree.files.get(path), tree.facts.get(path)) for tree in (names.base, here)]
        if not all(
            _is_of_no_interest(file, fact) or (not has_past and _is_secret(file, fact))
            for file, fact in sides
            if file is not None
        ):
            return None
    words = _words_asked(names)
    if words:
        sides_of = (tree.files.get(path) for path in names.changed for tree in (names.base, here))
        if not _are_silent(view.repository, {one for one in sides_of if one is not None}, words):
            return None
    ends = _ends_of_links(names)
    return None if len(ends) > _MOST_WORDS else _know(view, report, words, ends)


def _ends_of_links(names: Names) -> tuple[str, ...]:
    """Return where the links of the tree lead to in it: to nothing, where nothing is there."""
    here = names.here
    links = (path for path, fact in here.facts.items() if isinstance(fact, LinkFact))
    ways = map(here.follow, links)
    return tuple(sorted({way.path for way in ways if way.obstacle is None}))


def _words_asked(names: Names) -> tuple[str, ...]:
    """Return the words that `.nix` files are asked for: the names of what is not explained.

    One that every file has where they are too many.
    """
    words = {names.here.outputs[path].name for path in names.lost}
    words |= {posixpath.basename(path) for one in names.lost.values() for path in one.sources}
    return tuple(sorted(words)) if len(words) <= _MOST_WORDS else ("",)


def _has_rules_file(view: View) -> bool:
    """Return whether a file has the name of rules files and speaks of keys, as modules do not."""
    files = view.snapshot.files.values()
    named = [one.oid for one in files if one.path.endswith(RULES_FILE)]
    return any(b"publicKeys" in blob.data for blob in read_blobs(view.repository.git, named))


def is_by_names_alone(view: View, settings: Settings) -> bool:
    """Return whether names decide whatever else is in the tree, but for what decides by its name.

    Where Nix is here and might be asked, it sees every file.
    """
    files, base, authority = view.snapshot.files, view.base, view.authority
    if settings.rules or _has_rules_file(view):
        return False
    if settings.inventory is InventoryChoice.NAMES:
        return True
    if settings.inventory is not InventoryChoice.AUTO or LOCK in files:
        return False
    if which("nix") is None:
        return True
    of_base = authority is None or (base is not None and authority.commit == base.commit)
    return of_base and not (settings.flake or settings.nodes or FLAKE in files)


def _know(
    view: View, report: str, words: tuple[str, ...], ends: tuple[str, ...]
) -> KnownTree | None:
    tip, base = _tip(view), view.base
    if tip is None or base is None or base.commit is None:
        return None
    return KnownTree(view.snapshot.tree, tip, base.commit, base.tree, report, words, ends)


def find_alike(view: View, trees: Sequence[KnownTree]) -> KnownTree | None:
    """Return this view as a tree that has the report of another one; None if no report holds.

    What differs is read, and nothing else.
    """
    tip = _tip(view)
    if tip is None or view.base is None:
        return None
    passed: list[LinearCommit] = []
    found = [one for one in trees if one.tip == tip]
    if not found:
        tips = {one.tip for one in trees}
        line = read_linear(view.repository, tip, _MOST_PASSED) if tips else []
        for commit in line:
            passed.append(commit)
            if commit.oid in tips:
                found = [one for one in trees if one.tip == commit.oid]
                break
            if len(commit.parents) != 1:
                return None
    for known in found[: -_MOST_TRIED - 1 : -1]:
        if _is_alike(view, known, passed):
            return _know(view, known.report, known.words, known.ends)
    return None


def _tip(view: View) -> str | None:
    """Return the commit whose history counts; None where it is more than one, or not all here."""
    if view.cut_off:
        return None
    if view.snapshot.commit is not None:
        return view.snapshot.commit
    parents = parents_of(view.repository, view.snapshot)
    return parents[0] if len(parents) == 1 else None


def _is_alike(view: View, known: KnownTree, passed: Sequence[LinearCommit]) -> bool:
    """Return whether nothing of interest differs from a tree; `passed` are the commits since it."""
    base, here = view.base, view.snapshot.tree
    if base is None or base.commit not in {
        _tip(view), known.base, known.tip, *(commit.oid for commit in passed)
    }:  # fmt: skip
        return False
    line = [commit.tree for commit in passed]
    pairs = set(zip(line[1:], line, strict=False)) - {(known.before, known.tree)}
    pairs |= {(known.tree, here), (base.tree, here)}
    changes = list_between(view.repository, sorted(pair for pair in pairs if pair[0] != pair[1]))
    if changes is None or not _has_what_decides(view, changes, known):
        return False
    return _are_of_no_interest(view.repository, changes, known.words)


def _has_what_decides(view: View, changes: Sequence[Change], known: KnownTree) -> bool:
    """Return whether files that come or go leave what decides by being there at all.

    That is what a link leads to, and some `.nix` file: where none is, the fleet is declared
    elsewhere, and nothing follows from what they do not say.
    """
    moved = [one.path for one in changes if one.before is None or one.after is None]
    if any(f"{path}/".startswith(f"{end}/") for end in known.ends for path in moved):
        return False
    if not known.words or not any(path.endswith(".nix") for path in moved):
        return True
    changed = {one.path for one in changes}
    files = view.snapshot.files.values()
    others = (one.oid for one in files if one.path.endswith(".nix") and one.path not in changed)
    other = next(others, None)
    return other is not None and any(blob.size for blob in read_blobs(view.repository.git, [other]))


def _are_of_no_interest(
    repository: Repository, changes: Sequence[Change], words: Sequence[str]
) -> bool:
    """Return whether no verdict can depend on some changes; their contents are read."""
    files = {file for one in changes for file in (one.before, one.after) if file is not None}
    if not all(_is_of_no_interest(file, None) for file in files):
        return False
    return _are_silent(repository, files, words)


def _are_silent(repository: Repository, files: AbstractSet[File], words: Sequence[str]) -> bool:
    """Return whether files have neither keys nor secrets, and `.nix` files none of some words."""
    modules = {file.oid for file in files if file.path.endswith(".nix")}
    asked = [to_bytes(word) for word in words]
    for oid, size, data, sha256 in read_blobs(repository.git, {file.oid for file in files}):
        if find_fact(data, size, sha256) is not None:
            return False
        if oid in modules and (len(data) < size or any(word in data for word in asked)):
            return False
        if oid in modules and asked and not size:
            return False  # where all are empty, none says anything
    return True


def _is_of_no_interest(file: File, fact: Fact | None) -> bool:
    """Return whether no verdict can depend on a file, but by the words of a `.nix` file."""
    path = file.path
    return not (
        fact is not None
        or file.mode in (SYMLINK, SUBMODULE)
        or path.endswith(".age")
        or posixpath.basename(path) in DECIDING_FILES
        or is_outside_fleet(path)
        or output_file(path) is not None
    )


def _is_secret(file: File, fact: Fact | None) -> bool:
    """Return whether a file is an output or a source, and nothing else."""
    return isinstance(fact, AgeFact | PointerFact) and not (
        file.mode in (SYMLINK, SUBMODULE)
        or posixpath.basename(file.path) in DECIDING_FILES
        or is_outside_fleet(file.path)
    )
