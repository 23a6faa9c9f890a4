"""The terminal: everything that is printed passes here."""

import os
import sys
from contextlib import contextmanager
from errno import EBADF
from typing import TYPE_CHECKING

from agenix_check.errors import CannotCheckError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from agenix_check.model.progress import Progress
    from agenix_check.model.settings import ColorWhen, Settings

_FEWEST_COLUMNS = 40  # columns; what is narrower breaks lines itself


def use_color(when: "ColorWhen") -> bool:
    """Return whether to use colours on standard output; see https://no-color.org."""
    if when != "auto":
        return when == "always"
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return not plain and is_terminal()


def is_terminal() -> bool:
    """Return whether standard output is a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


def can_draw() -> bool:
    """Return whether standard output shows more than ASCII."""
    encoding = getattr(sys.stdout, "encoding", None) or ""
    return encoding.lower().replace("-", "").startswith("utf")


def text_width() -> int:
    """Return the columns that text may have: those of a terminal, else always as many."""
    from agenix_check.report.registry import DEFAULT_WIDTH

    if not is_terminal():
        return DEFAULT_WIDTH
    set_by_user = os.environ.get("COLUMNS", "")
    if set_by_user.isdecimal() and int(set_by_user):
        return max(int(set_by_user), _FEWEST_COLUMNS)
    try:
        columns = os.get_terminal_size(sys.stdout.fileno()).columns
    except OSError:
        columns = 0
    return max(columns or DEFAULT_WIDTH, _FEWEST_COLUMNS)


def line_width() -> int:
    """Return the columns that lines may have which only a terminal breaks: elsewhere no limit."""
    return text_width() if is_terminal() else sys.maxsize


def print_out(text: str) -> None:
    """Write to standard output; what its encoding cannot show is escaped."""
    import io

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        _write(sys.stdout, text)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CannotCheckError(f"cannot write to standard output: {error.strerror}") from error


def say(sentence: str) -> None:
    """Write a message of the program to standard error."""
    from agenix_check.report.escape import visible

    if "PRE_COMMIT" in os.environ:
        from agenix_check.cli.only_hook import say_typed_here

        sentence = say_typed_here(sentence)
    complain(f"agenix-check: {visible(sentence)}\n")


def complain(text: str) -> None:
    """Write to standard error; if that fails too, only the exit code is left."""
    from contextlib import suppress

    from agenix_check.report.escape import inert

    with suppress(OSError):
        _write(sys.stderr, inert(text))


@contextmanager
def waiting(settings: "Settings") -> "Iterator[None]":
    """Show a person at the terminal what takes long meanwhile."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield
        return
    from agenix_check.report.waiting_line import show_waiting

    with show_waiting(settings, sys.stderr):
        yield


@contextmanager
def show_progress(settings: "Settings") -> "Iterator[Progress]":
    """Give what shows how far a fix is; it shows nothing if nobody would read it."""
    unread = sys.stderr is None or not sys.stderr.isatty()
    if unread or settings.no_progress or settings.quiet:
        from agenix_check.model.progress import Progress

        yield Progress()
        return
    from agenix_check.report.progress_bar import draw_progress

    with draw_progress(settings, sys.stderr) as progress:
        yield progress


def _write(stream: "TextIO | None", text: str) -> None:
    """Write at once. On failure drop the text, or Python would try again at exit."""
    if stream is None:  # closed by who started us
        raise OSError(EBADF, os.strerror(EBADF))
    try:
        stream.write(text)
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        raise
