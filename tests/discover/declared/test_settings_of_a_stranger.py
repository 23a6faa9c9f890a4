"""Whose settings decide, where the fleet is declared: by Nix, by a lock file, by rules files."""

import json

import pytest

from agenix_check.keys.encrypt import encrypt
from agenix_check.report.registry import format_names
from tests.audit.by_declaration.test_plain import write_rules
from tests.conftest import Run
from tests.discover.declared.estate import DB, Estate
from tests.host_keys import ALPHA, BETA

FILE = "agenix-check.toml"
RANGE = ("--from-ref", "main", "--to-ref", "topic")


def propose(estate: Estate, settings: str) -> None:
    estate.shop.git.run("checkout", "--quiet", "-b", "topic")
    estate.shop.write(FILE, settings)
    estate.shop.commit("Improve things")


@pytest.mark.parametrize("inventory", ["names", "lock", "nix"])
def test_every_format_shows_what_would_be_hidden(estate: Estate, run: Run, inventory: str) -> None:
    estate.edit(DB, "another\n")
    propose(estate, 'ignore = ["output-stale", "output-missing"]\n')
    for form in format_names():
        result = run(estate.shop.top, *RANGE, "--inventory", inventory, "--format", form)
        assert result.code == 1, (form, result)
        assert "settings-changed" in result.stdout, form
        assert "output-stale" in result.stdout, form


@pytest.mark.parametrize("form", format_names())
def test_plain_agenix(estate: Estate, run: Run, form: str) -> None:
    write_rules(estate.shop, "plain/secrets.nix", wifi=[ALPHA])
    estate.shop.write("plain/wifi.age", encrypt(b"x", [ALPHA]))
    estate.shop.commit("Add a plain secret")
    estate.shop.write("plain/wifi.age", encrypt(b"x", [ALPHA, BETA]))
    propose(estate, 'ignore = ["plain-unknown-recipient"]\n')
    result = run(estate.shop.top, *RANGE, "--inventory", "nix", "--format", form)
    assert result.code == 1, result
    assert "settings-changed" in result.stdout
    assert "plain-unknown-recipient" in result.stdout


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ('inventory = "names"\n', "output-missing"),
        ('inventory = "lock"\n', "hides nothing"),
        ('flake = "elsewhere"\n', "files, which would not be judged"),
        ('nodes = ["nixosConfigurations.alpha"]\n', "files, which would not be judged"),
        ('evaluate = "never"\n', "hides nothing"),
        ("nix-timeout = 0.001\n", "hides nothing"),
    ],
)
def test_the_base_says_what_the_fleet_is(
    estate: Estate, run: Run, settings: str, says: str
) -> None:
    estate.shop.remove(estate.output("beta", "db"))
    propose(estate, settings)
    result = run(estate.shop.top, *RANGE, "--format", "json")
    report = json.loads(result.stdout)
    assert (result.code, report["fleet"]["inventory"]) == (1, "nix"), result
    messages = {one["rule"]: one["message"] for one in report["findings"]}
    assert "output-missing" in messages
    assert says in messages["settings-changed"], messages
