"""Builtins about attribute sets and functions."""

from agenix_check.discover.rules.builtins.primitives import Table, primitive
from agenix_check.discover.rules.machine import Machine
from agenix_check.discover.rules.operators import names_of
from agenix_check.discover.rules.values import (
    Builtins,
    Closure,
    EvaluationError,
    Primitive,
    Thunk,
    Value,
    expected,
    ready,
    show_text,
)

SETS: Table = {}


@primitive(SETS, "attrNames", 1)
def _names(machine: Machine, attributes: Thunk) -> Value:
    names = names_of(machine.set(attributes))
    machine.budget.spend(len(names))
    return tuple(map(ready, names))


@primitive(SETS, "attrValues", 1)
def _values(machine: Machine, attributes: Thunk) -> Value:
    found = machine.set(attributes)
    machine.budget.spend(len(found))
    return tuple(found[name] for name in names_of(found))


@primitive(SETS, "mapAttrs", 2)
def _map(machine: Machine, function: Thunk, attributes: Thunk) -> Value:
    found = machine.set(attributes)
    machine.budget.spend(len(found))
    return {name: _mapped(machine, function, name, value) for name, value in found.items()}


def _mapped(machine: Machine, function: Thunk, name: bytes, value: Thunk) -> Thunk:
    return Thunk(lambda: machine.apply(machine.force(function), ready(name), value))


@primitive(SETS, "listToAttrs", 1)
def _from_list(machine: Machine, pairs: Thunk) -> Value:
    found: dict[bytes, Thunk] = {}
    for pair in machine.list(pairs):
        attributes = machine.set(pair)
        name = machine.text(_needed(attributes, b"name"))
        if name not in found:
            found[name] = _needed(attributes, b"value")
    return found


def _needed(attributes: dict[bytes, Thunk], name: bytes) -> Thunk:
    if name not in attributes:
        raise EvaluationError(f"attribute '{show_text(name)}' missing")
    return attributes[name]


@primitive(SETS, "hasAttr", 2)
def _has(machine: Machine, name: Thunk, attributes: Thunk) -> Value:
    text, value = machine.text(name), machine.force(attributes)
    if isinstance(value, Builtins):
        return value.find(text) is not None
    return text in machine.set(attributes)


@primitive(SETS, "getAttr", 2)
def _get(machine: Machine, name: Thunk, attributes: Thunk) -> Value:
    text, value = machine.text(name), machine.force(attributes)
    if isinstance(value, Builtins):
        found = value.find(text)
        return machine.force(_needed({} if found is None else {text: found}, text))
    return machine.force(_needed(machine.set(attributes), text))


@primitive(SETS, "removeAttrs", 2)
def _remove(machine: Machine, attributes: Thunk, names: Thunk) -> Value:
    found = machine.set(attributes)
    gone = {machine.text(name) for name in machine.list(names)}
    machine.budget.spend(len(found))
    return {name: value for name, value in found.items() if name not in gone}


@primitive(SETS, "intersectAttrs", 2)
def _intersect(machine: Machine, one: Thunk, other: Thunk) -> Value:
    wanted, found = machine.set(one), machine.set(other)
    machine.budget.spend(len(found))
    return {name: value for name, value in found.items() if name in wanted}


@primitive(SETS, "catAttrs", 2)
def _collect(machine: Machine, name: Thunk, values: Thunk) -> Value:
    text = machine.text(name)
    found = (machine.set(one) for one in machine.list(values))
    return tuple(one[text] for one in found if text in one)


@primitive(SETS, "zipAttrsWith", 2)
def _zip(machine: Machine, function: Thunk, values: Thunk) -> Value:
    machine.function(function)
    collected: dict[bytes, list[Thunk]] = {}
    for one in machine.list(values):
        attributes = machine.set(one)
        machine.budget.spend(len(attributes))
        for name, value in attributes.items():
            collected.setdefault(name, []).append(value)
    return {
        name: _mapped(machine, function, name, ready(tuple(found)))
        for name, found in collected.items()
    }


@primitive(SETS, "functionArgs", 1)
def _arguments(machine: Machine, function: Thunk) -> Value:
    value = machine.force(function)
    if isinstance(value, Primitive):
        return {}
    if not isinstance(value, Closure):
        raise expected("function", value)
    formals = value.function.formals or ()
    return {name: ready(default is not None) for name, default in formals}
