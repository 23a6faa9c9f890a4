"""How builtins are declared."""

from collections.abc import Callable
from typing import TypeAlias

from agenix_check.discover.rules.values import Primitive, Value

Table: TypeAlias = "dict[str, Primitive]"
_Run: TypeAlias = "Callable[..., Value]"


def primitive(table: Table, name: str, arity: int) -> Callable[[_Run], _Run]:
    """Put a function into a table of builtins, under a name."""

    def declare(run: _Run) -> _Run:
        table[name] = Primitive(name, arity, run)
        return run

    return declare
