"""One tree has one verdict with Nix too, however it is looked at."""

from collections.abc import Callable

import pytest

from agenix_check.discover.tree.evidence import LOCK
from agenix_check.model.findings import Report
from tests.audit.test_views import VIEWS
from tests.discover.declared.estate import DB, TOKEN, Estate, judge
from tests.host_keys import NEW


def _commit(estate: Estate, message: str) -> None:
    estate.write_flake()
    estate.shop.write("notes.txt", f"{message}\n")
    estate.shop.commit(message)


def edit(estate: Estate) -> None:
    """Edit a source and forget to rekey."""
    estate.edit(TOKEN, "another\n")
    _commit(estate, "Edit a source")


def rotate(estate: Estate) -> None:
    """Give a host another key."""
    estate.shop.host("alpha", NEW)
    _commit(estate, "Rotate a key")


def merge(estate: Estate) -> None:
    """Edit a source on the other side of a merge."""
    estate.shop.git.run("checkout", "--quiet", "-b", "side")
    estate.edit(DB, "another\n")
    _commit(estate, "Edit a source")
    estate.shop.git.run("checkout", "--quiet", "work")
    estate.shop.write("README.md", "Another.\n")
    estate.shop.commit("Write")
    estate.shop.git.run("merge", "--quiet", "--no-edit", "side")


@pytest.mark.parametrize("history", [edit, rotate, merge])
def test_a_declared_fleet_is_judged_alike_in_every_view(
    estate: Estate, history: Callable[[Estate], None]
) -> None:
    estate.shop.remove(LOCK)
    _commit(estate, "Begin")
    estate.shop.git.run("checkout", "--quiet", "-b", "work")
    history(estate)
    estate.shop.write("other.txt", "later\n")
    estate.shop.commit("Do something else")

    seen = [_wrong(judge(estate, "nix", no_cache=False, **one)) for one in VIEWS.values()]

    assert ("output-stale", "error") in {one[:2] for one in seen[0]}
    assert seen == [seen[0]] * len(seen)


def _wrong(report: Report) -> set[tuple[str, str, str, str, str]]:
    return {
        (one.rule, str(one.severity), one.node or "", one.path or "", one.since or "")
        for one in report.findings
    }
