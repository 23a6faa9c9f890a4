"""More of the newcomer's stories: keys that change with their files, renamed hosts, merges.

Each with an identity and without one, by names and with Nix.
"""

from collections.abc import Callable

import pytest

from agenix_check.demo.workshop import key_path
from tests.audit.scenes import rekey
from tests.discover.declared.conftest import nix_home, nix_root
from tests.mend.mending import ask, write_key
from tests.mend.test_every_rule import estate, fleet, hosts
from tests.mend.test_newcomer_story import (
    DB,
    Story,
    do_what_is_printed,
    everywhere,
    is_refused,
    rotate,
    story,
)
from tests.mend.typed import Fleet, assert_all_is_there, go_on, mends_of

__all__ = ["estate", "fleet", "hosts", "nix_home", "nix_root", "story"]

TOKEN = "secrets/alpha-token.age"


def rotate_and_edit(whole: Story) -> Fleet:
    """Install a host anew, and edit a secret of all in the same commit."""
    whole.shop.source(DB, "another\n")
    return rotate(whole)


def rotate_in_part(whole: Story) -> Fleet:
    """Install a host anew, and rekey one of its secrets."""
    broken = rotate(whole)
    rekey(whole.shop, "alpha", "token", TOKEN, "token of alpha\n")
    return broken


def rename_host(whole: Story) -> Fleet:
    """Give a host another name, with its key and its outputs, and edit what it has."""
    shop, before = whole.shop, whole.fleet()
    for old, new in (("hosts/alpha", "hosts/omega"), ("secrets/rekeyed/alpha", OMEGA)):
        ask(shop, "mv", old, new)
    if whole.estate is not None:
        node = whole.estate.nodes.pop("alpha")
        node.key, node.storage = f"./{key_path('omega')}", OMEGA
        whole.estate.nodes["omega"] = node
        whole.declare()
    shop.source(DB, "another\n")
    held = (
        one._replace(storage=OMEGA) if one.storage == "secrets/rekeyed/alpha" else one
        for one in before.held
    )
    return before._replace(held=tuple(held))


def save_once_more(whole: Story) -> Fleet:
    """Rekey, and edit the source once more before it is committed; twice.

    The hosts' keys were known before: later no output that is in order speaks for that of delta.
    """
    before = whole.fleet()
    assert before.run(f"agenix-check --fix --inventory {before.inventory}").code == 0
    for text in ("another\n", "a third\n"):
        whole.shop.source(DB, text)
        for node in whole.nodes():
            rekey(whole.shop, node, "db", DB, text)
        whole.shop.source(DB, f"{text}and more\n")
        whole.shop.commit("Edit and rekey")
    return whole.fleet()


def rekey_old_version(whole: Story) -> Fleet:
    """Make an output for another host from the version that the last commit replaced."""
    shop = whole.shop
    old, last = shop.read(DB), whole.nodes()[-1]
    for path in sorted((shop.top / f"secrets/rekeyed/{last}").glob("*-db.age")):
        shop.remove(path.relative_to(shop.top).as_posix())
    shop.commit("Not yet there")
    shop.source(DB, "another\n")
    new = shop.read(DB)
    for node in whole.nodes()[:-1]:
        rekey(shop, node, "db", DB, "another\n")
    shop.commit("Edit and rekey")
    shop.write(DB, old)
    shop.rekey(last, "db", DB, "postgres://db\n")
    shop.write(DB, new)
    return whole.fleet()


OMEGA = "secrets/rekeyed/omega"


def rename_host_later(whole: Story) -> Fleet:
    """Edit a secret and commit that; then give the host another name."""
    whole.shop.source(DB, "another\n")
    whole.shop.commit("Edit")
    return rename_host(whole)


def merge_host(whole: Story) -> Fleet:
    """Merge a branch on which the source was rekeyed, after giving a host the old version."""
    shop = whole.shop
    nodes = whole.nodes()
    for path in sorted((shop.top / f"secrets/rekeyed/{nodes[-1]}").glob("*-db.age")):
        shop.remove(path.relative_to(shop.top).as_posix())
    shop.commit("Not yet there")
    ask(shop, "checkout", "--quiet", "-b", "side")
    shop.source(DB, "another\n")
    for node in nodes[:-1]:
        rekey(shop, node, "db", DB, "another\n")
    shop.commit("Edit and rekey")
    ask(shop, "checkout", "--quiet", "main")
    shop.rekey(nodes[-1], "db", DB, "postgres://db\n")
    shop.commit("Give a host the secret")
    ask(shop, "merge", "--quiet", "--no-edit", "side")
    return whole.fleet()


def merge_source(whole: Story) -> Fleet:
    """Resolve a conflict of a source by the other side, and outputs by one's own."""
    shop = whole.shop
    ask(shop, "checkout", "--quiet", "-b", "side")
    shop.source(DB, "of the side\n")
    for node in whole.nodes():
        rekey(shop, node, "db", DB, "of the side\n")
    shop.commit("Edit and rekey on the side")
    ask(shop, "checkout", "--quiet", "main")
    shop.source(DB, "of main\n")
    for node in whole.nodes():
        rekey(shop, node, "db", DB, "of main\n")
    shop.commit("Edit and rekey on main")
    shop.git.attempt("merge", "--quiet", "--no-edit", "side")
    ask(shop, "rm", "-r", "--quiet", "-f", "--", "secrets/rekeyed")
    ask(shop, "checkout", "HEAD", "--", "secrets/rekeyed")
    ask(shop, "checkout", "side", "--", DB)
    return whole.fleet()


def merge_rotation(whole: Story) -> Fleet:
    """One side installs a host anew and rekeys it, the other edits its secret and rekeys."""
    shop = whole.shop
    ask(shop, "checkout", "--quiet", "-b", "side")
    broken = rotate(whole)
    for secret, source, text in (
        ("db", DB, "postgres://db\n"), ("wifi", "secrets/wifi.age", "correct horse\n"),
        ("token", TOKEN, "token of alpha\n"),
    ):  # fmt: skip
        if list((shop.top / "secrets/rekeyed/alpha").glob(f"*-{secret}.age")):
            rekey(shop, "alpha", secret, source, text)
    shop.commit("Install alpha anew")
    ask(shop, "checkout", "--quiet", "main")
    shop.source(DB, "another\n")
    for node in whole.nodes():
        rekey(shop, node, "db", DB, "another\n")
    shop.commit("Edit and rekey")
    ask(shop, "merge", "--quiet", "--no-edit", "side")
    return broken


BREAKS = (
    rotate_and_edit, rotate_in_part, rename_host, rename_host_later, merge_host, merge_source,
    merge_rotation, save_once_more, rekey_old_version,
)  # fmt: skip
WITHOUT = (rotate_and_edit, rename_host, merge_host)


def _name(break_it: Callable[[Story], Fleet]) -> str:
    return break_it.__name__


@everywhere
@pytest.mark.parametrize("break_it", BREAKS, ids=_name)
def test_with_an_identity_too(story: Story, break_it: Callable[[Story], Fleet]) -> None:
    broken = break_it(story)
    story.shop.stage()
    go_on(broken, "Break it")

    do_what_is_printed(broken)


@everywhere
@pytest.mark.parametrize("break_it", WITHOUT, ids=_name)
def test_without_one(story: Story, break_it: Callable[[Story], Fleet]) -> None:
    """What is printed says what to add, and goes on where it stopped."""
    broken = break_it(story)
    story.shop.stage()
    go_on(broken, "Break it")
    mends = mends_of(one for one in broken.findings() if one["severity"] == "error")
    assert mends
    for mend in mends:
        nobody = broken.run(f"AGENIX_CHECK_IDENTITY= {mend}")
        assert nobody.code == 3, nobody
        command = mend.partition("  #")[0]
        assert f"type {command} -i FILE" in nobody.stderr
    is_refused(broken)
    for mend in mends:
        command = mend.partition("  #")[0]
        broken.run(f"AGENIX_CHECK_IDENTITY= {command} -i {write_key(story.shop)}", "hosts")
    assert_all_is_there(broken)
    assert broken.run(f"agenix-check --inventory {broken.inventory}").code == 0
