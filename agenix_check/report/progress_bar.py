"""Progress on a terminal: a line for each secret and, if the work takes long, a bar below."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from agenix_check.model.progress import Progress
from agenix_check.model.settings import Settings
from agenix_check.report.escape import visible
from agenix_check.report.waiting_line import show_waiting

if TYPE_CHECKING:
    from typing import Never

    from tqdm.std import tqdm

_SHOWN_NODES = 5  # nodes that a line names
_LONG = 1.0  # seconds of work until there is a bar
_NARROWEST = 20  # columns that a bar needs
_BAR = "{percentage:3.0f}% {bar} {n_fmt}/{total_fmt} outputs, {remaining} left"


@contextmanager
def draw_progress(settings: Settings, stream: TextIO) -> Iterator[Progress]:
    """Give the progress display of a terminal."""
    shown = _Shown(stream)
    try:
        with show_waiting(settings, stream):
            yield shown
    finally:
        shown.close()


class _Shown(Progress):
    """Writes `[1/3] db → alpha, beta`, and draws the bar under the last such line."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._arrow = _arrow(stream)
        dumb = os.environ.get("TERM", "dumb") == "dumb"
        self._draws = not dumb and _columns(stream) >= _NARROWEST
        self._begun = time.monotonic()
        self._tasks = self._task = self._steps = self._step = 0
        self._bar: tqdm[Never] | None = None

    def start(self, tasks: int, steps: int) -> None:
        self.close()
        self._tasks, self._steps = tasks, steps
        self._task = self._step = 0
        self._begun, self._bar = time.monotonic(), None

    def begin(self, names: Sequence[str], nodes: Sequence[str]) -> None:
        self.hide()
        self._task += 1
        shown = list(dict.fromkeys(nodes))
        more = f" and {len(shown) - _SHOWN_NODES} more" if len(shown) > _SHOWN_NODES else ""
        whom = ", ".join(shown[:_SHOWN_NODES]) + more or "its recipients"
        line = visible(f"{', '.join(dict.fromkeys(names))} {self._arrow} {whom}")
        self._stream.write(f"[{self._task}/{self._tasks}] {line}\n")
        self._stream.flush()

    def step(self) -> None:
        self._step += 1
        if self._bar is not None:
            self._bar.update()
        elif self._draws and time.monotonic() - self._begun >= _LONG:
            self._bar = _make_bar(self._stream, self._step, self._steps)

    def hide(self) -> None:
        if self._bar is not None:
            self._bar.clear()

    def close(self) -> None:
        """Remove the bar and leave the lines."""
        if self._bar is not None:
            self._bar.close()


def _make_bar(stream: TextIO, step: int, steps: int) -> "tqdm[Never]":
    from threading import RLock

    from tqdm.std import tqdm

    tqdm.monitor_interval = 0  # no thread that draws over a prompt
    tqdm.set_lock(RLock())  # no lock between processes
    return tqdm(
        total=steps,
        initial=step,
        file=stream,
        dynamic_ncols=True,
        leave=False,
        bar_format=_BAR,
    )


def _columns(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except OSError:
        return 0


def _arrow(stream: TextIO) -> str:
    try:
        "\u2192".encode(stream.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return "->"
    return "\u2192"
