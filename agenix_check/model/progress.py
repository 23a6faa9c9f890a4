"""How progress is reported. This one shows nothing; `report/progress_bar.py` has the real one."""

from collections.abc import Sequence


class Progress:
    """The progress of tasks (one a secret), each of several steps (one an output).

    A task may ask on the terminal until its first step, and after `hide` until the next step:
    nothing is drawn meanwhile.
    """

    def start(self, tasks: int, steps: int) -> None:
        """Begin, with how much there is to do."""

    def begin(self, names: Sequence[str], nodes: Sequence[str]) -> None:
        """Begin the next task: for which secrets or files, and for which nodes."""

    def step(self) -> None:
        """Count one more step as done."""

    def hide(self) -> None:
        """Clear the terminal for a program that may ask there."""
