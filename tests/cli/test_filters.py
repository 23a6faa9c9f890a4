"""`--node` and `--secret`: counts follow them, names stay the same, what is not there is named."""

import pytest

from agenix_check.demo.workshop import Workshop
from tests.cli.running import complains
from tests.conftest import Run


@pytest.fixture
def run(run_here: Run) -> Run:
    return run_here


@pytest.mark.parametrize("verb", ["check", "fleet"])
def test_what_is_not_there_is_named(fleet: Workshop, run: Run, verb: str) -> None:
    result = run(fleet.top, verb, "--node", "alpah", "--node", "beta")
    said = "no node matches alpah (did you mean 'alpha'?); there are alpha, beta, delta, gamma"
    assert result.code == 3
    assert said in result.stderr
    result = run(fleet.top, verb, "--secret", "nope")
    assert result.code == 3
    assert "no secret matches nope; there are db, token, wifi" in result.stderr


def test_other_verbs_call_nodes_the_same(fleet: Workshop, run: Run) -> None:
    complains(run(fleet.top, "access", "--node", "x"), 3, "there are alpha, beta")
    complains(run(fleet.top, "exposure", "--node", "x"), 3, "there are alpha, beta")


def test_counts_and_names_follow_the_filters(fleet: Workshop, run: Run) -> None:
    fleet.source("secrets/wifi.age", "another\n")
    fleet.stage()
    whole, part = run(fleet.top), run(fleet.top, "--node", "beta")
    assert "9 outputs on 4 nodes" in whole.stdout
    assert "2 outputs on 1 node: 1 ok, 1 wrong" in part.stdout
    rows = [one.split() for one in whole.stdout.splitlines()]
    assert next(one.split() for one in part.stdout.splitlines() if " wifi " in one) in rows
    listed = run(fleet.top, "fleet", "--node", "beta", "--secret", "db").stdout
    assert listed.startswith("beta\n")
    assert "1 output on 1 node: " in listed
