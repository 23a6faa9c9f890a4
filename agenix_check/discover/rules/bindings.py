"""The bindings of a set or a `let`, gathered: `a.b = 1; a.c = 2;` bind one name."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from agenix_check.discover.rules.values import EvaluationError, RefusedError, show_text

if TYPE_CHECKING:
    from tree_sitter import Node

_LITERALS = ("attrset_expression", "rec_attrset_expression")


class Inherited(NamedTuple):
    """`inherit name;` of a scope, or `inherit (source) name;`."""

    name: bytes
    source: "Node | None"


class Gathered:
    """The bindings of one set; `dynamic` are those whose names are evaluated."""

    def __init__(self, *, recursive: bool, line: int) -> None:
        self.recursive = recursive
        self.line = line
        self.named: dict[bytes, Bound] = {}
        self.dynamic: list[tuple[Node, Bound]] = []


Bound: TypeAlias = "Node | Inherited | Gathered"


def gather(node: "Node", *, recursive: bool) -> Gathered:
    """Gather the bindings of a set's or a `let`'s node.

    Raises `EvaluationError` for a name that is bound twice.
    """
    found = Gathered(recursive=recursive, line=node.start_point[0] + 1)
    for bindings in (child for child in node.children if child.type == "binding_set"):
        for binding in bindings.children_by_field_name("binding"):
            _add_binding(found, binding)
    return found


def _add_binding(found: Gathered, binding: "Node") -> None:
    if binding.type != "binding":
        source = binding.child_by_field_name("expression")
        attributes = binding.child_by_field_name("attrs")
        for attribute in attributes.children_by_field_name("attr") if attributes else ():
            name = static_name(attribute)
            if name is None:
                raise RefusedError("an inherited name that is evaluated")
            if name in found.named:
                raise _twice(name)
            found.named[name] = Inherited(name, source)
        return
    path = binding.child_by_field_name("attrpath")
    value = binding.child_by_field_name("expression")
    if path is None or value is None:
        raise RefusedError("a binding that is not whole")
    parts = path.children_by_field_name("attr")
    place = found
    for part in parts[:-1]:
        place = _descend(place, part)
    last = static_name(parts[-1])
    if last is None:
        place.dynamic.append((parts[-1], value))
    else:
        _bind(place, last, value)


def _descend(place: Gathered, part: "Node") -> Gathered:
    """Return the set that a part of a path before its last leads to."""
    name = static_name(part)
    inner = Gathered(recursive=False, line=part.start_point[0] + 1)
    if name is None:
        place.dynamic.append((part, inner))
        return inner
    if name in place.named:
        inner = _as_set(place.named[name], name)
        if inner.recursive:
            raise RefusedError("bindings that are merged into a `rec` set")
    place.named[name] = inner
    return inner


def _bind(place: Gathered, name: bytes, value: "Node") -> None:
    if name not in place.named:
        place.named[name] = value
        return
    before, more = _as_set(place.named[name], name), _as_set(value, name)
    if before.recursive or more.recursive or more.dynamic:
        raise RefusedError("sets that are merged and of which one is `rec` or has evaluated names")
    for inner, bound in more.named.items():
        if inner in before.named:
            raise _twice(inner)
        before.named[inner] = bound
    place.named[name] = before


def _as_set(bound: Bound, name: bytes) -> Gathered:
    """Return a bound set's bindings; raises `EvaluationError` for any other value."""
    if isinstance(bound, Gathered):
        return bound
    if not isinstance(bound, Inherited):
        node = without_parentheses(bound)
        if node.type in _LITERALS:
            return gather(node, recursive=node.type != "attrset_expression")
    raise _twice(name)


def _twice(name: bytes) -> EvaluationError:
    return EvaluationError(f"attribute '{show_text(name)}' is bound twice")


def without_parentheses(node: "Node") -> "Node":
    """Return what is inside of parentheses, if there are any."""
    while node.type == "parenthesized_expression":
        inner = node.child_by_field_name("expression")
        if inner is None:
            break
        node = inner
    return node


def static_name(node: "Node") -> bytes | None:
    """Return the name that an attribute's node gives, or None if it has to be evaluated."""
    from agenix_check.discover.rules.quoted import read_indented, read_quoted

    if node.type == "identifier":
        return node.text
    if node.type == "interpolation":
        inner = node.child_by_field_name("expression")
        node = node if inner is None else without_parentheses(inner)
    if any(child.type == "interpolation" for child in node.children):
        return None
    source = node.text or b""
    if node.type == "string_expression":
        return b"".join(_texts(read_quoted(source, 1, len(source) - 1, {})))
    if node.type == "indented_string_expression":
        return b"".join(_texts(read_indented(source, 2, len(source) - 2, {})))
    return None


def _texts(parts: Sequence[object]) -> Iterator[bytes]:
    return (part for part in parts if isinstance(part, bytes))
