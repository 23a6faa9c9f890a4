"""Values of the Nix language, and how evaluating them can fail.

null, booleans, numbers, strings, lists and sets are Python's None, bool, int, float, bytes, tuple
and dict. Nothing changes a value after it was made.
"""

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


class AbsentFileError(EvaluationError):
    """What is raised for a file of the repository that is not in the tree."""

    def __init__(self, text: str, path: str) -> None:
        super().__init__(text)
        self.path = path


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


class TreePath:
    """A path inside the repository, relative to its root; "" is the root itself."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path

    def __eq__(self, other: object) -> bool:
        """Return whether another path leads to the same place."""
        return isinstance(other, TreePath) and self.path == other.path

    def __hash__(self) -> int:
        """Return the hash of the path's text."""
        return hash(self.path)


class PlaceText:
    """A string that begins with the place of a path on the machine, or of its copy in the store.

    What it begins with is nobody's business, so it can only be read from.
    """

    __slots__ = ("base", "copied", "suffix")

    def __init__(self, base: TreePath, suffix: bytes, *, copied: bool) -> None:
        self.base = base
        self.suffix = suffix
        self.copied = copied


class BlankText(bytes):
    """The text of a file that has nothing but white space: it remembers where it was read.

    Python shares one object between all empty strings, which have no origin of their own.
    """


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


class Closure:
    """A function of a rules file, and the scope that it was made in."""

    __slots__ = ("function", "scope")

    def __init__(self, function: "Function", scope: Scope) -> None:
        self.function = function
        self.scope = scope


class Primitive:
    """A function of the language, and the arguments that it was given so far."""

    __slots__ = ("arity", "given", "name", "run")

    def __init__(
        self, name: str, arity: int, run: "Callable[..., Value]", given: tuple[Thunk, ...] = ()
    ) -> None:
        self.name = name
        self.arity = arity
        self.run = run
        self.given = given


class Builtins:
    """The set `builtins`: only single names of it can be asked for.

    `others` are names of builtins that are not evaluated here, with whether they are impure.
    """

    __slots__ = ("known", "others")

    def __init__(self, known: dict[bytes, Thunk], others: dict[bytes, bool]) -> None:
        self.known = known
        self.others = others

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
