"""What every commit of some refs did to files: one pass over history, in Git's own order."""

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
    """What one commit did to one file, against one of its parents; `date` in seconds since 1970."""

    commit: str
    date: int
    change: Change


def read_every_change(
    git: Git, tips: Sequence[str], without: Sequence[str] = ()
) -> Iterator[PastChange]:
    """Yield the changes of all commits that `tips` reach and `without` do not, parents first.

    Of a merge against each of its parents. Raises `GitError` where history is not all here.
    """
    options = ("--topo-order", "--reverse", "--diff-merges=separate", "--stdin")
    lines = [*tips, *(f"^{one}" for one in without)]
    looking = git.with_settings({"log.showRoot": "true"})
    with looking.stream(
        "log", "-z", "--format=%x00%H %ct", "--raw", "--no-abbrev", "--no-renames",
        "--no-show-signature", *options, lines=lines,
    ) as listing:  # fmt: skip
        yield from _parse_stream(_fields(listing))


def _fields(listing: IO[bytes]) -> Iterator[str]:
    rest = b""
    while chunk := listing.read(_PIECE_OF_LOG):
        *whole, rest = (rest + chunk).split(b"\0")
        yield from map(to_text, whole)
    if rest:
        yield to_text(rest)


def _parse_stream(fields: Iterator[str]) -> Iterator[PastChange]:
    commit, date = "", 0
    for field in fields:
        said = field.lstrip("\n")
        if said.startswith(":"):
            yield PastChange(commit, date, make_change(said, next(fields)))
        elif said:
            commit, _, seconds = said.partition(" ")
            date = int(seconds)


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
