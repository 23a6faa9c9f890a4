"""The story of the stolen laptop, as the demo tells it."""

from pathlib import Path

from agenix_check.demo.isolation import plain_git
from agenix_check.demo.sample_fleet import SampleFleet
from agenix_check.demo.stolen_laptop import steal_laptop


def test_each_scene_is_as_it_must_be(tmp_path: Path) -> None:
    with plain_git():
        fleet = SampleFleet(tmp_path)
        fleet.build()
        scenes = list(steal_laptop(fleet))

    assert [one.as_expected for one in scenes] == [True, True, True]
    stolen, encrypted, rotated = (one.said for one in scenes)
    assert stolen.count(": in use\n") == 2
    assert "secrets/wifi.age: re-encrypted, perhaps unchanged\n" in encrypted
    assert "secrets/ci-key.age: in use\n" in encrypted
    assert rotated.startswith("no secret in use could be read by a former reader")
