"""What the work tree's version of rules files says, where it was edited and not staged."""

import posixpath
from collections.abc import Collection, Iterable

from agenix_check.discover.declared.plain_rules import STEPS_ALLOWED
from agenix_check.discover.rules.machine import Budget
from agenix_check.discover.rules.reading import TreeFiles
from agenix_check.discover.rules.relative import make_rules_file
from agenix_check.discover.rules.understand import understand
from agenix_check.discover.rules.values import RefusedError
from agenix_check.git.objects import read_blobs
from agenix_check.git.snapshot import REGULAR, File
from agenix_check.git.worktree import is_in_work_tree, list_unstaged, read_file, stashed
from agenix_check.model.declaration import RulesAside, RulesFile
from agenix_check.model.frozen import replace
from agenix_check.view import View

_NOT_STAGED = ""  # the object id of a file that is read in the work tree


def add_aside(view: View, files: Iterable[RulesFile]) -> tuple[RulesFile, ...]:
    """Return the rules files of an index with what the work tree's version of each says."""
    kept = stashed(view.repository)
    unstaged = {*list_unstaged(view.repository), *kept}
    return tuple(
        replace(file, aside=_look_at(view, file, unstaged, kept))
        if list_deciding(file, unstaged)
        else file
        for file in files
    )


def _look_at(
    view: View, file: RulesFile, unstaged: Collection[str], kept: Collection[str]
) -> RulesAside:
    edited = list_deciding(file, unstaged)
    hidden = [path for path in edited if path in kept]
    if hidden:
        failure = f"the edits of {hidden[0]} are put away while hooks run"
        return RulesAside(edited=edited, failure=failure)
    return replace(_evaluate(view, file, unstaged), edited=edited)


def list_deciding(file: RulesFile, paths: Collection[str]) -> tuple[str, ...]:
    """Return those of some paths that decide what a rules file says, sorted."""
    read = {file.path, *file.read}
    return tuple(
        sorted(path for path in paths if path in read or posixpath.dirname(path) in file.read)
    )


def _evaluate(view: View, file: RulesFile, unstaged: Collection[str]) -> RulesAside:
    """Evaluate the work tree's version: the files of the index, but for those that differ."""
    git = view.repository.git
    files = {path: one for path, one in view.snapshot.files.items() if path not in unstaged}
    directories = dict(view.snapshot.directories)
    for path in unstaged:
        if is_in_work_tree(view.repository, path):
            files[path] = File(path, REGULAR, _NOT_STAGED)
            above = posixpath.dirname(path)
            while above:
                directories.setdefault(above, _NOT_STAGED)
                above = posixpath.dirname(above)

    def load(one: File) -> bytes:
        if one.oid == _NOT_STAGED:
            content = read_file(view.repository, one.path)
        else:
            blobs = list(read_blobs(git, [one.oid], small=[one.oid]))
            content = blobs[0].data if blobs and len(blobs[0].data) == blobs[0].size else None
        if content is None:
            raise RefusedError(f"{ascii(one.path)[1:-1]}, which is too large or no regular file,")
        return content

    result = understand(TreeFiles(files, directories, load), file.path, Budget(STEPS_ALLOWED))
    if result is None:
        return RulesAside(edited=(), failure="it has no rules there")
    if result.failures:
        first = result.failures[0]
        return RulesAside(
            edited=(),
            failure=f"{first.reason} ({ascii(first.place.path)[1:-1]}:{first.place.line})",
        )
    return RulesAside(edited=(), rules=make_rules_file(file.path, result.rules, files=files).rules)
