"""What every commit of some refs did to files: one pass over history, parents first."""

from collections.abc import Iterable, Iterator, Sequence
from typing import IO, NamedTuple

from agenix_check.git.paths import to_text
from agenix_check.git.process import Git
from agenix_check.git.repository import Repository
from agenix_check.git.snapshot import Change, make_change

_PIECE_OF_LOG = 1 << 20  # bytes
_DEFAULT_BRANCH = "the remote's default branch"
# Where a reader must be a reader no more before it counts as gone.
_TIPS = ("refs/heads", "refs/tags", "refs/remotes")


class PastChange(NamedTuple):
    """What one commit did to one file, against one of its parents; `date` in seconds since 1970.

    `at` is the commit's place in an order that follows from dates and parents alone, so that it is
    the same however much of history is read at once. No commit comes before its parents.
    """

    commit: str
    date: int
    at: int
    change: Change


def read_every_change(
    git: Git, tips: Sequence[str], without: Sequence[str], late: dict[str, int]
) -> Iterator[PastChange]:
    """Yield the changes of all commits that `tips` reach and `without` do not, parents first.

    Of a merge against each of its parents. `late` are the dates that commits count as having,
    where their own are not later than all of their parents'; new ones are added. Raises `GitError`
    where history is not all here.
    """
    lines = [*tips, *(f"^{one}" for one in without)]
    dates = _dates_of_edge(git, lines) if without else {}
    dates.update((commit, late[commit]) for commit in dates.keys() & late.keys())
    options = ("--topo-order", "--reverse", "--diff-merges=separate", "--stdin")
    looking = git.with_settings({"log.showRoot": "true"})
    with looking.stream(
        "log", "-z", "--format=%x00%H %ct %P", "--raw", "--no-abbrev", "--no-renames",
        "--no-show-signature", *options, lines=lines,
    ) as listing:  # fmt: skip
        yield from _parse_stream(_fields(listing), dates, late)


def _dates_of_edge(git: Git, lines: Sequence[str]) -> dict[str, int]:
    """Return the dates of the commits that a walk meets and leaves out: parents of what it has."""
    status, listing, _ = git.attempt(
        "log", "--boundary", "--no-patch", "--format=%m %H %ct", "--no-show-signature", "--stdin",
        lines=lines,
    )  # fmt: skip
    found = [line.split() for line in to_text(listing).splitlines()] if status == 0 else []
    return {commit: int(date) for mark, commit, date in found if mark == "-"}


def _fields(listing: IO[bytes]) -> Iterator[str]:
    rest = b""
    while chunk := listing.read(_PIECE_OF_LOG):
        *whole, rest = (rest + chunk).split(b"\0")
        yield from map(to_text, whole)
    if rest:
        yield to_text(rest)


def _parse_stream(
    fields: Iterator[str], dates: dict[str, int], late: dict[str, int]
) -> Iterator[PastChange]:
    """Read what Git says of commits; `dates` are those that earlier commits count as having."""
    commit, date, at = "", 0, 0
    for field in fields:
        said = field.lstrip("\n")
        if said.startswith(":"):
            yield PastChange(commit, date, at, make_change(said, next(fields)))
        elif said:
            commit, seconds, *parents = said.split()
            date = int(seconds)
            counted = max((date, *(dates[one] + 1 for one in parents if one in dates)))
            dates[commit] = counted
            if counted != date:
                late[commit] = counted
            # Of two that count as equally late, the object ids decide.
            at = counted << 32 | int(commit[:8], 16)


def find_tips(repository: Repository) -> list[str]:
    """Return the commits of all branches and tags, here and of remotes, and `HEAD`, each once."""
    listing = repository.git.run(
        "for-each-ref", "--format=%(objecttype) %(objectname) %(*objecttype) %(*objectname)", *_TIPS
    )
    found = dict.fromkeys([repository.head] if repository.head else [])
    for line in to_text(listing).splitlines():
        words = line.split()
        kind, oid = words[-2:]
        if kind == "commit":
            found[oid] = None
    return list(found)


def find_standing_tips(repository: Repository) -> dict[str, list[str]]:
    """Return the commits that say what is, or may come: each with the branches and tags at it.

    They are `HEAD` and the tips of the remotes' default branches, first, without those that another
    one of these contains, and the branches and tags that none of these contains. What is contained
    is past: a branch that was merged, the tag of a release.
    """
    ruling = list(dict.fromkeys(filter(None, (repository.head, *repository.default_tips))))
    if len(ruling) > 1:
        ruling = to_text(repository.git.run("merge-base", "--independent", *ruling)).split()
    listing = repository.git.run(
        "for-each-ref",
        "--format=%(refname) %(objecttype) %(objectname) %(*objecttype) %(*objectname)",
        *(f"--no-merged={one}" for one in ruling),
        *_TIPS,
    )
    found = {one: [] if one == repository.head else [_DEFAULT_BRANCH] for one in ruling}
    for line in to_text(listing).splitlines():
        words = line.split()
        kind, oid = words[-2:]
        if kind == "commit":
            found.setdefault(oid, []).append(_call_ref(words[0]))
    return found


def _call_ref(name: str) -> str:
    """Return what people call a branch or a tag, given its whole name."""
    _, kind, short = name.split("/", 2)
    return f"{'tag' if kind == 'tags' else 'branch'} {short}"


def are_reached(git: Git, commits: Iterable[str], tips: Iterable[str]) -> bool:
    """Return whether all `commits` are here, and reached by `tips`."""
    lines = [*commits, *(f"^{one}" for one in tips)]
    status, listing, _ = git.attempt("rev-list", "--max-count=1", "--stdin", lines=lines)
    return status == 0 and not listing.strip()


def count_aside(git: Git) -> int:
    """Return how many commits no branch and no tag has: other refs and reflogs hold them still."""
    named = (f"--glob={prefix}" for prefix in _TIPS)
    status, listing, _ = git.attempt("rev-list", "--count", "--reflog", "--all", "--not", *named)
    return int(listing) if status == 0 else 0


def differ_from(git: Git, base: str, trees: Iterable[str]) -> Iterator[tuple[str, Change]]:
    """Yield in what some trees differ from a base, each change with its tree, in one process."""
    lines = [f"{base} {tree}" for tree in trees]
    if not lines:
        return
    with git.stream(
        "diff-tree", "--stdin", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", lines=lines
    ) as listing:
        fields = _fields(listing)
        tree = ""
        for field in fields:
            # Each pair of trees is named in a line before its changes.
            pairs, _, said = field.rpartition("\n")
            tree = pairs.rpartition(" ")[2] or tree
            if said.startswith(":"):
                yield tree, make_change(said, next(fields))
