"""What cannot be read, and what cannot be decided without it.

A file is not in this clone, or too large; it is encrypted as a whole in Git; or it is a symbolic
link that leads to no file of the tree.
"""

import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from agenix_check.discover.tree.evidence import Evidence, is_media, may_hold_keys
from agenix_check.discover.tree.facts import (
    AgeFact,
    LinkFact,
    LockedFact,
    MissingFact,
    PointerFact,
)
from agenix_check.discover.tree.key_texts import LONGEST_COMMENT, MOST_KEY_BYTES, KeyTexts
from agenix_check.git.links import Obstacle
from agenix_check.git.objects import WHOLE
from agenix_check.git.snapshot import SUBMODULE, File
from agenix_check.model.frozen import replace
from agenix_check.model.lost import Lost, Reason

if TYPE_CHECKING:
    from agenix_check.discover.tree.names import Names

_CERTAIN = (".age", ".pub")
_OVER_A_BOUND = (
    f"has a key with a comment of more than {LONGEST_COMMENT} bytes, more than "
    f"{MOST_KEY_BYTES >> 20} MiB of keys with comments, or more than {WHOLE >> 20} MiB"
)


def say_unreadable(names: "Names", *, new: int) -> "Names":
    """Add to names what could not be read, and of which lost outputs that may decide.

    `new` is how many of them the change made so.
    """
    here, lost = names.here, names.lost
    waits = names.unstaged.sources.keys() | names.unstaged.keys.keys()
    open_ones = {path: one for path, one in lost.items() if here.outputs[path].ident not in waits}
    explains = bool(open_ones and (names.made or names.made_at_base))  # asked for these alone
    unjudged = find_unjudged(here, open_ones, explains=explains)
    undecided = say_undecided(here, names.base, names.changed, lost=len(lost), new=new)
    undecided += say_unjudged(here, unjudged)
    unseen = sum(one.unseen for one in lost.values())
    submodules = (
        f"{file.path}: a submodule, which is a repository of its own"
        for file in list_submodules(here)
    )
    return replace(
        names,
        incomplete=say_absent(here),
        skipped=(*submodules, *names.skipped),
        unjudged=frozenset(unjudged),
        undecided=undecided or say_unseen(unseen, shallow=names.shallow),
    )


def say_absent(here: Evidence) -> tuple[str, ...]:
    """Say which outputs and sources cannot be read, a sentence for each reason."""
    return _say_each(
        {
            path: reason
            for path, reason in (_absent(here) | _locked(here, here.outputs)).items()
            if path in here.outputs or path.endswith(".age")
        }
    )


def _say_each(reasons: Mapping[str, str]) -> tuple[str, ...]:
    paths: dict[str, list[str]] = {}
    for path, reason in sorted(reasons.items()):
        paths.setdefault(reason, []).append(path)
    said = (f"{found[0]} {reason}{_more(found)}" for reason, found in paths.items())
    return tuple(map(advise_unlocked, said))


def _locked(tree: Evidence, paths: Iterable[str]) -> dict[str, str]:
    facts = tree.facts
    return {
        path: f"is encrypted with {fact.by} in Git"
        for path in paths
        if isinstance(fact := facts.get(path), LockedFact)
    }


def find_veiled(tree: Evidence) -> dict[str, str]:
    """Say of files that Git has, but that say nothing of what they hold or lead to, why."""
    found = _locked(tree, tree.facts.keys() - tree.outputs.keys())
    for path, fact in tree.facts.items():
        if isinstance(fact, LinkFact) and path not in tree.outputs:
            reason = _leads_nowhere(tree, path, fact)
            if reason is not None:
                found[path] = reason
    return found


def list_submodules(tree: Evidence) -> list[File]:
    """Return the submodules of a tree."""
    return [file for file in tree.files.values() if file.mode == SUBMODULE]


def say_veiled(tree: Evidence, paths: Iterable[str]) -> tuple[str, ...]:
    """Say which of some files that are needed are veiled, or behind a link that leads nowhere."""
    found = {}
    for path in paths:
        way = tree.follow(path)
        place = way.passed[-1][0] if way.obstacle and way.passed else way.path
        link = tree.facts.get(place)
        if isinstance(link, LinkFact) and (reason := _leads_nowhere(tree, place, link)):
            found[place] = reason
        else:
            found |= _locked(tree, [place])
    return _say_each(found)


def _leads_nowhere(tree: Evidence, path: str, link: LinkFact) -> str | None:
    """Return why a link leads to nothing in its tree, or None where it does."""
    found = tree.follow(path)
    if found.obstacle is Obstacle.SUBMODULE:
        return f"is a symbolic link into the submodule {found.path}"
    if found.obstacle is not None:
        return f"is a symbolic link to {link.target}, outside of the repository"
    start = f"{found.path}/" if found.path else ""
    if found.path in tree.files or any(other.startswith(start) for other in tree.files):
        return None
    return f"is a symbolic link to {found.path}, which is not in this tree"


def find_unjudged(
    tree: Evidence, lost: Mapping[str, Lost], *, explains: bool
) -> dict[str, tuple[str, str]]:
    """Return the outputs that may be in order, as far as can be seen.

    Each with the file that may say so, and why nobody can read it. What is known to be left, and
    what is known to be of an older version, is none of these. Where the tree `explains` no output
    at all and has no key, no source or a submodule, these are elsewhere: then no file is named.
    """
    if not lost:
        return {}
    veiled = find_veiled(tree)
    modules = {path: "is a submodule" for path, _, _ in list_submodules(tree)}
    has_keys = any(key.paths for key in tree.keys.values())
    elsewhere = not explains and bool(modules or not tree.sources or not has_keys)
    suspects = sorted((path for path in veiled if not is_media(path)), key=_likely)
    found = {}
    for path, one in lost.items():
        if not isinstance(tree.facts.get(path), AgeFact | PointerFact | LockedFact | MissingFact):
            continue
        above = [up for part in (*one.sources, *one.keys) for up in _with_parents(part)]
        place = next((up for up in above if up in veiled or up in modules), None)
        if place is None and suspects and _may_be_anywhere(one, suspects[0], veiled):
            place = suspects[0]
        if place is None and elsewhere and _came_unexplained(one):
            found[path] = "", ""
        elif place is not None and (one.excuse is None or one.excuse.reason in _WITHOUT_PART):
            found[path] = place, veiled.get(place) or modules[place]
    return found


_WITHOUT_PART = {
    Reason.SOURCE_DELETED,
    Reason.KEY_DELETED,
    Reason.SOURCE_GONE,
    Reason.KEY_GONE,
    Reason.NEVER_EXPLAINED,
}


def _may_be_anywhere(lost: Lost, likeliest: str, veiled: Mapping[str, str]) -> bool:
    """Return whether any file may explain an output, of which no file is known that did."""
    if lost.excuse is not None:
        # Most links to elsewhere are no matter of secrets, and most old files are left behind.
        likely = likeliest.endswith(_CERTAIN) or "encrypted" in veiled[likeliest]
        return likely and lost.excuse.reason is Reason.NEVER_EXPLAINED
    return _came_unexplained(lost)


def _came_unexplained(lost: Lost) -> bool:
    past = lost.past_source or lost.past_key
    return lost.brought and lost.excuse is None and past is None


def _with_parents(path: str) -> Iterator[str]:
    """Yield a path and the directories above it: what is there now may be a link or a submodule."""
    while path:
        yield path
        path = posixpath.dirname(path)


def say_unjudged(tree: Evidence, unjudged: Mapping[str, tuple[str, str]]) -> tuple[str, ...]:
    """Say that outputs cannot be judged without what nobody can read, else of which sources."""
    if not unjudged:
        veiled = find_veiled(tree)
        return _say_each({path: veiled[path] for path in veiled if path.endswith(".age")})
    places = {place: why for place, why in unjudged.values() if place}
    if not places:
        return ()
    first, *rest = sorted(places, key=_likely)
    what = f"{_outputs_are(len(unjudged))} not explained, and {first}, which may do so, "
    return (advise_unlocked(f"{what}{places[first]}{_more([first, *rest])}"),)


def name_locked(tree: Evidence, message: str) -> str:
    """Add to Nix's message which file it could not read, as it looks encrypted to Nix."""
    locked = _locked(tree, tree.facts.keys() - tree.outputs.keys())
    if not locked:
        return message
    path = min(locked, key=lambda path: (path not in message, not path.endswith(".nix"), path))
    return f"{message} ({path} {locked[path]}, and Nix reads what is in Git)"


def advise_unlocked(sentence: str) -> str:
    """Add what to do about files under git-crypt that are readable by nobody else anyway."""
    if " with git-crypt in Git" not in sentence:
        return sentence
    return (
        f"{sentence}; age files and public keys need no git-crypt: take them out of it in "
        ".gitattributes"
    )


def say_undecided(
    here: Evidence, base: Evidence, changed: Collection[str], *, lost: int, new: int
) -> tuple[str, ...]:
    """Say what is not in this clone, where names alone cannot tell without it.

    Whatever cannot be read might explain an output that is `lost`: not explained by what can. Where
    none of them is `new`, only a file that looks like one with keys counts, as old orphans are
    common. `changed` are the paths in which the two trees differ; what is not in the clone of the
    base counts where it differs from what is here.
    """
    if not lost:
        return ()
    outputs = _outputs_are(lost)
    at_base = _absent(base) | _cut(base)
    suspects = (
        _absent(here) | _cut(here) | {path: at_base[path] for path in at_base if path in changed}
    )
    paths = [
        path
        for path in suspects
        if (not is_media(path) if new or path in changed else may_hold_keys(path))
    ]
    said = []
    if paths:
        paths.sort(key=_likely)
        said.append(
            f"{outputs} not explained, and {paths[0]}, which may do so, "
            f"{suspects[paths[0]]}{_more(paths)}"
        )
    return tuple(said)


def say_unseen(count: int, *, shallow: bool) -> tuple[str, ...]:
    """Say that history which would decide about outputs is not in this clone."""
    if not count:
        return ()
    what = "shallow clone ends before" if shallow else "clone lacks"
    how = "git fetch --unshallow, or fetch-depth: 0" if shallow else "clone without --filter"
    sentence = (
        f"{_outputs_are(count)} not explained, and this {what} the history that says whether a "
        f"commit broke them ({how})"
    )
    return (sentence,)


def _outputs_are(count: int) -> str:
    return "1 output is" if count == 1 else f"{count} outputs are"


def _more(paths: Collection[str]) -> str:
    return f", and {len(paths) - 1} more" if len(paths) > 1 else ""


def _likely(path: str) -> tuple[bool, str]:
    """Return a key by which files that hold sources and keys for certain come first."""
    return not path.endswith(_CERTAIN), path


def _cut(evidence: Evidence) -> dict[str, str]:
    return {
        path: _OVER_A_BOUND
        for path, fact in evidence.facts.items()
        if isinstance(fact, KeyTexts) and fact.cut
    }


def _absent(evidence: Evidence) -> dict[str, str]:
    return {
        path: fact.reason for path, fact in evidence.facts.items() if isinstance(fact, MissingFact)
    }
