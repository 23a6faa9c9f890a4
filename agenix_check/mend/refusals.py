"""What must not be fixed, said before anything is written, and what a fix leaves: a line each."""

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from agenix_check.age import looks_like_age
from agenix_check.audit.commands import NOT_IN_PARTIAL_COMMIT, stage
from agenix_check.audit.outdated import in_order
from agenix_check.discover.declared.generated import missing_in_order
from agenix_check.discover.declared.inventory import Inventory
from agenix_check.discover.tree.names import Names
from agenix_check.errors import CannotCheckError, UsageError
from agenix_check.git.repository import Repository, is_partial_commit
from agenix_check.git.snapshot import SUBMODULE, SYMLINK, File
from agenix_check.git.staging import filtered, object_ids
from agenix_check.git.worktree import (
    list_unstaged,
    local_path,
    mode_of,
    passes_symlink,
    stashed,
)
from agenix_check.keys.encrypt import cannot_encrypt_to, cannot_encrypt_to_all
from agenix_check.mend.plan import Plan
from agenix_check.model.findings import Finding, JudgedFile, Severity
from agenix_check.model.settings import Settings

_MOST_PATHS = 3  # that a sentence names
_HEAD = 4096  # bytes that show whether a file is an age file
_NOTHING_FIXED = "nothing was fixed"


def refuse_snapshot(repository: Repository, settings: Settings) -> None:
    """Refuse where there is no index of this work tree to fix."""
    elsewhere = (
        ("rev", settings.rev),
        ("worktree", settings.worktree),
        ("to-ref", settings.to_ref),
    )
    for name, given in elsewhere:
        if given:
            raise UsageError(f"--fix fixes what is staged, so it cannot be used with --{name}")
    if settings.update_masters:
        for name, globs in (("node", settings.node), ("secret", settings.secret)):
            if globs:
                raise UsageError(
                    "--update-masters encrypts sources, which belong to no single node: "
                    f"leave out --{name}"
                )
    if repository.top is None:
        raise UsageError("--fix: a bare repository has no work tree to fix")


def refuse_partial_commit() -> None:
    """Refuse in a hook of `git commit PATH`: Git drops what is staged there."""
    if is_partial_commit():
        raise UsageError(NOT_IN_PARTIAL_COMMIT)


def refuse_findings(findings: Iterable[Finding], plan: Plan) -> None:
    """Refuse a fix in a directory that several nodes share."""
    touched = {*plan.written, *(one.path for one in (*plan.stage, *plan.remove))}
    touched |= {f"{output.storage}/" for job in plan.jobs for output in job.outputs}
    for finding in findings:
        if finding.rule != "node-storage-overlap" or finding.path is None:
            continue  # no plan has files outside the repository
        storage = f"{finding.path}/" if finding.path else ""
        if any(path.startswith(storage) for path in touched):
            raise CannotCheckError(
                f"{_NOTHING_FIXED}: node-storage-overlap at "
                f"{finding.path or 'the top of the repository'}: {finding.message}"
            )


def refuse_recipients(plan: Plan, program: str | None) -> None:
    """Refuse where something cannot be encrypted to all its recipients."""
    files: dict[tuple[str, ...], str] = {}  # for each group of recipients one file, as an example
    for job in plan.jobs:
        files.setdefault(job.recipients, job.path)
    # What can never be is said first, before a program is looked for.
    for texts, path in files.items():
        reason = cannot_encrypt_to_all(texts, program)
        if reason is not None:
            raise CannotCheckError(f"{_NOTHING_FIXED}: {path}: {reason}")
    for text in plan.recipients:
        reason = cannot_encrypt_to(text.strip(), program)
        if reason is not None:
            raise CannotCheckError(f"{_NOTHING_FIXED}: {reason}")


def refuse_places(
    repository: Repository,
    files: Mapping[str, File],
    staged: Iterable[str],
    written: Iterable[str],
    removed: Iterable[str],
) -> None:
    """Refuse paths that lead elsewhere, or where a file must not be replaced."""
    top = repository.top
    if top is None:
        return
    written = tuple(written)
    removed = tuple(removed)
    folders: set[str] = set()  # those that are safe
    for path in (*written, *staged, *removed):
        folder = path.rpartition("/")[0]
        if folder not in folders:
            _refuse_outside(top, files, path)
            folders.add(folder)
    for path in written:
        _refuse_occupied(top, files, path)
    passed = filtered(repository, (*written, *staged))
    if passed:
        raise CannotCheckError(
            f"{_NOTHING_FIXED}: Git puts {passed[0]} through a filter (see .gitattributes), "
            "which --fix does not run"
        )
    kept = stashed(repository).intersection((*written, *removed))
    changed = sorted(kept.union(edited(repository, files, (*written, *removed))))
    if changed:
        shown = ", ".join(changed[:_MOST_PATHS]) + (", …" if len(changed) > _MOST_PATHS else "")
        raise CannotCheckError(
            f"{_NOTHING_FIXED}: {shown} would be replaced and has edits that are not staged; "
            "stage them or undo them"
        )


def _refuse_outside(top: Path, files: Mapping[str, File], path: str) -> None:
    parts = path.split("/")
    if path.startswith("/") or not path or {"", ".", ".."}.intersection(parts):
        raise CannotCheckError(f"{_NOTHING_FIXED}: {path} leads out of the repository")
    if any(part.lower() == ".git" for part in parts):
        raise CannotCheckError(f"{_NOTHING_FIXED}: {path} is in a Git directory")
    for count in range(1, len(parts)):
        above = files.get("/".join(parts[:count]))
        if above is not None:
            what = {SYMLINK: "a symlink", SUBMODULE: "a submodule"}.get(above.mode, "a file")
            raise CannotCheckError(f"{_NOTHING_FIXED}: {path}: {above.path} is {what}")
    local = local_path(path)
    if passes_symlink(top, local.parent):
        raise CannotCheckError(f"{_NOTHING_FIXED}: {path} is behind a symlink")


def _refuse_occupied(top: Path, files: Mapping[str, File], path: str) -> None:
    place = top / local_path(path)
    mode = mode_of(place)
    if stat.S_ISLNK(mode):
        occupied = path not in files or files[path].mode != SYMLINK
    else:
        occupied = mode != 0 and not stat.S_ISREG(mode)
    if occupied:
        raise CannotCheckError(
            f"{_NOTHING_FIXED}: {path} is not a regular file in the work tree; move it away"
        )
    # An interrupted rekey leaves an empty or a cut age file; anything else is somebody's work.
    if path not in files and stat.S_ISREG(mode) and not _is_left_by_rekey(place):
        raise CannotCheckError(
            f"{_NOTHING_FIXED}: {path} is in the way: it is neither an age file nor tracked; "
            "move it away"
        )


def _is_left_by_rekey(place: Path) -> bool:
    try:
        with place.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return False
    return not head or looks_like_age(head)


def edited(repository: Repository, files: Mapping[str, File], paths: Iterable[str]) -> set[str]:
    """Return tracked files whose content in the work tree is not the staged one."""
    top = repository.top
    contents: dict[str, bytes] = {}
    for path in paths:
        place = (top or Path()) / local_path(path)
        if path not in files or files[path].mode == SUBMODULE:
            continue
        mode = mode_of(place)
        if stat.S_ISLNK(mode):
            contents[path] = os.fsencode(place.readlink())
        elif stat.S_ISREG(mode):
            contents[path] = place.read_bytes()
    oids = object_ids(repository, contents)
    differing = {path for path, oid in oids.items() if oid != files[path].oid}
    if not differing:
        return set()
    # Git, unlike this comparison, converts line endings.
    return differing.intersection(list_unstaged(repository))


def edited_sources(
    repository: Repository, files: Mapping[str, File], outputs: Iterable[JudgedFile]
) -> Iterator[str]:
    """Say which sources have edits that are not staged, so that no output is made from them."""
    sources = {one.source for one in outputs if one.source is not None}
    for path in sorted(edited(repository, files, sources)):
        yield (
            f"{path}: it has edits that are not staged, and outputs are made from what is staged; "
            f"type `{stage(path)}`, then run this again"
        )


def forgotten_by_names(plan: Plan, findings: Iterable[Finding]) -> Iterator[str]:
    """Say which outputs stay stale that the next run will take for those of a host that is gone.

    agenix-rekey handles all hosts at once: where one directory got a new output and another did
    not, names say that the other host is switched off, and that is not an error.
    """
    decrypted = {job.path for job in plan.jobs}
    removed = {one.path for one in plan.remove}
    stale: dict[str, list[str]] = {}
    for one in findings:
        broken = one.rule == "output-stale" and one.severity is Severity.ERROR
        if broken and one.path is not None and one.path not in removed and one.source in decrypted:
            stale.setdefault(one.source or "", []).append(one.path)
    for source, paths in sorted(stale.items()):
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        yield (
            f"{min(paths)}{more}: made from an older {source}; once others are made anew, names "
            "alone take this for a host that is switched off: fix it too, without --node"
        )


def ungenerated(findings: Iterable[Finding], names: Names, inventory: Inventory) -> Iterator[str]:
    """Say which sources have to be generated before outputs can be made from them."""
    declared = inventory.declared
    if declared is None:
        return
    lacking = {one.path for one in findings if one.rule == "source-missing" and one.path}
    if not lacking:
        return
    files = {*names.here.files, *declared.on_disk}
    missing = missing_in_order(declared.declaration, files, lacking)
    if any(one.generated for one in missing):
        yield (
            f"nothing is made yet from sources that are not there: {in_order(missing)} "
            "(agenix generate -a), stage them, and run this again"
        )
