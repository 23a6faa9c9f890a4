"""What earlier runs learned, kept under the Git directory and never trusted when damaged."""

import contextlib
import marshal
import os
import sys
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from agenix_check import __version__

# marshal differs between Python versions, and what is learned between our own.
_HEADER = f"agenix-check {__version__} {sys.implementation.cache_tag}\n".encode()
_DIGEST = 32

_T = TypeVar("_T")


class Store:
    """Named values in files; each is written in one step, so two runs at once harm nothing.

    A value is a dict by text, made of None, bool, int, str, tuples and dicts of these. Where
    `directory` is None nothing is kept.
    """

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory

    @property
    def keeps(self) -> bool:
        """Whether anything is kept at all."""
        return self._directory is not None

    def load(self, name: str) -> object:
        """Return what was saved under a name; None where there is nothing, or nothing whole."""
        if self._directory is None:
            return None
        try:
            content = (self._directory / name).read_bytes()
        except OSError:
            return None
        start = len(_HEADER) + _DIGEST
        body = memoryview(content)[start:]
        if content[: len(_HEADER)] != _HEADER:
            return None
        if sha256(body).digest() != content[len(_HEADER) : start]:
            return None
        value: object = marshal.loads(body)  # noqa: S302 - whole, and from our own Git directory
        return value

    def save(self, name: str, value: dict[str, _T]) -> None:
        """Save a value; where that cannot be done, the next run learns it again."""
        if self._directory is None:
            return
        body = marshal.dumps(value)
        with contextlib.suppress(OSError):
            self._directory.mkdir(exist_ok=True)
            number, temporary = tempfile.mkstemp(dir=self._directory)
            try:
                with os.fdopen(number, "wb") as file:
                    file.write(_HEADER + sha256(body).digest() + body)
                Path(temporary).replace(self._directory / name)
            except OSError:
                Path(temporary).unlink(missing_ok=True)
                raise
