"""A line on the terminal that says what takes so long, and is gone when that has ended."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from agenix_check.model.activity import Onlooker, watched_by
from agenix_check.model.settings import Settings

_PATIENCE = 2.0  # seconds of a run until there is a line
_PAUSE = 0.5  # seconds between two looks
_CLEAR = "\r\x1b[K"


@contextmanager
def show_waiting(
    settings: Settings, stream: TextIO | None, long: float = _PATIENCE
) -> Iterator[None]:
    """Show what a run is busy with that takes longer than `long` seconds, if somebody waits."""
    unread = stream is None or not stream.isatty() or os.environ.get("TERM", "dumb") == "dumb"
    if stream is None or unread or settings.no_progress or settings.quiet or os.environ.get("CI"):
        yield
        return
    line = _WaitingLine(stream, long)
    try:
        with watched_by(line):
            yield
    finally:
        line.close()


class _WaitingLine(Onlooker):
    """Draws from a thread of its own; whoever changes what is shown has cleared it afterwards."""

    def __init__(self, stream: TextIO, long: float) -> None:
        self._stream = stream
        self._long = long
        self._begun = time.monotonic()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._what: str | None = None
        self._is_drawn = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def see(self, what: str | None) -> None:
        with self._lock:
            self._what = what
            self._clear()

    def follow(self, what: str) -> None:
        with self._lock:
            if self._what is not None:
                self._what = what

    def close(self) -> None:
        """Remove the line, and draw none again."""
        self._ended.set()
        self.see(None)

    def _run(self) -> None:
        self._ended.wait(self._long)
        while not self._ended.wait(_PAUSE):
            with self._lock, suppress(OSError, ValueError):
                if self._what is not None:
                    seconds = time.monotonic() - self._begun
                    self._write(f"{_CLEAR}{self._what} ({seconds:.0f} s) ...")
                    self._is_drawn = True

    def _clear(self) -> None:
        if self._is_drawn:
            self._is_drawn = False
            with suppress(OSError, ValueError):
                self._write(_CLEAR)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
