"""Two versions of a secret, which a merge leaves to a person: whose they are, how to read each.

Ciphertexts cannot be joined, so whoever takes one side without reading the other loses its change.
"""

import os
import re
import shlex
from collections import defaultdict
from collections.abc import Mapping

from agenix_check.age import looks_like_age
from agenix_check.errors import CannotCheckError, shorten_text
from agenix_check.git.paths import to_text
from agenix_check.git.process import Git

OURS, THEIRS = "2", "3"  # the stages that Git keeps in the index
# What Git is at, and the commit that it brings; reverting brings the one before it.
_BROUGHT = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REBASE_HEAD")
_HEAD_OF_MERGE = re.compile(r"GITHEAD_([0-9a-f]{40}(?:[0-9a-f]{24})?)")
_SHOWN = 3  # files
_SHOWN_OF_SUBJECT = 60  # characters


def refuse_unmerged(git: Git) -> None:
    """Raise `CannotCheckError` where the index has unmerged entries."""
    stages: dict[str, dict[str, str]] = defaultdict(dict)
    for record in to_text(git.run("ls-files", "--unmerged", "-z")).split("\0")[:-1]:
        entry, _, path = record.partition("\t")
        _, oid, stage = entry.split(" ")
        stages[path][stage] = oid
    if not stages:
        return
    paths = sorted(stages)
    secrets = [path for path in paths if _is_torn_secret(git, stages[path])]
    raise CannotCheckError(
        f"the index has unmerged entries ({_list(paths)}): {_how_to_look(git, secrets)}"
        "for each, choose a side (`git checkout --ours -- FILE` or `--theirs`) or edit it, type "
        "`git add -- FILE`, then check again; --fix then makes outputs anew"
    )


def _list(paths: list[str]) -> str:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(map(ascii, paths[:_SHOWN])) + more


def _is_torn_secret(git: Git, stages: Mapping[str, str]) -> bool:
    """Return whether both sides have an age file of their own."""
    if not stages.keys() >= {OURS, THEIRS}:
        return False
    contents = (git.attempt("cat-file", "blob", stages[one])[1] for one in (OURS, THEIRS))
    return all(map(looks_like_age, contents))


def _how_to_look(git: Git, secrets: list[str]) -> str:
    if not secrets:
        return ""
    sides = "; ".join(f"{one!a}: {say_sides(git, one)}" for one in secrets[:_SHOWN])
    return (
        "secrets that both sides changed cannot be joined, and the version that you leave out is "
        f"lost with its change ({sides}); read both before you choose: "
        f"`{show_stage(OURS)}` and `{show_stage(THEIRS)}`; "
    )


def say_sides(git: Git, path: str) -> str:
    """Return which commits made the two versions of a file, as far as Git says that."""
    brought = find_brought(git)
    theirs = None if brought is None else _last_commit(git, brought, "HEAD", path)
    ours = _last_commit(git, "HEAD", brought, path)
    return f"ours is of {ours or 'HEAD'}, theirs of {theirs or 'the other side'}"


def find_brought(git: Git) -> str | None:
    """Return the commit that a merge, rebase or cherry-pick brings; None where that is not known.

    Git writes it down when a merge has stopped; before that its drivers find it in the environment.
    """
    heads = [found[1] for name in os.environ if (found := _HEAD_OF_MERGE.fullmatch(name))]
    for name in (*heads, *_BROUGHT):
        status, output, _ = git.attempt("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        if status == 0:
            return to_text(output).strip()
    return None


def _last_commit(git: Git, commit: str, other: str | None, path: str) -> str | None:
    """Return the last commit of one side alone that touched a file, with its subject."""
    limit = () if other is None else (f"^{other}",)
    status, output, _ = git.attempt(
        "log", "-1", "--no-show-signature", "--format=%h %s", "--abbrev=10", commit, *limit,
        "--", path,
    )  # fmt: skip
    oid, _, subject = to_text(output).strip().partition(" ")
    if status or not oid:
        return None
    return f"{oid} {shorten_text(subject)[:_SHOWN_OF_SUBJECT]!a}"


def show_stage(stage: str, path: str = "FILE") -> str:
    """Return the command that decrypts one side's version of an unmerged file.

    `path` stands as FILE where it is not printable.
    """
    place = shlex.quote(f":{stage}:{path}") if path.isprintable() else f":{stage}:FILE"
    return f"git show {place} | age -d -i IDENTITY"
