"""What past commits did to files."""

from collections.abc import Iterable
from typing import NamedTuple

from agenix_check.git.paths import to_text
from agenix_check.git.process import Git
from agenix_check.git.snapshot import Change, File, make_change

MOST_CHANGED = 1 << 25  # bytes of changed lines; more is taken for a change of everything


_NAME_LOG = (
    "log", "-z", "--format=%x00%H", "--name-only", "--no-renames", "--no-show-signature",
    "--first-parent", "--diff-merges=first-parent",
)  # fmt: skip


def last_changes(git: Git, base: str, commit: str) -> dict[str, str]:
    """Return, for each path that commits after `base` touched, the newest such commit.

    Empty if history is incomplete (a partial clone without trees): this explains verdicts and
    decides none.
    """
    return _newest(_touched(git, f"{base}..{commit}"))


def touching_commits(git: Git, tip: str, paths: Iterable[str]) -> list[tuple[str, list[str]]]:
    """Return the commits on a line of first parents that touched some paths, the newest first.

    With each are those of the paths, and what is below them. Nothing where history is not all here.
    """
    return _touched(git.with_settings({"log.showRoot": "true"}), tip, "--", *paths)


def _newest(touched: Iterable[tuple[str, list[str]]]) -> dict[str, str]:
    """Return the first commit, of some with their paths, that has each path."""
    found: dict[str, str] = {}
    for commit, paths in touched:
        for path in paths:
            found.setdefault(path, commit)
    return found


def _touched(git: Git, *which: str) -> list[tuple[str, list[str]]]:
    """Return what `git log` says of some commits: each with the paths that it touched."""
    status, listing, _ = git.attempt(*_NAME_LOG, *which)
    found: list[tuple[str, list[str]]] = []
    place = 0  # an empty field, a commit, a newline, and the paths
    for field in to_text(listing).split("\0") if status == 0 else ():
        if not field:
            place = 0
        elif place == 0:
            found.append((field, []))
            place = 1
        else:
            found[-1][1].append(field.removeprefix("\n") if place == 1 else field)
            place = 2
    return found


def first_with(git: Git, tip: str, oid: str) -> str | None:
    """Return the oldest commit up to `tip` that brought a content, whatever it was called.

    None where no commit alone did, or history is not all here.
    """
    status, listing, _ = git.with_settings({"log.showRoot": "true"}).attempt(
        "log", "--format=%H", "--no-patch", "--no-renames", "--no-show-signature",
        f"--find-object={oid}", tip, "--",
    )  # fmt: skip
    found = to_text(listing).split() if status == 0 else []
    return found[-1] if found else None


def changed_lines(git: Git, before: str, after: str) -> bytes | None:
    """Return the lines in which text files of two trees differ, each with its `+` or `-`.

    None where they have more than `MOST_CHANGED` bytes.
    """
    with git.stream(
        "diff-tree", "-r", "-p", "-U0", "--no-renames", "--no-color", "--no-ext-diff",
        "--no-textconv", "--text", before, after,
    ) as lines:  # fmt: skip
        found = lines.read(MOST_CHANGED + 1)
    return found if len(found) <= MOST_CHANGED else None


def past_versions(git: Git, tip: str, path: str, most: int) -> list[str]:
    """Return the blobs that a file was on a commit's line of first parents, the newest first.

    `most` of them at most. Nothing where history is not all here (a partial clone without trees).
    """
    status, listing, _ = git.attempt(
        "log", "-z", "--format=", "--raw", "--no-abbrev", "--no-renames", "--no-show-signature",
        "--first-parent", "--diff-merges=first-parent", f"--max-count={most}", tip, "--", path,
    )  # fmt: skip
    fields = to_text(listing).split("\0")[:-1] if status == 0 else []
    found = [make_change(meta.lstrip("\n"), path).after for meta in fields[::2]]
    return list(dict.fromkeys(file.oid for file in found if file is not None))


def has_version(git: Git, tip: str, path: str, *, without: Iterable[str]) -> bool | None:
    """Return whether a commit, or one that leads to it, ever had a file.

    Commits that lead to those in `without` are left out. None where history is not all here.
    """
    ends = [tip, *(f"^{one}" for one in without)]
    status, listing, _ = git.attempt(
        "rev-list", "--full-history", "--max-count=1", "--ignore-missing", "--stdin",
        lines=[*ends, "--", path],
    )  # fmt: skip
    return None if status else bool(listing)


_RAW_LOG = (
    "log", "-z", "--format=%x00%H %P", "--raw", "--no-abbrev", "--no-renames",
    "--no-show-signature",
)  # fmt: skip


class LineCommit(NamedTuple):
    """A commit on a line of first parents, and what it changed against the first of them."""

    oid: str
    parents: tuple[str, ...]
    changes: tuple[Change, ...]


def first_parents(git: Git, tip: str, most: int | None = None) -> list[str]:
    """Return a commit and its first parents, the newest first; `most` of them at most.

    Nothing where history is not all here (a partial clone without trees).
    """
    count = () if most is None else (f"--max-count={most}",)
    status, listing, _ = git.attempt("rev-list", "--first-parent", *count, tip)
    return to_text(listing).split() if status == 0 else []


def read_line(
    git: Git, tip: str, *, most: int | None = None, without: str | None = None
) -> list[LineCommit] | None:
    """Return commits on a line of first parents with their changes, the oldest first.

    The newest `most` of them, and only those that `without` cannot reach. None where history is
    not all here. What a commit without parents holds counts as added by it.
    """
    options = [] if most is None else [f"--max-count={most}"]
    options += [tip] if without is None else [tip, f"^{without}"]
    status, listing, _ = git.with_settings({"log.showRoot": "true"}).attempt(
        *_RAW_LOG, "--first-parent", "--diff-merges=first-parent", *options, "--"
    )
    return None if status else _parse_line(to_text(listing).split("\0"))


def read_versions(git: Git, tips: Iterable[str], paths: Iterable[str]) -> list[LineCommit] | None:
    """Return the commits that changed some paths, with these changes alone, the oldest first.

    Of all that `tips` reach, merges only where they took neither side. None where history is not
    all here.
    """
    status, listing, _ = git.with_settings({"log.showRoot": "true"}).attempt(
        *_RAW_LOG, "--full-history", "--topo-order", "--diff-merges=first-parent", *tips, "--",
        *paths,
    )  # fmt: skip
    return None if status else _parse_line(to_text(listing).split("\0"))


def read_commits(git: Git, oids: Iterable[str]) -> list[LineCommit]:
    """Return some commits with all that each changed against its first parent."""
    wanted = list(oids)
    if not wanted:
        return []
    status, listing, _ = git.with_settings({"log.showRoot": "true"}).attempt(
        *_RAW_LOG, "--no-walk=unsorted", "--diff-merges=first-parent", "--stdin", lines=wanted
    )
    return [] if status else _parse_line(to_text(listing).split("\0"))


def read_deletions(git: Git, oids: Iterable[str]) -> dict[str, list[File]]:
    """Return the files that commits deleted, against their first parents, by commit."""
    wanted = sorted(oids)
    if not wanted:
        return {}
    # The first commit deletes nothing, and may bring all files at once.
    status, listing, _ = git.with_settings({"log.showRoot": "false"}).attempt(
        *_RAW_LOG, "--no-walk=unsorted", "--diff-merges=first-parent", "--diff-filter=D", "--stdin",
        lines=wanted,
    )  # fmt: skip
    commits = [] if status else _parse_line(to_text(listing).split("\0"))
    return {one.oid: [c.before for c in one.changes if c.before] for one in commits}


def find_files(git: Git, wanted: Iterable[tuple[str, str]]) -> list[str | None]:
    """Return the object ids of files in commits, given as commit and path; None for what is none.

    A path with a line break counts as none.
    """
    asked = [None if "\n" in path else f"{commit}:{path}" for commit, path in wanted]
    answers = git.attempt(
        "cat-file", "--batch-check", "--buffer", lines=[one for one in asked if one is not None]
    )[1]
    found = iter(to_text(answers).splitlines())
    return [None if one is None else _blob_of(next(found, "")) for one in asked]


def _blob_of(answer: str) -> str | None:
    fields = answer.rsplit(" ", 2)
    return fields[0] if len(fields) == 3 and fields[1] == "blob" else None


def _parse_line(fields: list[str]) -> list[LineCommit]:
    """Read what `git log --raw` says: a commit and its parents, then metadata and path in turn."""
    line: list[LineCommit] = []
    changes: list[Change] = []
    oid, parents = "", tuple[str, ...]()
    at, end = 0, len(fields)
    while at < end:
        field = fields[at].lstrip("\n")
        at += 1
        if field.startswith(":"):
            changes.append(make_change(field, fields[at]))
            at += 1
        elif field:
            if oid:
                line.append(LineCommit(oid, parents, tuple(changes)))
            changes = []
            oid, *rest = field.split()
            parents = tuple(rest)
    if oid:
        line.append(LineCommit(oid, parents, tuple(changes)))
    line.reverse()
    return line


def nix_blobs_of_line(git: Git, tip: str, since: str | None) -> list[str]:
    """Return the contents that `.nix` files had on a line of first parents, after `since`.

    As object ids, each once. Nothing where history is not all here.
    """
    line = read_line(git, tip, without=since)
    if line is None:  # there is nothing before the first commit
        line = read_line(git, tip) or []
    changes = (one for commit in line for one in commit.changes if one.path.endswith(".nix"))
    files = (file for one in changes for file in (one.before, one.after) if file is not None)
    return list(dict.fromkeys(file.oid for file in files))


def when_added(git: Git, tip: str, paths: Iterable[str]) -> dict[str, str]:
    """Return the newest commit on a line of first parents that added each path.

    Of some paths, or of all that were ever added where none is given.
    """
    return _newest(_touched(git, "--diff-filter=A", tip, "--", *paths))


def commits_since(git: Git, tip: str | None, base: str | None) -> frozenset[str]:
    """Return the commits that `tip` reaches and `base` does not; none for what is not committed."""
    if tip is None:
        return frozenset()
    options = [tip] if base is None else [tip, f"^{base}"]
    status, listing, _ = git.attempt("rev-list", *options)
    return frozenset(to_text(listing).split()) if status == 0 else frozenset()
