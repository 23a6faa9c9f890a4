"""What people call nodes: the same in every format and verb.

If only names are known, a node is a directory such as `secrets/rekeyed/alpha`. Inside the program,
in fingerprints and in settings it is identified by that; what is shown is decided here alone.
"""

from collections.abc import Iterable


def shown_names(nodes: Iterable[str], others: Iterable[str] = ()) -> dict[str, str]:
    """Return the names under which nodes are shown, by the nodes.

    Of directories the parts are dropped that all `nodes` begin and end with. `nodes` are all that a
    tree has, whatever part of them is shown; `others` are nodes of a base or of history, which lose
    the same parts, and change no name. Names stay different.
    """
    known = {node: node.split("/") for node in nodes}
    head, tail = _common_ends(list(known.values()))
    shown = {node: _middle(parts, head, tail) for node, parts in known.items()}
    if "" in shown.values():
        head, tail, shown = [], [], {node: node for node in known}
    whole = []
    for node in {*others} - known.keys():
        parts = node.split("/")
        rest = _middle(parts, head, tail)
        if rest and [*head, *rest.split("/"), *tail] == parts:
            shown[node] = rest
        else:
            whole.append(node)
    taken = {*shown.values()}
    return shown | {node: f"./{node}" if node in taken else node for node in whole}


def _middle(parts: list[str], head: list[str], tail: list[str]) -> str:
    return "/".join(parts[len(head) : len(parts) - len(tail)])


def _common_ends(paths: list[list[str]]) -> tuple[list[str], list[str]]:
    """Return the parts that several paths begin with, and those that they end with."""
    if len(paths) < 2:
        return [], []
    longest = min(map(len, paths)) - 1
    head = _common([parts[:longest] for parts in paths])
    return head, _common([parts[len(head) :][:0:-1] for parts in paths])[::-1]


def _common(lists: list[list[str]]) -> list[str]:
    common = []
    for column in zip(*lists, strict=False):
        if len(set(column)) > 1:
            break
        common.append(column[0])
    return common
