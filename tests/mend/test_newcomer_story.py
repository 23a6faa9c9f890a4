"""Somebody breaks a fleet, commits it unseen, commits something else, and does what is printed.

Then every host has every secret; and until then nothing exits with 0.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from agenix_check.cli.options import OptionValue
from agenix_check.demo.workshop import Workshop, key_path
from agenix_check.discover.tree.evidence import LOCK
from agenix_check.gate import exit_code
from agenix_check.keys.encrypt import new_identity
from agenix_check.model.settings import Settings
from tests.audit.scenes import judge
from tests.conftest import SECRETS
from tests.discover.declared.conftest import nix_home, nix_root
from tests.discover.declared.estate import Estate
from tests.mend.mending import ask, write_key
from tests.mend.test_every_fix_can_be_typed import evaluated, named
from tests.mend.test_every_rule import Hosts, estate, fleet, hosts
from tests.mend.typed import Fleet, assert_all_is_there, go_on, mends_of

__all__ = ["estate", "fleet", "hosts", "nix_home", "nix_root"]

DB, TEXT = "secrets/db.age", "postgres://db\n"
MOVED = "secrets/vault/database.age"
ROUNDS = 3


class Story(NamedTuple):
    """A fleet before it is broken; `estate` is what it declares, None where names are asked."""

    shop: Workshop
    hosts: Hosts
    estate: Estate | None

    def fleet(self) -> Fleet:
        """Return the fleet with what its hosts need now."""
        if self.estate is not None:
            return evaluated(self.estate, self.hosts)
        return named(self.shop, self.hosts)

    def nodes(self) -> tuple[str, ...]:
        """Return the nodes with the secret `db`."""
        return SECRETS[0][3] if self.estate is None else tuple(self.estate.nodes)

    def declare(self) -> None:
        """Write the declaration anew, where there is one."""
        if self.estate is not None:
            self.estate.write_flake()


def edit(story: Story) -> Fleet:
    story.shop.source(DB, "another\n")
    return story.fleet()


def rotate(story: Story) -> Fleet:
    story.shop.host("alpha", story.hosts.public["new"])
    return _opened_by_new(story.fleet())


def retire(story: Story) -> Fleet:
    """Take a host away, and edit a secret that it had."""
    story.shop.remove(key_path("beta"))
    if story.estate is not None:
        del story.estate.nodes["beta"]
    story.declare()
    whole = edit(story)
    return whole._replace(
        held=tuple(one for one in whole.held if one.storage != "secrets/rekeyed/beta")
    )


def rename(story: Story) -> Fleet:
    """Move a source, and edit it later."""
    story.shop.write(MOVED, story.shop.read(DB))
    story.shop.remove(DB)
    for node in story.estate.nodes.values() if story.estate is not None else ():
        node.secrets["db"].source = MOVED
    story.declare()
    story.shop.commit("Move a source")
    story.shop.source(MOVED, "another\n")
    whole = story.fleet()
    held = (one._replace(source=MOVED) if one.source == DB else one for one in whole.held)
    return whole._replace(held=tuple(held))


def merge_half(story: Story) -> Fleet:
    """Merge a source that another branch rekeyed, and keep the outputs of one's own."""
    shop = story.shop
    ask(shop, "checkout", "--quiet", "-b", "side")
    shop.source(DB, "another\n")
    for node in story.nodes():
        shop.rekey(node, "db", DB, "another\n")
    shop.commit("Edit and rekey")
    ask(shop, "checkout", "--quiet", "main")
    shop.write("notes", "More.\n")
    shop.commit("Go on")
    ask(shop, "merge", "--quiet", "--no-commit", "--no-ff", "side")
    ask(shop, "rm", "-r", "--quiet", "-f", "--", "secrets/rekeyed")
    ask(shop, "checkout", "HEAD", "--", "secrets/rekeyed")
    return story.fleet()


def break_twice(story: Story) -> Fleet:
    edit(story)
    story.shop.commit("Edit")
    return rotate(story)


BREAKS: dict[str, Callable[[Story], Fleet]] = {
    one.__name__: one for one in (edit, rotate, retire, rename, merge_half, break_twice)
}


def _opened_by_new(whole: Fleet) -> Fleet:
    """Return a fleet whose host alpha has the new key."""
    new = whole.held[0].key.with_name("new")
    held = (
        one._replace(key=new) if one.storage == "secrets/rekeyed/alpha" else one
        for one in whole.held
    )
    return whole._replace(held=tuple(held))


@pytest.fixture
def story(request: pytest.FixtureRequest, hosts: Hosts) -> Story:
    """Return the beginning of a story: by names, or with Nix."""
    if request.param == "names":
        return Story(request.getfixturevalue("fleet"), hosts, None)
    request.getfixturevalue("nix_home")
    one: Estate = request.getfixturevalue("estate")
    one.shop.remove(LOCK)
    one.shop.commit("Ask Nix alone")
    return Story(one.shop, hosts, one)


everywhere = pytest.mark.parametrize("story", ["names", "nix"], indirect=True)


def do_what_is_printed(broken: Fleet) -> None:
    """Type what is printed, until a check passes; and commit that. No check passes before."""
    for number in range(ROUNDS):
        found = broken.findings()
        if number and not any(one["severity"] == "error" for one in found):
            break
        is_refused(broken)
        for mend in mends_of(one for one in found if one["severity"] == "error"):
            done = broken.run(mend, "hosts")
            assert done.code == 0 or not mend.startswith("agenix-check"), done
    assert_all_is_there(broken)
    go_on(broken, "Do what was printed")
    assert set(codes(broken).values()) == {0}, codes(broken)


VIEWS: dict[str, dict[str, OptionValue]] = {
    "index": {},
    "rev": {"rev": "HEAD"},
    "range": {"from_ref": "HEAD~1", "to_ref": "HEAD"},
    "worktree": {"worktree": True},
}


def codes(fleet: Fleet) -> dict[str, int]:
    """Return how a check of each view ends; what it prints is typed elsewhere."""
    settings: dict[str, OptionValue] = {"inventory": fleet.inventory, "no_cache": False}
    return {
        name: exit_code(judge(fleet.shop, **settings, **view), Settings())
        for name, view in VIEWS.items()
    }


def is_refused(broken: Fleet) -> None:
    assert set(codes(broken).values()) == {1}, codes(broken)


@everywhere
@pytest.mark.parametrize("break_it", BREAKS.values(), ids=BREAKS)
def test_with_an_identity(story: Story, break_it: Callable[[Story], Fleet]) -> None:
    broken = break_it(story)
    story.shop.stage()
    go_on(broken, "Break it")

    do_what_is_printed(broken)


@everywhere
def test_without_an_identity(story: Story) -> None:
    """What is printed then says what to add to the command."""
    broken = edit(story)
    story.shop.stage()
    go_on(broken, "Break it")
    (printed,) = mends_of(broken.findings())
    mend, _, prose = printed.partition("  # ")
    assert mend == f"agenix-check --fix --inventory {broken.inventory}"
    assert prose == "or agenix rekey -a"

    nobody = broken.run(f"AGENIX_CHECK_IDENTITY= {mend}")

    assert nobody.code == 3
    assert f"type {mend} -i FILE" in nobody.stderr
    is_refused(broken)
    done = broken.run(f"AGENIX_CHECK_IDENTITY= {mend} -i {write_key(story.shop)}", "secrets")
    assert done.code == 0
    assert_all_is_there(broken)


@pytest.mark.usefixtures("nix_home")
def test_the_key_of_a_colleague_is_replaced(story_with_nix: Story) -> None:
    one = story_with_nix.estate
    assert one is not None
    for is_first in (True, False):
        one.extra = [new_identity()[1]]
        one.write_flake()
        one.shop.stage()
        broken = story_with_nix.fleet()
        go_on(broken, "Let a colleague rekey")
        if is_first:
            do_what_is_printed(broken)
        else:  # of anonymous keys only the number shows
            assert broken.findings() == []


@pytest.fixture
def story_with_nix(estate: Estate, hosts: Hosts, nix_home: Path) -> Story:
    """Return the beginning of a story with Nix."""
    assert nix_home.exists()
    estate.shop.remove(LOCK)
    estate.shop.commit("Ask Nix alone")
    return Story(estate.shop, hosts, estate)
