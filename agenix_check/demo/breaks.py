"""A break: one thing that somebody does to a sample, and the rule that names it."""

from collections.abc import Callable
from typing import Generic, TypeVar

from agenix_check.model.frozen import frozen

_Sample = TypeVar("_Sample")  # the sample that it breaks


@frozen
class Break(Generic[_Sample]):
    """One way to break a sample.

    `act` does it and stages what a person would have staged, `rule` must name it, `fix` repairs it;
    most breaks are simply taken back instead.
    """

    title: str
    act: Callable[[_Sample], None]
    rule: str
    fix: Callable[[_Sample], None] | None = None
