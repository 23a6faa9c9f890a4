"""What earlier runs learned, kept under the Git directory and never trusted when damaged."""

import contextlib
import marshal
import os
import sys
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TypeVar

from agenix_check import __version__
from agenix_check.errors import AgenixCheckError
from agenix_check.git.shapes import read_plain
from agenix_check.git.snapshot import NeedsAllError
from agenix_check.git.whole_file import sweep, write_whole

MOST_STORED = 1 << 27  # bytes of a file; what is larger is learned again
_DIGEST = 32
_PACKAGE = Path(__file__).parents[1]
_PROMISED = ".promisor"  # how the files end beside the packs that a partial clone was given

_T = TypeVar("_T")
_Done = TypeVar("_Done")


class Store:
    """Named values in files; each is written in one step, so two runs at once harm nothing.

    A value is a dict with str keys, made of None, bool, int, str, tuples and dicts of these. If
    `directory` is None nothing is kept. A value belongs to one build of the program, unless its
    format has a `number` of its own; and to what a shallow or partial clone has, which `here`
    names, unless it follows `of_contents` alone.
    """

    def __init__(self, directory: Path | None, here: str = "") -> None:
        self._directory = directory
        self._here = here
        self._loaded: set[Path] = set()

    @classmethod
    def of_clone(cls, common_dir: Path, *, shallow: bool) -> "Store":
        """Return the one of a clone, all of whose worktrees have one Git directory in common."""
        return cls(common_dir / "agenix-check", _name_what_is_here(common_dir, shallow=shallow))

    @property
    def keeps(self) -> bool:
        """Whether anything is kept at all."""
        return self._directory is not None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to load: nothing is kept, or this is the first run here."""
        return self._directory is None or not self._directory.exists()

    def has(self, name: str) -> bool:
        """Return whether something was saved under a name, whatever it is worth."""
        return self._directory is not None and (self._directory / name).exists()

    def load(
        self,
        name: str,
        shape: type[_T],
        *,
        number: int | None = None,
        of_contents: bool = False,
    ) -> _T | None:
        """Return what was saved under a name; None if there is nothing of that type, or damaged."""
        if self._directory is None:
            return None
        try:
            content = (self._directory / name).read_bytes()
        except OSError:
            return None
        header = self._header(number, of_contents=of_contents)
        start = len(header) + _DIGEST
        body = memoryview(content)[start:]
        if content[: len(header)] != header:
            return None
        if sha256(body).digest() != content[len(header) : start]:
            return None
        self._loaded.add(self._directory / name)
        return read_plain(body, shape)

    def without_foreign(self, work: Callable[[], _Done]) -> _Done:
        """Return what some work returns; where it fails, without what was loaded until then.

        A file may have our form and content of another shape. It is dropped, and the work done
        again; if that fails too, nothing that was remembered is to blame.
        """
        try:
            return work()
        except (AgenixCheckError, NeedsAllError, OSError):
            raise
        except Exception:
            files, self._loaded = self._loaded, set()
            if not files:
                raise
            for file in files:
                with contextlib.suppress(OSError):
                    file.unlink()
            return work()

    def save(
        self,
        name: str,
        value: dict[str, _T],
        *,
        number: int | None = None,
        most: int | None = None,
        of_contents: bool = False,
    ) -> None:
        """Save a value, of its entries the last `most`; if that fails, it is learned again."""
        if self._directory is None:
            return
        if most is not None and len(value) > most:
            value = dict(islice(value.items(), len(value) - most, None))
        body = marshal.dumps(value)
        if len(body) > MOST_STORED:
            return
        with contextlib.suppress(OSError):
            self._directory.mkdir(exist_ok=True)
            sweep(self._directory, name)
            header = self._header(number, of_contents=of_contents)
            write_whole(self._directory / name, header + sha256(body).digest() + body)

    def _header(self, number: int | None, *, of_contents: bool) -> bytes:
        """Return what a file begins with: marshal differs between versions of Python."""
        of = f"agenix-check {__version__}" if number is None else f"agenix-check format {number}"
        build = name_build(_PACKAGE) if number is None else ""
        here = "" if of_contents else self._here
        words = filter(None, (of, sys.implementation.cache_tag, build, here))
        return f"{' '.join(words)}\n".encode()


def _name_what_is_here(common_dir: Path, *, shallow: bool) -> str:
    """Return one value for what a shallow or partial clone has; empty for a whole one.

    It may get more history, and more contents, and then know better.
    """
    parts = list[bytes]()
    with contextlib.suppress(OSError):
        packs = os.listdir(common_dir / "objects/pack")  # noqa: PTH208 - every run looks
        parts += (os.fsencode(one) for one in sorted(packs) if one.endswith(_PROMISED))
    if shallow:
        with contextlib.suppress(OSError):
            parts.append((common_dir / "shallow").read_bytes())
    return sha256(b"\n".join(parts)).hexdigest() if parts else ""


@cache
def name_build(package: Path) -> str:
    """Return what tells an installed package from others of its version; empty for a checkout.

    That is what its installer noted of its files. From a repository many have one version.
    """
    place = package.parent / f"{package.name}-{__version__}.dist-info" / "RECORD"
    try:
        lines = place.read_bytes().splitlines()
    except OSError:
        return ""
    start = os.fsencode(f"{package.name}/")
    # What is compiled is written by some installers, and follows from the rest.
    own = sorted(one for one in lines if one.startswith(start) and b".pyc," not in one)
    return sha256(b"\n".join(own)).hexdigest()
