"""The expressions of the Nix language, as far as rules files use them: frozen trees.

Texts are bytes, as in Nix. Which scope a variable comes from is settled when the tree is made.
Named tuples, because twenty data classes would take longer to make than most files to evaluate.
"""

from typing import NamedTuple, TypeAlias


class Position(NamedTuple):
    """Where something is written: a file's path in the tree, and a line, counted from 1."""

    path: str
    line: int


class Literal(NamedTuple):
    """A number, or a string in which nothing is interpolated."""

    place: Position
    value: int | float | bytes


class Interpolated(NamedTuple):
    """A string with `${…}` in it."""

    place: Position
    parts: "tuple[bytes | Expression, ...]"


class PathExpression(NamedTuple):
    """A path: its parts, of which the first is text, relative to the directory of its file."""

    place: Position
    parts: "tuple[bytes | Expression, ...]"


class Variable(NamedTuple):
    """A name that a `let`, a `rec`, a function or the language itself binds."""

    place: Position
    name: bytes


class WithVariable(NamedTuple):
    """A name that only a `with` can provide."""

    place: Position
    name: bytes


class Select(NamedTuple):
    """`subject.path or default`; the parts of `path` are texts, or expressions that give them."""

    place: Position
    subject: "Expression"
    path: "tuple[bytes | Expression, ...]"
    default: "Expression | None"


class HasAttribute(NamedTuple):
    """`subject ? path`."""

    place: Position
    subject: "Expression"
    path: "tuple[bytes | Expression, ...]"


class Call(NamedTuple):
    """A function applied to one argument."""

    place: Position
    function: "Expression"
    argument: "Expression"


class Function(NamedTuple):
    """A function: `formals` are the attributes that it takes, None if it takes any value.

    `name` is what the whole argument is called in the body; `open` says whether `…` was given.
    """

    place: Position
    name: bytes | None
    formals: "tuple[tuple[bytes, Expression | None], ...] | None"
    open: bool
    body: "Expression"


class ListExpression(NamedTuple):
    """A list."""

    place: Position
    elements: "tuple[Expression, ...]"


class Binding(NamedTuple):
    """`name = value;` — `outer` if the value is one of the scope outside (`inherit name;`)."""

    name: bytes
    value: "Expression"
    outer: bool


class SetExpression(NamedTuple):
    """An attribute set; `dynamic` are the attributes whose names are evaluated."""

    place: Position
    recursive: bool
    bindings: tuple[Binding, ...]
    dynamic: "tuple[tuple[Expression, Expression], ...]"


class Let(NamedTuple):
    """`let … in body`."""

    place: Position
    bindings: tuple[Binding, ...]
    body: "Expression"


class With(NamedTuple):
    """`with environment; body`."""

    place: Position
    environment: "Expression"
    body: "Expression"


class If(NamedTuple):
    """`if condition then consequence else alternative`."""

    place: Position
    condition: "Expression"
    consequence: "Expression"
    alternative: "Expression"


class Assert(NamedTuple):
    """`assert condition; body`."""

    place: Position
    condition: "Expression"
    body: "Expression"


class Unary(NamedTuple):
    """`!operand` or `-operand`."""

    place: Position
    operator: str
    operand: "Expression"


class Binary(NamedTuple):
    """`left operator right`."""

    place: Position
    operator: str
    left: "Expression"
    right: "Expression"


class RefusedExpression(NamedTuple):
    """What is understood but not evaluated here.

    `impure` if it asks for something of the machine, so that no other evaluation in a sandbox may
    answer it either.
    """

    place: Position
    construct: str
    impure: bool


Expression: TypeAlias = (
    Literal
    | Interpolated
    | PathExpression
    | Variable
    | WithVariable
    | Select
    | HasAttribute
    | Call
    | Function
    | ListExpression
    | SetExpression
    | Let
    | With
    | If
    | Assert
    | Unary
    | Binary
    | RefusedExpression
)
