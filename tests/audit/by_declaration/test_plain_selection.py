"""Plain files under --node, --secret and `ignore`: verdicts, findings and exit code agree."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt
from tests.audit.by_declaration.test_plain import write_rules
from tests.conftest import Run
from tests.host_keys import ALPHA, BETA

RULE = "plain-unknown-recipient"


@pytest.fixture
def ruled(fleet: Workshop) -> Workshop:
    """A fleet with two files of plain agenix, one of which somebody else can read."""
    write_rules(fleet, "plain/secrets.nix", mail=[ALPHA], wifi=[ALPHA])
    fleet.write("plain/mail.age", encrypt(b"x", [ALPHA, BETA]))
    fleet.write("plain/wifi.age", encrypt(b"x", [ALPHA]))
    fleet.commit("Have plain files")
    return fleet


def _judge(shop: Workshop, run: Run, *options: str) -> tuple[int, dict[str, Any]]:
    done = run(shop.top, "--format", "json", *options)
    return done.code, json.loads(done.stdout)


@pytest.mark.parametrize(
    ("options", "code", "files"),
    [
        ((), 1, {"plain/mail.age": "wrong", "plain/wifi.age": "ok"}),
        (("--secret", "mail"), 1, {"plain/mail.age": "wrong"}),
        (("--secret", "plain/*"), 1, {"plain/mail.age": "wrong", "plain/wifi.age": "ok"}),
        (("--secret", "wifi"), 0, {"plain/wifi.age": "ok"}),
        (("--node", "alpha"), 0, {}),
    ],
)
def test_what_a_run_is_restricted_to(
    ruled: Workshop, run: Run, options: Sequence[str], code: int, files: dict[str, str]
) -> None:
    ended, document = _judge(ruled, run, *options)
    assert {one["path"]: one["verdict"] for one in document["plain"]} == files
    assert ended == code
    assert (RULE in {one["rule"] for one in document["findings"]}) is (code == 1)


def test_an_ignored_finding_leaves_no_wrong_file(ruled: Workshop, run: Run) -> None:
    ended, document = _judge(ruled, run, "--ignore", RULE)
    assert ended == 0
    (mail,) = (one for one in document["plain"] if one["path"] == "plain/mail.age")
    assert (mail["verdict"], mail["rules"]) == ("skipped", [])
    assert mail["reason"].startswith("ignored: ")
    assert document["counts"]["ignored"] == 1
