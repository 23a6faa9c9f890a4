"""Every rule is found by somebody's mistake; and every mistake finds nothing else."""

import shlex
import subprocess
from collections.abc import Callable

import pytest

from agenix_check.age import DUMMY_RECIPIENT
from agenix_check.cli.gate_grammar import parse_check
from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt
from agenix_check.model.findings import Finding
from agenix_check.rules import RULES
from tests.audit.scenes import (
    ALPHA_TOKEN,
    DB,
    LOCKED_TOKEN,
    WIFI,
    judge,
    judge_staged,
    old_output,
    rekey,
    storage,
)
from tests.conftest import Run
from tests.host_keys import ALPHA, BETA, NEW, RSA

# Rules that say what is declared, or what only keys can tell: names cannot break them. The
# settings are changed in tests/cli/test_whose_settings.py, history is asked in tests/access/.
DECLARED = {
    "lock-stale",
    "node-not-evaluated",
    "output-content",
    "output-intermediary",
    "plain-invalid-key",
    "plain-missing-file",
    "plain-missing-recipient",
    "plain-unknown-recipient",
    "plain-without-rule",
    "secret-exposed",
    "settings-changed",
    "source-missing",
    "source-missing-recipient",
    "source-outdated",
}
TOKEN = b"token of alpha\n"

Scenario = Callable[[Workshop], object]
SCENARIOS: dict[str, Scenario] = {}


def breaks(rule: str) -> Callable[[Scenario], Scenario]:
    """Register a mistake under the rule that must name it."""

    def register(scenario: Scenario) -> Scenario:
        SCENARIOS[rule] = scenario
        return scenario

    return register


def overwrite_token(fleet: Workshop, content: bytes | str) -> None:
    fleet.write(old_output(fleet, "alpha", "token"), content)


@breaks("output-missing")
def drop_an_output(fleet: Workshop) -> None:
    fleet.remove(old_output(fleet, "alpha", "token"))


@breaks("output-stale")
def forget_to_rekey(fleet: Workshop) -> None:
    fleet.source(ALPHA_TOKEN, "another\n")


@breaks("output-unstaged")
def ignore_an_output(fleet: Workshop) -> None:
    fleet.write(".gitignore", "/secrets/rekeyed/\n")
    fleet.source(ALPHA_TOKEN, "another\n")
    rekey(fleet, "alpha", "token", ALPHA_TOKEN, "another\n")


@breaks("output-untraceable")
def save_a_source_after_the_rekey(fleet: Workshop) -> None:
    fleet.source(ALPHA_TOKEN, "draft\n")
    rekey(fleet, "alpha", "token", ALPHA_TOKEN, "draft\n")
    fleet.source(ALPHA_TOKEN, "final\n")


@breaks("output-not-encrypted")
def write_plain_text(fleet: Workshop) -> None:
    overwrite_token(fleet, TOKEN)


@breaks("output-lfs")
def track_with_lfs(fleet: Workshop) -> None:
    oid = "0" * 64
    overwrite_token(
        fleet, f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 9\n"
    )


@breaks("output-malformed")
def cut_an_output(fleet: Workshop) -> None:
    overwrite_token(fleet, fleet.read(old_output(fleet, "alpha", "token"))[:100])


@breaks("output-wrong-recipient")
def swap_outputs(fleet: Workshop) -> None:
    overwrite_token(fleet, encrypt(TOKEN, [BETA]))


@breaks("output-extra-recipient")
def add_a_recipient(fleet: Workshop) -> None:
    overwrite_token(fleet, encrypt(TOKEN, [ALPHA, RSA]))


@breaks("output-dummy")
def rekey_with_dummies(fleet: Workshop) -> None:
    text = (
        "This is a dummy replacement value. The actual secret age.secrets.token.rekeyFile "
        f"(/nix/store/x8k3n4m5p6q7r8s9a0b1c2d3f4g5h6i7-source/{ALPHA_TOKEN}) "
        "was not rekeyed because --dummy was used.\n"
    )
    overwrite_token(fleet, encrypt(text.encode(), [ALPHA]))


@breaks("output-length")
def encrypt_something_else(fleet: Workshop) -> None:
    overwrite_token(fleet, encrypt(b"x", [ALPHA]))


@breaks("output-copied")
def give_an_old_output_the_new_name(fleet: Workshop) -> None:
    old = old_output(fleet, "alpha", "token")
    fleet.source(ALPHA_TOKEN, "TOKEN OF ALPHA\n")
    fleet.write(fleet.output_path("alpha", "token", ALPHA_TOKEN), fleet.read(old))
    fleet.remove(old)


@breaks("output-rewritten")
def force_a_rekey(fleet: Workshop) -> None:
    overwrite_token(fleet, encrypt(TOKEN, [ALPHA]))


@breaks("output-orphan")
def leave_an_old_output(fleet: Workshop) -> None:
    fleet.source(ALPHA_TOKEN, "another\n")
    fleet.rekey("alpha", "token", ALPHA_TOKEN, "another\n")


@breaks("output-mixed-keys")
def share_a_directory(fleet: Workshop) -> None:
    old = old_output(fleet, "beta", "wifi")
    fleet.write(old.replace("/beta/", "/alpha/").replace("wifi", "wlan"), fleet.read(old))


@breaks("output-leftover")
def interrupt_a_rekey(fleet: Workshop) -> None:
    fleet.write(f"{storage('alpha')}/.tmp.agenix-rekey.db.k3Jd81xQzP/db.age", "age-enc")


@breaks("source-unstaged")
def forget_to_stage_a_source(fleet: Workshop) -> None:
    fleet.source(ALPHA_TOKEN, "another\n")
    rekey(fleet, "alpha", "token", ALPHA_TOKEN, "another\n")
    fleet.stage(storage("alpha"))


@breaks("source-not-encrypted")
def save_a_secret_in_plain_text(fleet: Workshop) -> None:
    fleet.write("secrets/new.age", "hunter2\n")


@breaks("source-malformed")
def cut_a_source(fleet: Workshop) -> None:
    fleet.write("secrets/new.age", fleet.read(DB)[:50])


@breaks("source-empty")
def generate_nothing(fleet: Workshop) -> None:
    fleet.source(ALPHA_TOKEN, "")
    rekey(fleet, "alpha", "token", ALPHA_TOKEN, "")


@breaks("source-unknown-recipient")
def encrypt_with_a_passphrase(fleet: Workshop) -> None:
    fleet.write(ALPHA_TOKEN, LOCKED_TOKEN)
    rekey(fleet, "alpha", "token", ALPHA_TOKEN, TOKEN)


@breaks("source-unused")
def add_a_secret_for_nobody(fleet: Workshop) -> None:
    fleet.source("secrets/new.age", "x")


@breaks("node-invalid-key")
def write_two_keys_into_one_file(fleet: Workshop) -> None:
    fleet.host("omega", NEW + RSA)
    fleet.write(fleet.output_path("omega", "db", DB), encrypt(b"postgres://db\n", [NEW]))


@breaks("node-placeholder-key")
def rekey_for_the_placeholder(fleet: Workshop) -> None:
    fleet.host("omega", DUMMY_RECIPIENT)
    fleet.rekey("omega", "db", DB, "postgres://db\n")


@breaks("node-key-path")
def name_a_file_outside(fleet: Workshop) -> None:
    path = "/etc/ssh/ssh_host_ed25519_key.pub"
    fleet.write("hosts/omega/default.nix", f'{{ age.rekey.hostPubkey = "{path}"; }}\n')
    fleet.write(fleet.output_path("omega", "db", DB, path), encrypt(b"postgres://db\n", [NEW]))


@breaks("node-storage-overlap")
def keep_a_source_among_outputs(fleet: Workshop) -> None:
    path = f"{storage('beta')}/wifi.age"
    fleet.write(path, fleet.read(WIFI))
    fleet.remove(WIFI)
    for module in fleet.top.glob("hosts/*/default.nix"):
        module.write_text(module.read_text().replace(WIFI, path))


@breaks("private-key")
def add_the_master_identity(fleet: Workshop) -> None:
    fleet.write("key.txt", fleet.identity)


KNOWN_BY_NAMES = [rule for rule in RULES if rule not in DECLARED]


@pytest.mark.parametrize("rule", KNOWN_BY_NAMES)
def test_a_mistake_is_named_by_its_rule_and_by_no_other(fleet: Workshop, rule: str) -> None:
    SCENARIOS[rule](fleet)

    report = judge(fleet) if rule == "source-unstaged" else judge_staged(fleet)

    found = {finding.rule for finding in report.findings}
    assert found == {rule} or found == {rule, "source-unused"}
    assert RULES[rule].severity in {finding.severity for finding in report.findings} or (
        rule == "output-missing"  # of which names alone say less
    )
    for finding in report.findings:
        assert finding.new
        assert len(finding.message) <= 200
        assert not finding.message.endswith(".")
        assert finding.mend is None or can_be_pasted(finding.mend)
        assert_fix_is_true(finding)


def can_be_pasted(mend: str) -> bool:
    """Return whether a shell takes what is to type as commands that exist, and comments."""
    words = shlex.split(mend, comments=True)
    subprocess.run(["bash", "-nc", mend], check=True)
    if words[:1] == ["agenix-check"]:
        assert parse_check(words[1:])["fix"]
    return not words or words[0] in ("agenix-check", "cd", "git")


def assert_fix_is_true(finding: Finding) -> None:
    """Make sure that `--fix` is advised only where it helps; tests/mend tries whether it does."""
    words = shlex.split(finding.mend or "", comments=True)
    if words[:2] == ["agenix-check", "--fix"]:
        assert RULES[finding.rule].mended_by is not None


def test_no_scenario_is_for_a_rule_that_is_none() -> None:
    assert set(SCENARIOS) == set(KNOWN_BY_NAMES)


def test_a_fleet_in_order_is_silent(fleet: Workshop, run: Run) -> None:
    result = run(fleet.top)

    assert (result.code, result.stderr) == (0, "")
    assert "error" not in result.stdout.replace("0 errors", "")
