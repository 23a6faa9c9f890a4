"""What must not be mended, said before anything is written: one clear line each."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from agenix_check.age import looks_like_age
from agenix_check.errors import CannotCheckError, UsageError
from agenix_check.git.repository import Repository
from agenix_check.git.snapshot import SUBMODULE, SYMLINK, File
from agenix_check.git.staging import filtered, object_ids
from agenix_check.git.stash import stashed
from agenix_check.git.worktree import list_unstaged, local_path, passes_symlink
from agenix_check.keys.encrypt import cannot_encrypt_to, cannot_encrypt_to_all
from agenix_check.mend.plan import Plan
from agenix_check.model.findings import Finding
from agenix_check.model.settings import Settings

_SHOWN = 3
_HEAD = 4096  # bytes that tell an age file
_PARTIAL = "next-index-"
_ALL = "index.lock"


def refuse_snapshot(repository: Repository, settings: Settings) -> None:
    """Refuse where there is no index of this work tree to mend."""
    elsewhere = (
        ("rev", settings.rev),
        ("worktree", settings.worktree),
        ("to-ref", settings.to_ref),
    )
    for name, given in elsewhere:
        if given:
            raise UsageError(f"--fix mends what is staged, so it cannot be used with --{name}")
    if settings.update_masters:
        for name, globs in (("node", settings.node), ("secret", settings.secret)):
            if globs:
                raise UsageError(
                    "--update-masters is about sources, which are nobody's alone: "
                    f"leave --{name} out"
                )
    if repository.top is None:
        raise UsageError("--fix: a bare repository has no work tree to mend")
    if Path(os.environ.get("GIT_INDEX_FILE", "")).name.startswith(_PARTIAL):
        raise UsageError(
            "--fix cannot mend a commit of some paths alone (Git would forget what is staged in "
            "it); use `git commit` after `git add`, or `git commit -a`"
        )


def where_staging_is_lost() -> str | None:
    """Say what to type where Git forgets what this run staged if it fails; else None."""
    if Path(os.environ.get("GIT_INDEX_FILE", "")).name != _ALL:
        return None
    return (
        "`git commit -a` forgets what its hooks staged where one of them fails; type "
        "`git add --update`, then `git commit`, once more where that mends"
    )


def refuse_findings(findings: Iterable[Finding], plan: Plan) -> None:
    """Refuse a mend in a directory that is not its node's alone."""
    touched = {*plan.written, *(one.path for one in (*plan.stage, *plan.remove))}
    touched |= {f"{target.storage}/" for job in plan.jobs for target in job.targets}
    for finding in findings:
        if finding.rule != "node-storage-overlap" or finding.path is None:
            continue  # what lies outside of the repository is in no plan
        storage = f"{finding.path}/" if finding.path else ""
        if any(path.startswith(storage) for path in touched):
            raise CannotCheckError(
                "nothing was mended: node-storage-overlap at "
                f"{finding.path or 'the top of the repository'}: {finding.message}"
            )


def refuse_recipients(plan: Plan, program: str | None) -> None:
    """Refuse where something cannot be encrypted for whom it must be."""
    files: dict[tuple[str, ...], str] = {}  # for each group of recipients one file, as an example
    for job in plan.jobs:
        files.setdefault(job.recipients, job.path)
    for text in plan.recipients:
        complaint = cannot_encrypt_to(text.strip(), program)
        if complaint is not None:
            raise CannotCheckError(f"nothing was mended: {complaint}")
    for texts, path in files.items():
        complaint = cannot_encrypt_to_all(texts, program)
        if complaint is not None:
            raise CannotCheckError(f"nothing was mended: {path}: {complaint}")


def refuse_places(
    repository: Repository,
    files: Mapping[str, File],
    staged: Iterable[str],
    written: Iterable[str],
    removed: Iterable[str],
) -> None:
    """Refuse paths that lead elsewhere, or hold what is not ours to replace."""
    top = repository.top
    if top is None:
        return
    written = tuple(written)
    removed = tuple(removed)
    folders: set[str] = set()  # those that are in order
    for path in (*written, *staged, *removed):
        folder = path.rpartition("/")[0]
        if folder not in folders:
            _refuse_place(top, files, path)
            folders.add(folder)
    for path in written:
        _refuse_occupied(top, files, path)
    passed = filtered(repository, (*written, *staged))
    if passed:
        raise CannotCheckError(
            f"nothing was mended: Git puts {passed[0]} through a filter (see .gitattributes), "
            "which --fix does not run"
        )
    kept = stashed(repository).intersection((*written, *removed))
    changed = sorted(kept.union(edited(repository, files, (*written, *removed))))
    if changed:
        shown = ", ".join(changed[:_SHOWN]) + (", …" if len(changed) > _SHOWN else "")
        raise CannotCheckError(
            f"nothing was mended: {shown} would be replaced and has edits that are not staged; "
            "stage them or take them back"
        )


def _refuse_place(top: Path, files: Mapping[str, File], path: str) -> None:
    parts = path.split("/")
    if path.startswith("/") or not path or {"", ".", ".."}.intersection(parts):
        raise CannotCheckError(f"nothing was mended: {path} leads out of the repository")
    if any(part.lower() == ".git" for part in parts):
        raise CannotCheckError(f"nothing was mended: {path} is in a Git directory")
    for count in range(1, len(parts)):
        above = files.get("/".join(parts[:count]))
        if above is not None:
            what = {SYMLINK: "a symlink", SUBMODULE: "a submodule"}.get(above.mode, "a file")
            raise CannotCheckError(f"nothing was mended: {path}: {above.path} is {what}")
    local = local_path(path)
    if passes_symlink(top, local.parent):
        raise CannotCheckError(f"nothing was mended: {path} is behind a symlink")


def _refuse_occupied(top: Path, files: Mapping[str, File], path: str) -> None:
    place = top / local_path(path)
    if place.is_symlink():
        occupied = path not in files or files[path].mode != SYMLINK
    else:
        occupied = place.exists() and not place.is_file()
    if occupied:
        raise CannotCheckError(
            f"nothing was mended: {path} is no regular file in the work tree; remove it"
        )
    # A dummy or a cut age file is what an interrupted rekey leaves; all else is somebody's.
    if path not in files and place.is_file() and not _is_ours(place):
        raise CannotCheckError(
            f"nothing was mended: {path} is in the way: no age file, and not tracked; remove it"
        )


def _is_ours(place: Path) -> bool:
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
        if place.is_symlink():
            contents[path] = os.fsencode(place.readlink())
        elif place.is_file():
            contents[path] = place.read_bytes()
    oids = object_ids(repository, contents)
    differing = {path for path, oid in oids.items() if oid != files[path].oid}
    if not differing:
        return set()
    # Git knows of line endings.
    return differing.intersection(list_unstaged(repository))
