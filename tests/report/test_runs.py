"""Reports of real runs, one after another: what a server takes for the same problem."""

import json
from typing import Any

import pytest

from agenix_check.demo.workshop import Workshop
from tests.conftest import Run

NODES = ("alpha", "beta", "gamma", "delta")  # those that have `db`


def problems(fleet: Workshop, run: Run, form: str) -> dict[str, str]:
    """Run the command and return what each fingerprint is said to be."""
    result = run(fleet.top, "--format", form)
    assert (result.code, result.stderr) == (1, "")
    document = json.loads(result.stdout)
    told = [_from_gitlab(one) for one in document] if form == "gitlab" else _from_sarif(document)
    assert len(dict(told)) == len(told)
    return dict(told)


def _from_gitlab(entry: Any) -> tuple[str, str]:
    return entry["fingerprint"], entry["description"]


def _from_sarif(log: Any) -> list[tuple[str, str]]:
    return [
        (one["partialFingerprints"]["primaryLocationLineHash"], one["message"]["text"])
        for one in log["runs"][0]["results"]
    ]


@pytest.mark.parametrize("form", ["gitlab", "sarif"])
def test_a_problem_that_comes_back_after_a_rekey_is_the_same(
    fleet: Workshop, run: Run, form: str
) -> None:
    fleet.source("secrets/db.age", "first\n")
    fleet.stage()
    first = problems(fleet, run, form)

    for node in NODES:
        storage = f"{fleet.storage}/{node}"
        for path in (fleet.top / storage).glob("*-db.age"):
            fleet.remove(f"{storage}/{path.name}")
        fleet.rekey(node, "db", "secrets/db.age", "first\n")
    fleet.commit("rekey")
    assert run(fleet.top).code == 0

    fleet.source("secrets/db.age", "second\n")
    fleet.stage()
    second = problems(fleet, run, form)

    assert len(first) == len(NODES)
    assert first.keys() == second.keys()
    assert all("Fix: agenix-check --fix" in said for said in second.values())


@pytest.mark.parametrize("form", ["gitlab", "sarif"])
def test_an_edit_of_a_broken_fleet_changes_no_problem(fleet: Workshop, run: Run, form: str) -> None:
    fleet.source("secrets/db.age", "first\n")
    fleet.stage()
    first = problems(fleet, run, form)
    fleet.source("secrets/db.age", "second, and longer\n")
    fleet.source("secrets/wifi.age", "another\n")
    fleet.stage()
    more = problems(fleet, run, form)

    assert first.keys() < more.keys()
    assert len(more) == len(first) + 2
