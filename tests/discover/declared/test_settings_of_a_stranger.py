"""Whose settings decide, where the fleet is declared: by Nix, by a lock file, by rules files."""

import json
from pathlib import Path
from typing import Any

import pytest

from agenix_check.cli.options import OPTIONS
from agenix_check.keys.encrypt import encrypt
from tests.audit.by_declaration.test_plain import write_rules
from tests.conftest import Run
from tests.discover.declared.estate import DB, Estate
from tests.host_keys import ALPHA, BETA
from tests.report.every_format import options_for, read_reports

FILE = "agenix-check.toml"
RANGE = ("--from-ref", "main", "--to-ref", "topic")


def propose(estate: Estate, settings: str) -> None:
    estate.shop.git.run("checkout", "--quiet", "-b", "topic")
    estate.shop.write(FILE, settings)
    estate.shop.commit("Improve things")


@pytest.mark.parametrize("inventory", ["names", "lock", "nix"])
def test_every_format_shows_what_would_be_hidden(
    estate: Estate, run: Run, tmp_path: Path, inventory: str
) -> None:
    estate.edit(DB, "another\n")
    propose(estate, 'ignore = ["output-stale", "output-missing"]\n')
    written = options_for(tmp_path / "reports")
    result = run(estate.shop.top, *RANGE, "--inventory", inventory, *written)
    assert result.code == 1, result
    for form, report in read_reports(tmp_path / "reports").items():
        assert "settings-changed" in report, form
        assert "output-stale" in report, form


def test_plain_agenix(estate: Estate, run: Run, tmp_path: Path) -> None:
    write_rules(estate.shop, "plain/secrets.nix", wifi=[ALPHA])
    estate.shop.write("plain/wifi.age", encrypt(b"x", [ALPHA]))
    estate.shop.commit("Add a plain secret")
    estate.shop.write("plain/wifi.age", encrypt(b"x", [ALPHA, BETA]))
    propose(estate, 'ignore = ["plain-unknown-recipient"]\n')
    written = options_for(tmp_path / "reports")
    result = run(estate.shop.top, *RANGE, "--inventory", "nix", *written)
    assert result.code == 1, result
    for form, report in read_reports(tmp_path / "reports").items():
        assert "settings-changed" in report, form
        assert "plain-unknown-recipient" in report, form


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


# What a change would write into its settings to be let through: every setting that a file may have.
HOSTILE = {
    "inventory": '"names"', "evaluate": '"never"', "nix-timeout": "0.001", "flake": '"elsewhere"',
    "nix-memory": '"1M"', "nix-jobs": "1",
    "nodes": '["nixosConfigurations.alpha"]', "collect-home-manager": "false",
    "rules": '["elsewhere/secrets.nix"]', "format": '"gitlab"', "dry-run": "true",
    "identities": '["/dev/null"]', "age": '"rage"', "exit-non-zero-on-fix": "true",
    "strict": "false", "require-verified": "false", "fail-on": '"new"', "no-cache": "true",
    "exposed": "false", "verbose": "true", "color": '"always"', "no-progress": "true",
    "ignore": '["output-stale", "output-missing", "plain-unknown-recipient", "source-empty"]',
}  # fmt: skip


def test_every_setting_is_tried() -> None:
    assert HOSTILE.keys() >= {one.name for one in OPTIONS if one.text.in_file}


@pytest.mark.parametrize("inventory", ["names", "lock", "nix"])
def test_no_setting_of_a_change_counts(estate: Estate, run: Run, inventory: str) -> None:
    """Of outputs, sources and plain files; the change shows, and nothing else differs."""
    shop = estate.shop
    write_rules(shop, "plain/secrets.nix", wifi=[ALPHA])
    shop.write("plain/wifi.age", encrypt(b"x", [ALPHA]))
    shop.write(FILE, "strict = true\nrequire-verified = true\n")
    shop.git.run("checkout", "--quiet", "-B", "base")
    shop.commit("Set the gate up")
    shop.git.run("checkout", "--quiet", "-b", "honest")
    estate.edit(DB, "another\n")
    shop.write("plain/wifi.age", encrypt(b"x", [ALPHA, BETA]))
    shop.write("secrets/empty.age", encrypt(b"", [shop.master]))
    shop.remove(estate.output("alpha", "token"))
    shop.commit("Improve things")

    def judge(branch: str) -> tuple[int, Any]:
        words = ("--from-ref", "base", "--to-ref", branch, "--inventory", inventory)
        done = run(shop.top, *words, "--format", "json")
        report = json.loads(done.stdout)
        kept = ("outputs", "plain", "incomplete", "skipped", "fleet")
        found = [one for one in report["findings"] if one["rule"] != "settings-changed"]
        assert (len(found) < len(report["findings"])) == (branch != "honest")
        return done.code, [found, *(report[key] for key in kept)]

    expected = judge("honest")
    assert expected[0] == 1
    for setting, value in HOSTILE.items():
        shop.git.run("checkout", "--quiet", "-b", setting, "honest")
        shop.write(FILE, f"{setting} = {value}\n")
        shop.commit("Improve the gate")
        assert judge(setting) == expected, setting
