"""Outputs that earlier looks settled: only outputs are, and the verdict is the same."""

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.model import fleet as model_fleet
from tests.audit.scenes import old_output
from tests.audit.test_carried import say, say_in_whole


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
