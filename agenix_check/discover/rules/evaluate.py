"""What each kind of expression evaluates to."""

from agenix_check.discover.rules.machine import Evaluate, Machine, as_set
from agenix_check.discover.rules.operators import (
    add,
    calculate,
    coerce,
    divide,
    equal,
    joined,
    less,
)
from agenix_check.discover.rules.places import beside, extend
from agenix_check.discover.rules.syntax import (
    Assert,
    Binary,
    Binding,
    Call,
    Expression,
    Function,
    HasAttribute,
    If,
    Interpolated,
    Let,
    ListExpression,
    Literal,
    PathExpression,
    RefusedExpression,
    Select,
    SetExpression,
    Unary,
    Variable,
    With,
    WithVariable,
)
from agenix_check.discover.rules.values import (
    Builtins,
    Closure,
    EvaluationError,
    PlaceText,
    RefusedError,
    Scope,
    ThrownError,
    Thunk,
    Value,
    expected,
    ready,
    show_text,
)


def delayed(machine: Machine, expression: Expression, scope: Scope) -> Thunk:
    """Return a thunk of an expression; what is known already needs no new one."""
    if isinstance(expression, Literal):
        return Thunk(None, expression.value, expression.place)
    if isinstance(expression, Variable):
        return _find(expression.name, scope)
    return machine.delay(expression, scope)


def _find(name: bytes, scope: Scope | None) -> Thunk:
    while scope is not None:
        found = scope.names.get(name)
        if found is not None:
            return found
        scope = scope.outside
    raise EvaluationError(f"undefined variable '{show_text(name)}'")


def _literal(_machine: Machine, expression: Literal, _scope: Scope) -> Value:
    return expression.value


def _interpolated(machine: Machine, expression: Interpolated, scope: Scope) -> Value:
    return joined(
        machine,
        [
            part if isinstance(part, bytes) else coerce(machine, machine.evaluate(part, scope))
            for part in expression.parts
        ],
    )


def _path(machine: Machine, expression: PathExpression, scope: Scope) -> Value:
    first, *rest = expression.parts
    if not isinstance(first, bytes):
        raise RefusedError("a path that begins with an interpolation")
    path = beside(expression.place.path, first)
    if not rest:
        return path
    parts: list[bytes | PlaceText] = [b"/" if first.endswith(b"/") else b""]
    for part in rest:
        if isinstance(part, bytes):
            parts.append(part)
        else:
            parts.append(coerce(machine, machine.evaluate(part, scope), copy=False))
    text = joined(machine, parts)
    if isinstance(text, PlaceText):
        raise RefusedError("a place in a path", impure=True)
    return extend(path, text)


def _variable(machine: Machine, expression: Variable, scope: Scope) -> Value:
    return machine.force(_find(expression.name, scope))


def _with_variable(machine: Machine, expression: WithVariable, scope: Scope) -> Value:
    inner: Scope | None = scope
    while inner is not None:
        if inner.attributes is not None:
            found = _attribute(machine.force(inner.attributes), expression.name)
            if found is not None:
                return machine.force(found)
        inner = inner.outside
    raise EvaluationError(f"undefined variable '{show_text(expression.name)}'")


def _attribute(value: Value, name: bytes) -> Thunk | None:
    if isinstance(value, Builtins):
        return value.find(name)
    return as_set(value).get(name)


def _name(machine: Machine, part: bytes | Expression, scope: Scope) -> bytes:
    if isinstance(part, bytes):
        return part
    return machine.text(ready(machine.evaluate(part, scope)))


def _select(machine: Machine, expression: Select, scope: Scope) -> Value:
    value = machine.evaluate(expression.subject, scope)
    for part in expression.path:
        name = _name(machine, part, scope)
        if expression.default is not None and not isinstance(value, dict | Builtins):
            return machine.evaluate(expression.default, scope)
        found = _attribute(value, name)
        if found is None and expression.default is not None:
            return machine.evaluate(expression.default, scope)
        if found is None:
            raise EvaluationError(f"attribute '{show_text(name)}' missing")
        value = machine.force(found)
    return value


def _has_attribute(machine: Machine, expression: HasAttribute, scope: Scope) -> Value:
    thunk = ready(machine.evaluate(expression.subject, scope))
    for part in expression.path:
        value = machine.force(thunk)
        name = _name(machine, part, scope)
        if not isinstance(value, dict | Builtins):
            return False
        found = _attribute(value, name)
        if found is None:
            return False
        thunk = found
    return True


def _call(machine: Machine, expression: Call, scope: Scope) -> Value:
    function = machine.evaluate(expression.function, scope)
    return machine.call(function, delayed(machine, expression.argument, scope))


def _function(_machine: Machine, expression: Function, scope: Scope) -> Value:
    return Closure(expression, scope)


def _list(machine: Machine, expression: ListExpression, scope: Scope) -> Value:
    machine.budget.spend(len(expression.elements))
    return tuple(delayed(machine, element, scope) for element in expression.elements)


def _bind(
    machine: Machine, bindings: tuple[Binding, ...], outside: Scope, inside: Scope
) -> dict[bytes, Thunk]:
    machine.budget.spend(len(bindings))
    found = {}
    for one in bindings:
        if one.outer:
            found[one.name] = delayed(machine, one.value, outside)
            continue
        if isinstance(one.value, Literal):
            thunk = delayed(machine, one.value, inside)
            machine.note_origin(one.value.value, one.value.place, one.name)
        else:
            # A variable may be bound further down: it is looked up later.
            thunk = machine.delay(one.value, inside)
        thunk.name = one.name
        found[one.name] = thunk
    return found


def _set(machine: Machine, expression: SetExpression, scope: Scope) -> Value:
    inner = Scope({}, scope) if expression.recursive else scope
    attributes = _bind(machine, expression.bindings, scope, inner)
    if expression.recursive:
        inner.names.update(attributes)
    for name_expression, value in expression.dynamic:
        name = machine.evaluate(name_expression, inner)
        if name is None:
            continue
        text = machine.text(ready(name))
        if text in attributes:
            raise EvaluationError(f"attribute '{show_text(text)}' is bound twice")
        attributes[text] = machine.delay(value, inner)
    return attributes


def _let(machine: Machine, expression: Let, scope: Scope) -> Value:
    inner = Scope({}, scope)
    inner.names.update(_bind(machine, expression.bindings, scope, inner))
    return machine.evaluate(expression.body, inner)


def _with(machine: Machine, expression: With, scope: Scope) -> Value:
    environment = machine.delay(expression.environment, scope)
    return machine.evaluate(expression.body, Scope({}, scope, environment))


def _if(machine: Machine, expression: If, scope: Scope) -> Value:
    chosen = _truth(machine, expression.condition, scope)
    return machine.evaluate(expression.consequence if chosen else expression.alternative, scope)


def _truth(machine: Machine, expression: Expression, scope: Scope) -> bool:
    value = machine.evaluate(expression, scope)
    if not isinstance(value, bool):
        raise expected("boolean", value)
    return value


def _assert(machine: Machine, expression: Assert, scope: Scope) -> Value:
    if not _truth(machine, expression.condition, scope):
        raise ThrownError("an assertion failed")
    return machine.evaluate(expression.body, scope)


def _unary(machine: Machine, expression: Unary, scope: Scope) -> Value:
    if expression.operator == "!":
        return not _truth(machine, expression.operand, scope)
    operand = machine.evaluate(expression.operand, scope)
    return calculate(0, operand, lambda one, other: one - other)


def _binary(machine: Machine, expression: Binary, scope: Scope) -> Value:
    operator = expression.operator
    if operator in ("&&", "||", "->"):
        return _logic(machine, expression, scope)
    sides = (expression.left, expression.right)
    if operator in ("<=", ">"):  # `a > b` is `b < a`, in this order
        right, left = (machine.evaluate(side, scope) for side in reversed(sides))
        return less(machine, right, left) != (operator == "<=")
    left, right = (machine.evaluate(side, scope) for side in sides)
    if operator in ("<", ">="):
        return less(machine, left, right) != (operator == ">=")
    if operator in ("==", "!="):
        return equal(machine, left, right) == (operator == "==")
    if operator == "+":
        return add(machine, left, right)
    if operator == "-":
        return calculate(left, right, lambda one, other: one - other)
    if operator == "*":
        return calculate(left, right, lambda one, other: one * other)
    if operator == "/":
        return calculate(left, right, divide)
    if operator == "++":
        return machine.list(ready(left)) + machine.list(ready(right))
    if operator == "//":
        one, other = as_set(left), as_set(right)
        machine.budget.spend(len(one) + len(other))
        return {**one, **other}
    raise RefusedError(f"the operator {operator}")


def _logic(machine: Machine, expression: Binary, scope: Scope) -> bool:
    left = _truth(machine, expression.left, scope)
    if left == (expression.operator == "||"):
        return expression.operator != "&&"
    return _truth(machine, expression.right, scope)


def _refused(_machine: Machine, expression: RefusedExpression, _scope: Scope) -> Value:
    raise RefusedError(expression.construct, impure=expression.impure)


HANDLERS: dict[type[Expression], Evaluate] = {
    Literal: _literal,
    Interpolated: _interpolated,
    PathExpression: _path,
    Variable: _variable,
    WithVariable: _with_variable,
    Select: _select,
    HasAttribute: _has_attribute,
    Call: _call,
    Function: _function,
    ListExpression: _list,
    SetExpression: _set,
    Let: _let,
    With: _with,
    If: _if,
    Assert: _assert,
    Unary: _unary,
    Binary: _binary,
    RefusedExpression: _refused,
}
