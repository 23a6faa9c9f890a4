"""Fixes typed after accidents that several rules are about; what was there is brought back."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from tests.audit.by_declaration.test_plain import write_rules
from tests.audit.scenes import old_output
from tests.discover.declared.conftest import nix_home, nix_root
from tests.discover.declared.estate import DB, TOKEN, Estate
from tests.mend.mending import edit
from tests.mend.test_every_fix_can_be_typed import (
    evaluated,
    is_done_by_a_person,
    named,
    type_every_fix,
    type_now_and_later,
)
from tests.mend.test_every_rule import Hosts, estate, fleet, hosts
from tests.mend.typed import (
    assert_all_is_there,
    go_on,
    mends_of,
)

__all__ = ["estate", "fleet", "hosts", "nix_home", "nix_root"]


def delete_source(one: Estate) -> None:
    one.shop.remove(DB)


def empty_source(one: Estate) -> None:
    one.shop.write(DB, "")


def delete_generated(one: Estate) -> None:
    one.nodes["alpha"].secrets["token"].generator = True
    one.write_flake()
    one.write_lock()
    one.shop.commit("Generate it")
    one.shop.remove(TOKEN)


SOURCES = {one.__name__: one for one in (delete_source, empty_source, delete_generated)}


@pytest.mark.usefixtures("nix_home")
@pytest.mark.parametrize("break_it", SOURCES.values(), ids=SOURCES)
def test_a_source_that_was_taken_away_is_brought_back(
    estate: Estate, hosts: Hosts, tmp_path: Path, break_it: Callable[[Estate], None]
) -> None:
    """A new one would be another secret."""
    break_it(estate)
    estate.shop.stage()
    broken = evaluated(estate, hosts)
    for when in ("staged", "committed"):
        if when == "committed":
            go_on(broken, "Break it")
        errors = [one for one in broken.findings() if one["severity"] == "error"]
        mends = [one for one in mends_of(errors) if "git restore" in one]
        assert mends or (when, break_it) == ("committed", empty_source)
        for mend in mends[:1]:
            mended = broken.copy(tmp_path / when / "fleet")
            assert mended.run(mend, "hosts").code == 0
            assert_all_is_there(mended)
            assert mended.run("agenix-check --inventory nix").code == 0


@pytest.mark.usefixtures("nix_home")
def test_a_plain_file_that_was_deleted_is_brought_back(
    estate: Estate, hosts: Hosts, tmp_path: Path
) -> None:
    key = " ".join(hosts.public["alpha"].split()[:2])
    write_rules(estate.shop, "plain/secrets.nix", wifi=[key])
    estate.shop.write("plain/wifi.age", estate.shop.read(estate.output("alpha", "db")))
    estate.shop.commit("Use plain agenix")
    estate.shop.remove("plain/wifi.age")
    estate.shop.stage()
    broken = evaluated(estate, hosts)
    (mend,) = mends_of(one for one in broken.findings() if one["rule"] == "plain-missing-file")

    mended = broken.copy(tmp_path / "copy" / "fleet")
    done = mended.run(mend, "plain" if (mended.shop.top / "plain").exists() else ".")

    assert done.code == 0, done
    assert mended.findings() == []


def test_a_key_that_ssh_keyscan_printed_is_put_right_first(
    fleet: Workshop, hosts: Hosts, tmp_path: Path
) -> None:
    fleet.host("beta", f"beta.lan {hosts.public['beta']}")
    fleet.stage()
    broken = named(fleet, hosts)
    mends = mends_of(broken.findings())
    assert mends
    assert all(one.startswith("# put hosts/beta/host.pub right (") for one in mends)

    type_now_and_later(broken, tmp_path)


def test_a_lock_file_takes_no_output_away(estate: Estate, hosts: Hosts, tmp_path: Path) -> None:
    """It may be older than the declaration, by which the secret is not intermediary any more."""
    estate.nodes["alpha"].secrets["token"].intermediary = True
    estate.write_lock()
    estate.nodes["alpha"].secrets["token"].intermediary = False
    estate.shop.stage()
    broken = evaluated(estate, hosts, "lock")
    findings = broken.findings()
    assert any(one["rule"] == "output-intermediary" for one in findings)

    type_every_fix(broken, findings, tmp_path, ".")


def test_a_commit_of_a_path_says_what_the_fix_says(fleet: Workshop, hosts: Hosts) -> None:
    broken = named(fleet, hosts)
    broken.run("true")  # which installs the programs
    hook = fleet.top / ".git/hooks/pre-commit"
    for words in ("", " --fix"):
        hook.write_text(f"#!/bin/sh\nexec agenix-check check --fail-on new{words}\n")
        hook.chmod(0o755)
        edit(fleet)
        fleet.git.run("reset", "--quiet")
        done = broken.run("git commit -m Edit -- secrets/db.age")
        assert done.code == 1
        assert "--fix cannot fix a commit of named paths" in done.stderr
        assert "type `git add` for these paths, then `git commit` without naming" in done.stderr
    done = broken.run("git add secrets/db.age && git commit -m Edit")
    assert done.code == 0, done
    assert_all_is_there(broken)


@pytest.mark.parametrize("inventory", ["names", "nix"])
def test_a_commit_of_a_path_that_leaves_new_outputs_out(
    hosts: Hosts, tmp_path: Path, request: pytest.FixtureRequest, inventory: str
) -> None:
    """The fixes go on where Git throws its own index away."""
    if inventory == "names":
        shop: Workshop = request.getfixturevalue("fleet")
        broken = named(shop, hosts)
    else:
        request.getfixturevalue("nix_home")
        one: Estate = request.getfixturevalue("estate")
        shop, broken = one.shop, evaluated(one, hosts)
    report = tmp_path / "report.json"
    hook = shop.top / ".git/hooks/pre-commit"
    hook.write_text(
        f"#!/bin/sh\nexec agenix-check --inventory {inventory} --output json={report}\n"
    )
    hook.chmod(0o755)
    shop.source(DB, "another\n")
    for node in {one.storage.rpartition("/")[2] for one in broken.held if one.source == DB}:
        old = old_output(shop, node, "db")
        shop.rekey(node, "db", DB, "another\n")
        shop.remove(old)
    assert broken.run("git commit -m Edit -- secrets/db.age").code == 1

    for mend in mends_of(json.loads(report.read_text())["findings"]):
        assert is_done_by_a_person(mend)
        done = broken.run(mend, "hosts")
        assert done.code == 0, done

    done = broken.run("git add secrets/db.age && git commit -m Edit")
    assert done.code == 0, done
    assert_all_is_there(broken)


def test_a_retired_host_is_left_in_peace(fleet: Workshop, hosts: Hosts, tmp_path: Path) -> None:
    """Nobody takes its secrets away before somebody has said that no host needs them."""
    fleet.remove("hosts/beta/host.pub")
    fleet.stage()
    broken = named(fleet, hosts)

    type_now_and_later(broken, tmp_path)
