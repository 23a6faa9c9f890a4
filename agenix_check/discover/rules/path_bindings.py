"""Paths that a Nix file binds to a name, as they are written."""

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from agenix_check.discover.rules.parse import syntax_tree

if TYPE_CHECKING:
    from tree_sitter import Node


def bound_paths(source: bytes, names: Collection[bytes]) -> Iterator[tuple[str, int]]:
    """Yield the relative paths that are bound to one of some names, with their lines.

    A name is the last part of an attribute path. Nothing where the grammar does not take the file.
    """
    root = syntax_tree(source)
    waiting: list[Node] = [] if root.has_error else [root]
    while waiting:
        node = waiting.pop()
        waiting.extend(reversed(node.named_children))
        if node.type != "binding":
            continue
        name, value = node.child_by_field_name("attrpath"), node.child_by_field_name("expression")
        if name is None or value is None or value.type != "path_expression":
            continue
        if (name.text or b"").rpartition(b".")[2].strip() not in names:
            continue
        text = value.text or b""
        if all(part.type == "path_fragment" for part in value.named_children):
            yield text.decode("utf-8", "surrogateescape"), value.start_point[0] + 1
