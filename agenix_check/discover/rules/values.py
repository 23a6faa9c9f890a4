"""Values of the Nix language, and how evaluating them can fail.

null, booleans, numbers, strings, lists and sets are Python's None, bool, int, float, bytes, tuple
and dict. Nothing changes a value after it was made.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenix_check.discover.rules.machine import Machine
    from agenix_check.discover.rules.syntax import Function, Position

Value: TypeAlias = (
    "bool | int | float | bytes | tuple[Thunk, ...] | dict[bytes, Thunk] | TreePath | PlaceText"
    " | Closure | Primitive | Builtins | None"
)


class EvaluationError(Exception):
    """There is no value: Nix would say so too. `place` is the innermost one that is known."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.place: Position | None = None


class ThrownError(EvaluationError):
    """What `throw` and `assert` raise, and `tryEval` catches."""


class RefusedError(EvaluationError):
    """This evaluator gives no answer. `impure` if one in a sandbox must not either."""

    def __init__(self, construct: str, *, impure: bool = False) -> None:
        super().__init__(construct)
        self.impure = impure


class Thunk:
    """A value that is computed when it is first asked for.

    `place` is where its expression is written, `name` what it is bound to there, if that is known.
    """

    __slots__ = ("compute", "name", "place", "value")

    def __init__(
        self,
        compute: "Callable[[], Value] | None",
        value: "Value" = None,
        place: "Position | None" = None,
    ) -> None:
        self.compute = compute
        self.value = value
        self.place = place
        self.name: bytes | None = None


def ready(value: Value) -> Thunk:
    """Return a thunk whose value is known."""
    return Thunk(None, value)


def recurse() -> NoReturn:
    """Stand for a value that is asked for while it is being computed."""
    raise EvaluationError("infinite recursion")


@dataclass(frozen=True, slots=True)
class TreePath:
    """A path inside the repository, relative to its root; "" is the root itself."""

    path: str


@dataclass(frozen=True, slots=True)
class PlaceText:
    """A string that begins with the place of a path on the machine, or of its copy in the store.

    What it begins with is nobody's business, so it can only be read from.
    """

    base: TreePath
    suffix: bytes
    copied: bool


class Scope:
    """The names around an expression: those of one construct, and the scope outside.

    `attributes` is the set of a `with`, whose names count only where nothing else binds them.
    """

    __slots__ = ("attributes", "names", "outside")

    def __init__(
        self,
        names: dict[bytes, Thunk],
        outside: "Scope | None",
        attributes: Thunk | None = None,
    ) -> None:
        self.names = names
        self.outside = outside
        self.attributes = attributes


@dataclass(frozen=True, slots=True, eq=False)
class Closure:
    """A function of a rules file, and the scope that it was made in."""

    function: "Function"
    scope: Scope


@dataclass(frozen=True, slots=True, eq=False)
class Primitive:
    """A function of the language, and the arguments that it was given so far."""

    name: str
    arity: int
    run: "Callable[..., Value]"
    given: tuple[Thunk, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Builtins:
    """The set `builtins`: only single names of it can be asked for.

    `others` are names of builtins that are not evaluated here, with whether they are impure.
    """

    known: dict[bytes, Thunk]
    others: dict[bytes, bool]

    def find(self, name: bytes) -> Thunk | None:
        """Return a builtin, or None if no version of Nix has it; may raise `RefusedError`."""
        if name in self.others:
            raise RefusedError(f"builtins.{name.decode()}", impure=self.others[name])
        return self.known.get(name)


def type_of(value: Value) -> str:
    """Return the name that `builtins.typeOf` gives."""
    if isinstance(value, bool):
        return "bool"
    for kind, name in _TYPES:
        if isinstance(value, kind):
            return name
    return "null"


_TYPES: tuple[tuple[type, str], ...] = (
    (int, "int"),
    (float, "float"),
    (bytes, "string"),
    (PlaceText, "string"),
    (TreePath, "path"),
    (tuple, "list"),
    (dict, "set"),
    (Builtins, "set"),
    (Closure, "lambda"),
    (Primitive, "lambda"),
)


def expected(wanted: str, value: Value) -> EvaluationError:
    """Return the error that a value is of another type than the wanted one."""
    return EvaluationError(f"a {type_of(value)} where a {wanted} belongs")


def show_text(text: bytes) -> str:
    """Return a text as a message may show it: printable, on one line."""
    return ascii(text.decode("utf-8", "replace"))[1:-1]


def is_function(value: Value) -> bool:
    """Return whether a value is a function by itself, without `__functor`."""
    return isinstance(value, Closure | Primitive)


Operation: TypeAlias = "Callable[[Machine, Value, Value], Value]"
