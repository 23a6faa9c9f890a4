"""Grants where not all of history is at hand, and where Jujutsu keeps its own."""

from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from tests.host_keys import NEW
from tests.mend.granting import EVIL, EVIL_NODE, STRANGER, commit_as, known, plant_host, rotate
from tests.mend.mending import ask, edit, fix, outputs

LAZILY = {"GIT_ALLOW_PROTOCOL": "file", "GIT_NO_LAZY_FETCH": "0"}
CLONES = ("--filter=blob:none", "--filter=tree:0", "--depth=1")


def clone(fleet: Workshop, place: Path, *options: str) -> Workshop:
    """Return a clone; its origin is a copy with a history of which it lacks something."""
    fleet.write("hosts/alpha/old.pub", "an older text\n")
    fleet.commit("Write more")
    fleet.remove("hosts/alpha/old.pub")
    fleet.commit("Write less")
    fleet.git.run("config", "uploadpack.allowFilter", "true")
    fleet.git.run("config", "uploadpack.allowAnySHA1InWant", "true")
    opener = fleet.git.with_environment(LAZILY)
    opener.run("clone", "--quiet", *options, f"file://{fleet.top}", str(place))
    copy = Workshop(place)
    copy.identity, copy.master = fleet.identity, fleet.master
    return copy


def online(shop: Workshop, *words: str) -> None:
    """Run Git as a person does: it may fetch what is missing."""
    shop.git.with_environment(LAZILY).run(*words)


@pytest.fixture(params=CLONES)
def partial(request: pytest.FixtureRequest, fleet: Workshop, tmp_path: Path) -> Workshop:
    copy = clone(fleet, tmp_path / "clone", request.param)
    assert fix(copy).code == 0
    return copy


def test_the_common_flow_is_one_command(partial: Workshop) -> None:
    rotate(partial)

    done = fix(partial)

    assert done.code == 0, done
    assert STRANGER in known(partial)


@pytest.mark.parametrize("how", ["checkout", "merge", "show", "large"])
def test_a_key_that_was_fetched_is_a_grant(fleet: Workshop, partial: Workshop, how: str) -> None:
    ask(fleet, "checkout", "--quiet", "-b", "topic")
    fleet.host("alpha", NEW)
    if how == "large":  # beyond what is read at once of a large file
        fleet.write("notes.txt", "x" * (1 << 21) + f"\n{NEW}")
    commit_as(fleet)
    online(partial, "fetch", "--quiet", "origin", "topic")
    if how == "checkout":
        online(partial, "checkout", "--quiet", "FETCH_HEAD", "--", "hosts/alpha/host.pub")
    elif how == "merge":
        online(partial, "merge", "--quiet", "--squash", "FETCH_HEAD")
    else:
        path = "notes.txt" if how == "large" else "hosts/alpha/host.pub"
        git = partial.git.with_environment(LAZILY)
        partial.write("hosts/alpha/host.pub", git.run("show", f"FETCH_HEAD:{path}")[-len(NEW) :])
    partial.stage("hosts/alpha/host.pub")
    before = outputs(partial)

    done = fix(partial)

    assert (done.code, outputs(partial)) == (1, before), done
    assert STRANGER not in known(partial)
    assert fix(partial, "--grant", "alpha").code == 0


def test_a_host_that_was_merged_elsewhere_is_a_grant(fleet: Workshop, partial: Workshop) -> None:
    plant_host(fleet)
    commit_as(fleet)
    online(partial, "pull", "--quiet")
    edit(partial)

    done = fix(partial)

    assert done.code == 1
    assert f"--grant {EVIL_NODE}" in done.stderr
    assert STRANGER not in known(partial)
    assert fix(partial, "--grant", EVIL).code == 0


def test_nothing_is_fetched(partial: Workshop) -> None:
    """The origin is gone: what is missing is not asked for."""
    partial.git.run("config", "remote.origin.url", "file:///nowhere")
    rotate(partial)
    assert fix(partial).code == 0


def test_what_only_jujutsu_keeps_is_a_grant_and_said(fleet: Workshop) -> None:
    """In a colocated repository each edit of the work tree is a commit, as are fetched ones."""
    fix(fleet)
    fleet.write(".jj/.gitignore", "/*\n")
    rotate(fleet)
    tree = ask(fleet, "write-tree").strip()
    edit_commit = ask(fleet, "commit-tree", "-p", "HEAD", "-m", "", tree).strip()
    ask(fleet, "update-ref", f"refs/jj/keep/{edit_commit}", edit_commit)

    done = fix(fleet)

    assert done.code == 1
    assert f" in {edit_commit[:12]}, which only Jujutsu keeps: perhaps your own edit) is " in (
        done.stderr
    )
    assert fix(fleet, "--grant", "alpha").code == 0


def test_what_a_remote_has_is_not_said_to_be_an_edit(fleet: Workshop) -> None:
    fix(fleet)
    ask(fleet, "checkout", "--quiet", "-b", "topic")
    fleet.host("alpha", NEW)
    commit = commit_as(fleet)
    ask(fleet, "update-ref", f"refs/jj/keep/{commit}", commit)
    ask(fleet, "checkout", "--quiet", "main")
    rotate(fleet)

    done = fix(fleet)

    assert done.code == 1
    assert f"brought by Mallory in {commit[:12]}) is this host's key" in done.stderr


def test_a_clone_that_is_broken_trusts_nobody(fleet: Workshop) -> None:
    fix(fleet)
    fleet.write("README.md", "Another text.\n")
    fleet.commit("Write")
    oid = ask(fleet, "rev-parse", "HEAD~:README.md").strip()
    place = fleet.top / ".git/objects" / oid[:2] / oid[2:]
    place.unlink()
    rotate(fleet)

    assert fix(fleet).code in (1, 3)
    assert STRANGER not in known(fleet)
