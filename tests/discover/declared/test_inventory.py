"""Where the fleet comes from: Nix, the lock file or names, asked for or found out."""

import json

import pytest

from agenix_check.discover.tree.evidence import LOCK
from agenix_check.keys.encrypt import encrypt
from tests.audit.by_declaration.test_plain import write_rules
from tests.conftest import Result, Run
from tests.discover.declared.estate import DB, Estate, Secret, judge
from tests.host_keys import ALPHA, BETA


def checked(result: Result) -> tuple[int, str, bool]:
    """Return the exit code and what the JSON report says of the inventory."""
    fleet = json.loads(result.stdout)["fleet"]
    return result.code, fleet["inventory"], fleet["complete"]


def without_lock(estate: Estate) -> None:
    """Commit the tree to a history that never had a lock file."""
    estate.shop.remove(LOCK)
    estate.shop.git.run("checkout", "--quiet", "--orphan", "without-lock")
    estate.shop.commit("Begin without a lock file")


def test_auto_is_nix_where_it_is(estate: Estate, run: Run) -> None:
    assert checked(run(estate.shop.top, "--format", "json")) == (0, "nix", True)


def test_auto_is_the_lock_file_where_nix_is_not(
    estate: Estate, run: Run, without_nix: dict[str, str]
) -> None:
    done = run(estate.shop.top, "--format", "json", env=without_nix)

    assert checked(done) == (0, "lock", True)
    assert done.stderr == ""


def test_auto_is_names_where_neither_is(
    estate: Estate, run: Run, without_nix: dict[str, str]
) -> None:
    without_lock(estate)

    done = run(estate.shop.top, "--format", "json", env=without_nix)

    assert checked(done) == (0, "names", False)


def test_auto_is_names_where_there_is_no_flake(estate: Estate, run: Run) -> None:
    estate.shop.remove("flake.nix")
    without_lock(estate)

    assert checked(run(estate.shop.top, "--format", "json")) == (0, "names", False)


def test_auto_is_the_lock_file_where_there_is_no_flake(estate: Estate, run: Run) -> None:
    estate.shop.remove("flake.nix")
    estate.shop.stage()

    assert checked(run(estate.shop.top, "--format", "json")) == (0, "lock", True)


@pytest.mark.parametrize("inventory", ["names", "lock"])
def test_what_is_asked_for_is_used(estate: Estate, run: Run, inventory: str) -> None:
    estate.shop.write("flake.nix", "no flake at all")
    estate.shop.stage()

    done = run(estate.shop.top, "--inventory", inventory, "--format", "json")

    assert checked(done) == (0, inventory, inventory == "lock")


def test_nix_that_is_asked_for_and_not_there(
    estate: Estate, run: Run, without_nix: dict[str, str]
) -> None:
    done = run(estate.shop.top, "--inventory", "nix", "--format", "json", env=without_nix)

    assert checked(done) == (3, "names", False)
    (line,) = done.stderr.splitlines()
    assert "install" in line
    assert "ix" in line


def test_a_flake_without_nodes_is_judged_by_names(estate: Estate, run: Run) -> None:
    estate.nodes = {}
    estate.write_flake("nixosConfigurations.plain.config = { };")
    without_lock(estate)

    assert checked(run(estate.shop.top, "--format", "json")) == (0, "names", False)
    asked = run(estate.shop.top, "--inventory", "nix", "--format", "json")
    assert checked(asked) == (3, "names", False)
    assert asked.stderr == (
        "agenix-check: could not check: the flake declares no node that uses agenix-rekey\n"
    )


def test_no_flake_where_nix_is_asked_for(estate: Estate, run: Run) -> None:
    estate.shop.remove("flake.nix")
    estate.shop.stage()

    asked = run(estate.shop.top, "--inventory", "nix", "--format", "json")

    assert checked(asked) == (3, "names", False)
    assert asked.stderr == "agenix-check: could not check: there is no flake.nix in this tree\n"


def test_a_flake_that_does_not_evaluate_is_judged_by_names(estate: Estate, run: Run) -> None:
    estate.shop.write("flake.nix", '{ outputs = { self }: throw "nothing here"; }')
    estate.shop.write("db.nix", "./secrets/db.age")
    estate.edit(DB, "another\n")
    estate.shop.stage()

    done = run(estate.shop.top)

    assert done.code == 3
    (line,) = done.stderr.splitlines()
    assert "the flake cannot be evaluated: nothing here" in line
    assert "error[output-stale]" in done.stdout


def test_plain_rules_are_checked_where_the_flake_does_not_evaluate(estate: Estate) -> None:
    estate.shop.write("flake.nix", "{")
    estate.shop.write("plain/wifi.age", encrypt(b"x", [ALPHA]))
    write_rules(estate.shop, "plain/secrets.nix", wifi=[ALPHA, BETA])
    estate.shop.stage()

    report = judge(estate, "auto")

    assert "plain-missing-recipient" in {one.rule for one in report.findings}
    assert len(report.incomplete) == 1


@pytest.mark.parametrize("inventory", ["names", "lock", "nix", "auto"])
def test_plain_rules_are_checked_in_every_inventory(estate: Estate, inventory: str) -> None:
    estate.shop.write("plain/wifi.age", encrypt(b"x", [ALPHA]))
    write_rules(estate.shop, "plain/secrets.nix", wifi=[ALPHA, BETA])
    estate.shop.stage()

    report = judge(estate, inventory)

    assert {one.rule for one in report.findings} == {"plain-missing-recipient"}
    assert report.incomplete == ()


# Settings.


@pytest.mark.parametrize("setting", ["nixos", "./nixos", "nixos/"])
def test_a_flake_in_a_directory(estate: Estate, run: Run, setting: str) -> None:
    text = estate.shop.read("flake.nix").decode().replace("./", "../")
    estate.shop.write("nixos/flake.nix", text.replace("../.", "./.."))
    estate.shop.remove("flake.nix")
    estate.shop.write("agenix-check.toml", f'flake = "{setting}"\n')
    estate.shop.stage()

    done = run(estate.shop.top, "--format", "json")

    assert checked(done) == (0, "nix", True), done
    estate.shop.write(LOCK, "")
    assert run(estate.shop.top, "fleet", "--lock").code == 0
    estate.shop.stage()
    assert checked(run(estate.shop.top, "--format", "json")) == (0, "nix", True)


@pytest.mark.parametrize("setting", [".", "./"])
def test_the_flake_at_the_top_may_be_named(estate: Estate, run: Run, setting: str) -> None:
    estate.shop.write("agenix-check.toml", f'flake = "{setting}"\n')
    estate.shop.stage()

    assert checked(run(estate.shop.top, "--format", "json")) == (0, "nix", True)


def test_a_flake_that_is_named_and_not_there(estate: Estate, run: Run) -> None:
    estate.shop.write("agenix-check.toml", 'flake = "nixos"\n')
    estate.shop.stage()

    done = run(estate.shop.top, "--format", "json")

    assert done.code == 3
    assert "there is no nixos/flake.nix in this tree" in done.stderr


def test_a_flake_outside_is_refused(estate: Estate, run: Run) -> None:
    estate.shop.write("agenix-check.toml", 'flake = "../elsewhere"\n')
    estate.shop.stage()

    done = run(estate.shop.top)

    assert done.code in (2, 3)
    assert len(done.stderr.splitlines()) == 1


def test_nodes_that_are_named(estate: Estate, run: Run) -> None:
    flake = estate.shop.read("flake.nix").decode()
    estate.shop.write("flake.nix", flake.replace("nixosConfigurations", "colmena.nodes"))
    estate.shop.write("agenix-check.toml", 'nodes = ["colmena.nodes"]\n')
    estate.shop.remove(LOCK)
    estate.shop.stage()

    done = run(estate.shop.top, "--format", "json")

    assert checked(done) == (0, "nix", True)
    assert {one["node"] for one in json.loads(done.stdout)["outputs"]} == {
        "colmena.nodes.alpha", "colmena.nodes.beta", "colmena.nodes.delta",
    }  # fmt: skip


@pytest.mark.parametrize("collect", [True, False])
def test_homes_in_hosts(estate: Estate, run: Run, collect: bool) -> None:
    home = """
      age = {
        rekey = { hostPubkey = ./hosts/alpha/host.pub; storageMode = "local";
          localStorageDir = ./. + "/secrets/rekeyed/bob";
          masterIdentities = [ ]; extraEncryptionPubkeys = [ ]; };
        secrets.mail.rekeyFile = ./secrets/db.age;
      };
    """
    flake = estate.shop.read("flake.nix").decode()
    estate.shop.write(
        "flake.nix", flake.replace("config.age", f"config.home-manager.users.bob = {{ {home} }};\n"
                                   "      config.age", 1)
    )  # fmt: skip
    estate.shop.remove(LOCK)
    estate.shop.write("agenix-check.toml", f"collect-home-manager = {str(collect).lower()}\n")
    estate.nodes["bob"] = estate.nodes["alpha"]
    estate.nodes["bob"].storage = "secrets/rekeyed/bob"
    estate.nodes["bob"].secrets = {"mail": Secret(DB)}
    estate.rekey_one("bob", "mail")
    estate.shop.commit("Add a home")

    done = run(estate.shop.top, "--format", "json")

    nodes = {one["node"] for one in json.loads(done.stdout)["outputs"]}
    assert ("host-nixos:alpha-user-bob" in nodes) is collect
    assert ("secrets/rekeyed/bob" in nodes) is not collect  # judged by its name
    assert (done.code, json.loads(done.stdout)["findings"]) == (0, [])
