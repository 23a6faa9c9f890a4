"""What the operators of the language do: conversions to text, equality, order, arithmetic."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from agenix_check.discover.rules.places import extend, join_texts
from agenix_check.discover.rules.values import (
    Builtins,
    EvaluationError,
    PlaceText,
    RefusedError,
    Thunk,
    TreePath,
    Value,
    expected,
    is_function,
    type_of,
)

if TYPE_CHECKING:
    from agenix_check.discover.rules.machine import Machine

_LEAST, _MOST = -(2**63), 2**63 - 1
_BYTES_A_STEP = 16


def coerce(
    machine: "Machine", value: Value, *, more: bool = False, copy: bool = True
) -> bytes | PlaceText:
    """Return a value as text: as `${…}` does, or with `more` as `toString` does.

    `copy` says whether a path means its copy in the store.
    """
    machine.budget.spend(1)
    if isinstance(value, bytes | PlaceText):
        return value
    if isinstance(value, TreePath):
        if copy and not machine.files.exists(value.path):
            raise EvaluationError("a path at which there is nothing")
        return PlaceText(value, b"", copied=copy)
    if isinstance(value, dict):
        if b"__toString" in value:
            text = machine.call(machine.force(value[b"__toString"]), Thunk(None, value))
            return coerce(machine, text, more=more, copy=copy)
        if b"outPath" in value:
            return coerce(machine, machine.force(value[b"outPath"]), more=more, copy=copy)
    if more:
        if isinstance(value, tuple):
            return _coerce_list(machine, value, copy=copy)
        if value is None or isinstance(value, bool):
            return b"1" if value else b""
        if isinstance(value, int):
            return b"%d" % value
        if isinstance(value, float):
            return b"%f" % value
    raise EvaluationError(f"a {type_of(value)} where a text belongs")


def _coerce_list(
    machine: "Machine", elements: tuple[Thunk, ...], *, copy: bool
) -> bytes | PlaceText:
    parts: list[bytes | PlaceText] = []
    for number, element in enumerate(elements):
        value = machine.force(element)
        parts.append(coerce(machine, value, more=True, copy=copy))
        if number < len(elements) - 1 and value != ():
            parts.append(b" ")
    return joined(machine, parts)


def text_of(machine: "Machine", thunk: Thunk, *, more: bool = False) -> bytes:
    """Return the text of a value that must not depend on a place."""
    text = coerce(machine, machine.force(thunk), more=more)
    if isinstance(text, PlaceText):
        raise RefusedError("a string that depends on where the repository lies", impure=True)
    return text


def joined(machine: "Machine", parts: list[bytes | PlaceText]) -> bytes | PlaceText:
    """Return parts of a string as one, and count what it costs."""
    text = join_texts(parts)
    machine.budget.spend(1 + len(text if isinstance(text, bytes) else text.suffix) // _BYTES_A_STEP)
    return text


def add(machine: "Machine", left: Value, right: Value) -> Value:
    """Return `left + right`: of numbers, of texts, or a path and a text."""
    if _is_number(left):
        return calculate(left, right, lambda one, other: one + other)
    if isinstance(left, TreePath):
        text = coerce(machine, right, copy=False)
        if isinstance(text, PlaceText):
            raise RefusedError("a place that is added to a path", impure=True)
        return extend(left, text)
    copy = isinstance(left, bytes | PlaceText)
    return joined(machine, [coerce(machine, one, copy=copy) for one in (left, right)])


def calculate(
    left: Value, right: Value, operation: Callable[[float, float], int | float]
) -> int | float:
    """Return the result of arithmetic.

    Raises `RefusedError` where versions of Nix differ: an integer that is too large.
    """
    for side in (left, right):
        if not _is_number(side):
            raise expected("number", side)
    result = operation(left, right)  # type: ignore[arg-type]
    if isinstance(result, int) and not _LEAST <= result <= _MOST:
        raise RefusedError("an integer that is out of range")
    if isinstance(result, float) and not math.isfinite(result):
        raise RefusedError("a number that is out of range")
    return result


def divide(left: float, right: float) -> int | float:
    """Return a quotient; of integers, cut towards zero."""
    if right == 0:
        raise EvaluationError("division by zero")
    if isinstance(left, int) and isinstance(right, int):
        quotient = abs(left) // abs(right)
        return quotient if (left < 0) == (right < 0) else -quotient
    return left / right


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def equal(machine: "Machine", left: Value, right: Value) -> bool:
    """Return whether two values are equal, all the way down.

    Raises `RefusedError` for functions, which Nix compares by where they lie in memory.
    """
    machine.budget.spend(1)
    if isinstance(left, Builtins | PlaceText) or isinstance(right, Builtins | PlaceText):
        raise RefusedError("a comparison of what has no value here")
    if is_function(left) and is_function(right):
        raise RefusedError("a comparison of functions")
    if _is_number(left) and _is_number(right):
        return _same_number(left, right)
    if type_of(left) != type_of(right):
        return False
    if isinstance(left, tuple) and isinstance(right, tuple):
        if len(left) != len(right):
            return False
        return all(
            equal(machine, machine.force(one), machine.force(other))
            for one, other in zip(left, right, strict=True)
        )
    if isinstance(left, dict) and isinstance(right, dict):
        return _equal_sets(machine, left, right)
    return left == right


def _same_number(left: Value, right: Value) -> bool:
    if isinstance(left, float) or isinstance(right, float):
        return float(left) == float(right)  # type: ignore[arg-type]
    return left == right


def _equal_sets(machine: "Machine", left: dict[bytes, Thunk], right: dict[bytes, Thunk]) -> bool:
    for one in (left, right):
        if b"type" in one and machine.force(one[b"type"]) == b"derivation":
            raise RefusedError("a comparison of derivations")
    if left.keys() != right.keys():
        return False
    # Nix has an order of its own here: a difference must not hide what cannot be evaluated.
    same = [equal(machine, machine.force(left[name]), machine.force(right[name])) for name in left]
    return all(same)


def less(machine: "Machine", left: Value, right: Value) -> bool:
    """Return `left < right`: of numbers, of strings, or of lists."""
    machine.budget.spend(1)
    if _is_number(left) and _is_number(right):
        if isinstance(left, float) or isinstance(right, float):
            return float(left) < float(right)  # type: ignore[arg-type]
        return left < right  # type: ignore[operator]
    if isinstance(left, bytes) and isinstance(right, bytes):
        return left < right
    if isinstance(left, tuple) and isinstance(right, tuple):
        for one, other in zip(left, right, strict=False):
            first, second = machine.force(one), machine.force(other)
            if not equal(machine, first, second):
                return less(machine, first, second)
        return len(left) < len(right)
    if isinstance(left, PlaceText | TreePath) or isinstance(right, PlaceText | TreePath):
        raise RefusedError("an order of paths")
    raise EvaluationError(f"a {type_of(left)} and a {type_of(right)} have no order")


def names_of(attributes: dict[bytes, Thunk]) -> list[bytes]:
    """Return the names of a set in Nix's order: that of their bytes."""
    return sorted(attributes)
