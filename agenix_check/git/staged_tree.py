"""The tree of a large index, by what is staged: `git write-tree` writes the whole index anew.

With 200,000 files that took more than all else of a commit that edits one of them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from agenix_check.git.objects import read_directories
from agenix_check.git.paths import to_bytes
from agenix_check.git.process import Git, GitError
from agenix_check.git.snapshot import (
    DIRECTORY,
    SUBMODULE,
    Change,
    File,
    algorithm_of,
    object_id,
    parse_changes,
)

_Entries = list[tuple[bytes, File]]  # of a directory, by their names, as Git orders them

_DIFF = (
    "diff-index", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames",
    "--ignore-submodules=none", "--ita-invisible-in-index",
)  # fmt: skip
_LARGE = 1 << 22  # bytes: some 30,000 files; with fewer, Git itself is as fast
_MOST_DIRECTORIES = 1_000  # that changed: Git is faster then
_UNMERGED = b" U\0"  # or the end of a path, which Git can judge too


def is_large(index: Path) -> bool:
    """Return whether an index is so large that it pays not to write it."""
    return index.exists() and index.stat().st_size > _LARGE


def write_staged_tree(git: Git, base: str) -> str | None:
    """Write the tree of the index, which differs in little from the tree `base`; return its id.

    None where Git itself has to: entries are unmerged, nothing is left or can be written, or much
    is staged.
    """
    status, listing, _ = git.attempt(*_DIFF, base, "--")
    if status or _UNMERGED in listing:
        return None
    changes = list(parse_changes(listing))
    if not changes:
        return base
    directories = {above for change in changes for above in _above(change.path)}
    if len(directories) > _MOST_DIRECTORIES or any("\n" in one for one in directories):
        return None
    files = {change.path for change in changes if change.before is not None}
    try:
        there = read_directories(git, base, directories - files)
    except GitError:
        return None
    root, made = _rebuild({one: there.get(one, {}) for one in directories}, changes, base)
    records = b"\0".join(map(_records, made.values()))
    status, output, _ = git.attempt("mktree", "-z", "--batch", "--missing", given=records)
    return root if status == 0 and output.decode("ascii").split() == list(made) else None


def _above(path: str) -> Iterable[str]:
    """Give the directories that a path is in; "" is the root."""
    while path:
        path = path.rpartition("/")[0]
        yield path


def _rebuild(
    there: Mapping[str, Mapping[str, File]], changes: Iterable[Change], base: str
) -> tuple[str | None, dict[str, _Entries]]:
    """Return the id of the root that changes make, and the entries of all new trees, by their ids.

    Those within others come first. The root of nothing is None.
    """
    root: str | None = base
    named: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        named[change.path.rpartition("/")[0]].append(change)
    made: dict[str, _Entries] = {}
    within: dict[str, dict[str, str | None]] = defaultdict(dict)  # the ids of changed directories
    for directory in sorted(there, key=_depth, reverse=True):
        entries = dict(there[directory])
        for change in named[directory]:  # a file may give way to a directory, and the reverse
            entries.pop(change.path.rpartition("/")[2], None)
        for name, tree in within[directory].items():
            entries.pop(name, None)
            if tree is not None:
                entries[name] = File(name, DIRECTORY, tree)
        for change in named[directory]:
            if change.after is not None:
                name = change.path.rpartition("/")[2]
                entries[name] = File(name, change.after.mode, change.after.oid)
        tree = None
        if entries:
            ordered = _sorted(entries)
            tree = object_id(_content(ordered), algorithm_of(base), "tree")
            made[tree] = ordered
        above, _, name = directory.rpartition("/")
        if directory:
            within[above][name] = tree
        else:
            root = tree
    return root, made


def _depth(directory: str) -> int:
    return directory.count("/") + 1 if directory else 0


def _sorted(entries: Mapping[str, File]) -> _Entries:
    """Return entries as Git orders them: a directory as if its name ended in a slash."""
    named = [(to_bytes(name), file) for name, file in entries.items()]
    return sorted(named, key=lambda one: one[0] + b"/" * (one[1].mode == DIRECTORY))


def _content(entries: _Entries) -> bytes:
    """Return the content of a tree object."""
    return b"".join(
        b"%s %s\0%s" % (file.mode.lstrip("0").encode("ascii"), name, bytes.fromhex(file.oid))
        for name, file in entries
    )


def _records(entries: _Entries) -> bytes:
    """Return what `git mktree -z` reads of a tree."""
    kinds = {DIRECTORY: "tree", SUBMODULE: "commit"}
    return b"".join(
        f"{file.mode} {kinds.get(file.mode, 'blob')} {file.oid}\t".encode("ascii") + name + b"\0"
        for name, file in entries
    )
