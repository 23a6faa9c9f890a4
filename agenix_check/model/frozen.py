"""Values that cost little to declare.

A run that finds all in order is mostly the loading of modules, and a frozen dataclass compiles six
functions for each class. Those that every run loads are declared with this: it compiles one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, TypeVar, cast, dataclass_transform, overload

_T = TypeVar("_T")


@overload
def frozen(cls: type[_T]) -> type[_T]: ...
@overload
def frozen(*, kw_only: bool = True, slots: bool = True) -> Callable[[type[_T]], type[_T]]: ...
@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
def frozen(
    cls: type[_T] | None = None, *, kw_only: bool = True, slots: bool = True
) -> type[_T] | Callable[[type[_T]], type[_T]]:
    """Make a class a dataclass that is compared, hashed and shown by its fields, as they say.

    That nobody assigns to its fields is checked by mypy, and not at each assignment.
    """

    def make(declared: type[_T]) -> type[_T]:
        make_class = dataclass(slots=slots, kw_only=kw_only, repr=False, eq=False)
        made: Any = make_class(declared)
        made.values_of = attrgetter(*(one.name for one in fields(made) if one.compare))
        made.__eq__, made.__hash__, made.__repr__ = _equal, _hash, _show
        return cast("type[_T]", made)

    return make if cls is None else make(cls)


def _equal(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    return self.values_of(self) == other.values_of(other)


def _hash(self: Any) -> int:
    return hash(self.values_of(self))


def _show(self: Any) -> str:
    shown = ", ".join(f"{one.name}={getattr(self, one.name)!r}" for one in fields(self) if one.repr)
    return f"{type(self).__qualname__}({shown})"
