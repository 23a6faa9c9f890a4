"""How long tests may take, so that none depends on how fast or how busy the machine is."""

import gc
import time
from collections.abc import Callable
from typing import TypeVar

from hypothesis import settings

_T = TypeVar("_T")

# Seconds after which what hangs is ended: far more than anything takes on a slow machine.
PATIENCE = 900.0


def per_hundred(examples: int) -> settings:
    """Return settings for a property whose examples are slow: so many where others have 100."""
    return settings(max_examples=max(1, settings().max_examples * examples // 100))


def cpu_seconds(act: Callable[[_T], object], argument: _T) -> float:
    """Return the least processor time of three calls, to be compared with that of other work.

    As the program does, they leave garbage alone: to look for it costs more the more there is.
    """
    times = []
    gc.disable()
    try:
        for _ in range(3):
            begin = time.process_time()
            act(argument)
            times.append(time.process_time() - begin)
    finally:
        gc.enable()
    return min(times)
