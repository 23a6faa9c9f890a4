"""Every fix that any rule prints is typed into Bash as it is, in fleets that need every secret.

Afterwards no host has lost a secret and no source or key is gone; and what the fix is for is fixed,
unless a person has to do something, which the fix says behind a `#`.
"""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.rules import RULES, MendedBy
from tests.audit import scenes
from tests.audit import test_every_rule as by_names
from tests.audit.by_declaration import test_every_rule as by_declaration
from tests.conftest import SECRETS
from tests.decrypt import keyed
from tests.discover.declared.conftest import nix_home, nix_root
from tests.discover.declared.estate import Estate
from tests.keys.conftest import MakeSsh
from tests.mend.test_every_rule import Hosts, _scenarios_know, estate, fleet, hosts
from tests.mend.typed import (
    Fleet,
    Held,
    assert_all_is_there,
    assert_nothing_is_lost,
    go_on,
    mends_of,
)

__all__ = ["_scenarios_know", "estate", "fleet", "hosts", "nix_home", "nix_root"]

BELOW = "hosts"  # a directory that every fleet has

# Only a person can fix these; `agenix-check explain RULE` says how.
WITHOUT_FIX = {
    "node-key-path",
    "node-not-evaluated",
    "node-placeholder-key",
    "node-storage-overlap",
    "output-mixed-keys",
    "source-empty",
    "source-unused",
}
# One says what other rules are judged by; for the other, a person has to change the secret itself.
NEVER_FIXED = {"settings-changed", "secret-exposed"}
# Names show no other reader of a source than a passphrase, which only a person knows.
WITHOUT_FIX_BY_NAMES = {*WITHOUT_FIX, "source-unknown-recipient"}
# Git LFS would fetch the file, and agenix-rekey generate it: neither is asked here.
ELSEWHERE = {"output-lfs", "source-outdated"}


def named(shop: Workshop, hosts: Hosts) -> Fleet:
    """Return the sample fleet, known by its names."""
    held = tuple(
        Held(hosts.private[node], scenes.storage(node), name, source)
        for source, name, _, nodes in SECRETS
        for node in nodes
    )
    return Fleet(shop, held, "names")


def evaluated(one: Estate, hosts: Hosts, inventory: str = "nix") -> Fleet:
    """Return a declared fleet, as it is declared now."""
    held = tuple(
        Held(hosts.private[name], node.storage, secret.name or id_, secret.source)
        for name, node in one.nodes.items()
        for id_, secret in node.secrets.items()
        if not secret.intermediary
    )
    return Fleet(one.shop, held, inventory, tuple(hosts.private.values()))


def type_every_fix(
    broken: Fleet, findings: Sequence[Mapping[str, str | None]], scratch: Path, directory: str
) -> set[str]:
    """Type each fix of a check's findings, each in a copy; return the rules that print one."""
    before = broken.holdings()
    for number, mend in enumerate(mends_of(findings)):
        mended = broken.copy(scratch / str(number) / "fleet")
        done = mended.run(mend, directory)
        assert_nothing_is_lost(before, mended.holdings())
        if is_done_by_a_person(mend):
            continue
        if "--inventory nix" in mend and broken.inventory == "names":
            assert "there is no flake.nix in this tree" in done.stderr
            continue
        assert done.code in (0, 1), done  # 1 where something else is wrong too
        left = {(one["rule"], one["node"], one["secret"]) for one in mended.findings()}
        for one in findings:
            gone = (one["rule"], one["node"], one["secret"]) not in left
            assert gone or one["mend"] != mend or one["rule"] in ELSEWHERE, (one, done)
    return {str(one["rule"]) for one in findings if one["mend"] is not None}


def is_done_by_a_person(mend: str) -> bool:
    return shlex.split(mend, comments=True) != shlex.split(mend)


def type_now_and_later(broken: Fleet, scratch: Path) -> set[str]:
    """Type every fix of a staged break at the top, and once it is committed, below it."""
    rules = type_every_fix(broken, broken.findings(), scratch / "staged", ".")
    go_on(broken, "Break it")
    later = broken.findings()
    at_head = broken.findings("--rev", "HEAD")
    # A commit knows of nothing that waits in the work tree.
    waits = any(RULES[one["rule"] or ""].mended_by is MendedBy.STAGE_SOURCE for one in later)
    assert waits or mends_of(later) == mends_of(at_head)
    return rules | type_every_fix(broken, later, scratch / "committed", BELOW)


@pytest.mark.usefixtures("_scenarios_know")
@pytest.mark.parametrize("rule", by_names.SCENARIOS)
def test_by_names(fleet: Workshop, hosts: Hosts, tmp_path: Path, rule: str) -> None:
    by_names.SCENARIOS[rule](fleet)
    if rule != "source-unstaged":
        fleet.stage()

    rules = type_now_and_later(named(fleet, hosts), tmp_path)

    assert (rule in rules) == (rule not in WITHOUT_FIX_BY_NAMES)


@pytest.mark.usefixtures("_scenarios_know", "nix_home")
@pytest.mark.parametrize("rule", by_declaration.SCENARIOS)
def test_as_declared(estate: Estate, hosts: Hosts, tmp_path: Path, rule: str) -> None:
    by_declaration.SCENARIOS[rule](estate)
    estate.shop.stage()

    rules = type_now_and_later(evaluated(estate, hosts), tmp_path)

    assert (rule in rules) == (rule not in WITHOUT_FIX)


def test_what_only_keys_show(tmp_path: Path, ssh_key: MakeSsh) -> None:
    one = keyed.make(tmp_path, ssh_key)
    one.replace_text("alpha")
    one.shop.stage()
    words = [str(word) for word in one.words(*keyed.NODES, "master")]
    held = tuple(
        Held(one.keys[node], f"{one.shop.storage}/{node}", name, f"secrets/{name}.age")
        for node in keyed.NODES
        for name in keyed.TEXTS
    )
    known = Fleet(one.shop, held, "names")
    (mend,) = mends_of(known.findings("--decrypt", *words))

    mended = known.copy(tmp_path / "copy" / "fleet")
    done = mended.run(f"{mend} {shlex.join(words)}")

    assert done.code == 0
    assert_all_is_there(mended)


def test_every_rule_is_tried() -> None:
    tried = {*by_names.SCENARIOS, *by_declaration.SCENARIOS, "output-content"}
    assert tried == set(RULES) - NEVER_FIXED
    assert tried >= WITHOUT_FIX | ELSEWHERE
    assert not [rule for rule in WITHOUT_FIX if RULES[rule].mended_by]
