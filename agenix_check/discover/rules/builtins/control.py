"""Builtins about evaluation itself, and those that read files of the tree."""

from agenix_check.discover.rules.builtins.primitives import Table, primitive
from agenix_check.discover.rules.machine import Machine
from agenix_check.discover.rules.operators import coerce
from agenix_check.discover.rules.places import named_place
from agenix_check.discover.rules.syntax import Position
from agenix_check.discover.rules.values import (
    BlankText,
    EvaluationError,
    PlaceText,
    RefusedError,
    ThrownError,
    Thunk,
    Value,
    ready,
    show_text,
)

CONTROL: Table = {}


@primitive(CONTROL, "seq", 2)
def _sequence(machine: Machine, first: Thunk, second: Thunk) -> Value:
    machine.force(first)
    return machine.force(second)


@primitive(CONTROL, "deepSeq", 2)
def _deep_sequence(machine: Machine, first: Thunk, second: Thunk) -> Value:
    force_deeply(machine, first)
    return machine.force(second)


def force_deeply(machine: Machine, thunk: Thunk) -> None:
    """Compute a value and all that it holds."""
    waiting = [thunk]
    seen = set()
    while waiting:
        value = machine.force(waiting.pop())
        machine.budget.spend(1)
        if isinstance(value, dict | tuple) and id(value) not in seen:
            seen.add(id(value))
            inner = value.values() if isinstance(value, dict) else value
            waiting.extend(reversed(list(inner)))


@primitive(CONTROL, "trace", 2)
def _trace(machine: Machine, message: Thunk, value: Thunk) -> Value:
    machine.force(message)
    return machine.force(value)


@primitive(CONTROL, "addErrorContext", 2)
def _add_context(machine: Machine, _message: Thunk, value: Thunk) -> Value:
    return machine.force(value)


@primitive(CONTROL, "throw", 1)
def _throw(machine: Machine, message: Thunk) -> Value:
    raise ThrownError(_message(machine, message))


@primitive(CONTROL, "abort", 1)
def _abort(machine: Machine, message: Thunk) -> Value:
    raise EvaluationError(_message(machine, message))


def _message(machine: Machine, thunk: Thunk) -> str:
    text = coerce(machine, machine.force(thunk))
    return "(a place)" if isinstance(text, PlaceText) else show_text(text)


@primitive(CONTROL, "tryEval", 1)
def _try(machine: Machine, value: Thunk) -> Value:
    try:
        machine.force(value)
    except ThrownError:
        return {b"success": ready(value=False), b"value": ready(value=False)}
    return {b"success": ready(value=True), b"value": value}


def _place(machine: Machine, thunk: Thunk) -> str:
    """Return the path of the tree that an argument names."""
    value = machine.force(thunk)
    if isinstance(value, dict):
        value = coerce(machine, value, copy=False)
    return named_place(value).path


@primitive(CONTROL, "import", 1)
def _import(machine: Machine, path: Thunk) -> Value:
    value = machine.force(path)
    if isinstance(value, PlaceText) and value.copied:
        raise RefusedError("an `import` from a copy of a directory")
    return machine.import_file(_place(machine, path))


@primitive(CONTROL, "readFile", 1)
def _read(machine: Machine, path: Thunk) -> Value:
    place = _place(machine, path)
    text = machine.files.read(place)
    if b"\0" in text:
        raise EvaluationError("a file with a NUL byte, as a string")
    machine.budget.spend(len(text) // 16)
    if not text.strip():
        text = BlankText(text)
    machine.note_origin(text, Position(place, 1), None)
    return text


@primitive(CONTROL, "readDir", 1)
def _list(machine: Machine, path: Thunk) -> Value:
    found = machine.files.list(_place(machine, path))
    machine.budget.spend(len(found))
    return {name: ready(kind) for name, kind in found.items()}


@primitive(CONTROL, "pathExists", 1)
def _exists(machine: Machine, path: Thunk) -> Value:
    value = machine.force(path)
    if isinstance(value, PlaceText) and value.suffix.endswith((b"/", b"/.")):
        raise RefusedError("`pathExists` of a path with a slash at its end")
    return machine.files.exists(_place(machine, path))
