"""One node, one secret, one file: what the tree knows of it."""

import json
import re

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt
from tests.audit.by_declaration.test_plain import write_rules
from tests.cli.running import on_terminal
from tests.conftest import Run
from tests.discover.declared.conftest import _in_order, estate
from tests.discover.declared.estate import Estate
from tests.host_keys import ALPHA, BETA


@pytest.fixture
def stale(fleet: Workshop) -> Workshop:
    """A fleet in which `wifi` changed and was not rekeyed; beside it a file of plain agenix."""
    write_rules(fleet, "plain/secrets.nix", mail=[ALPHA])
    fleet.write("plain/mail.age", encrypt(b"x", [ALPHA, BETA]))
    fleet.commit("Have a plain file")
    fleet.source("secrets/wifi.age", "another\n")
    fleet.stage()
    return fleet


def _words(text: str) -> str:
    return " ".join(text.split())


def test_inspect_says_what_the_tree_knows(stale: Workshop, run: Run) -> None:
    (wifi,) = (stale.top / "secrets/rekeyed/beta").glob("*-wifi.age")
    (db,) = (stale.top / "secrets/rekeyed/beta").glob("*-db.age")
    files = (str(wifi), "db.age", "../hosts/beta/host.pub", "../plain/mail.age", str(db))
    done = run(stale.top / "secrets", "inspect", *files)
    assert (done.code, done.stderr) == (0, "")
    for said in (
        "output of beta for wifi, made from secrets/wifi.age (the version before this change), ",
        "addressed to the key in hosts/beta/host.pub verdict: wrong error[output-stale]: made",
        "output of beta for db, made from secrets/db.age (current), addressed to the key in host",
        "source, for an age X25519 key (anonymous) made from it: db of alpha, beta",
        "key of beta it can read 3 secrets: plain/mail.age, secrets/db.age, secrets/wifi.age",
        "file of a rule in plain/secrets.nix for root@alpha",
        "fix: agenix-check --fix",
    ):
        assert said in _words(done.stdout)
    assert all(len(one) <= 80 for one in done.stdout.splitlines() if one.startswith("  "))

    asked = ("inspect", "--format", "json", *files)
    output, source, key, plain, _ = json.loads(run(stale.top / "secrets", *asked).stdout)
    known = output["known"]
    assert (known["kind"], known["node"], known["secret"], known["verdict"]) == (
        "output", "beta", "wifi", "wrong",
    )  # fmt: skip
    assert known["source"] == {"path": "secrets/wifi.age", "current": False, "until": None}
    assert [one["rule"] for one in known["findings"]] == ["output-stale"]
    assert {one["node"] for one in source["known"]["outputs"]} == {
        "alpha",
        "beta",
        "gamma",
        "delta",
    }
    assert (key["valid"], key["known"]["people"]) == (False, ["beta"])
    assert plain["known"]["rules_file"] == "plain/secrets.nix"


def test_inspect_outside_of_what_is_known(stale: Workshop, run: Run) -> None:
    data = stale.read("secrets/db.age")
    assert "made from it" not in run(stale.top, "inspect", "-", stdin=data).stdout
    outside = run(stale.top.parent, "inspect", str(stale.top / "secrets/db.age"))
    assert (outside.code, outside.stderr) == (0, "")
    assert "made from it" not in outside.stdout
    stale.write("agenix-check.toml", "what = 1\n")
    odd = run(stale.top, "inspect", "secrets/db.age")
    assert odd.code == 0
    assert "plaintext of 14 bytes" in odd.stdout
    assert "what the repository knows of it is not shown: agenix-check.toml" in odd.stderr


def test_a_node_and_a_secret_at_length(stale: Workshop, run: Run) -> None:
    node = run(stale.top, "fleet", "beta")
    assert node == run(stale.top, "fleet", "--node", "secrets/rekeyed/beta")
    assert re.search(
        r"^  key +ssh-ed25519 SHA256:\w{8}…, in hosts/beta/host.pub$", node.stdout, re.MULTILINE
    )
    assert (
        "wrong wifi secrets/wifi.age: made from the version of secrets/wifi.age before"
        in _words(node.stdout)
    )
    assert (
        "fix: agenix-check --fix  # or agenix rekey -a\n2 outputs on 1 node: 1 ok, 1" in node.stdout
    )
    secret = _words(run(stale.top, "fleet", "--secret", "wifi").stdout)
    assert "wifi, made from secrets/wifi.age source for an age X25519 key" in secret
    assert "wrong alpha, beta: made from the version" in secret
    both = _words(run(stale.top, "fleet", "beta", "--secret", "db").stdout)
    assert "db made from secrets/db.age (current), addressed to the key in hosts/beta" in both
    plain = _words(run(stale.top, "fleet", "--secret", "mail").stdout)
    assert "plain/mail.age, by a rule in plain/secrets.nix for root@alpha" in plain


def test_by_a_lock_file(estate: Estate, run: Run) -> None:
    estate.write_lock()
    estate.shop.commit("Lock")
    (db,) = (estate.shop.top / "secrets/rekeyed/beta").glob("*-db.age")
    said = (
        "output of nixos:beta for db, made from secrets/db.age (current), addressed to the key in"
    )
    done = run(estate.shop.top, "inspect", str(db), env={"AGENIX_CHECK_INVENTORY": "lock"})
    assert said in _words(done.stdout)
    short = run(estate.shop.top, "fleet", "beta", "--inventory", "lock")
    assert "nixos:beta\n" in short.stdout


def test_the_table_of_a_terminal(stale: Workshop) -> None:
    table = on_terminal(stale.top, "fleet", COLUMNS="60")
    plain = re.sub(r"\x1b\[[\d;]*m", "", table).replace("\r\n", "\n")
    assert "beta  ✓ · ✗\n" in plain
    assert "\x1b[1;31m✗\x1b[0m" in table
    assert "9 outputs on 4 nodes: " in plain
    assert "plain/secrets.nix" in plain
    coarse = on_terminal(stale.top, "fleet", PYTHONIOENCODING="ascii", NO_COLOR="1")
    assert "beta  + . x\r\n" in coarse


__all__ = ["_in_order", "estate"]
