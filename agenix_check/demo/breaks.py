"""What a break is: one thing that somebody does to the sample fleet, and the rule that names it."""

from collections.abc import Callable
from dataclasses import dataclass

from agenix_check.demo.sample_fleet import SampleFleet


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """One way to break the fleet.

    `act` does it and stages what a person would have staged, `rule` must name it, `mend` puts it
    right again; most of them are simply taken back.
    """

    title: str
    act: Callable[[SampleFleet], None]
    rule: str
    mend: Callable[[SampleFleet], None] | None = None
