"""Every rule that speaks of declarations has a mistake that it names; the others are names'."""

from collections.abc import Callable

import pytest

from agenix_check.keys.encrypt import encrypt
from agenix_check.rules import RULES
from tests.audit.by_declaration.test_plain import write_rules
from tests.audit.test_every_rule import SCENARIOS as KNOWN_BY_NAMES
from tests.audit.test_every_rule import assert_fix_is_true
from tests.discover.declared.estate import DB, TOKEN, Estate, Secret, judge
from tests.host_keys import ALPHA, BETA, NEW

Scenario = Callable[[Estate], object]
SCENARIOS: dict[str, Scenario] = {}


def breaks(rule: str) -> Callable[[Scenario], Scenario]:
    """Register a mistake under the rule that must name it."""

    def register(scenario: Scenario) -> Scenario:
        SCENARIOS[rule] = scenario
        return scenario

    return register


def declare_anew(estate: Estate) -> None:
    estate.write_flake()
    estate.write_lock()


@breaks("output-missing")
def forget_to_rekey_a_new_secret(estate: Estate) -> None:
    estate.nodes["beta"].secrets["token"] = Secret(TOKEN)
    declare_anew(estate)


@breaks("output-stale")
def forget_to_rekey(estate: Estate) -> None:
    estate.edit(TOKEN, "another\n")


@breaks("output-orphan")
def undeclare_a_secret(estate: Estate) -> None:
    estate.nodes["delta"].secrets = {}
    declare_anew(estate)


@breaks("output-intermediary")
def make_a_secret_intermediary(estate: Estate) -> None:
    estate.nodes["alpha"].secrets["token"].intermediary = True
    declare_anew(estate)


@breaks("source-missing")
def declare_a_secret_that_is_not_there(estate: Estate) -> None:
    estate.nodes["beta"].secrets["api"] = Secret("secrets/api.age")
    declare_anew(estate)


@breaks("source-missing-recipient")
def add_a_master(estate: Estate) -> None:
    estate.extra = [NEW.strip()]
    declare_anew(estate)


@breaks("source-outdated")
def edit_what_a_secret_is_generated_from(estate: Estate) -> None:
    token = estate.nodes["alpha"].secrets["token"]
    token.generator, token.needs = True, (DB,)
    estate.edit(DB, "another\n")
    estate.rekey()
    declare_anew(estate)


@breaks("source-unknown-recipient")
def remove_a_master(estate: Estate) -> None:
    estate.shop.write(DB, encrypt(b"x", [estate.shop.master, NEW]))
    estate.plaintexts[DB] = "x"
    estate.rekey()


@breaks("node-invalid-key")
def write_two_keys_into_one_file(estate: Estate) -> None:
    estate.shop.host("delta", ALPHA + BETA)
    for file in (estate.shop.top / "secrets/rekeyed/delta").iterdir():
        file.unlink()
    estate.rekey_one("delta", "db", key=ALPHA)
    declare_anew(estate)


@breaks("node-storage-overlap")
def share_a_directory(estate: Estate) -> None:
    estate.nodes["delta"].storage = "secrets/rekeyed/alpha"
    estate.rekey(tidy=False)
    for file in (estate.shop.top / "secrets/rekeyed/delta").iterdir():
        file.unlink()
    declare_anew(estate)


@breaks("node-not-evaluated")
def break_a_node(estate: Estate) -> None:
    estate.write_flake('nixosConfigurations.broken = throw "no such host";')


@breaks("lock-stale")
def forget_the_lock_file(estate: Estate) -> None:
    estate.nodes["alpha"].secrets["spare"] = Secret(DB)
    estate.rekey()
    estate.write_flake()


@breaks("plain-missing-recipient")
def add_a_key_to_a_rule(estate: Estate) -> None:
    estate.shop.write("plain/wifi.age", encrypt(b"x", [ALPHA]))
    write_rules(estate.shop, "plain/secrets.nix", wifi=[ALPHA, BETA])


@breaks("plain-unknown-recipient")
def take_a_key_from_a_rule(estate: Estate) -> None:
    estate.shop.write("plain/wifi.age", encrypt(b"x", [ALPHA, BETA]))
    write_rules(estate.shop, "plain/secrets.nix", wifi=[ALPHA])


@breaks("plain-missing-file")
def delete_a_file_of_a_rule(estate: Estate) -> None:
    write_rules(estate.shop, "plain/secrets.nix", wifi=[ALPHA])


@breaks("plain-invalid-key")
def list_a_key_that_was_cut(estate: Estate) -> None:
    estate.shop.write("plain/wifi.age", encrypt(b"x", [ALPHA]))
    write_rules(estate.shop, "plain/secrets.nix", wifi=[ALPHA, BETA[:40]])


@breaks("plain-without-rule")
def forget_a_rule(estate: Estate) -> None:
    estate.shop.write("plain/wifi.age", encrypt(b"x", [ALPHA]))
    estate.shop.write("plain/guest.age", encrypt(b"x", [ALPHA]))
    write_rules(estate.shop, "plain/secrets.nix", wifi=[ALPHA])


@pytest.mark.parametrize("rule", sorted(SCENARIOS))
def test_a_mistake_is_named_by_its_rule_and_by_no_other(estate: Estate, rule: str) -> None:
    SCENARIOS[rule](estate)
    estate.shop.stage()

    report = judge(estate, "nix")

    found = {finding.rule for finding in report.findings}
    assert found == {rule} or found == {rule, "source-unused"}
    assert {finding.severity for finding in report.findings if finding.rule == rule} == {
        RULES[rule].severity
    }
    for finding in report.findings:
        assert finding.new
        assert len(finding.message) <= 200
        assert not finding.message.endswith(".")
        assert_fix_is_true(finding)


def test_every_rule_has_a_scenario() -> None:
    # What only keys can tell has its scenarios in tests/decrypt/test_decrypt.py, what is done to
    # the settings in tests/cli/test_whose_settings.py; of who could read what once,
    # tests/access/test_exposed_rule.py.
    elsewhere = {"output-content", "settings-changed", "secret-exposed"}
    assert SCENARIOS.keys() | KNOWN_BY_NAMES.keys() | elsewhere == RULES.keys()
