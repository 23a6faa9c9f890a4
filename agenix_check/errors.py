"""What the program says when it cannot go on: one base class, one clear line each."""

import os
from collections.abc import Iterable
from errno import EDQUOT, EFBIG, ENOSPC, EROFS

_NO_ROOM = (ENOSPC, EDQUOT, EFBIG, EROFS)  # no room for what is written aside
LONGEST_LINE = 4000  # characters; what is named in it may be a megabyte


class AgenixCheckError(Exception):
    """Base of every error that is expected; its text is the one line that the user reads."""

    exit_code = 3

    def __str__(self) -> str:
        """Return the line, without its middle where it is very long."""
        return shorten_text(super().__str__())


class UsageError(AgenixCheckError):
    """The command line, a setting or a file named by the user is not usable."""

    exit_code = 2


class CannotCheckError(AgenixCheckError):
    """The gate could not look at what it was asked about, so it must not pass."""

    exit_code = 3


def shorten_text(text: str) -> str:
    """Return a text without its middle where it has more characters than `LONGEST_LINE`."""
    if len(text) <= LONGEST_LINE:
        return text
    half = LONGEST_LINE // 2
    return f"{text[:half]} … {text[-half:]}"


def say_unusable(error: OSError) -> CannotCheckError | None:
    """Return the line about a full disk, or a file that cannot be used; None if none is named.

    Where such a thing is to be expected, whoever opens the file says more.
    """
    if error.errno in _NO_ROOM:
        return CannotCheckError(f"cannot write: {error.strerror}")
    if error.filename is None:
        return None
    name = error.filename
    shown = os.fsdecode(name) if isinstance(name, str | bytes | os.PathLike) else str(name)
    return CannotCheckError(f"{shown} cannot be used: {error.strerror}")


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ` (did you mean …?)` with the known word that is most like `word`, or nothing."""
    from difflib import get_close_matches  # only a typing error needs it

    close = get_close_matches(word, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
