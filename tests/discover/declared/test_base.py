"""How much of the base is evaluated to show which findings are new: no more than they hang on."""

import json
from collections.abc import Callable, Collection

import pytest

from agenix_check.discover.declared import from_declaration
from agenix_check.discover.declared.evaluation_cache import evaluate_base
from agenix_check.discover.tree.evidence import LOCK
from agenix_check.model.findings import Report
from tests.conftest import Run
from tests.discover.declared.estate import DB, Estate, Secret, judge, told
from tests.host_keys import NEW

WIFI = "secrets/wifi.age"


def leave_a_source_unused(estate: Estate) -> None:
    estate.shop.source("secrets/unused.age", "nobody's")


def rotate_a_key(estate: Estate) -> None:
    estate.shop.host("alpha", NEW)


def lose_an_output_after_another(estate: Estate) -> None:
    estate.shop.remove(estate.output("alpha", "token"))
    estate.shop.commit("Lose one")
    estate.edit(WIFI, "another\n")


def declare_one_more(estate: Estate) -> None:
    estate.nodes["beta"].secrets["db2"] = Secret(DB)
    estate.write_flake()


def share_a_directory(estate: Estate) -> None:
    estate.nodes["beta"].storage = estate.nodes["alpha"].storage = "secrets/rekeyed/both"
    estate.rekey()
    estate.write_flake()
    estate.shop.commit("Share")
    estate.edit("secrets/alpha-token.age", "another\n")


def edit_what_all_have(estate: Estate) -> None:
    estate.edit(DB, "another\n")


# What a change does, and which nodes of the base are evaluated: None for all, nothing for none.
CASES: list[tuple[Callable[[Estate], None], list[object]]] = [
    (leave_a_source_unused, []),
    (rotate_a_key, [{"nixos:alpha"}]),
    (lose_an_output_after_another, [{"nixos:alpha", "nixos:beta"}]),
    (declare_one_more, [{"nixos:beta"}]),
    (share_a_directory, [None]),
    (edit_what_all_have, [None]),
]


@pytest.mark.parametrize(("change", "expected"), CASES)
def test_only_what_findings_hang_on_is_evaluated(
    estate: Estate,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Estate], None],
    expected: list[object],
) -> None:
    estate.shop.remove(LOCK)
    estate.shop.commit("Leave the lock file out")
    change(estate)
    estate.shop.write("modules/web.nix", "{ }\n")  # the flake may declare something else now
    estate.shop.stage()
    asked: list[Collection[str] | None] = []

    def evaluate(*given: object) -> object:
        asked.append(given[4])  # type: ignore[arg-type]
        return evaluate_base(*given)  # type: ignore[arg-type]

    def look() -> Report:
        return judge(estate, "nix", evaluate="always", **{"no-cache": True})

    monkeypatch.setattr(from_declaration, "evaluate_base", evaluate)
    part = look()
    assert asked == expected
    monkeypatch.setattr(from_declaration, "_nodes_in_question", lambda _: None)
    whole = look()
    assert part.findings == whole.findings
    assert told(part) or not expected


def test_a_base_that_is_remembered_changes_nothing(estate: Estate, run: Run) -> None:
    estate.shop.remove(LOCK)
    alpha = estate.nodes.pop("alpha")
    estate.write_flake()
    estate.shop.commit("Switch alpha off")
    asked = ("--inventory", "nix", "--evaluate", "always", "--format", "json")
    run(estate.shop.top, *asked)
    estate.nodes["alpha"] = alpha
    del alpha.secrets["token"]
    estate.rekey()
    estate.write_flake()
    estate.shop.stage()
    done = run(estate.shop.top, *asked)
    assert json.loads(done.stdout)["access"]["removed"]
    assert done == run(estate.shop.top, *asked, "--no-cache")
