"""Share evaluations among processes, and find the one at fault among them.

A process is given a list of units, which it evaluates in order; the first is given all. While it
evaluates, an idle one takes the back half of the longest list, if that is worth a start as earlier
ones took it; whoever comes to what another took ends. So the shards need no plan, and the result
does not depend on who evaluated what.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Hashable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from agenix_check.discover.nix.run import NixError, NixMemoryError, NixTimeoutError

_Unit = TypeVar("_Unit", bound=Hashable)

MOST_LATE = 8  # units that may run out of time before no other is tried
_SLOW = 1.0  # seconds; what takes longer lets nobody wait behind it
_IDLE = 0.05  # seconds after which a process without work looks for some
_TOO_MANY_LATE = f"error: it was not tried, because {MOST_LATE} others ran out of time"
_CUT = "error: Nix ended before it said anything about it"


class Outcome(NamedTuple, Generic[_Unit]):
    """The result of evaluating one unit: a value, or Nix's complaint."""

    unit: _Unit
    value: object
    complaint: str | None


class Begun(NamedTuple, Generic[_Unit]):
    """A shard is being evaluated: these are its units, in order."""

    units: Sequence[_Unit]


class UnitValue(NamedTuple, Generic[_Unit]):
    """A unit of a shard was evaluated; `inside` are units that follow it because of its value.

    `is_last` asks for an end of the process: what is left is evaluated in another.
    """

    unit: _Unit
    value: object
    inside: Sequence[_Unit] = ()
    is_last: bool = False


# Evaluates a shard: yields `Begun`, then its units in order, each as soon as it is known. Without
# units it finds them. It raises `NixError` if the next unit cannot be evaluated, and ends what it
# started when it is closed.
EvaluateShard = Callable[
    [Sequence[_Unit] | None], Generator[Begun[_Unit] | UnitValue[_Unit], None, None]
]

Count = Callable[[int, int], None]


@dataclass(eq=False, slots=True)
class _Shard(Generic[_Unit]):
    """What a process is to do: the first of `todo` is next; None if the units are not yet known."""

    todo: list[_Unit] | None
    since: float = 0.0  # when it was started, or when it said something
    has_said: bool = False
    is_stopped: bool = False


def evaluate_all(
    evaluate_shard: EvaluateShard[_Unit],
    units: Sequence[_Unit] | None,
    group: Callable[[_Unit], Hashable],
    *,
    jobs: int,
    count: Count = lambda done, of: None,  # noqa: ARG005
) -> list[Outcome[_Unit]]:
    """Evaluate all units, or all that there are, in at most `jobs` processes at a time.

    Units with the same `group` stand side by side and stay together, for they have work in common;
    `count` is given how many groups are done, and how many there are. Outcomes are in no order.
    Raises `NixError` if it cannot be found out which units there are.
    """
    work = _Work(units, group, count)
    pool = ThreadPoolExecutor(jobs, thread_name_prefix="nix")
    try:
        workers = [pool.submit(_work, work, evaluate_shard) for _ in range(jobs)]
        done, _ = wait(workers, return_when=FIRST_EXCEPTION)
        for worker in done:
            worker.result()
    finally:
        # On an interrupt the caller ends Nix; do not wait for it here.
        work.close()
        pool.shutdown(wait=False, cancel_futures=True)
    return work.outcomes


def _work(work: "_Work[_Unit]", evaluate_shard: EvaluateShard[_Unit]) -> None:
    """Evaluate shards until there is nothing to do any more."""
    try:
        while (shard := work.claim()) is not None:
            error = None
            with closing(evaluate_shard(shard.todo)) as said:
                try:
                    for one in said:
                        if isinstance(one, Begun):
                            work.begin(shard, one.units)
                        elif not work.take(shard, one):
                            break
                except NixError as caught:
                    error = caught
            work.end(shard, error)
    except BaseException:
        work.close()
        raise


class _Work(Generic[_Unit]):
    """What is done and what is to do; any thread may call its methods."""

    def __init__(
        self,
        units: Sequence[_Unit] | None,
        group: Callable[[_Unit], Hashable],
        count: Count,
    ) -> None:
        self.outcomes: list[Outcome[_Unit]] = []
        self._group, self._count = group, count
        self._changed = threading.Condition()
        self._closed = False
        self._waiting: list[_Shard[_Unit]] = []
        self._running: set[_Shard[_Unit]] = set()
        self._left: Counter[Hashable] = Counter()  # the units of each group that are not done
        self._done = 0  # groups
        self._late = 0
        self._to_begin = 0.0  # seconds that a process needs before it comes to its first unit
        self._seconds, self._groups = 0.0, 0  # that groups took, and how many
        self._put_back(None if units is None else [*units])
        if units is not None:
            self._announce(units)

    def close(self) -> None:
        """Let nobody begin anything."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def claim(self) -> _Shard[_Unit] | None:
        """Return a shard for the caller to evaluate, when there is one; None at the end."""
        with self._changed:
            while not self._closed:
                shard = self._waiting.pop(0) if self._waiting else self._steal()
                if shard is not None:
                    shard.since = time.monotonic()
                    self._running.add(shard)
                    return shard
                if not self._running:
                    return None
                self._changed.wait(_IDLE)
        return None

    def begin(self, shard: _Shard[_Unit], units: Sequence[_Unit]) -> None:
        """Note that a process has come to its first unit."""
        with self._changed:
            self._to_begin = self._lap(shard)
            if shard.todo is None:
                shard.todo = [*units]
                self._announce(units)

    def take(self, shard: _Shard[_Unit], done: UnitValue[_Unit]) -> bool:
        """Note a unit's value; return whether the process is to go on."""
        with self._changed:
            if not shard.todo:  # another took it
                return False
            if shard.todo[0] != done.unit:
                raise NixError("error: Nix answered in another order than was asked for")
            shard.has_said = True
            shard.todo[:1] = done.inside
            self._left.update(map(self._group, done.inside))
            self._seconds += self._lap(shard)
            if not shard.todo or self._group(shard.todo[0]) != self._group(done.unit):
                self._groups += 1
            self._finish(Outcome(done.unit, done.value, None))
            shard.is_stopped = done.is_last
            return bool(shard.todo) and not done.is_last

    def end(self, shard: _Shard[_Unit], error: NixError | None) -> None:
        """Note that a process has ended; what it has not done is put back.

        Raises the error if it ended before it was known which units there are.
        """
        with self._changed:
            self._running.discard(shard)
            if shard.todo is None:
                raise error or NixError(_CUT)
            if shard.todo and shard.is_stopped:
                self._put_back(shard.todo)
            elif shard.todo:
                first, *rest = shard.todo
                self._seconds += self._lap(shard)
                self._groups += 1
                if isinstance(error, NixMemoryError) and shard.has_said:
                    self._put_back([first])  # those before it may have left too little
                else:
                    self._late += isinstance(error, NixTimeoutError)
                    self._finish(Outcome(first, None, str(error or _CUT)))
                if rest:
                    self._put_back(rest)
            if self._late >= MOST_LATE:
                self._give_up()
            self._changed.notify_all()

    def _steal(self) -> _Shard[_Unit] | None:
        """Return the back of a list, if it takes longer than a process needs to begin."""
        each = self._seconds / self._groups if self._groups else 0.0
        now = time.monotonic()
        for shard in sorted(self._running, key=lambda one: len(one.todo or ()), reverse=True):
            todo = shard.todo or []
            # Where groups begin that nobody has begun.
            starts = [
                place
                for place in range(1, len(todo))
                if self._group(todo[place]) != self._group(todo[place - 1])
            ]
            # Both are to end at the same time; half of the current group may be done.
            count = int((len(starts) + 0.5 - self._to_begin / each) / 2) if each else 0
            if count * each < self._to_begin and now - shard.since > max(_SLOW, self._to_begin):
                count = (len(starts) + 1) // 2
            elif count * each < self._to_begin:
                count = 0
            if count > 0:
                place = starts[-count]
                stolen = todo[place:]
                del todo[place:]
                return _Shard(stolen)
        return None

    def _put_back(self, todo: list[_Unit] | None) -> None:
        self._waiting.append(_Shard(todo))

    def _announce(self, units: Sequence[_Unit]) -> None:
        self._left.update(map(self._group, units))
        self._count(0, len(self._left))

    def _finish(self, outcome: Outcome[_Unit]) -> None:
        self.outcomes.append(outcome)
        group = self._group(outcome.unit)
        self._left[group] -= 1
        if not (self._left[group] or self._closed):
            self._done += 1
            self._count(self._done, len(self._left))

    def _give_up(self) -> None:
        """Let nobody wait for more units: too many of them took too long."""
        for shard in self._waiting:
            for unit in shard.todo or ():
                self._finish(Outcome(unit, None, _TOO_MANY_LATE))
        self._waiting.clear()

    @staticmethod
    def _lap(shard: _Shard[_Unit]) -> float:
        """Return the seconds since a process began or last said something."""
        now = time.monotonic()
        seconds, shard.since = now - shard.since, now
        return seconds
