"""A story beside the breaks: a laptop was stolen, and what must be rotated."""

from collections.abc import Iterator
from typing import NamedTuple

from agenix_check.access.exposure import find_exposures, only_former
from agenix_check.demo.sample_fleet import CI_KEY, STORAGE, TLS, WIFI, SampleFleet
from agenix_check.git.repository import open_repository
from agenix_check.inquiries import discover_past_readers
from agenix_check.model.exposed import Exposure
from agenix_check.model.settings import Settings
from agenix_check.report.exposure import render_exposure
from agenix_check.report.registry import DEFAULT_WIDTH

_REMAINING = ("alpha", "beta", "delta")


class Scene(NamedTuple):
    """What happened, what `agenix-check exposure` says then, and whether it is what must be."""

    title: str
    said: str
    as_expected: bool


def steal_laptop(fleet: SampleFleet) -> Iterator[Scene]:
    """Take a host out of a fleet, and rotate what it could read; yield each scene."""
    shop = fleet.shop
    shop.git.run("rm", "-rq", f"{STORAGE}/gamma", "hosts/gamma", TLS.source)
    shop.commit("Gamma was stolen")
    yield _scene(fleet, "Gamma was stolen: its files are gone from the tree", {WIFI, CI_KEY})
    fleet.edit(WIFI, WIFI.plaintext)
    fleet.rekey(*_REMAINING)
    shop.commit("Encrypt the wifi password anew")
    title = "One secret is encrypted anew: without a key nobody sees that it is the same"
    yield _scene(fleet, title, {WIFI, CI_KEY})
    fleet.edit(WIFI)
    fleet.edit(CI_KEY)
    fleet.rekey(*_REMAINING)
    shop.commit("Rotate what gamma could read")
    yield _scene(fleet, "Both are rotated", set())


def _scene(fleet: SampleFleet, title: str, wanted: set[object]) -> Scene:
    exposure = look(fleet)
    listed = {secret.secret for key in exposure.keys for secret in key.secrets}
    expected = {one.source for one in (WIFI, CI_KEY) if one in wanted}
    return Scene(title, render_exposure(exposure, "text", DEFAULT_WIDTH), listed == expected)


def look(fleet: SampleFleet) -> Exposure:
    """Return what former readers could read and what of it is in use."""
    repository = open_repository(fleet.shop.top)
    past = discover_past_readers(repository, Settings(no_cache=True), ())
    return Exposure(keys=only_former(find_exposures(past)), public=())
