"""Outputs that earlier looks settled: only outputs are, and the verdict is the same."""

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.model import fleet as model_fleet
from tests.audit.scenes import old_output, storage
from tests.audit.test_carried import say, say_in_whole
from tests.conftest import SECRETS
from tests.host_keys import HOSTS


def test_a_file_with_the_ident_of_a_settled_output_is_none_by_that(
    fleet: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_fleet, "_MANY_OUTPUTS", 1)
    for node in ("alpha", "beta"):
        path = old_output(fleet, node, "db")
        fleet.write(f"old/{path.rpartition('/')[2]}.orig", fleet.read(path))
    fleet.commit("Keep copies")
    assert say(fleet.top).code == 0
    fleet.source("secrets/new.age", "not used yet\n")
    fleet.stage()
    for arguments in ((), ("-v",)):  # the second lists all outputs
        assert say(fleet.top, *arguments) == say_in_whole(fleet.top, *arguments)


@pytest.mark.parametrize("spelled", [None, "another comment\n"])
def test_who_reads_a_secret_under_two_names_gains_and_loses_nothing_by_one(
    fleet: Workshop, monkeypatch: pytest.MonkeyPatch, spelled: str | None
) -> None:
    monkeypatch.setattr(model_fleet, "_MANY_OUTPUTS", 1)
    key = " ".join((*HOSTS["beta"].split()[:2], spelled)) if spelled else HOSTS["beta"]
    fleet.write("keys/all.nix", f'"{key.strip()}" "{HOSTS["beta"].strip()}"')
    fleet.commit("Spell the key twice")
    assert say(fleet.top).code == 0
    last = max(one.name for one in (fleet.top / storage("beta")).iterdir())  # it is left out
    source, text = next((one[0], one[2]) for one in SECRETS if one[1] == last[33:-4])
    again = fleet.rekey("beta", "again", source, text, key=key.strip() + "\n")
    fleet.stage()
    assert say(fleet.top) == say_in_whole(fleet.top)
    fleet.commit("Add it")
    fleet.remove(again)
    fleet.stage()
    for arguments in ((), ("--no-cache",)):
        assert say(fleet.top, *arguments) == say_in_whole(fleet.top)
