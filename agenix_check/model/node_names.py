"""What people call nodes: the same in every format and verb."""

from collections.abc import Iterable


def short_names(nodes: Iterable[str]) -> dict[str, str]:
    """Shorten nodes that are directories: drop the parts that all of them begin and end with.

    If only names are known, a node is a directory such as `secrets/rekeyed/alpha`. Its path follows
    on the same line anyway, so `alpha` is enough.
    """
    split = {node: node.split("/") for node in nodes}
    if len(split) < 2:
        return {node: node for node in split}
    longest = min(map(len, split.values())) - 1
    head = _common([parts[:longest] for parts in split.values()])
    tail = _common([parts[head:][:0:-1] for parts in split.values()])
    short = {node: "/".join(parts[head : len(parts) - tail]) for node, parts in split.items()}
    return {node: node for node in split} if "" in short.values() else short


def _common(lists: list[list[str]]) -> int:
    length = 0
    for column in zip(*lists, strict=False):
        if len(set(column)) > 1:
            break
        length += 1
    return length
