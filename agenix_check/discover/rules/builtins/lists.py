"""Builtins about lists."""

from functools import cmp_to_key

from agenix_check.discover.rules.builtins.primitives import Table, primitive
from agenix_check.discover.rules.machine import Machine
from agenix_check.discover.rules.operators import equal
from agenix_check.discover.rules.values import (
    EvaluationError,
    RefusedError,
    Thunk,
    Value,
    ready,
)

LISTS: Table = {}


@primitive(LISTS, "map", 2)
def _map(machine: Machine, function: Thunk, values: Thunk) -> Value:
    elements = machine.list(values)
    if not elements:
        return ()
    applied = machine.function(function)
    return tuple(_application(machine, applied, element) for element in elements)


def _application(machine: Machine, function: Value, *arguments: Thunk) -> Thunk:
    return Thunk(lambda: machine.apply(function, *arguments))


@primitive(LISTS, "filter", 2)
def _filter(machine: Machine, function: Thunk, values: Thunk) -> Value:
    predicate = machine.function(function)
    return tuple(one for one in machine.list(values) if _holds(machine, predicate, one))


def _holds(machine: Machine, predicate: Value, *arguments: Thunk) -> bool:
    return machine.boolean(ready(machine.apply(predicate, *arguments)))


@primitive(LISTS, "all", 2)
def _all(machine: Machine, function: Thunk, values: Thunk) -> Value:
    predicate = machine.function(function)
    return all(_holds(machine, predicate, one) for one in machine.list(values))


@primitive(LISTS, "any", 2)
def _any(machine: Machine, function: Thunk, values: Thunk) -> Value:
    predicate = machine.function(function)
    return any(_holds(machine, predicate, one) for one in machine.list(values))


@primitive(LISTS, "foldl'", 3)
def _fold(machine: Machine, function: Thunk, initial: Thunk, values: Thunk) -> Value:
    operation = machine.function(function)
    result = initial
    for one in machine.list(values):
        result = ready(machine.apply(operation, result, one))
    return machine.force(result)


@primitive(LISTS, "genList", 2)
def _generate(machine: Machine, function: Thunk, count: Thunk) -> Value:
    number = machine.integer(count)
    if number < 0:
        raise EvaluationError("a list of a negative length")
    if number == 0:
        return ()
    machine.budget.spend(number)
    generator = machine.function(function)
    return tuple(_application(machine, generator, ready(index)) for index in range(number))


@primitive(LISTS, "concatLists", 1)
def _concatenate(machine: Machine, values: Thunk) -> Value:
    return tuple(inner for one in machine.list(values) for inner in machine.list(one))


@primitive(LISTS, "concatMap", 2)
def _concatenate_mapped(machine: Machine, function: Thunk, values: Thunk) -> Value:
    mapping = machine.function(function)
    found: list[Thunk] = []
    for one in machine.list(values):
        found.extend(machine.list(ready(machine.call(mapping, one))))
    return tuple(found)


@primitive(LISTS, "elem", 2)
def _is_element(machine: Machine, wanted: Thunk, values: Thunk) -> Value:
    return any(
        equal(machine, machine.force(wanted), machine.force(one)) for one in machine.list(values)
    )


@primitive(LISTS, "elemAt", 2)
def _element_at(machine: Machine, values: Thunk, index: Thunk) -> Value:
    elements, number = machine.list(values), machine.integer(index)
    if not 0 <= number < len(elements):
        raise EvaluationError("an index that the list does not have")
    return machine.force(elements[number])


@primitive(LISTS, "head", 1)
def _head(machine: Machine, values: Thunk) -> Value:
    elements = machine.list(values)
    if not elements:
        raise EvaluationError("the head of an empty list")
    return machine.force(elements[0])


@primitive(LISTS, "tail", 1)
def _tail(machine: Machine, values: Thunk) -> Value:
    elements = machine.list(values)
    if not elements:
        raise EvaluationError("the tail of an empty list")
    return elements[1:]


@primitive(LISTS, "length", 1)
def _length(machine: Machine, values: Thunk) -> Value:
    return len(machine.list(values))


@primitive(LISTS, "sort", 2)
def _sort(machine: Machine, comparator: Thunk, values: Thunk) -> Value:
    elements = machine.list(values)
    if len(elements) < 2:
        return elements
    before = machine.function(comparator)

    def compare(one: Thunk, other: Thunk) -> int:
        first, second = _holds(machine, before, one, other), _holds(machine, before, other, one)
        if first and second:
            raise RefusedError("a `sort` whose order is not strict")
        return second - first

    return tuple(sorted(elements, key=cmp_to_key(compare)))


@primitive(LISTS, "partition", 2)
def _partition(machine: Machine, function: Thunk, values: Thunk) -> Value:
    predicate = machine.function(function)
    right: list[Thunk] = []
    wrong: list[Thunk] = []
    for one in machine.list(values):
        (right if _holds(machine, predicate, one) else wrong).append(one)
    return {b"right": ready(tuple(right)), b"wrong": ready(tuple(wrong))}


@primitive(LISTS, "groupBy", 2)
def _group(machine: Machine, function: Thunk, values: Thunk) -> Value:
    naming = machine.function(function)
    groups: dict[bytes, list[Thunk]] = {}
    for one in machine.list(values):
        groups.setdefault(machine.text(ready(machine.call(naming, one))), []).append(one)
    return {name: ready(tuple(group)) for name, group in groups.items()}
