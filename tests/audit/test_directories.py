"""Output directories: inside one another, moved, and of hosts that began as copies of others."""

import pytest

from agenix_check.demo.workshop import Workshop
from tests.audit.scenes import (
    ALPHA_TOKEN,
    DB,
    NODES,
    WIFI,
    judge,
    judge_staged,
    of_rule,
    old_output,
    rekey,
    storage,
    the_only,
    told,
)
from tests.conftest import SECRETS
from tests.host_keys import ALPHA, NEW


def rekey_into(fleet: Workshop, directory: str, *secrets: str) -> None:
    """Make every output anew below another directory, or those of some secrets."""
    before, fleet.storage = fleet.storage, directory
    for source, name, text, nodes in SECRETS:
        for node in nodes if not secrets or name in secrets else ():
            fleet.rekey(node, name, source, text)
    fleet.storage = before


def test_a_directory_inside_with_other_outputs_is_in_danger(fleet: Workshop) -> None:
    fleet.host("bob", NEW)
    fleet.storage = "secrets/rekeyed/alpha"
    for source, name, text, nodes in SECRETS:
        if "alpha" in nodes:
            fleet.rekey("bob", name, source, text)

    finding = the_only(judge_staged(fleet), "node-storage-overlap")

    assert (finding.severity, finding.path) == ("error", storage("alpha"))


@pytest.mark.parametrize("extra", [False, True], ids=["all of them", "and more"])
def test_outputs_that_were_moved_into_a_directory_inside_are_not(
    fleet: Workshop, extra: bool
) -> None:
    for node in NODES:
        for file in (fleet.top / storage(node)).glob("*.age"):
            fleet.write(f"{storage(node)}/v2/{file.name}", file.read_bytes())
    if extra:
        fleet.host("alpha/v2", ALPHA)
        fleet.rekey("alpha/v2", "more", WIFI, "correct horse\n")
        fleet.remove("hosts/alpha/v2/host.pub")

    assert judge_staged(fleet).findings == ()
    if extra:
        fleet.host("alpha", ALPHA)
        fleet.rekey("alpha", "other", WIFI, "correct horse\n")
        assert {one.path for one in judge_staged(fleet).findings} == {storage("alpha")}


def test_storage_that_was_moved_and_whose_old_files_stay_is_no_error(fleet: Workshop) -> None:
    rekey_into(fleet, "fleet/rekeyed")
    assert judge_staged(fleet).findings == ()
    fleet.commit("Change localStorageDir")
    fleet.source(WIFI, "edited\n")
    for node in ("alpha", "beta"):
        (old,) = (fleet.top / "fleet/rekeyed" / node).glob("*-wifi.age")
        old.unlink()
        fleet.storage = "fleet/rekeyed"
        fleet.rekey(node, "wifi", WIFI, "edited\n")

    report = judge_staged(fleet)
    assert {one[:2] for one in told(report)} == {("warning", "output-orphan")}
    fleet.commit("Edit and rekey")
    assert judge(fleet).counts.errors == 0

    # What the new directory lacks is still an error, and only there.
    fleet.source(DB, "forgotten\n")
    stale = of_rule(judge_staged(fleet), "output-stale")
    assert {one.node for one in stale} == {f"fleet/rekeyed/{node}" for node in NODES}


def test_of_storage_that_was_moved_one_warning_is_said_a_directory(fleet: Workshop) -> None:
    rekey_into(fleet, "fleet/rekeyed")
    fleet.commit("Change localStorageDir")
    fleet.storage = "fleet/rekeyed"
    for source, name, nodes in ((DB, "db", NODES), (WIFI, "wifi", ("alpha", "beta"))):
        fleet.source(source, f"edited {name}\n")
        for node in nodes:
            (old,) = (fleet.top / "fleet/rekeyed" / node).glob(f"*-{name}.age")
            old.unlink()
            fleet.rekey(node, name, source, f"edited {name}\n")
    for _ in ("staged", "committed"):
        report = judge_staged(fleet)
        assert {one.rule for one in report.findings} == {"output-orphan"}
        said = {one.node: one.message for one in report.findings}
        assert len(said) == len(report.findings) == len(NODES)
        moved = "left behind: its directory was moved to fleet/rekeyed/alpha (2 outputs)"
        assert said["secrets/rekeyed/alpha"].startswith(moved)
        fleet.commit("Edit and rekey")


def test_of_two_hosts_with_one_key_the_one_of_the_same_name_is_said(fleet: Workshop) -> None:
    rekey_into(fleet, "fleet/rekeyed")
    fleet.commit("Change localStorageDir")
    fleet.storage = "fleet/rekeyed"
    fleet.source(DB, "edited\n")
    for node in NODES:
        (old,) = (fleet.top / "fleet/rekeyed" / node).glob("*-db.age")
        old.unlink()
        made = fleet.rekey(node, "db", DB, "edited\n")
        if node == "alpha":  # a host that began as a copy of it
            fleet.write(made.replace("/alpha/", "/aaa/"), fleet.read(made))
    fleet.stage()
    fleet.commit("Edit and rekey")

    found = [one for one in of_rule(judge(fleet), "output-orphan") if one.node == storage("alpha")]

    assert found
    assert all("moved to fleet/rekeyed/alpha" in one.message for one in found)


@pytest.mark.parametrize("rekeyed", [False, True], ids=["forgotten", "rekeyed"])
def test_storage_that_is_moved_while_a_source_is_edited(fleet: Workshop, rekeyed: bool) -> None:
    fleet.git.run("mv", "secrets/rekeyed", "rekeyed")
    fleet.storage = "rekeyed"
    fleet.source(DB, "edited\n")
    for node in NODES if rekeyed else ():
        (old,) = (fleet.top / "rekeyed" / node).glob("*-db.age")
        old.unlink()
        fleet.rekey(node, "db", DB, "edited\n")

    stale = of_rule(judge_staged(fleet), "output-stale")

    assert {one.node for one in stale} == (
        set() if rekeyed else {f"rekeyed/{one}" for one in NODES}
    )


def scaffold(fleet: Workshop, *, rekeyed: bool) -> None:
    """Add omega as a copy of alpha, its key included."""
    fleet.host("omega", ALPHA)
    if rekeyed:
        fleet.rekey("omega", "db", DB, "postgres://db\n")
    fleet.commit("Begin a host as a copy of alpha")


@pytest.mark.parametrize("rekeyed", [False, True])
def test_a_host_that_began_as_a_copy_may_get_its_own_key(fleet: Workshop, rekeyed: bool) -> None:
    scaffold(fleet, rekeyed=rekeyed)
    fleet.host("omega", NEW)
    if rekeyed:
        rekey(fleet, "omega", "db", DB, "postgres://db\n")
    else:
        fleet.rekey("omega", "db", DB, "postgres://db\n")

    assert judge_staged(fleet).findings == ()
    fleet.commit("Give it a key of its own")
    assert judge(fleet, rev="HEAD").findings == ()


def test_a_copy_that_gets_its_own_key_has_to_be_rekeyed(fleet: Workshop) -> None:
    scaffold(fleet, rekeyed=True)
    fleet.host("omega", NEW)

    finding = the_only(judge_staged(fleet), "output-mixed-keys")

    assert (finding.node, finding.path) == (storage("omega"), "hosts/omega/host.pub")


def test_a_rotation_is_not_hidden_by_a_copy_of_the_host(fleet: Workshop) -> None:
    scaffold(fleet, rekeyed=False)
    fleet.host("alpha", NEW)

    finding = the_only(judge_staged(fleet), "output-mixed-keys")

    assert (finding.node, finding.path) == (storage("alpha"), "hosts/alpha/host.pub")


def test_an_edit_that_explains_outputs_that_came_before_it(fleet: Workshop) -> None:
    """The outputs came first, their source later: gamma, which got nothing, is switched off."""
    old = fleet.read(DB)
    fleet.source(DB, "edited\n")
    for node in ("alpha", "beta", "delta"):
        rekey(fleet, node, "db", DB, "edited\n")
    new = fleet.read(DB)
    fleet.write(DB, old)
    fleet.commit("Rekey, and forget the source")
    fleet.write(DB, new)

    report = judge_staged(fleet)

    assert told(report) == {("warning", "output-orphan", "gamma", "db")}
    fleet.commit("Add the source")
    fleet.write("notes.txt", "later\n")
    assert told(judge_staged(fleet)) == {("warning", "output-orphan", "gamma", "db")}


def test_an_edit_that_explains_nothing_is_an_error_for_all(fleet: Workshop) -> None:
    fleet.source(DB, "edited\n")
    fleet.write("notes.txt", "no outputs\n")

    stale = of_rule(judge_staged(fleet), "output-stale")

    assert {one.node for one in stale} == {storage(node) for node in NODES}
    assert old_output(fleet, "alpha", "token")
    assert fleet.read(ALPHA_TOKEN)
