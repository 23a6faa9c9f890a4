"""The evaluator: lazy, in bounded steps and depth, with nothing but the files it is given."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from agenix_check.discover.rules.syntax import Expression, Position
from agenix_check.discover.rules.values import (
    Builtins,
    Closure,
    EvaluationError,
    PlaceText,
    Primitive,
    RefusedError,
    Scope,
    Thunk,
    Value,
    expected,
    ready,
    recurse,
    show_text,
)

DEEPEST = 2000  # expressions inside one another, while they are evaluated


class Files(Protocol):
    """The files of one tree; every path is relative to its root."""

    def read(self, path: str) -> bytes:
        """Return a file's content; raises `EvaluationError` or `RefusedError`."""

    def list(self, path: str) -> dict[bytes, bytes]:
        """Return a directory's entries, each with its type as `readDir` names it."""

    def exists(self, path: str) -> bool:
        """Return whether there is a file or directory."""

    def source(self, path: str) -> str:
        """Return the file that `import` of a path reads."""


class Budget:
    """How much may still be computed, in steps; several files share one."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        """Take steps; raises `RefusedError` when there are none left."""
        self.left -= steps
        if self.left < 0:
            raise RefusedError("more steps than a rules file may take")


Evaluate = Callable[..., Value]  # of a machine, an expression and the scope around it


class Origin(NamedTuple):
    """Where a string is written, or which file it is, and what it is bound to first.

    `value` is the string itself: nothing copies one that is handed on.
    """

    value: Value
    place: Position | None
    name: bytes | None


class Machine:
    """Evaluates expressions of one tree, and remembers which files it imported."""

    def __init__(
        self,
        files: Files,
        budget: Budget,
        *,
        parse: Callable[[bytes, str], Expression],
        handlers: dict[type[Expression], Evaluate],
        outermost: Scope,
    ) -> None:
        self.files = files
        self.budget = budget
        self._parse = parse
        self._handlers = handlers
        self._outermost = outermost
        self._imported: dict[str, Thunk] = {}
        self._origins: dict[int, Origin] = {}
        self._depth = 0

    def evaluate(self, expression: Expression, scope: Scope) -> Value:
        """Return the value of an expression, computed as far as its type."""
        self.budget.spend(1)
        self._depth += 1
        try:
            if self._depth > DEEPEST:
                raise RefusedError("expressions that are nested too deeply")
            return self._handlers[type(expression)](self, expression, scope)
        except EvaluationError as error:
            error.place = error.place or expression.place
            raise
        finally:
            self._depth -= 1

    def force(self, thunk: Thunk) -> Value:
        """Return a thunk's value; it is computed once."""
        compute = thunk.compute
        if compute is None:
            return thunk.value
        thunk.compute = recurse
        try:
            thunk.value = compute()
        except BaseException:
            thunk.compute = compute
            raise
        thunk.compute = None
        if thunk.name is not None:
            self.note_origin(thunk.value, thunk.place, thunk.name)
        return thunk.value

    def note_origin(self, value: Value, place: Position | None, name: bytes | None) -> None:
        """Remember where a string comes from; what is remembered first is closest to it."""
        if isinstance(value, bytes):
            known = self._origins.setdefault(id(value), Origin(value, place, name))
            if known.name is None and name is not None:
                self._origins[id(value)] = known._replace(name=name)

    def origin(self, value: Value) -> Origin | None:
        """Return where a string comes from, if that is known."""
        return self._origins.get(id(value))

    def call(self, function: Value, argument: Thunk) -> Value:
        """Apply a function, or a set with `__functor`, to an argument."""
        self.budget.spend(1)
        if isinstance(function, Primitive):
            given = (*function.given, argument)
            if len(given) < function.arity:
                return Primitive(function.name, function.arity, function.run, given)
            return function.run(self, *given)
        if isinstance(function, Closure):
            return self._enter(function, argument)
        if isinstance(function, dict) and b"__functor" in function:
            inner = self.call(self.force(function[b"__functor"]), ready(function))
            return self.call(inner, argument)
        raise EvaluationError("a value that is no function is called")

    def apply(self, function: Value, *arguments: Thunk) -> Value:
        """Apply a function to several arguments, one after the other."""
        for argument in arguments:
            function = self.call(function, argument)
        return function

    def _enter(self, closure: Closure, argument: Thunk) -> Value:
        function = closure.function
        if function.formals is None:
            names = {} if function.name is None else {function.name: argument}
            return self.evaluate(function.body, Scope(names, closure.scope))
        given = self.set(argument)
        self.budget.spend(len(function.formals))
        scope = Scope({}, closure.scope)
        if function.name is not None:
            scope.names[function.name] = argument
        used = 0
        for name, default in function.formals:
            if name in given:
                scope.names[name] = given[name]
                used += 1
            elif default is None:
                raise EvaluationError(f"a function called without '{show_text(name)}'")
            else:
                scope.names[name] = self.delay(default, scope)
        if used < len(given) and not function.open:
            taken = {name for name, _ in function.formals}
            other = next(name for name in given if name not in taken)
            raise EvaluationError(f"a function called with unexpected '{show_text(other)}'")
        return self.evaluate(function.body, scope)

    def delay(self, expression: Expression, scope: Scope) -> Thunk:
        """Return a thunk of an expression's value."""
        return Thunk(lambda: self.evaluate(expression, scope), place=expression.place)

    def import_file(self, path: str) -> Value:
        """Return the value of the file that a path names; it is evaluated once."""
        source = self.files.source(path)
        if source not in self._imported:
            self._imported[source] = Thunk(lambda: self._load(source))
        return self.force(self._imported[source])

    def _load(self, path: str) -> Value:
        text = self.files.read(path)  # where it is absent, the place is that of the import
        try:
            self.budget.spend(len(text) // 4)
            return self.evaluate(self._parse(text, path), self._outermost)
        except EvaluationError as error:
            error.place = error.place or Position(path, 1)
            raise

    def text(self, thunk: Thunk) -> bytes:
        """Return a string; nothing else becomes one here."""
        value = self.force(thunk)
        if isinstance(value, bytes):
            return value
        if isinstance(value, PlaceText):
            raise RefusedError("a string that depends on where the repository lies", impure=True)
        raise expected("string", value)

    def integer(self, thunk: Thunk) -> int:
        """Return an integer."""
        value = self.force(thunk)
        if isinstance(value, bool) or not isinstance(value, int):
            raise expected("integer", value)
        return value

    def boolean(self, thunk: Thunk) -> bool:
        """Return a boolean."""
        value = self.force(thunk)
        if not isinstance(value, bool):
            raise expected("boolean", value)
        return value

    def list(self, thunk: Thunk) -> tuple[Thunk, ...]:
        """Return a list."""
        value = self.force(thunk)
        if not isinstance(value, tuple):
            raise expected("list", value)
        self.budget.spend(len(value))
        return value

    def set(self, thunk: Thunk) -> dict[bytes, Thunk]:
        """Return a set; `builtins` as a whole is refused."""
        return as_set(self.force(thunk))

    def function(self, thunk: Thunk) -> Value:
        """Return a function, or a set that can be called like one."""
        value = self.force(thunk)
        if isinstance(value, Closure | Primitive) or (
            isinstance(value, dict) and b"__functor" in value
        ):
            return value
        raise expected("function", value)


def as_set(value: Value) -> dict[bytes, Thunk]:
    """Return a value that must be a set; `builtins` as a whole is refused."""
    if isinstance(value, dict):
        return value
    if isinstance(value, Builtins):
        raise RefusedError("all of `builtins`")
    raise expected("set", value)
