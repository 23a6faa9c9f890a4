"""Values that cost little to declare.

A run that finds all in order is mostly the loading of modules. A dataclass compiles functions for
each class, and the module that makes it loads Python's own parser; what is declared with `@frozen`
compiles nothing.
"""

from collections.abc import Callable, Mapping
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, cast, dataclass_transform, overload

__all__ = ["NOTHING", "field_names", "fields_of", "frozen", "replace"]

_T = TypeVar("_T")

NOTHING: Mapping[Any, Any] = MappingProxyType({})  # for a field that is an empty mapping by default


@overload
def frozen(cls: type[_T]) -> type[_T]: ...
@overload
def frozen(*, kw_only: bool = True, eq: bool = True) -> Callable[[type[_T]], type[_T]]: ...
@dataclass_transform(kw_only_default=True, frozen_default=True)
def frozen(
    cls: type[_T] | None = None, *, kw_only: bool = True, eq: bool = True
) -> type[_T] | Callable[[type[_T]], type[_T]]:
    """Make a class one of values: made from its fields, compared, hashed and shown by them.

    The fields are its annotated names and those of its base, in this order; a default is shared by
    all, so it is a value too. Without `eq`, a value equals only itself. That fields are given by
    name (`kw_only`), that nobody assigns to one, and of which types they are is checked by mypy,
    not at each use. Making one raises `TypeError` for fields that are missing or unknown.
    """

    def make(declared: type[_T]) -> type[_T]:
        made: Any = declared
        names = dict.fromkeys((*field_names(declared), *declared.__annotations__))
        made.field_names, made.known_fields = tuple(names), names.keys()
        made.required_fields = frozenset(name for name in names if not hasattr(declared, name))
        made.__init__ = _fill if kw_only else _fill_in_order
        made.__repr__ = _show
        if eq:
            made.field_values = property(attrgetter(*names))
            made.__eq__, made.__hash__ = _equal, _hash
        return declared

    return make if cls is None else make(cls)


def field_names(cls: type) -> tuple[str, ...]:
    """Return the names of the fields of a class, in their order."""
    return cast("tuple[str, ...]", getattr(cls, "field_names", ()))


def fields_of(value: Any) -> dict[str, Any]:
    """Return the fields of a value by name, in their order."""
    return {name: getattr(value, name) for name in value.field_names}


if TYPE_CHECKING:
    from dataclasses import replace  # mypy checks the fields that are given to it
else:

    def replace(value: Any, /, **changes: Any) -> Any:
        """Return a value with some of its fields changed.

        Raises `TypeError` for a field that it does not have.
        """
        return type(value)(**fields_of(value) | changes)


def _fill(self: Any, **given: Any) -> None:
    known = self.known_fields
    if given.keys() != known and not self.required_fields <= given.keys() <= known:
        named = ", ".join(sorted(self.required_fields - given.keys() or given.keys() - known))
        raise TypeError(f"{type(self).__qualname__} lacks, or does not have: {named}")
    for name, value in given.items():
        setattr(self, name, value)


def _fill_in_order(self: Any, *in_order: Any, **given: Any) -> None:
    _fill(self, **dict(zip(self.field_names, in_order, strict=False)), **given)


def _equal(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    return self.field_values == other.field_values


def _hash(self: Any) -> int:
    return hash(self.field_values)


def _show(self: Any) -> str:
    """Show the fields. Bytes are only counted: they may be a plaintext or a key."""
    shown = (
        f"{name}=<{len(value)} bytes>" if isinstance(value, bytes) else f"{name}={value!r}"
        for name, value in fields_of(self).items()
    )
    return f"{type(self).__qualname__}({', '.join(shown)})"
