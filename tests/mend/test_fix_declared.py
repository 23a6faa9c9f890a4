"""`--fix` where the fleet is declared: by the lock file or by Nix; and plain agenix."""

import json
import sys
from pathlib import Path

import pytest

from agenix_check.age import read_age
from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt, new_identity
from tests.audit.by_declaration.test_plain import write_rules
from tests.conftest import Result
from tests.discover.declared.conftest import _in_order, estate, nix_home, nix_root
from tests.discover.declared.estate import DB, TOKEN, WIFI, Estate, Secret, judge, master
from tests.host_keys import ALPHA, BETA, NEW
from tests.keys.test_encryption import TAG_PQ
from tests.mend.mending import ask, command, execute, state

__all__ = ["_in_order", "estate", "nix_home", "nix_root"]


def fix(shop: Workshop, *arguments: str, inventory: str = "lock") -> Result:
    words = command(shop, *arguments)
    words[words.index("names")] = inventory
    return execute(shop, words)


def declare(estate: Estate) -> None:
    estate.write_lock()
    estate.write_flake()
    estate.shop.stage()


def in_order(estate: Estate) -> None:
    """Make sure that exactly the declared outputs are there, and all is staged."""
    assert not [one for one in judge(estate).findings if one.severity != "note"]
    assert ask(estate.shop, "diff", "--name-only") == ""
    assert ask(estate.shop, "ls-files", "--others") == ""
    wanted = {
        estate.output(name, id_)
        for name, node in estate.nodes.items()
        for id_, secret in node.secrets.items()
        if not secret.intermediary
    }
    tracked = ask(estate.shop, "ls-files").splitlines()
    assert {path for path in tracked if "/rekeyed/" in path} == wanted


@pytest.mark.parametrize("inventory", ["lock", "nix"])
def test_a_new_secret_an_edit_and_a_new_host_are_rekeyed(estate: Estate, inventory: str) -> None:
    estate.edit(DB, "another text\n")
    estate.nodes["beta"].secrets["token"] = Secret(TOKEN)
    estate.add_node("gamma").secrets["db"] = Secret(DB)
    estate.write_keys()
    declare(estate)
    done = fix(estate.shop, inventory=inventory)
    assert done.code == 0, done
    in_order(estate)


def test_a_host_that_is_merged_in_gets_the_source_that_was_edited_meanwhile(
    estate: Estate,
) -> None:
    git = estate.shop.git
    git.run("checkout", "--quiet", "-b", "side")
    estate.add_node("gamma").secrets["db"] = Secret(DB)
    estate.write_keys()
    estate.rekey()
    estate.write_flake()
    estate.write_lock()
    estate.shop.commit("Add a host")
    git.run("checkout", "--quiet", "main")
    estate.edit(DB, "another text\n")
    estate.shop.stage()
    assert fix(estate.shop, inventory="nix").code == 0
    estate.shop.commit("Edit")
    git.run("merge", "--quiet", "--no-commit", "--no-ff", "side")
    assert fix(estate.shop, "--dry-run", inventory="names").code == 1
    done = fix(estate.shop, "--grant", "nixos:gamma", inventory="nix")
    assert done.code == 0, done
    in_order(estate)


def test_a_key_that_changed_is_taken_from_the_declaration(estate: Estate) -> None:
    estate.shop.host("alpha", NEW)
    declare(estate)
    done = fix(estate.shop)
    assert done.code == 0, done
    in_order(estate)


def test_what_is_no_longer_declared_is_removed(estate: Estate) -> None:
    del estate.nodes["alpha"].secrets["token"]
    del estate.nodes["beta"]
    estate.shop.remove("hosts/beta/host.pub")
    declare(estate)
    done = fix(estate.shop)
    assert not (estate.shop.top / "secrets/rekeyed/beta").exists()
    # A lock file alone does not show that they are needed no more: no fix destroys a source.
    assert done.code == 1, done
    assert done.stdout.count("left it") == 2
    for source in (TOKEN, WIFI):
        estate.shop.remove(source)
    estate.shop.stage()
    in_order(estate)


def test_a_host_whose_directory_nobody_knows_is_left(estate: Estate) -> None:
    path = f"old/{'0' * 32}-db.age"
    estate.shop.write(path, encrypt(b"x", [BETA]))
    declare(estate)
    done = fix(estate.shop)
    assert "in the directory of no known node" in done.stderr
    assert (estate.shop.top / path).exists()


def test_an_old_secret_that_was_never_rekeyed_is_rekeyed(estate: Estate) -> None:
    estate.nodes["beta"].secrets["token"] = Secret(TOKEN)
    estate.write_lock()
    estate.write_flake()
    estate.shop.commit("Declare, and forget to rekey")
    done = fix(estate.shop)
    assert done.code == 0, done
    in_order(estate)


@pytest.mark.parametrize("storage", ["secrets", "secrets/rekeyed/beta", ""])
def test_sources_are_never_deleted_whatever_is_declared(estate: Estate, storage: str) -> None:
    estate.edit(DB, "another text\n")
    estate.nodes["alpha"].storage = storage
    declare(estate)
    before = state(estate.shop)
    done = fix(estate.shop)
    assert done.code == 3, done
    assert "node-storage-overlap" in done.stderr
    assert state(estate.shop) == before


def test_nothing_is_written_to_a_storage_directory_outside(estate: Estate, tmp_path: Path) -> None:
    estate.edit(DB, "another text\n")
    estate.nodes["alpha"].outside = True
    estate.nodes["alpha"].storage = str(tmp_path / "outside")
    declare(estate)
    done = fix(estate.shop)
    assert done.code == 1
    assert "node-storage-overlap" in done.stdout
    assert not (tmp_path / "outside").exists()
    assert (estate.shop.top / estate.output("beta", "db")).exists()


def test_an_overlap_elsewhere_hinders_nobody(estate: Estate) -> None:
    inner = f"{estate.nodes['alpha'].storage}/inner.age"
    estate.edit(inner, "a source among outputs\n")
    estate.nodes["alpha"].secrets["inner"] = Secret(inner, intermediary=True)
    estate.edit("secrets/wifi.age", "another text\n")
    declare(estate)
    done = fix(estate.shop)
    assert done.code == 1
    assert (estate.shop.top / estate.output("beta", "group/wifi")).exists()
    assert estate.shop.read(inner)
    estate.edit(DB, "another text\n")
    declare(estate)
    before = state(estate.shop)
    done = fix(estate.shop)
    assert done.code == 3
    assert f"node-storage-overlap at {estate.nodes['alpha'].storage}" in done.stderr
    assert state(estate.shop) == before


def test_sources_are_encrypted_to_all_masters_and_their_outputs_follow(estate: Estate) -> None:
    _, other = new_identity()
    estate.masters.append(master(other, "other.pub"))
    declare(estate)
    sources = [DB, TOKEN, "secrets/wifi.age"]
    before = {path: estate.shop.read(path) for path in sources}
    assert fix(estate.shop).code == 1
    assert {path: estate.shop.read(path) for path in sources} == before
    done = fix(estate.shop, "--update-masters", "--format", "json")
    assert done.code == 0, done
    for path in sources:
        assert len(read_age(estate.shop.read(path)).real_stanzas) == 2
    assert len(json.loads(done.stdout)["fixed"]) == 3 + 2 * 5
    in_order(estate)
    assert fix(estate.shop, "--update-masters").code == 0


@pytest.mark.parametrize("option", ["--node", "--secret"])
def test_masters_of_some_outputs_alone_are_refused(estate: Estate, option: str) -> None:
    estate.masters.append(master(new_identity()[1]))
    declare(estate)
    before = state(estate.shop)
    done = fix(estate.shop, "--update-masters", option, "*")
    assert (done.code, state(estate.shop)) == (2, before)
    assert done.stderr == (
        "agenix-check: --update-masters encrypts sources, which belong to no single node: "
        f"leave out {option}\n"
    )


def test_a_storage_directory_at_the_top_is_named(estate: Estate) -> None:
    estate.nodes["beta"].storage = ""
    declare(estate)
    done = fix(estate.shop)
    assert done.code == 3
    assert "nothing was fixed: node-storage-overlap at the top of the repository: " in done.stderr


def test_a_plan_for_all_masters_names_no_output_that_is_not_known_yet(estate: Estate) -> None:
    _, other = new_identity()
    estate.masters.append(master(other, "other.pub"))
    declare(estate)
    done = fix(estate.shop, "--update-masters", "--dry-run", "--format", "json")
    plan = json.loads(done.stdout)
    assert {one["encrypt"] for one in plan["decrypt"]} == {True}
    assert {output["path"] for one in plan["decrypt"] for output in one["outputs"]} == {None}


@pytest.mark.parametrize("option", [(), ("--dry-run",)])
def test_masters_that_do_not_go_together_end_the_run(
    estate: Estate, option: tuple[str, ...]
) -> None:
    estate.masters.append(master(TAG_PQ, "quantum.pub"))
    declare(estate)
    before = state(estate.shop)
    done = fix(estate.shop, "--update-masters", *option)
    assert done.code == 3, done
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"agenix-check: nothing was fixed: {TOKEN}: age and rage encrypt no ")
    assert state(estate.shop) == before


def test_plain_recipients_that_do_not_go_together_end_the_run(
    workshop: Workshop, nix_home: Path
) -> None:
    for name in ("one", "two"):
        workshop.write(f"{name}.age", encrypt(b"text\n", [workshop.master]))
    write_rules(workshop, one=[workshop.master, ALPHA], two=[workshop.master, TAG_PQ])
    workshop.stage()
    before = state(workshop)
    done = fix(workshop, inventory="auto")
    assert done.code == 3, done
    assert done.stderr == (
        "agenix-check: nothing was fixed: two.age: age and rage encrypt no file to post-quantum "
        "keys and others together\n"
    )
    assert state(workshop) == before


def test_a_master_that_is_not_known_is_not_left_out(estate: Estate) -> None:
    _, other = new_identity()
    estate.masters += [master(other, "other.pub"), master(None, "unknown.key")]
    declare(estate)
    before = state(estate.shop)
    done = fix(estate.shop, "--update-masters")
    assert done.code == 2, done
    assert "unknown.key is not known" in done.stderr
    assert state(estate.shop) == before


def test_masters_need_a_declaration(fleet: Workshop) -> None:
    done = execute(fleet, command(fleet, "--update-masters"))
    assert done.code == 2
    assert "needs the fleet's declaration" in done.stderr


def test_plain_files_are_encrypted_anew_in_their_place(workshop: Workshop, nix_home: Path) -> None:
    me = workshop.master
    workshop.write("one.age", encrypt(b"one\n", [me]))
    workshop.write("two.age", encrypt(b"two\n", [me, BETA], armored=True))
    workshop.write("three.age", encrypt(b"three\n", [me, ALPHA]))
    write_rules(workshop, one=[me, ALPHA], two=[me], three=[me, ALPHA])
    workshop.stage()
    three = workshop.read("three.age")
    done = fix(workshop, inventory="auto")
    assert done.code == 0, done
    one, two = read_age(workshop.read("one.age")), read_age(workshop.read("two.age"))
    assert (len(one.real_stanzas), one.armored) == (2, False)
    assert (len(two.real_stanzas), two.armored) == (1, False)  # as agenix writes it
    assert workshop.read("three.age") == three
    assert ask(workshop, "diff", "--name-only") == ""


@pytest.mark.parametrize("how", [[], ["--dry-run"]])
def test_what_has_to_be_generated_is_said_before_a_key_is_needed(
    estate: Estate, how: list[str]
) -> None:
    beta = estate.nodes["beta"].secrets
    beta["base"] = Secret("secrets/base.age", generator=True)
    estate.nodes["alpha"].secrets["made"] = Secret(
        "secrets/api.age", generator=True, needs=("secrets/base.age", DB)
    )
    estate.edit(DB, "another text\n")
    estate.shop.top.with_name("master.key").write_text("AGE-SECRET-KEY-1NONSENSE\n")
    declare(estate)
    before = state(estate.shop)
    words = ["agenix_check", "--fix", "--inventory", "nix", "-i", "../master.key", *how]
    done = execute(estate.shop, [sys.executable, "-m", *words])
    said = done.stderr.splitlines()
    assert said[0] == (
        "agenix-check: nothing is made yet from sources that are not there: generate "
        "secrets/base.age, then generate secrets/api.age (agenix generate -a), stage them, and run "
        "this again"
    )
    assert "master.key" in done.stderr + done.stdout
    assert state(estate.shop) == before
    assert done.code == (1 if how else 3)
