"""Whether plain values are of a type: nothing that was remembered is used before that is known.

Many values are looked at together, part by part, so that the work of each is done in C.
"""

import marshal
from collections.abc import Collection, Mapping
from itertools import chain
from types import GenericAlias, NoneType, UnionType
from typing import Annotated, Literal, TypeVar, cast, get_args, get_origin, is_typeddict

_T = TypeVar("_T")


def read_plain(body: "bytes | memoryview", shape: type[_T]) -> _T | None:
    """Return the value that was marshalled if it is of a type; None where it is not, or cut.

    A type is made of None, bool, int, str, bytes, dicts, tuples, literal texts, unions and typed
    dicts of these. `Annotated[str, SomeEnum]` is a text that is one of the values of an enum.
    """
    try:
        value: object = marshal.loads(body)  # noqa: S302 - from our own Git directory
    except (EOFError, MemoryError, TypeError, ValueError):
        return None
    return cast("_T", value) if _are_all((value,), shape) else None


def _are_all(values: Collection[object], shape: object) -> bool:
    """Return whether all of some values are of one type."""
    if not values or shape is object:
        return True
    types = set(map(type, values))
    if isinstance(shape, UnionType):
        return _are_any(values, types, shape)
    if get_origin(shape) is Literal:
        return types == {str} and set(values) <= set(get_args(shape))
    if get_origin(shape) is Annotated:
        _, known = get_args(shape)
        return types == {str} and set(values) <= set(known)
    if is_typeddict(shape):
        return types == {dict} and _have_fields(values, shape.__annotations__)
    if not isinstance(shape, GenericAlias):
        return types == {shape or NoneType}
    if types != {get_origin(shape)}:
        return False
    parts = get_args(shape)
    if types == {dict}:
        found = cast("Collection[dict[object, object]]", values)
        key, part = parts
        return _are_all(list(chain.from_iterable(found)), key) and _are_all(
            list(chain.from_iterable(map(dict.values, found))), part
        )
    rows = cast("Collection[tuple[object, ...]]", values)
    if parts[1:] == (...,):
        return _are_all(list(chain.from_iterable(rows)), parts[0])
    return set(map(len, rows)) == {len(parts)} and all(
        map(_are_all, zip(*rows, strict=True), parts)
    )


def _have_fields(values: Collection[object], shapes: Mapping[str, object]) -> bool:
    found = cast("Collection[dict[str, object]]", values)
    return all(one.keys() == shapes.keys() for one in found) and all(
        _are_all([one[name] for one in found], shape) for name, shape in shapes.items()
    )


def _are_any(values: Collection[object], types: set[type], shape: UnionType) -> bool:
    """Return whether each of some values is of one of several types.

    Of tuples each type has another length, or there is one type alone.
    """
    alternatives = get_args(shape)
    plain = {one for one in alternatives if isinstance(one, type)}
    left = types - plain
    if not left:
        return True
    rest = values if left == types else [one for one in values if type(one) in left]
    generic = [one for one in alternatives if one not in plain]
    if len(generic) == 1:
        return _are_all(rest, generic[0])
    if left != {tuple}:
        return False
    rows = cast("Collection[tuple[object, ...]]", rest)
    by_size: dict[int, list[tuple[object, ...]]] = {len(get_args(one)): [] for one in generic}
    if not set(map(len, rows)) <= by_size.keys():
        return False
    for row in rows:
        by_size[len(row)].append(row)
    return all(_are_all(by_size[len(get_args(one))], one) for one in generic)
