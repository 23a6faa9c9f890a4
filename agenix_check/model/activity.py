"""What a run is busy with, so that whoever waits at a terminal can see it.

This one shows nothing; `report/waiting_line.py` has the real one.
"""

from collections.abc import Iterator
from contextlib import contextmanager


class Onlooker:
    """Is given what the run is busy with, in words, and None when it does something else."""

    def see(self, what: str | None) -> None:
        """Take note of what the run does now; nothing of it is on the terminal afterwards."""

    def follow(self, what: str) -> None:
        """Take note of how far that is; any thread may say so."""


class _Activity:
    def __init__(self) -> None:
        self.onlooker = Onlooker()
        self.what: str | None = None


_ACTIVITY = _Activity()  # a process does one thing at a time


@contextmanager
def busy(what: str) -> Iterator[None]:
    """Say what is done meanwhile; nothing in it may ask on the terminal or write there."""
    before = _ACTIVITY.what
    _switch(what)
    try:
        yield
    finally:
        _switch(before)


def come_so_far(what: str) -> None:
    """Say how far what is done has come."""
    _ACTIVITY.onlooker.follow(what)


@contextmanager
def watched_by(onlooker: Onlooker) -> Iterator[None]:
    """Let somebody see what is done meanwhile."""
    before = _ACTIVITY.onlooker
    _ACTIVITY.onlooker = onlooker
    try:
        yield
    finally:
        _ACTIVITY.onlooker = before


def _switch(what: str | None) -> None:
    _ACTIVITY.what = what
    _ACTIVITY.onlooker.see(what)
