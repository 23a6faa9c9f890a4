"""The expressions of the Nix language, as far as rules files use them: frozen trees.

Texts are bytes, as in Nix. Which scope a variable comes from is settled when the tree is made.
"""

from dataclasses import dataclass
from typing import NamedTuple


class Position(NamedTuple):
    """Where something is written: a file's path in the tree, and a line, counted from 1."""

    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Expression:
    """Base of all expressions."""

    place: Position


@dataclass(frozen=True, slots=True)
class Literal(Expression):
    """A number, or a string in which nothing is interpolated."""

    value: int | float | bytes


@dataclass(frozen=True, slots=True)
class Interpolated(Expression):
    """A string with `${…}` in it."""

    parts: tuple[bytes | Expression, ...]


@dataclass(frozen=True, slots=True)
class PathExpression(Expression):
    """A path: its parts, of which the first is text, relative to the directory of its file."""

    parts: tuple[bytes | Expression, ...]


@dataclass(frozen=True, slots=True)
class Variable(Expression):
    """A name that a `let`, a `rec`, a function or the language itself binds."""

    name: bytes


@dataclass(frozen=True, slots=True)
class WithVariable(Expression):
    """A name that only a `with` can provide."""

    name: bytes


@dataclass(frozen=True, slots=True)
class Select(Expression):
    """`subject.path or default`; the parts of `path` are texts, or expressions that give them."""

    subject: Expression
    path: tuple[bytes | Expression, ...]
    default: Expression | None


@dataclass(frozen=True, slots=True)
class HasAttribute(Expression):
    """`subject ? path`."""

    subject: Expression
    path: tuple[bytes | Expression, ...]


@dataclass(frozen=True, slots=True)
class Call(Expression):
    """A function applied to one argument."""

    function: Expression
    argument: Expression


@dataclass(frozen=True, slots=True)
class Function(Expression):
    """A function: `formals` are the attributes that it takes, None if it takes any value.

    `name` is what the whole argument is called in the body; `open` says whether `…` was given.
    """

    name: bytes | None
    formals: tuple[tuple[bytes, Expression | None], ...] | None
    open: bool
    body: Expression


@dataclass(frozen=True, slots=True)
class ListExpression(Expression):
    """A list."""

    elements: tuple[Expression, ...]


class Binding(NamedTuple):
    """`name = value;` — `outer` if the value is one of the scope outside (`inherit name;`)."""

    name: bytes
    value: Expression
    outer: bool


@dataclass(frozen=True, slots=True)
class SetExpression(Expression):
    """An attribute set; `dynamic` are the attributes whose names are evaluated."""

    recursive: bool
    bindings: tuple[Binding, ...]
    dynamic: tuple[tuple[Expression, Expression], ...]


@dataclass(frozen=True, slots=True)
class Let(Expression):
    """`let … in body`."""

    bindings: tuple[Binding, ...]
    body: Expression


@dataclass(frozen=True, slots=True)
class With(Expression):
    """`with environment; body`."""

    environment: Expression
    body: Expression


@dataclass(frozen=True, slots=True)
class If(Expression):
    """`if condition then consequence else alternative`."""

    condition: Expression
    consequence: Expression
    alternative: Expression


@dataclass(frozen=True, slots=True)
class Assert(Expression):
    """`assert condition; body`."""

    condition: Expression
    body: Expression


@dataclass(frozen=True, slots=True)
class Unary(Expression):
    """`!operand` or `-operand`."""

    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary(Expression):
    """`left operator right`."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class RefusedExpression(Expression):
    """What is understood but not evaluated here.

    `impure` if it asks for something of the machine, so that no other evaluation in a sandbox may
    answer it either.
    """

    construct: str
    impure: bool
