"""What rules files give: names and keys, as they are written."""

from typing import NamedTuple

from agenix_check.discover.rules.syntax import Position


class PublicKey(NamedTuple):
    """A key as a rule gives it; `place` is where it is written, `name` what it is bound to there.

    Both are None where they are not known.
    """

    text: str
    place: Position | None = None
    name: str | None = None


class WrittenRule(NamedTuple):
    """One rule as the file gives it: a name, its keys in their order, and `armor` if it is given.

    Lists in the list of keys are flattened; `nested` says that there were some.
    """

    name: str
    keys: tuple[PublicKey, ...]
    armor: bool | None
    nested: bool = False
