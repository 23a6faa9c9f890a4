"""Files of the work tree, read without following a symlink and only inside the repository.

And of those that are kept out of it while hooks run: which they are.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from agenix_check.git.objects import WHOLE
from agenix_check.git.paths import local_text, to_bytes, to_text
from agenix_check.git.process import Git
from agenix_check.git.repository import Repository

_MOST_ENTRIES = 10_000  # entries below one directory
_PATCH_HOMES = (
    ("PRE_COMMIT_HOME", "pre-commit", "patch*-{}"),
    ("PREK_HOME", "prek", "patches/*-{}.patch"),
)


def list_unstaged(repository: Repository) -> list[str]:
    """Return the paths that differ from the index or are not in it, ignored ones left out.

    Filters are switched off, so a file that is checked out through one counts as different.
    """
    listing = without_filters(repository.git).run(
        "ls-files", "-z", "--modified", "--others", "--exclude-standard", "--deduplicate"
    )
    return to_text(listing).split("\0")[:-1]


def list_edited(repository: Repository) -> list[str]:
    """Return the files of the index whose content the work tree has not."""
    git = without_filters(repository.git)
    return to_text(git.run("ls-files", "-z", "--modified", "--deduplicate")).split("\0")[:-1]


class AsideLook:
    """A look at what the work tree has besides the index: equal digests, equal answers.

    `unstaged` are paths that differ from the index, with their content (None: see `read_file`);
    `listed` those of all files below some directories.
    """

    def __init__(self, repository: Repository, directories: Iterable[str]) -> None:
        self._repository = repository
        self._directories = tuple(directories)
        self._hash = sha256(repr(self._directories).encode())

    def unstaged(self) -> Iterator[tuple[str, bytes | None]]:
        """Give what is not staged, one file at a time; but nothing of directories that are gone."""
        absent: list[str] = []
        there: dict[str, bool] = {}  # whether a directory is: a work tree may lack all its files
        for path in list_unstaged(self._repository):
            above = path.rpartition("/")[0]
            if (is_there := there.get(above)) is None:
                is_there = there[above] = is_in_work_tree(self._repository, above)
            if not is_there:
                absent.append(path)
                continue
            data = read_file(self._repository, path)
            if data is None:
                absent.append(path)
            else:
                # The length of each keeps what follows apart.
                name = to_bytes(path)
                self._hash.update(b"%d:%b%d:%b" % (len(name), name, len(data), data))
            yield path, data
        self._hash.update(b"%d-%b" % (len(absent), to_bytes("\0".join(absent))))

    def listed(self) -> Iterator[str]:
        """Give what is in the directories, ignored by Git or not."""
        for directory in self._directories:
            for path in sorted(list_directory(self._repository, directory)):
                name = to_bytes(path)
                self._hash.update(b"%d:%b" % (len(name), name))
                yield path

    @property
    def digest(self) -> str:
        """What both gave, as one value."""
        return self._hash.hexdigest()


def digest_aside(repository: Repository, directories: Iterable[str]) -> str:
    """Return the digest of a look at the work tree."""
    look = AsideLook(repository, directories)
    for _ in look.unstaged():
        pass
    for _ in look.listed():
        pass
    return look.digest


def without_filters(git: Git) -> Git:
    """Return a Git that runs none of the programs that `.gitattributes` may ask for."""
    status, listing, _ = git.attempt("config", "-z", "--name-only", "--get-regexp", r"^filter\.")
    names = to_text(listing).split("\0")[:-1] if status == 0 else []
    return git.with_settings(dict.fromkeys(names, ""))


def list_directory(repository: Repository, directory: str) -> Iterator[str]:
    """Yield the paths of the files below a directory, tracked, ignored or neither."""
    if repository.top is None:
        return
    top = repository.top
    start = local_path(directory)
    if passes_symlink(top, start):
        return
    count = 0
    for folder, folders, names in os.walk(top / start):
        folders[:] = [name for name in folders if name != ".git"]
        for name in names:
            count += 1
            if count > _MOST_ENTRIES:
                return
            yield to_text(os.fsencode(Path(folder, name).relative_to(top)))


def is_in_work_tree(repository: Repository, path: str) -> bool:
    """Return whether something is at a path of the work tree."""
    return repository.top is not None and os.path.lexists(f"{repository.top}/{local_text(path)}")


def read_file(repository: Repository, path: str) -> bytes | None:
    """Return a regular file's content, or None: not there, not regular, or over 1 MiB."""
    if repository.top is None or not is_in_work_tree(repository, path):
        return None
    local = local_path(path)
    if passes_symlink(repository.top, local):
        return None
    try:
        number = os.open(repository.top / local, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        status = os.fstat(number)
        if not stat.S_ISREG(status.st_mode) or status.st_size > WHOLE:
            return None
        with os.fdopen(number, "rb", closefd=False) as file:
            return file.read(WHOLE)
    finally:
        os.close(number)


def passes_symlink(top: Path, path: Path) -> bool:
    """Return whether a path leads out of the work tree, or passes through a symlink."""
    parts = path.parts
    if ".." in parts or path.is_absolute():
        return True
    above = (top.joinpath(*parts[:depth]) for depth in range(1, len(parts) + 1))
    return any(stat.S_ISLNK(mode_of(place)) for place in above)


def mode_of(path: Path) -> int:
    """Return the mode of what is at a path, of a symlink its own; 0 where nothing is.

    Raises `OSError` where that cannot be seen: from Python 3.14 on `Path.exists`, `is_file` and
    `is_symlink` say no of what they may not look at.
    """
    try:
        return path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return 0


def local_path(path: str) -> Path:
    """Return a path with the same bytes as in Git, whatever the locale."""
    return Path(local_text(path))


def stashed(repository: Repository) -> frozenset[str]:
    """Return the files whose unstaged edits pre-commit or prek keeps in a patch while hooks run.

    Meanwhile they are not in the work tree; they come back when the hooks have ended. They do not
    apply to a file that a hook has changed: then they are left in that patch file only.
    """
    found: set[str] = set()
    for patch in _patches():
        status, listing, _ = repository.git.attempt("apply", "--numstat", "-z", str(patch))
        if status == 0:
            records = to_text(listing).split("\0")[:-1]
            found.update(record.split("\t", 2)[-1] for record in records)
    return frozenset(found)


def _patches() -> Iterator[Path]:
    """Yield the patch files of our parent processes: their names end with the process id."""
    numbers = tuple(_ancestors())
    cache = Path(os.environ.get("XDG_CACHE_HOME") or f"{os.environ.get('HOME', '')}/.cache")
    for variable, name, pattern in _PATCH_HOMES:
        home = Path(os.environ.get(variable) or cache / name)
        for number in numbers:
            with suppress(OSError):
                yield from home.glob(pattern.format(number))


def _ancestors() -> Iterator[int]:
    number = os.getppid()
    while number > 1:
        yield number
        try:
            status = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:  # not Linux: only the direct parent is known
            return
        number = int(status.rpartition(")")[2].split()[1])
