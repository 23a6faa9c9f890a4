"""What the program says when it cannot go on: one base class, one clear line each."""

from collections.abc import Iterable


class AgenixCheckError(Exception):
    """Base of every error that is expected; its text is the one line that the user reads."""

    exit_code = 3


class UsageError(AgenixCheckError):
    """The command line, a setting or a file named by the user is not usable."""

    exit_code = 2


class CannotCheckError(AgenixCheckError):
    """The gate could not look at what it was asked about, so it must not pass."""

    exit_code = 3


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ` (did you mean …?)` with the known word that is most like `word`, or nothing."""
    from difflib import get_close_matches  # only a typing error needs it

    close = get_close_matches(word, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
