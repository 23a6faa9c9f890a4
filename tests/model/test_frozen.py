"""Values that are cheap to declare compare, hash and show like frozen dataclasses."""

from dataclasses import field, replace

from agenix_check.model.frozen import frozen


@frozen
class Lamp:
    colour: str
    watts: int = 5
    places: tuple[str, ...] = field(default_factory=tuple)
    seen: int = field(default=0, compare=False)
    serial: str = field(default="", repr=False)


@frozen(kw_only=False)
class Candle:
    colour: str


def test_values_are_what_their_fields_are() -> None:
    lamp = Lamp(colour="red")

    assert lamp == Lamp(colour="red", watts=5)
    assert lamp != replace(lamp, watts=6)
    assert len({lamp, Lamp(colour="red"), replace(lamp, places=("hall",))}) == 2
    assert lamp == replace(lamp, seen=1)
    assert hash(lamp) == hash(replace(lamp, seen=1))
    assert lamp != replace(lamp, serial="7")
    shown = "Lamp(colour='red', watts=5, places=('hall',), seen=1)"
    assert repr(replace(lamp, places=("hall",), seen=1, serial="7")) == shown
    assert Candle("red") == Candle(colour="red")
    assert repr(Candle("red")) == "Candle(colour='red')"
    others: tuple[object, ...] = ("red", ("red",), Lamp(colour="red"))
    assert Candle("red") not in others
