"""A break: one thing that somebody does to the sample fleet, and the rule that names it."""

from collections.abc import Callable
from dataclasses import dataclass

from agenix_check.demo.sample_fleet import SampleFleet


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """One way to break the fleet.

    `act` does it and stages what a person would have staged, `rule` must name it, `fix` repairs it;
    most breaks are simply taken back instead.
    """

    title: str
    act: Callable[[SampleFleet], None]
    rule: str
    fix: Callable[[SampleFleet], None] | None = None
