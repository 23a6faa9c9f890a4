"""What many processes find is what one finds, whoever evaluates what, and whatever fails."""

import threading
from collections import Counter
from collections.abc import Generator, Sequence
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenix_check.demo.workshop import Workshop
from agenix_check.discover.nix.pool import MOST_LATE, Begun, Outcome, UnitValue, evaluate_all
from agenix_check.discover.nix.run import NixError, NixMemoryError, NixTimeoutError
from tests.discover.nix.flakes import declare, failures, names, write_flake


class Part(NamedTuple):
    """A unit: of which group, which of it, and what becomes of it."""

    group: int
    place: int
    fate: str


class Engine:
    """An engine that needs no Nix: it evaluates a unit as its fate says."""

    def __init__(self, units: Sequence[Part], *, inside: int = 0) -> None:
        self.units = units
        self.shards: list[Sequence[Part]] = []
        self.most = 0
        self._inside = inside
        self._running = 0
        self._lock = threading.Lock()

    def __call__(
        self, units: Sequence[Part] | None
    ) -> Generator[Begun[Part] | UnitValue[Part], None, None]:
        todo = [*(self.units if units is None else units)]
        with self._lock:
            self.shards.append([*todo])
            self._running += 1
            self.most = max(self.most, self._running)
        try:
            yield Begun(todo)
            yield from self._evaluate(todo)
        finally:
            with self._lock:
                self._running -= 1

    def _evaluate(self, todo: list[Part]) -> Generator[UnitValue[Part], None, None]:
        has_said = False
        while todo:
            unit = todo.pop(0)
            if unit.fate == "fails":
                raise NixError(f"error: {unit.group}.{unit.place}")
            if unit.fate == "is late":
                raise NixTimeoutError("error: late")
            if unit.fate == "is large" or (unit.fate == "is large with others" and has_said):
                raise NixMemoryError("error: large")
            if unit.fate == "is cut":
                return
            more = [Part(unit.group, 100 + n, "works") for n in range(self._inside)]
            inside = more if unit.fate == "has parts" else []
            todo[:0] = inside
            has_said = True
            yield UnitValue(unit, unit.place, inside, unit.fate == "fills memory")

    def expected(self) -> list[Outcome[Part]]:
        """Return what one process for each unit finds."""
        found = []
        for unit in self.units:
            complaint = {
                "fails": f"error: {unit.group}.{unit.place}",
                "is late": "error: late",
                "is large": "error: large",
                "is cut": "error: Nix ended before it said anything about it",
            }.get(unit.fate)
            found.append(Outcome(unit, None if complaint else unit.place, complaint))
            if unit.fate == "has parts":
                parts = (Part(unit.group, 100 + number, "works") for number in range(self._inside))
                found += [Outcome(part, part.place, None) for part in parts]
        return sorted(found)


FATES = (
    "works", "works", "works", "works", "has parts", "fills memory", "fails", "is large",
    "is large with others", "is cut",
)  # fmt: skip


@given(
    fates=st.lists(st.lists(st.sampled_from(FATES), min_size=1, max_size=3), max_size=30),
    late=st.integers(0, 2),
    jobs=st.integers(1, 5),
    known=st.booleans(),
)
def test_every_unit_is_evaluated_once(
    fates: list[list[str]], late: int, jobs: int, *, known: bool
) -> None:
    fates = [*fates, *[["is late"]] * late]
    units = [
        Part(group, place, fate)
        for group, parts in enumerate(fates)
        for place, fate in enumerate(parts)
    ]
    engine = Engine(units, inside=2)
    counted: list[tuple[int, int]] = []
    found = evaluate_all(
        engine,
        units if known else None,
        lambda unit: unit.group,
        jobs=jobs,
        count=lambda done, of: counted.append((done, of)),
    )
    assert sorted(found) == engine.expected()
    assert engine.most <= jobs
    assert counted == [(done, len(fates)) for done in range(len(fates) + 1)]


def test_an_idle_process_takes_the_back_half() -> None:
    units = [Part(number, 0, "works") for number in range(40)]
    engine = Engine(units)
    second = threading.Event()

    def slow(todo: Sequence[Part] | None) -> Generator[Begun[Part] | UnitValue[Part], None, None]:
        if todo is not None:
            second.set()
        for said in engine(todo):
            yield said
            if todo is None and isinstance(said, UnitValue) and said.unit.group == 3:
                second.wait()

    assert sorted(evaluate_all(slow, None, lambda unit: unit.group, jobs=2)) == engine.expected()
    sizes = [len(shard) for shard in engine.shards]
    assert sizes[0] == 40
    assert 10 <= sizes[1] <= 20, "it takes about half of what is left"
    assert Counter(unit for shard in engine.shards[1:] for unit in shard).keys() < {*units}


def test_too_many_that_run_out_of_time_end_it() -> None:
    units = [Part(number, 0, "is late") for number in range(30)]
    found = evaluate_all(Engine(units), None, lambda unit: unit.group, jobs=1)
    late = [outcome.unit.group for outcome in found if outcome.complaint == "error: late"]
    assert late == [*range(MOST_LATE)]
    assert {outcome.complaint for outcome in found} == {
        "error: late", f"error: it was not tried, because {MOST_LATE} others ran out of time"
    }  # fmt: skip
    assert len(found) == 30


def test_where_no_unit_is_known_the_error_is_raised() -> None:
    def fail(todo: object) -> Generator[Begun[Part] | UnitValue[Part], None, None]:
        if todo is None:
            raise NixError("error: no outputs")
        yield Begun(())

    with pytest.raises(NixError, match="no outputs"):
        evaluate_all(fail, None, lambda unit: unit.group, jobs=3)


def test_more_nodes_than_an_argument_has_room_for(workshop: Workshop) -> None:
    write_flake(
        workshop,
        """
        nixosConfigurations = { a = abort "first"; } // builtins.listToAttrs (builtins.genList
          (number: { name = "the-host-number-${toString number}"; value = node { } { }; }) 1500);
        """,
    )
    workshop.stage()
    declaration = declare(workshop.top, jobs=2)
    assert (len(names(declaration)), failures(declaration)) == (1500, {"nixos:a": "first"})


_BURN = "builtins.foldl' (x: n: x + n) 0 (builtins.genList (n: n) 100000)"
_USERS = """
  home-manager.users = { bob = (node { } { }).config; eve = abort "eve"; pat = throw "pat"; };
"""


def test_processes_of_nix_find_what_one_finds(workshop: Workshop) -> None:
    nodes = "".join(
        f'h{number} = node {{ hostPubkey = builtins.seq ({_BURN}) "{number}"; }} {{ }};\n'
        for number in range(24)
    )
    write_flake(
        workshop,
        f"""
        nixosConfigurations = {{
          {nodes}
          h1a = abort "h1a";
          h12a = throw "h12a";
          h12b.config = (node {{ }} {{ }}).config // {{ {_USERS} }};
        }};
        """,
    )
    workshop.stage()
    alone = declare(workshop.top, jobs=1)
    assert len(names(alone)) == 26
    assert failures(alone) == {
        "host-nixos:h12b-user-eve": "eve", "host-nixos:h12b-user-pat": "pat",
        "nixos:h1a": "h1a", "nixos:h12a": "h12a",
    }  # fmt: skip
    assert repr(declare(workshop.top, jobs=3)) == repr(alone)
