"""A run is opened: what is looked at, and whose settings file decides.

The file is never that of a work tree that is not checked. It is the snapshot's, or, where a range
is judged, that of the commit that it is compared with: whoever proposes a change must not choose by
what it is judged.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from string import hexdigits

from agenix_check.cli.configuration import Asked, merge_for
from agenix_check.cli.files import read_input
from agenix_check.cli.settings_file import FILE, FILES, PYPROJECT, FileSettings, parse_file
from agenix_check.cli.terminal import waiting
from agenix_check.errors import CannotCheckError, UsageError
from agenix_check.git.objects import read_blobs, read_root
from agenix_check.git.repository import (
    Repository,
    commit_snapshot,
    forked_at,
    name_default_branch,
    open_repository,
    resolve,
)
from agenix_check.git.snapshot import REGULAR, File, Snapshot
from agenix_check.model.frozen import frozen
from agenix_check.model.settings import Settings, SettingsChange, SettingsOrigin
from agenix_check.view import View, open_view

_OF_FILES = (REGULAR, "100755")
_OID_DIGITS = 40  # digits at least


@frozen(kw_only=False)
class CheckRun:
    """A run: where, what is looked at, with which settings, and whose file these come from.

    The view may read from a copy of the repository's index, which is gone when the run is closed.
    """

    repository: Repository
    view: View
    settings: Settings
    origin: SettingsOrigin
    file: FileSettings


def open_here() -> Repository:
    """Return the repository of the current directory; raise `CannotCheckError` if there is none."""
    try:
        here = Path.cwd()
    except OSError as error:
        raise CannotCheckError(f"the current directory cannot be used: {error.strerror}") from error
    return open_repository(here)


@contextmanager
def open_run(asked: Asked) -> Iterator[CheckRun]:
    """Yield a run in the repository of the current directory.

    Raises `UsageError` for a wrong option or setting, `CannotCheckError` where there is no
    repository, or the settings that decide cannot be read.
    """
    repository = open_here()
    with open_view(repository, asked.settings) as view:
        run = CheckRun(repository, view, *_settle(view, asked))
        with waiting(run.settings):
            yield run


def _settle(view: View, asked: Asked) -> tuple[Settings, SettingsOrigin, FileSettings]:
    """Find out whose settings decide, and what the change does to them."""
    trees = [one.tree for one in (view.snapshot, view.base, view.authority) if one is not None]
    roots = read_root(view.repository.git, trees)
    named = asked.settings.settings
    if named is None and not any({*FILES} & root.keys() for root in roots.values()):
        return asked.settings, SettingsOrigin(), FileSettings()
    here = _read_root_file(view, roots[view.snapshot.tree])
    ruling, label = here, None
    if named is not None:
        ruling = _read_named(view, named)
    elif view.authority is not None:
        revision = asked.settings.from_ref
        if revision is None:
            label = name_default_branch(view.repository, view.authority.commit or "")
        at = f" at {label or _short(revision or '')}"
        ruling = _read_ruling(view, roots[view.authority.tree], at)
    change = _find_change(view, asked, roots, here, ruling)
    origin = SettingsOrigin(label=label, notices=ruling.left_out, change=change)
    return merge_for(ruling, asked), origin, ruling


def _read_root_file(
    view: View, root: Mapping[str, File], at: str = "", *, lenient: bool = False
) -> FileSettings:
    """Return the settings file among the entries of a tree's root; an empty one if there is none.

    A symlink is refused; `at` says in messages whose file it is.
    """
    for name in FILES:
        file = root.get(name)
        if file is None:
            continue
        if file.mode not in _OF_FILES:
            if name == FILE:
                raise UsageError(f"{name}{at} is not a regular file")
            continue
        for blob in read_blobs(view.repository.git, [file.oid]):
            if blob.size < 0:
                raise CannotCheckError(f"{name}{at} is not in this clone")
            if len(blob.data) < blob.size:
                raise UsageError(f"{name}{at} is too large to be read")
            found = parse_file(name, blob.data, f"{name}{at}", lenient=lenient)
            if found is not None:
                return found
    return FileSettings()


def _read_ruling(view: View, root: Mapping[str, File], at: str) -> FileSettings:
    """Return the file of the commit whose settings decide; what it may not set is left out.

    Raises `CannotCheckError` where it cannot be read: then it is not known what is to be checked.
    """
    try:
        return _read_root_file(view, root, at, lenient=True)
    except UsageError as error:
        raise CannotCheckError(
            f"{error}; its settings decide here: --settings REV|FILE names others"
        ) from error


def _read_named(view: View, named: str) -> FileSettings:
    """Return the file that --settings names: that of a commit, or a file of its own."""
    try:
        commit = commit_snapshot(view.repository, resolve(view.repository, named))
    except UsageError:
        path = Path(named)
        if not path.is_file():
            raise UsageError(f"--settings: {named!r} is neither a commit nor a file") from None
        name = PYPROJECT if path.name == PYPROJECT else FILE
        return parse_file(name, read_input(named), named) or FileSettings()
    root = read_root(view.repository.git, [commit.tree])[commit.tree]
    return _read_ruling(view, root, f" at {_short(named)}")


def _find_change(
    view: View,
    asked: Asked,
    roots: Mapping[str, Mapping[str, File]],
    here: FileSettings,
    ruling: FileSettings,
) -> SettingsChange | None:
    """Return what the change does to the settings; None if it leaves them as they are."""
    before = view.base
    if view.authority is not None and asked.settings.from_ref is None:  # a branch, by hand
        before = _fork(view, view.authority)
    if before is None:
        return None
    root = roots.get(before.tree) or read_root(view.repository.git, [before.tree])[before.tree]
    after = roots[view.snapshot.tree]
    if all(root.get(name) == after.get(name) for name in FILES):
        return None
    try:
        was = _read_root_file(view, root, lenient=True)
    except UsageError:
        was = FileSettings()
    judged = was if ruling is here else ruling
    keys = _differing(judged, here)
    if not (keys and _differing(was, here)):
        return None
    return SettingsChange(
        path=here.name if here.values or here.ignore else was.name,
        keys=keys,
        now=merge_for(judged, asked),
        then=merge_for(here, asked),
    )


def _fork(view: View, authority: Snapshot) -> Snapshot | None:
    commit = view.snapshot.commit or view.repository.head
    fork = forked_at(view.repository, authority.commit or "", commit) if commit else None
    return commit_snapshot(view.repository, fork) if fork else None


def _differing(one: FileSettings, other: FileSettings) -> tuple[str, ...]:
    """Return the names of the settings in which two files differ."""
    keys = sorted(one.values.keys() | other.values.keys())
    differing = [key for key in keys if one.values.get(key) != other.values.get(key)]
    return (*(["ignore"] if one.ignore != other.ignore else []), *differing)


def _short(revision: str) -> str:
    """Return a revision as people read it: of an object id the first digits."""
    is_id = len(revision) >= _OID_DIGITS and not revision.strip(hexdigits)
    return revision[:12] if is_id else revision
