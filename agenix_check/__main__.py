"""The command, and `python -m agenix_check`: an interrupt shows no traceback, however early."""

import os

_INTERRUPTED = 130


def start() -> None:
    """Run the program as a command, and end at once."""
    try:
        from agenix_check.cli import command

        command()
    except KeyboardInterrupt:  # while modules were loaded, or the last text was written
        os._exit(_INTERRUPTED)


if __name__ == "__main__":
    start()
