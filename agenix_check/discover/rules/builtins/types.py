"""Builtins about types and numbers."""

import math
from collections.abc import Callable

from agenix_check.discover.rules.builtins.primitives import Table, primitive
from agenix_check.discover.rules.machine import Machine
from agenix_check.discover.rules.operators import calculate, divide, less
from agenix_check.discover.rules.values import (
    RefusedError,
    Thunk,
    Value,
    expected,
    type_of,
)

TYPES: Table = {}

_EXACT = 2**53  # integers up to here are exact as floating-point numbers
_QUESTIONS = {
    "isAttrs": "set",
    "isBool": "bool",
    "isFloat": "float",
    "isFunction": "lambda",
    "isInt": "int",
    "isList": "list",
    "isNull": "null",
    "isPath": "path",
    "isString": "string",
}


def _question(kind: str) -> Callable[[Machine, Thunk], Value]:
    return lambda machine, value: type_of(machine.force(value)) == kind


for _name, _kind in _QUESTIONS.items():
    primitive(TYPES, _name, 1)(_question(_kind))


@primitive(TYPES, "typeOf", 1)
def _type_of(machine: Machine, value: Thunk) -> Value:
    return type_of(machine.force(value)).encode()


def _arithmetic(
    operation: Callable[[float, float], int | float],
) -> Callable[[Machine, Thunk, Thunk], Value]:
    return lambda machine, one, other: calculate(
        machine.force(one), machine.force(other), operation
    )


primitive(TYPES, "add", 2)(_arithmetic(lambda one, other: one + other))
primitive(TYPES, "sub", 2)(_arithmetic(lambda one, other: one - other))
primitive(TYPES, "mul", 2)(_arithmetic(lambda one, other: one * other))
primitive(TYPES, "div", 2)(_arithmetic(divide))


@primitive(TYPES, "lessThan", 2)
def _less(machine: Machine, one: Thunk, other: Thunk) -> Value:
    return less(machine, machine.force(one), machine.force(other))


@primitive(TYPES, "bitAnd", 2)
def _and(machine: Machine, one: Thunk, other: Thunk) -> Value:
    return machine.integer(one) & machine.integer(other)


@primitive(TYPES, "bitOr", 2)
def _or(machine: Machine, one: Thunk, other: Thunk) -> Value:
    return machine.integer(one) | machine.integer(other)


@primitive(TYPES, "bitXor", 2)
def _xor(machine: Machine, one: Thunk, other: Thunk) -> Value:
    return machine.integer(one) ^ machine.integer(other)


@primitive(TYPES, "ceil", 1)
def _ceil(machine: Machine, value: Thunk) -> Value:
    return math.ceil(_exact(machine, value))


@primitive(TYPES, "floor", 1)
def _floor(machine: Machine, value: Thunk) -> Value:
    return math.floor(_exact(machine, value))


def _exact(machine: Machine, thunk: Thunk) -> float:
    value = machine.force(thunk)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise expected("number", value)
    if abs(value) > _EXACT:
        raise RefusedError("a number that is out of range")
    return value
