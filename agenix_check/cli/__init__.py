"""Arguments in, exit code out: finds the verb, and ends each way that a run can end."""

import gc
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from agenix_check import __version__
from agenix_check.cli.terminal import complain, print_out, say
from agenix_check.errors import AgenixCheckError, say_unusable

if TYPE_CHECKING:
    from typing import NoReturn

# What is rarely needed is imported where it is needed: `--version` must cost next to nothing.

INTERRUPTED = 130
_BUG = 3
_NOT_READ = 3  # whoever read our output went away: they did not see the verdict


def command() -> "NoReturn":
    """Run the program as a command, and end at once.

    Everything is written by then, and tearing down a large fleet would cost a fifth of the run.
    """
    code = main()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, AttributeError, ValueError):  # its reader is gone, or it was never there
            continue
    os._exit(code)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code; the only place that prints errors."""
    try:
        return _run(sys.argv[1:] if argv is None else list(argv))
    except AgenixCheckError as error:
        say(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return _NOT_READ
    except OSError as error:
        unusable = say_unusable(error)
        if unusable is None:
            return _crash()
        say(str(unusable))
        return unusable.exit_code
    except Exception:  # noqa: BLE001 - a crash must not look like exit code 1, findings
        return _crash()


def _crash() -> int:
    import traceback

    complain(traceback.format_exc())
    say("this is a bug in agenix-check; nothing was checked")
    return _BUG


def _run(arguments: list[str]) -> int:
    # A run makes many small values, no cycles of them, and ends soon.
    gc.disable()
    if arguments[:1] in (["--version"], ["-V"]):
        print_out(f"agenix-check {__version__}\n")
        return 0
    from agenix_check.cli.options import plain_options

    if plain_options(arguments) is not None:
        from agenix_check.cli.check import run_check

        return run_check(arguments)
    from agenix_check.cli.parsing import Answer
    from agenix_check.cli.verbs import VERBS, split_verb

    verb, rest = split_verb(arguments)
    try:
        return VERBS[verb].run(rest)
    except Answer as answer:
        print_out(str(answer))
        return 0
