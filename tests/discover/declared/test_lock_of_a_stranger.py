"""A lock file comes with a change: it decides nothing by itself."""

import json
from collections.abc import Callable

import pytest

from agenix_check.age import DUMMY_RECIPIENT
from agenix_check.discover.tree.evidence import LOCK
from agenix_check.model.findings import Finding
from tests.conftest import Run
from tests.discover.declared.estate import DB, TOKEN, WIFI, Estate, Secret, judge, told
from tests.host_keys import NEW

RANGE = ("--from-ref", "main", "--to-ref", "topic", "--inventory", "lock", "--format", "json")


def messages(estate: Estate, **options: str) -> list[str]:
    """Write the lock file anew, and return what is stale in it."""
    estate.write_lock()
    estate.shop.stage()
    findings = judge(estate, **options).findings
    return [one.message for one in findings if one.rule == "lock-stale"]


def drop_the_node(estate: Estate) -> None:
    del estate.nodes["beta"]


def drop_the_node_and_its_key(estate: Estate) -> None:
    del estate.nodes["beta"]
    estate.shop.remove("hosts/beta/host.pub")


def drop_the_node_and_its_outputs(estate: Estate) -> None:
    for id_ in ("db", "group/wifi"):
        estate.shop.remove(estate.output("beta", id_))
    del estate.nodes["beta"]


def keep_nothing_but_its_source(estate: Estate) -> None:
    drop_the_node_and_its_outputs(estate)
    estate.shop.remove("hosts/beta/host.pub")


def drop_the_secret(estate: Estate) -> None:
    del estate.nodes["beta"].secrets["group/wifi"]


def drop_the_secret_and_its_output(estate: Estate) -> None:
    estate.shop.remove(estate.output("beta", "group/wifi"))
    del estate.nodes["beta"].secrets["group/wifi"]


def have_no_outputs(estate: Estate) -> None:
    estate.nodes["beta"].mode = "derivation"


def take_the_placeholder(estate: Estate) -> None:
    estate.nodes["beta"].key = DUMMY_RECIPIENT


def take_another_key(estate: Estate) -> None:
    estate.nodes["beta"].key = NEW


@pytest.mark.parametrize(
    ("hide", "says"),
    [
        (drop_the_node, "nixos:beta left it, but hosts/beta/host.pub, "),
        (drop_the_node_and_its_key, "nixos:beta left it, but secrets/rekeyed/beta/"),
        (drop_the_node_and_its_outputs, f"nixos:beta left it, but hosts/beta/host.pub, {WIFI} are"),
        (keep_nothing_but_its_source, f"nixos:beta left it, but {WIFI} is still in the tree"),
        (drop_the_secret, "nixos:beta group/wifi left it, but secrets/rekeyed/beta/"),
        (drop_the_secret_and_its_output, f"nixos:beta group/wifi left it, but {WIFI} is still"),
        (have_no_outputs, "nixos:beta has no outputs any more, but secrets/rekeyed/beta/"),
        (
            take_the_placeholder,
            "nixos:beta has a key that is nowhere else, but hosts/beta/host.pub",
        ),
        (take_another_key, "nixos:beta has a key that is nowhere else, but hosts/beta/host.pub is"),
    ],
)
def test_what_leaves_a_lock_file_while_the_tree_has_it(
    estate: Estate, hide: Callable[[Estate], None], says: str
) -> None:
    hide(estate)
    found = messages(estate)
    assert any(one.startswith(says) for one in found), found
    estate.shop.commit("Hide it")
    estate.shop.write("README.md", "Another text.\n")
    estate.shop.stage()
    old = [one for one in judge(estate).findings if one.rule == "lock-stale"]
    assert [one.message for one in old if one.message.startswith(says)]  # it lasts
    assert not any(one.new for one in old)


def test_a_node_that_is_gone_altogether(estate: Estate) -> None:
    drop_the_node_and_its_outputs(estate)
    estate.shop.remove("hosts/beta/host.pub")
    estate.shop.remove(WIFI)
    assert messages(estate) == []
    assert told(judge(estate)) == set()


def test_what_is_only_called_otherwise(estate: Estate) -> None:
    estate.nodes["gamma"] = estate.nodes.pop("beta")
    estate.nodes["alpha"].secrets["access"] = estate.nodes["alpha"].secrets.pop("token")
    estate.rekey()
    assert messages(estate) == []


def test_what_is_new_or_declared_otherwise(estate: Estate) -> None:
    estate.nodes["alpha"].secrets["more"] = Secret(DB)
    estate.nodes["alpha"].secrets["token"].name = "other"
    estate.rekey()
    assert messages(estate) == []


def test_a_lock_file_that_is_new_is_not_taken(
    estate: Estate, run: Run, without_nix: dict[str, str]
) -> None:
    estate.shop.remove(LOCK)
    estate.shop.commit("Have none")
    estate.shop.git.run("checkout", "--quiet", "-b", "topic")
    estate.edit(DB, "another\n")
    drop_the_node(estate)
    estate.write_lock()
    estate.shop.commit("Be quiet about beta")
    words = ("--from-ref", "main", "--to-ref", "topic", "--format", "json")
    done = run(estate.shop.top, *words, env=without_nix)
    report = json.loads(done.stdout)
    assert (done.code, report["fleet"]["inventory"]) == (1, "names")
    assert "secrets/rekeyed/beta" in {one["node"] for one in report["findings"]}
    assert f"{LOCK}: it is new in this change" in report["skipped"][0]
    # Once it is merged it is the owner's.
    done = run(estate.shop.top, "--format", "json", env=without_nix)
    assert json.loads(done.stdout)["fleet"]["inventory"] == "lock"


def test_a_lock_file_that_is_removed(estate: Estate, run: Run, without_nix: dict[str, str]) -> None:
    estate.shop.git.run("checkout", "--quiet", "-b", "topic")
    estate.shop.remove(LOCK)
    estate.shop.commit("Remove the lock file")
    words = ("--from-ref", "main", "--to-ref", "topic", "--format", "json")
    done = run(estate.shop.top, *words, env=without_nix)
    rules = [one["rule"] for one in json.loads(done.stdout)["findings"]]
    assert done.code == 1
    assert rules == ["lock-stale"] * 3


def test_a_lock_file_without_nodes_beside_outputs(estate: Estate) -> None:
    estate.nodes = {}
    assert len(messages(estate)) == 3
    report = judge(estate)
    assert report.fleet.inventory == "names"
    (sentence,) = report.incomplete
    assert sentence.startswith(f"{LOCK} names no node, but there are outputs in the tree; write it")


def test_it_is_held_against_what_the_range_is_compared_with(estate: Estate, run: Run) -> None:
    # The branch starts where the lock file did not have beta yet.
    beta = estate.nodes.pop("beta")
    estate.write_lock()
    estate.shop.git.run("checkout", "--quiet", "--orphan", "past")
    estate.shop.commit("Begin anew")
    estate.shop.git.run("branch", "topic")
    estate.nodes["beta"] = beta
    estate.write_lock()
    estate.shop.commit("Add beta")
    estate.shop.git.run("branch", "-f", "main")
    done = run(estate.shop.top, *RANGE)
    said = [one["message"] for one in json.loads(done.stdout)["findings"]]
    assert done.code == 1
    assert any(one.startswith("nixos:beta left it") for one in said), said


def test_what_it_does_not_cover_is_judged_by_names(estate: Estate) -> None:
    drop_the_node(estate)
    estate.edit(WIFI, "another\n")
    found = {(one.rule, one.node) for one in judge_dropped(estate)}
    assert ("output-stale", "secrets/rekeyed/beta") in found


def judge_dropped(estate: Estate) -> list[Finding]:
    estate.write_lock()
    estate.shop.stage()
    return [one for one in judge(estate).findings if one.severity == "error"]


def test_past_lock_files_that_cannot_be_read_are_left_out(estate: Estate) -> None:
    estate.shop.write(LOCK, "{")
    estate.shop.commit("Break the lock file")
    estate.write_lock()
    estate.shop.commit("Put it right")
    assert messages(estate) == []
    assert judge(estate).incomplete == ()


def test_a_node_without_storage_is_no_trouble(estate: Estate) -> None:
    estate.nodes["beta"].mode = "derivation"
    for id_ in ("db", "group/wifi"):
        estate.shop.remove(estate.output("beta", id_))
    assert messages(estate) == []
    estate.shop.commit("Keep outputs in the store")
    estate.nodes["alpha"].secrets["token"] = Secret(TOKEN)
    assert messages(estate) == []
