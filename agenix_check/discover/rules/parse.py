"""Read the text of a Nix file into an expression, with tree-sitter's grammar of the language."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from agenix_check.discover.rules.bindings import (
    Gathered,
    Inherited,
    gather,
    static_name,
    without_parentheses,
)
from agenix_check.discover.rules.quoted import read_indented, read_quoted
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
    Position,
    RefusedExpression,
    Select,
    SetExpression,
    Unary,
    Variable,
    With,
    WithVariable,
)
from agenix_check.discover.rules.values import EvaluationError, RefusedError, show_text

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_LARGEST_INTEGER = 2**63 - 1
# Operators that Nix writes as calls of functions, whose names a file could bind to others.
_HIDDEN = (b"__sub", b"__mul", b"__div", b"__lessThan", b"__findFile", b"__nixPath", b"__overrides")
_UNCHAINED = ({"==", "!="}, {"<", ">", "<=", ">="})


class _Names(NamedTuple):
    """The names that are bound around an expression, and whether a `with` is among them."""

    bound: frozenset[bytes]
    dynamic: bool

    def plus(self, names: Iterator[bytes]) -> "_Names":
        return _Names(self.bound.union(names), self.dynamic)


class Globals(NamedTuple):
    """The names that the language binds: those known here, and those that are refused.

    The latter with whether they are impure.
    """

    known: frozenset[bytes]
    others: Mapping[bytes, bool]


@cache
def _parser() -> "Parser":
    import tree_sitter_nix
    from tree_sitter import Language, Parser

    return Parser(Language(tree_sitter_nix.language()))


def syntax_tree(source: bytes) -> "Node":
    """Return the root of what the grammar makes of a file."""
    return _parser().parse(source).root_node


def parse(source: bytes, path: str, known: Globals) -> Expression:
    """Return the expression of a file at a path of the tree.

    Raises `EvaluationError` for what Nix does not take, `RefusedError` for what the grammar does
    not.
    """
    if b"\0" in source:
        raise RefusedError("a NUL byte")
    root = syntax_tree(source)
    if root.has_error:
        torn = (b"\n" + source).find(b"\n<<<<<<< ")
        if torn >= 0:
            conflict = EvaluationError("unresolved Git conflict markers")
            conflict.place = Position(path, source.count(b"\n", 0, torn) + 1)
            raise conflict
        error_place = Position(path, _error_line(root))
        if _begins_as_function(root):
            rest = RefusedExpression(error_place, "this syntax", impure=False)
            return Function(Position(path, 1), b"_", None, open=False, body=rest)
        problem = RefusedError("this syntax")
        problem.place = error_place
        raise problem
    body = root.child_by_field_name("expression")
    if body is None:
        raise RefusedError("a file without an expression")
    reader = _Reader(source, path, known)
    return reader.read(body, _Names(frozenset(known.known), dynamic=False))


def _begins_as_function(root: "Node") -> bool:
    """Return whether a file is a function, whatever its body: nothing else begins as one does.

    So a module for NixOS with syntax that is too new for the grammar is no rules file.
    """
    head = [child for child in root.children if child.type != "comment"]
    if [child.type for child in head] != ["function_expression"]:
        return False
    *arguments, _ = head[0].children
    return not any(child.has_error for child in arguments)


def _error_line(root: "Node") -> int:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.is_error or node.is_missing:
            return int(node.start_point[0]) + 1
        waiting.extend(reversed([child for child in node.children if child.has_error]))
    return 1


def _field(node: "Node", name: str) -> "Node":
    child = node.child_by_field_name(name)
    if child is None:
        raise RefusedError(f"{node.type.replace('_', ' ')} without {name}")
    return child


class _Reader:
    """Reads the nodes of one file."""

    def __init__(self, source: bytes, path: str, known: Globals) -> None:
        self.source = source
        self.path = path
        self.globals = known

    def read(self, node: "Node", names: _Names) -> Expression:
        """Return the expression of a node, among the names that are bound around it."""
        place = Position(self.path, node.start_point[0] + 1)
        handler = _HANDLERS.get(node.type)
        try:
            if handler is None:
                raise RefusedError(node.type.replace("_", " "))
            return handler(self, node, place, names)
        except EvaluationError as error:
            error.place = error.place or place
            raise

    def text(self, node: "Node") -> bytes:
        return self.source[node.start_byte : node.end_byte]

    def number(self, node: "Node", place: Position, _names: _Names) -> Expression:
        text = self.text(node)
        if node.type == "float_expression":
            value = float(text)
            if value in (float("inf"), 0.0) and text.strip(b"0.eE+-"):
                raise RefusedError("a number that is out of range")
            return Literal(place, value)
        if len(text) > 20 or int(text) > _LARGEST_INTEGER:
            raise EvaluationError("an integer that is out of range")
        return Literal(place, int(text))

    def string(self, node: "Node", place: Position, names: _Names) -> Expression:
        holes = {}
        for child in node.children:
            if child.type == "interpolation":
                inner = self.read(_field(child, "expression"), names)
                holes[child.start_byte] = (child.end_byte, inner)
        if node.type == "string_expression":
            parts = read_quoted(self.source, node.start_byte + 1, node.end_byte - 1, holes)
        else:
            parts = read_indented(self.source, node.start_byte + 2, node.end_byte - 2, holes)
        if not all(isinstance(part, bytes) for part in parts):
            return Interpolated(place, tuple(parts))
        return Literal(place, b"".join(part for part in parts if isinstance(part, bytes)))

    def uri(self, node: "Node", place: Position, _names: _Names) -> Expression:
        return Literal(place, self.text(node))

    def path_literal(self, node: "Node", place: Position, names: _Names) -> Expression:
        parts: list[bytes | Expression] = []
        for child in node.children:
            if child.type == "interpolation":
                parts.append(self.read(_field(child, "expression"), names))
            elif child.type == "path_fragment":
                parts.append(self.text(child))
        if not parts or not isinstance(parts[0], bytes) or parts[0][:1] in (b"/", b"~"):
            construct = f"the path {show_text(self.text(node))} outside of the repository"
            return RefusedExpression(place, construct, impure=True)
        texts = [part for part in parts if isinstance(part, bytes)]
        if isinstance(parts[-1], bytes) and parts[-1].endswith(b"/"):
            raise EvaluationError("a path with a slash at its end")
        if any(b"//" in text for text in texts):
            raise EvaluationError("a path with two slashes, which is the operator //")
        return PathExpression(place, tuple(parts))

    def search_path(self, node: "Node", place: Position, _names: _Names) -> Expression:
        return RefusedExpression(place, show_text(self.text(node)), impure=True)

    def variable(self, node: "Node", place: Position, names: _Names) -> Expression:
        return self.name(self.text(node), place, names)

    def name(self, name: bytes, place: Position, names: _Names) -> Expression:
        if name == b"or":
            raise RefusedError("`or` as a name")
        if name in names.bound:
            return Variable(place, name)
        if name in self.globals.others or name.startswith(b"__"):
            impure = self.globals.others.get(name, False)
            return RefusedExpression(place, show_text(name), impure=impure)
        if names.dynamic:
            return WithVariable(place, name)
        raise EvaluationError(f"undefined variable '{show_text(name)}'")

    def attribute_path(self, node: "Node", names: _Names) -> tuple[bytes | Expression, ...]:
        return tuple(self.attribute(part, names) for part in node.children_by_field_name("attr"))

    def attribute(self, node: "Node", names: _Names) -> bytes | Expression:
        name = static_name(node)
        if name is not None:
            return name
        if node.type == "interpolation":
            node = _field(node, "expression")
        return self.read(node, names)

    def select(self, node: "Node", place: Position, names: _Names) -> Expression:
        subject = self.read(_field(node, "expression"), names)
        path = self.attribute_path(_field(node, "attrpath"), names)
        default = node.child_by_field_name("default")
        return Select(place, subject, path, None if default is None else self.read(default, names))

    def has_attribute(self, node: "Node", place: Position, names: _Names) -> Expression:
        subject = self.read(_field(node, "expression"), names)
        return HasAttribute(place, subject, self.attribute_path(_field(node, "attrpath"), names))

    def call(self, node: "Node", place: Position, names: _Names) -> Expression:
        function = self.read(_field(node, "function"), names)
        return Call(place, function, self.read(_field(node, "argument"), names))

    def function(self, node: "Node", place: Position, names: _Names) -> Expression:
        universal = node.child_by_field_name("universal")
        whole = None if universal is None else self.text(universal)
        formals = node.child_by_field_name("formals")
        taken: list[tuple[bytes, Node | None]] = []
        if formals is not None:
            for formal in formals.children_by_field_name("formal"):
                default = formal.child_by_field_name("default")
                taken.append((self.text(_field(formal, "name")), default))
        bound = [name for name, _ in taken] + ([] if whole is None else [whole])
        inner = self.bind(names, bound)
        if len(set(bound)) != len(bound):
            raise EvaluationError("a function with two arguments of one name")
        body = self.read(_field(node, "body"), inner)
        if formals is None:
            return Function(place, whole, None, open=False, body=body)
        pattern = tuple(
            (name, None if default is None else self.read(default, inner))
            for name, default in taken
        )
        is_open = any(child.type == "ellipses" for child in formals.children)
        return Function(place, whole, pattern, open=is_open, body=body)

    def bind(self, names: _Names, bound: list[bytes]) -> _Names:
        """Return the names of a scope inside; what changes the language is refused."""
        hidden = [name for name in bound if name in _HIDDEN or name == b"or"]
        if hidden:
            raise RefusedError(f"a binding of {show_text(hidden[0])}")
        return names.plus(iter(bound))

    def list_of(self, node: "Node", place: Position, names: _Names) -> Expression:
        elements = node.children_by_field_name("element")
        return ListExpression(place, tuple(self.read(one, names) for one in elements))

    def attributes(self, node: "Node", _place: Position, names: _Names) -> Expression:
        recursive = node.type == "rec_attrset_expression"
        return self.set_of(gather(node, recursive=recursive), names)

    def set_of(self, found: Gathered, names: _Names) -> SetExpression:
        inner = self.bind(names, list(found.named)) if found.recursive else names
        dynamic = []
        for name_node, bound in found.dynamic:
            name = self.attribute(name_node, inner)
            if isinstance(name, bytes):
                raise RefusedError("an evaluated name that is none")
            dynamic.append((name, self.bound(bound, inner)))
        return SetExpression(
            Position(self.path, found.line),
            found.recursive,
            self.bindings(found, names, inner),
            tuple(dynamic),
        )

    def bindings(self, found: Gathered, names: _Names, inner: _Names) -> tuple[Binding, ...]:
        result = []
        for name, bound in found.named.items():
            if isinstance(bound, Inherited) and bound.source is None:
                place = Position(self.path, found.line)
                result.append(Binding(name, self.name(name, place, names), outer=True))
            else:
                result.append(Binding(name, self.bound(bound, inner), outer=False))
        return tuple(result)

    def bound(self, bound: "Node | Inherited | Gathered", names: _Names) -> Expression:
        if isinstance(bound, Gathered):
            return self.set_of(bound, names)
        if not isinstance(bound, Inherited):
            return self.read(bound, names)
        if bound.source is None:
            raise RefusedError("an inherited name without a source")
        source = self.read(bound.source, names)
        return Select(source.place, source, (bound.name,), None)

    def let(self, node: "Node", place: Position, names: _Names) -> Expression:
        found = gather(node, recursive=True)
        if found.dynamic:
            raise EvaluationError("a name that is evaluated, in a `let`")
        inner = self.bind(names, list(found.named))
        bindings = self.bindings(found, names, inner)
        return Let(place, bindings, self.read(_field(node, "body"), inner))

    def with_set(self, node: "Node", place: Position, names: _Names) -> Expression:
        environment = self.read(_field(node, "environment"), names)
        inside = _Names(names.bound, dynamic=True)
        return With(place, environment, self.read(_field(node, "body"), inside))

    def condition(self, node: "Node", place: Position, names: _Names) -> Expression:
        fields = ("condition", "consequence", "alternative")
        return If(place, *(self.read(_field(node, name), names) for name in fields))

    def assertion(self, node: "Node", place: Position, names: _Names) -> Expression:
        condition = self.read(_field(node, "condition"), names)
        return Assert(place, condition, self.read(_field(node, "body"), names))

    def unary(self, node: "Node", place: Position, names: _Names) -> Expression:
        operator = self.text(_field(node, "operator")).decode()
        return Unary(place, operator, self.read(_field(node, "argument"), names))

    def binary(self, node: "Node", place: Position, names: _Names) -> Expression:
        operator = self.text(_field(node, "operator")).decode()
        sides = [_field(node, "left"), _field(node, "right")]
        for alike in _UNCHAINED:
            for side in sides if operator in alike else ():
                if side.type == "binary_expression":
                    inner = self.text(_field(side, "operator")).decode()
                    if inner in alike:
                        raise EvaluationError(f"`{inner}` and `{operator}` without parentheses")
        left, right = (self.read(side, names) for side in sides)
        return Binary(place, operator, left, right)

    def parentheses(self, node: "Node", _place: Position, names: _Names) -> Expression:
        return self.read(without_parentheses(node), names)


_HANDLERS: "dict[str, Callable[[_Reader, Node, Position, _Names], Expression]]" = {
    "variable_expression": _Reader.variable,
    "integer_expression": _Reader.number,
    "float_expression": _Reader.number,
    "string_expression": _Reader.string,
    "indented_string_expression": _Reader.string,
    "uri_expression": _Reader.uri,
    "path_expression": _Reader.path_literal,
    "hpath_expression": _Reader.path_literal,
    "spath_expression": _Reader.search_path,
    "function_expression": _Reader.function,
    "assert_expression": _Reader.assertion,
    "with_expression": _Reader.with_set,
    "let_expression": _Reader.let,
    "if_expression": _Reader.condition,
    "has_attr_expression": _Reader.has_attribute,
    "unary_expression": _Reader.unary,
    "binary_expression": _Reader.binary,
    "apply_expression": _Reader.call,
    "select_expression": _Reader.select,
    "parenthesized_expression": _Reader.parentheses,
    "attrset_expression": _Reader.attributes,
    "rec_attrset_expression": _Reader.attributes,
    "list_expression": _Reader.list_of,
}
