"""A key was replaced in its host's file, and another file has the old one: which is in use?"""

import json
from collections.abc import Callable

import pytest

from agenix_check.demo.workshop import Workshop, key_path
from tests.conftest import Result, Run
from tests.host_keys import ALPHA, BETA, DELTA, NEW
from tests.mend.mending import DB, ask, edit, fix, outputs

KNOWN = "known-hosts.toml"
CHECK = ("--inventory", "names", "--format", "json")


def write_down(shop: Workshop, node: str = "alpha", key: str = ALPHA) -> None:
    """Write a host's key down in another file too."""
    shop.write(KNOWN, f'{node} = "{key.strip()}"\n')
    shop.commit("Write the key down elsewhere")


def replace_key(shop: Workshop, node: str = "alpha") -> None:
    """Install a host anew: its own file has the new key, the other one does not."""
    shop.host(node, NEW)
    shop.commit("Install it anew")


def of_node(shop: Workshop, node: str = "alpha") -> list[str]:
    return [path for path in outputs(shop) if f"/{node}/" in path]


def mends(run: Run, shop: Workshop, rule: str) -> tuple[int, set[str]]:
    """Check a fleet, and return the exit code and the fixes that it prints of a rule."""
    done = run(shop.top, *CHECK)
    found = json.loads(done.stdout)["findings"]
    return done.code, {one["mend"] for one in found if one["rule"] == rule}


def assert_nothing_is_made(shop: Workshop, done: Result, node: str = "alpha") -> None:
    assert done.code == 1
    assert "Fixed" not in done.stdout
    (line,) = (one for one in done.stderr.splitlines() if "still has this one" in one)
    assert f"/{node}/" in line
    assert f"{key_path(node)} has another key" in line
    assert f"write it in {KNOWN} too" in line
    assert f"put that back in {key_path(node)}" in line
    assert f"--fix --inventory names --grant {node}`" in line


def write_the_new_one_too(shop: Workshop) -> tuple[str, ...]:
    shop.write(KNOWN, f'alpha = "{NEW.strip()}"\n')
    shop.stage(KNOWN)
    return ("--grant", "alpha")  # that a new key gets secrets is asked as ever


def put_the_old_one_back(shop: Workshop) -> tuple[str, ...]:
    shop.host("alpha", ALPHA)
    shop.stage(key_path("alpha"))
    return ()


def grant_the_old_one(shop: Workshop) -> tuple[str, ...]:
    return ("--grant", "alpha")


@pytest.mark.parametrize(
    ("decide", "key"),
    [(write_the_new_one_too, NEW), (put_the_old_one_back, ALPHA), (grant_the_old_one, ALPHA)],
)
def test_no_secret_goes_to_a_key_that_may_be_the_old_one(
    fleet: Workshop, run: Run, decide: Callable[[Workshop], tuple[str, ...]], key: str
) -> None:
    write_down(fleet)
    replace_key(fleet)
    code, (how,) = mends(run, fleet, "output-mixed-keys")
    assert code == 0
    assert how.startswith(f"# if the host has the new key: write it in {KNOWN} too")
    assert f"put that back in {key_path('alpha')}" in how
    before = of_node(fleet)
    edit(fleet)
    for message in ("Edit the database's password", "Something else"):
        assert_nothing_is_made(fleet, fix(fleet))
        assert fix(fleet, "--dry-run").code == 1
        assert of_node(fleet) == before
        # What --fix is not to do unasked, no line that can be pasted does either.
        assert mends(run, fleet, "output-stale") == (1, {how})
        fleet.commit(message)

    done = fix(fleet, *decide(fleet))

    assert (done.code, done.stderr) == (0, "")
    expected = fleet.output_path("alpha", "db", DB, key.strip())
    made = {expected, fleet.output_path("alpha", "db", DB, key)}
    assert made.intersection(of_node(fleet))
    assert run(fleet.top, *CHECK).code == 0
    assert mends(run, fleet, "output-mixed-keys") == (0, set())


def test_a_key_that_is_replaced_by_the_same_change(fleet: Workshop) -> None:
    write_down(fleet)
    fleet.host("alpha", NEW)
    fleet.stage(key_path("alpha"))
    before = of_node(fleet)
    edit(fleet)

    assert_nothing_is_made(fleet, fix(fleet))
    assert of_node(fleet) == before


def test_a_host_of_whose_outputs_none_is_in_order(fleet: Workshop) -> None:
    ask(fleet, "rm", "--quiet", *(path for path in of_node(fleet, "delta") if "-token" in path))
    write_down(fleet, "delta", DELTA)
    replace_key(fleet, "delta")
    edit(fleet)
    assert_nothing_is_made(fleet, fix(fleet), "delta")
    fleet.commit("Edit the database's password")
    assert_nothing_is_made(fleet, fix(fleet), "delta")


@pytest.mark.parametrize("whole", [False, True], ids=["shallow", "whole"])
def test_history_that_is_not_here_may_show_that_a_key_is_the_old_one(
    fleet: Workshop, run: Run, *, whole: bool
) -> None:
    write_down(fleet)
    replace_key(fleet)
    fleet.write("README.md", "Something else\n")
    fleet.commit("Something else")
    top = fleet.top.with_name("clone")
    depth = ("--depth=1",) * (not whole)
    local = fleet.git.with_environment({"GIT_ALLOW_PROTOCOL": "file"})
    local.run("clone", "--quiet", *depth, f"file://{fleet.top}", str(top))
    clone = Workshop(top)
    clone.identity, clone.master = fleet.identity, fleet.master
    clone.git.run("config", "user.name", "Somebody")
    clone.git.run("config", "user.email", "somebody@example.org")
    edit(clone)
    before = of_node(clone)

    done = fix(clone)

    assert done.code == 1
    assert of_node(clone) == before
    (line,) = (one for one in done.stderr.splitlines() if "has another key" in one)
    assert f"{key_path('alpha')} has another key" in line
    assert ("git fetch --unshallow" in line) is not whole
    _, (how,) = mends(run, clone, "output-stale")
    assert ("--fix --inventory names --grant alpha" in how) is not whole

    done = fix(clone, "--grant", "alpha")

    assert (done.code, done.stderr.count("has another key")) == (0, 0)
    assert of_node(clone) != before


def test_the_key_of_another_host_is_asked_for(fleet: Workshop, run: Run) -> None:
    fleet.host("alpha", BETA)  # pasted into the wrong file
    fleet.stage(key_path("alpha"))
    before = of_node(fleet)

    done = fix(fleet)

    assert done.code == 1
    assert of_node(fleet) == before
    said = "secrets/rekeyed/beta are made for it: that host would read these too"
    assert said in done.stderr
    code, (how,) = mends(run, fleet, "output-stale")
    assert code == 1
    assert "--grant alpha" in how

    done = fix(fleet, "--grant", "alpha")

    assert (done.code, said in done.stderr) == (0, False)
    assert of_node(fleet) != before
