"""Values that are cheap to declare compare, hash and show like frozen dataclasses."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cached_property

import pytest

from agenix_check.model.frozen import NOTHING, field_names, fields_of, frozen, replace


@frozen
class Lamp:
    colour: str
    watts: int = 5
    places: Mapping[str, int] = NOTHING

    @cached_property
    def shout(self) -> str:
        return self.colour.upper()


@frozen
class Lantern(Lamp):
    fuel: str


@frozen(kw_only=False)
class Candle:
    colour: str
    smell: bytes = b""


@frozen(eq=False)
class Spark:
    colour: str = "blue"


def test_values_are_what_their_fields_are() -> None:
    lamp = Lamp(colour="red")

    assert lamp == Lamp(colour="red", watts=5, places={})
    assert lamp != replace(lamp, watts=6)
    assert hash(Candle("red")) == hash(Candle(colour="red", smell=b""))
    assert len({Candle("red"), Candle("red", b""), Candle("red", b"rose")}) == 2
    assert field_names(Lamp) == ("colour", "watts", "places")
    assert fields_of(replace(lamp, places={"hall": 1})) == {
        "colour": "red",
        "watts": 5,
        "places": {"hall": 1},
    }
    assert repr(lamp) == "Lamp(colour='red', watts=5, places=mappingproxy({}))"
    others: tuple[object, ...] = ("red", ("red",), lamp)
    assert Candle("red") not in others


def test_a_base_gives_its_fields_and_no_equality_across_kinds() -> None:
    lantern = Lantern(colour="red", fuel="oil")

    assert field_names(Lantern) == ("colour", "watts", "places", "fuel")
    assert lantern.shout == "RED"
    assert lantern == replace(lantern, colour="red")
    assert lantern not in (Lamp(colour="red"), Lantern(colour="red", fuel="gas"))


def test_what_was_worked_out_of_a_value_stays_with_it() -> None:
    lamp = Lamp(colour="red")
    assert lamp.shout == "RED"

    assert replace(lamp, colour="green").shout == "GREEN"
    assert lamp == Lamp(colour="red")


def test_bytes_are_counted_and_not_shown() -> None:
    assert repr(Candle("red", b"a password")) == "Candle(colour='red', smell=<10 bytes>)"


def test_without_eq_a_value_equals_only_itself() -> None:
    spark = Spark()

    assert spark == spark
    assert spark != Spark()
    assert len({spark, Spark()}) == 2


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (Lamp, "colour"),
        (lambda: Lamp(colour="red", glow=1), "glow"),  # type: ignore[call-arg]
        (lambda: Lamp(colour="red", watts=1, glow=1), "glow"),  # type: ignore[call-arg]
        (lambda: replace(Candle("red"), glow=1), "glow"),  # type: ignore[call-arg]
    ],
)
def test_fields_that_lack_or_are_unknown_are_named(make: Callable[[], object], named: str) -> None:
    with pytest.raises(TypeError, match=rf"\b{named}$"):
        make()


def test_declaring_values_loads_no_dataclasses() -> None:
    code = "import sys, agenix_check.model.findings; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, cwd="."
    ).stdout.split()

    assert "agenix_check.model.frozen" in loaded
    assert not {"dataclasses", "inspect"} & set(loaded)
