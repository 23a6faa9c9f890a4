"""A lock file comes with a change: it decides nothing by itself."""

import json
import subprocess
from collections.abc import Callable
from typing import Any

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


def call_it_intermediary(estate: Estate) -> None:
    estate.shop.remove(estate.output("beta", "db"))
    estate.nodes["beta"].secrets["db"].intermediary = True


def call_it_otherwise_and_intermediary(estate: Estate) -> None:
    call_it_intermediary(estate)
    estate.shop.remove(estate.output("beta", "group/wifi"))
    estate.nodes["decoy"] = estate.nodes.pop("beta")
    estate.nodes["decoy"].secrets["group/wifi"].intermediary = True
    estate.nodes["decoy"].storage = "nowhere"


def keep_outputs_in_the_store(estate: Estate) -> None:
    for id_ in ("db", "group/wifi"):
        estate.shop.remove(estate.output("beta", id_))
    estate.nodes["beta"].mode = "derivation"


@pytest.mark.parametrize(
    ("spare", "says"),
    [
        (call_it_intermediary, ["nixos:beta db is said to be intermediary now"]),
        (
            call_it_otherwise_and_intermediary,
            ["nixos:beta db is said to be", "nixos:beta group/wifi is said to be"],
        ),
        (keep_outputs_in_the_store, ["nixos:beta is said to need no outputs in this repository"]),
    ],
)
def test_what_an_edit_alone_spares_is_said(
    estate: Estate, spare: Callable[[Estate], None], says: list[str]
) -> None:
    """It may be so, which only Nix can tell: a warning while the change is judged."""
    estate.shop.git.run("checkout", "--quiet", "-b", "topic")
    spare(estate)
    assert messages(estate) == []  # who edits it knows
    estate.shop.commit("Say so")
    findings = judge(estate, from_ref="main", to_ref="topic").findings
    found = [one for one in findings if one.rule == "lock-stale"]
    assert {one.severity for one in found} == {"warning"}
    pairs = zip(found, says, strict=True)
    assert all(one.message.startswith(sentence) for one, sentence in pairs)
    assert told(judge(estate, rev="topic")) == set()


def test_a_node_that_gets_the_key_of_another_one(estate: Estate) -> None:
    """What it has are copies of what the other one has, which it cannot read."""
    for id_ in ("db", "group/wifi"):
        estate.shop.remove(estate.output("beta", id_))
    estate.nodes["beta"].key = estate.key_text("alpha")
    del estate.nodes["beta"].secrets["group/wifi"]
    estate.shop.remove(WIFI)
    estate.rekey()
    (message,) = messages(estate)
    assert message == (
        "nixos:beta has the key of nixos:alpha, but hosts/beta/host.pub is still in the tree"
    )


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
    assert "beta" in {one["node"] for one in report["findings"]}
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


def test_a_lock_file_that_was_removed_is_missed_until_its_nodes_are_covered(
    estate: Estate, run: Run, without_nix: dict[str, str]
) -> None:
    lock = estate.shop.read(LOCK)
    estate.shop.remove(LOCK)
    estate.shop.commit("Remove the lock file")
    for number in range(2):
        estate.shop.write("README.md", f"Text {number}.\n")
        estate.shop.commit("Write about something else")
        code, inventory, stale = checked(estate, run, without_nix)
        assert (code, inventory) == (1, "names")
        assert [one["new"] for one in stale] == [False] * 3
    new = checked(estate, run, without_nix, "--rev", "HEAD~2")[2]
    assert [one["new"] for one in new] == [True] * 3
    assert checked(estate, run, without_nix, "--inventory", "names") == (0, "names", [])
    # One that lacks a node puts only the others right, also while it is new.
    drop_the_node(estate)
    estate.write_lock()
    estate.shop.stage()
    code, inventory, stale = checked(estate, run, without_nix)
    assert (code, inventory, [one["node"] for one in stale]) == (1, "names", ["nixos:beta"])
    estate.shop.write(LOCK, lock)
    estate.shop.stage()
    assert checked(estate, run, without_nix) == (0, "names", [])
    estate.shop.commit("Bring the lock file back")
    assert checked(estate, run, without_nix) == (0, "lock", [])


def checked(
    estate: Estate, run: Run, environment: dict[str, str], *words: str
) -> tuple[int, str, list[dict[str, Any]]]:
    """Return the exit code, the inventory, and what is said of the lock file."""
    done = run(estate.shop.top, *words, "--format", "json", env=environment)
    report = json.loads(done.stdout)
    stale = [one for one in report["findings"] if one["rule"] == "lock-stale"]
    return done.code, report["fleet"]["inventory"], stale


def test_who_has_no_lock_file_any_more_says_so_in_the_settings(
    estate: Estate, run: Run, without_nix: dict[str, str]
) -> None:
    estate.shop.remove(LOCK)
    estate.shop.commit("Remove the lock file")
    (mend, *_) = {one["mend"] for one in checked(estate, run, without_nix)[2]}
    assert 'inventory = "names" in agenix-check.toml' in mend
    estate.shop.write("agenix-check.toml", 'inventory = "names"\n')
    estate.shop.stage()
    assert checked(estate, run, without_nix) == (0, "names", [])


def test_a_host_is_retired_as_the_fix_says(estate: Estate) -> None:
    """What is printed behind the `#` leads to a tree in order, and no later run minds it."""
    drop_the_node(estate)
    estate.write_lock()
    estate.shop.stage()
    (mend,) = {one.mend or "" for one in judge(estate).findings if one.rule == "lock-stale"}
    renew, _, prose = mend.partition("  # ")
    assert renew == "agenix-check fleet --lock && git add -- :/agenix-check.lock"
    outputs, key, source = prose.partition(": ")[2].split("; ")
    assert key == "take its key out of hosts/beta/host.pub"
    assert source == f"git rm -- :/{WIFI} (nothing that is known is made from it)"
    subprocess.run(["sh", "-c", outputs], cwd=estate.shop.top, check=True)
    estate.shop.remove("hosts/beta/host.pub")
    subprocess.run(["sh", "-c", source.partition(" (")[0]], cwd=estate.shop.top, check=True)
    estate.shop.stage()
    assert told(judge(estate)) == set()
    estate.shop.commit("Retire beta")
    estate.shop.write("README.md", "Another text.\n")
    estate.shop.stage()
    assert told(judge(estate)) == set()


def test_the_sources_of_a_retired_host_can_be_kept_with_a_reason(
    estate: Estate, run: Run, without_nix: dict[str, str]
) -> None:
    keep_nothing_but_its_source(estate)
    estate.write_lock()
    reason = 'rule = "lock-stale"\nnode = "nixos:beta"\nreason = "it may come back"\n'
    estate.shop.write("agenix-check.toml", f"[[ignore]]\n{reason}")
    estate.shop.commit("Retire beta, and keep its source")
    assert checked(estate, run, without_nix) == (0, "lock", [])
    del estate.nodes["delta"]
    estate.write_lock()
    estate.shop.stage()
    code, _, stale = checked(estate, run, without_nix)
    assert (code, [one["node"] for one in stale]) == (1, ["nixos:delta"])


def test_a_source_that_outputs_beside_are_made_from_is_used(estate: Estate) -> None:
    """A guest that the flake does not declare has the secret too."""
    estate.shop.host("guest", NEW)
    estate.shop.rekey("guest", "wifi", WIFI, estate.plaintexts[WIFI])
    estate.shop.commit("Add a guest")
    keep_nothing_but_its_source(estate)
    assert messages(estate) == []


def test_a_large_lock_file_is_held_against_too(estate: Estate) -> None:
    """What is over the size that is read at once is read all the same."""
    lock = json.loads(estate.shop.read(LOCK))
    lock["padding"] = "x" * (1 << 24)
    estate.shop.write(LOCK, json.dumps(lock))
    estate.shop.git.run("checkout", "--quiet", "--orphan", "large")
    estate.shop.commit("Begin with a large lock file")
    drop_the_node(estate)
    (message,) = messages(estate)
    assert message.startswith("nixos:beta left it")


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
