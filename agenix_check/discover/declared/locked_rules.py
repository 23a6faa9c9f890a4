"""Rules files of plain agenix in the lock file: what judges them where nobody can evaluate them."""

from collections.abc import Iterable, Mapping, Sequence

from agenix_check.discover.declared.lock import RENEW, LockedRules, read_locked_rules
from agenix_check.discover.declared.past_locks import load_lock_text
from agenix_check.discover.declared.redaction import withhold_rules
from agenix_check.discover.tree.evidence import LOCK
from agenix_check.errors import CannotCheckError
from agenix_check.git.repository import Repository
from agenix_check.git.snapshot import Snapshot
from agenix_check.model.declaration import PlainRule, RulesFile
from agenix_check.model.frozen import replace
from agenix_check.view import View


def lock_rules(snapshot: Snapshot, files: Iterable[RulesFile]) -> tuple[LockedRules, ...]:
    """Return rules files for the lock file, but none of which a part could not be read."""
    return tuple(
        LockedRules(file, {path: _oid(snapshot, path) for path in sorted({file.path, *file.read})})
        for file in files
        if file.failure is None
    )


def fill_from_lock(view: View, files: Sequence[RulesFile]) -> tuple[RulesFile, ...]:
    """Return rules files with those that could not be read as the lock file has them.

    Where a range is judged the lock file is that of the commit that it is compared with: a change
    must not say itself what its rules are. One whose files have changed since is out of date, which
    its failure says then.
    """
    ruling = view.authority or view.snapshot
    if LOCK not in ruling.files:
        return tuple(files)
    try:
        known = _load(view.repository, ruling)
    except CannotCheckError as error:
        return tuple(
            file if file.failure is None else replace(file, failure=f"{file.failure}; {error}")
            for file in files
        )
    return tuple(
        file if file.failure is None else _take(file, known.get(file.path), view.snapshot)
        for file in files
    )


def say_stale_rules(view: View, files: Iterable[RulesFile]) -> dict[str, str]:
    """Say of which rules files the snapshot's lock file has other rules, by their path."""
    if LOCK not in view.snapshot.files:
        return {}
    try:
        known = _load(view.repository, view.snapshot)
    except CannotCheckError:
        return {}  # it is said where the lock file is needed
    there = {file.path: file for file in files}
    stale = {}
    for path, one in known.items():
        file = there.get(path)
        if file is None:
            stale[path] = f"{path} is no rules file any more"
        elif file.failure is None and _asked_for(file.rules) != _asked_for(one.file.rules):
            stale[path] = f"its rules of {path} are not those of that file"
    return stale


def _load(repository: Repository, snapshot: Snapshot) -> Mapping[str, LockedRules]:
    """Return the rules in a lock file; raises `CannotCheckError` where it cannot be read."""
    found = read_locked_rules(load_lock_text(repository, snapshot.files[LOCK]))
    return {one.file.path: one._replace(file=withhold_rules(one.file)) for one in found}


def _take(file: RulesFile, known: LockedRules | None, snapshot: Snapshot) -> RulesFile:
    if known is None:
        return file
    changed = sorted(path for path, oid in known.oids.items() if _oid(snapshot, path) != oid)
    if not changed:
        return known.file
    why = f"{LOCK} has its rules from before {changed[0]} changed; where Nix is installed: {RENEW}"
    return replace(file, failure=f"{file.failure}; {why}")


def _oid(snapshot: Snapshot, path: str) -> str | None:
    file = snapshot.files.get(path)
    return snapshot.directories.get(path) if file is None else file.oid


def _asked_for(rules: Iterable[PlainRule]) -> dict[str, tuple[frozenset[str], bool]]:
    return {rule.path: (frozenset(rule.recipients), rule.armor is True) for rule in rules}
