"""Run many evaluations at once, and find the one at fault among them."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Generic, NamedTuple, TypeVar

from agenix_check.discover.nix.run import NixError

_Unit = TypeVar("_Unit")

_SINGLY = 4  # units; a failing group of at most so many is evaluated one by one


class Outcome(NamedTuple, Generic[_Unit]):
    """The result of evaluating one unit: a value, or Nix's complaint."""

    unit: _Unit
    value: object
    complaint: str | None


def narrow(
    units: Sequence[_Unit],
    evaluate: Callable[[Sequence[_Unit]], Sequence[tuple[_Unit, bool, object]]],
) -> list[Outcome[_Unit]]:
    """Evaluate all units, in as few processes as the failing ones allow, on all cores.

    `evaluate` returns each of its units with a value, or with False if only that unit failed; it
    raises `NixError` if it has no values at all.
    """
    outcomes: list[Outcome[_Unit]] = []
    running: dict[Future[Sequence[tuple[_Unit, bool, object]]], Sequence[_Unit]] = {}
    pool = ThreadPoolExecutor(os.cpu_count() or 1)
    try:
        groups: list[Sequence[_Unit]] = [units] if units else []
        while groups or running:
            running.update({pool.submit(evaluate, group): group for group in groups})
            groups = []
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                group = running.pop(future)
                try:
                    found = future.result()
                except NixError as error:
                    if len(group) > 1:
                        groups += _parts(group)
                    else:
                        outcomes.append(Outcome(group[0], None, str(error)))
                    continue
                outcomes += [Outcome(unit, value, None) for unit, well, value in found if well]
                groups += [[unit] for unit, well, _ in found if not well]
    finally:
        # On an interrupt the caller ends Nix; do not wait for it here.
        pool.shutdown(wait=False, cancel_futures=True)
    return outcomes


def _parts(group: Sequence[_Unit]) -> list[Sequence[_Unit]]:
    if len(group) <= _SINGLY:
        return [[unit] for unit in group]
    middle = len(group) // 2
    return [group[:middle], group[middle:]]
