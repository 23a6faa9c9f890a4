"""What each verb accepts, read from its own `--help`: for completion, the manual, and docs."""

from typing import NamedTuple

from agenix_check.cli.parsing import Accepted, Answer
from agenix_check.cli.verbs import VERBS


class Surface(NamedTuple):
    """A verb: in one line, in sentences, and what it accepts."""

    verb: str
    help: str
    description: str
    accepted: tuple[Accepted, ...]

    @property
    def options(self) -> tuple[Accepted, ...]:
        """What begins with a hyphen."""
        return tuple(one for one in self.accepted if one.names)

    @property
    def arguments(self) -> tuple[Accepted, ...]:
        """What stands by its place."""
        return tuple(one for one in self.accepted if not one.names)


def all_surfaces() -> list[Surface]:
    """Return every verb, in the order of the help."""
    return [_surface(verb) for verb in VERBS]


def _surface(verb: str) -> Surface:
    try:
        VERBS[verb].run(["--help"])
    except Answer as answer:
        return Surface(verb, VERBS[verb].help, answer.description, answer.accepted)
    raise AssertionError(f"{verb} --help says nothing")
