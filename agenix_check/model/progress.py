"""Who is told how far long work is. This one tells nobody; `report.progress` has one that does."""

from collections.abc import Sequence


class Progress:
    """Tasks, a secret each, of which every one takes steps, an output each.

    A task may ask on the terminal from its begin to its first step, and wherever `hide` was called
    since the last step: nothing is drawn then.
    """

    def start(self, tasks: int, steps: int) -> None:
        """Hear how much there is to do."""

    def begin(self, names: Sequence[str], nodes: Sequence[str]) -> None:
        """Hear of the next task: of which secrets, or files, and for which nodes."""

    def step(self) -> None:
        """Hear that one more step is done."""

    def hide(self) -> None:
        """Leave the terminal to somebody who may ask there."""
