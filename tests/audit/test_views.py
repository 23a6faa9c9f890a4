"""One tree has one verdict: however a commit is looked at, the same is wrong with it."""

import random
import shutil
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from agenix_check.cli.options import OptionValue
from agenix_check.demo.workshop import Workshop, key_path
from agenix_check.gate import exit_code
from agenix_check.keys.errors import EncryptionError
from agenix_check.model.findings import Report
from agenix_check.model.settings import Settings
from tests.audit.scenes import (
    ALPHA_TOKEN,
    DB,
    WIFI,
    judge,
    old_output,
    rekey,
    rekey_all,
    storage,
    text_of,
)
from tests.conftest import SECRETS, build_fleet
from tests.host_keys import HOSTS, NEW, OTHER
from tests.pace import per_hundred

History = Callable[[Workshop], None]
# The ways to look at HEAD of a branch whose work tree is clean.
VIEWS: dict[str, dict[str, OptionValue]] = {
    "index": {},
    "rev": {"rev": "HEAD"},
    "range": {"from_ref": "main", "to_ref": "HEAD"},
    "index against main": {"from_ref": "main"},
    "worktree": {"worktree": True},
}


def _innocent(shop: Workshop, count: int = 1) -> None:
    """Commit something that has nothing to do with secrets."""
    for number in range(count):
        shop.write(f"docs/{number}.md", f"page {number}\n")
        shop.commit(f"Write page {number}")


def _branch(shop: Workshop) -> None:
    shop.git.run("checkout", "--quiet", "-b", "work")


def edited_source(shop: Workshop) -> None:
    """Edit a source, do not rekey."""
    _branch(shop)
    shop.source(DB, "edited\n")
    shop.commit("Edit a secret and forget to rekey")


def edited_source_then_other_work(shop: Workshop) -> None:
    """The same, with commits after it."""
    edited_source(shop)
    _innocent(shop, 3)


def edited_source_on_main(shop: Workshop) -> None:
    """The break is on main; the branch is innocent."""
    shop.source(DB, "edited\n")
    shop.commit("Edit a secret and forget to rekey")
    _innocent(shop)
    _branch(shop)
    shop.write("docs/branch.md", "a page of the branch\n")
    shop.commit("Write on the branch")


def edited_source_half_rekeyed(shop: Workshop) -> None:
    """Two hosts of four were rekeyed, and the others forgotten, in the same commit."""
    _branch(shop)
    shop.source(DB, "edited\n")
    rekey_all(shop, "db", DB, "edited\n", "alpha", "beta")
    shop.commit("Edit a secret and rekey two hosts")
    _innocent(shop)


def edited_twice(shop: Workshop) -> None:
    """Rekeyed for a version that was never committed."""
    _branch(shop)
    shop.source(DB, "edited\n")
    rekey_all(shop, "db", DB, "edited\n")
    shop.source(DB, "edited again\n")
    shop.commit("Rekey, and save the source once more")
    _innocent(shop)


def rotated_key(shop: Workshop) -> None:
    """A host got another key."""
    _branch(shop)
    shop.host("alpha", NEW)
    shop.commit("Install alpha anew")
    _innocent(shop, 2)


def rotated_key_on_main(shop: Workshop) -> None:
    """A host got another key on main; the branch fixes half of it."""
    shop.host("alpha", NEW)
    shop.commit("Install alpha anew")
    _branch(shop)
    rekey(shop, "alpha", "token", ALPHA_TOKEN, "token of alpha\n")
    shop.commit("Rekey one secret of alpha")


def merge_that_brings_a_host(shop: Workshop) -> None:
    """One side brings a host's output, the other edits the source and rekeys the hosts it knows."""
    shop.remove(old_output(shop, "gamma", "db"))
    shop.commit("Take a secret from gamma")
    shop.git.run("checkout", "--quiet", "-b", "work")
    shop.source(DB, "edited\n")
    rekey_all(shop, "db", DB, "edited\n", "alpha", "beta", "delta")
    shop.commit("Edit a secret and rekey")
    shop.git.run("checkout", "--quiet", "main")
    shop.rekey("gamma", "db", DB, "as it was\n")
    shop.commit("Give gamma the secret")
    shop.git.run("checkout", "--quiet", "work")
    shop.git.run("merge", "--quiet", "--no-edit", "main")
    _innocent(shop)


def merge_the_other_way(shop: Workshop) -> None:
    """The branch brings the host, main edits the source."""
    shop.remove(old_output(shop, "gamma", "db"))
    shop.commit("Take a secret from gamma")
    _branch(shop)
    shop.rekey("gamma", "db", DB, "as it was\n")
    shop.commit("Give gamma the secret")
    shop.git.run("checkout", "--quiet", "main")
    shop.source(DB, "edited\n")
    rekey_all(shop, "db", DB, "edited\n", "alpha", "beta", "delta")
    shop.commit("Edit a secret and rekey")
    shop.git.run("checkout", "--quiet", "work")
    shop.git.run("merge", "--quiet", "--no-edit", "main")


def merge_without_a_commit_since(shop: Workshop) -> None:
    """As `merge_that_brings_a_host`, and HEAD is the merge."""
    merge_that_brings_a_host(shop)
    shop.git.run("reset", "--quiet", "--hard", "HEAD^")


def retired_host(shop: Workshop) -> None:
    """A host's key and module went, its outputs stayed."""
    _branch(shop)
    shop.remove(key_path("beta"))
    shop.remove("hosts/beta/default.nix")
    shop.commit("Retire beta")
    _innocent(shop)


def dropped_declaration(shop: Workshop) -> None:
    """The source was edited and its name left every `.nix` file."""
    _branch(shop)
    for node in ("alpha", "beta", "gamma", "delta"):
        path = f"hosts/{node}/default.nix"
        lines = shop.read(path).decode().splitlines(keepends=True)
        shop.write(path, "".join(line for line in lines if "secrets/db.age" not in line))
    shop.source(DB, "edited\n")
    shop.commit("Edit a secret that nobody declares any more")
    _innocent(shop)


def damaged_output(shop: Workshop) -> None:
    """An output was cut short."""
    _branch(shop)
    path = old_output(shop, "alpha", "wifi")
    shop.write(path, shop.read(path)[:-20])
    shop.commit("Cut an output")
    _innocent(shop)


def wrong_recipient(shop: Workshop) -> None:
    """An output holds what another host's does."""
    _branch(shop)
    shop.write(old_output(shop, "alpha", "wifi"), shop.read(old_output(shop, "beta", "wifi")))
    shop.commit("Resolve a conflict the wrong way")
    _innocent(shop)


def deleted_output(shop: Workshop) -> None:
    """An output was removed, its key and source are there."""
    _branch(shop)
    shop.remove(old_output(shop, "beta", "wifi"))
    shop.commit("Remove an output")
    _innocent(shop)


def deleted_source(shop: Workshop) -> None:
    """A source was removed while outputs of it are there."""
    _branch(shop)
    shop.remove(WIFI)
    shop.commit("Remove a source")
    _innocent(shop)


def leftover(shop: Workshop) -> None:
    """An interrupted rekey left its directory."""
    _branch(shop)
    shop.write(f"{storage('alpha')}/.tmp.agenix-rekey.db.k3Jd81xQzP/db.age", b"half\n")
    shop.commit("Commit what an interrupted rekey left")
    _innocent(shop)


def fixed_again(shop: Workshop) -> None:
    """What was broken was fixed by a later commit."""
    edited_source(shop)
    rekey_all(shop, "db", DB, "edited\n")
    shop.commit("Rekey")


def several_at_once(shop: Workshop) -> None:
    """A source, then a key, then another output, each forgotten."""
    edited_source(shop)
    _innocent(shop)
    shop.host("delta", NEW)
    shop.commit("Install delta anew")
    path = old_output(shop, "alpha", "wifi")
    shop.write(path, b"in plain text\n")
    shop.commit("Write a secret in plain text")
    _innocent(shop)


HISTORIES: tuple[History, ...] = (
    edited_source,
    edited_source_then_other_work,
    edited_source_on_main,
    edited_source_half_rekeyed,
    edited_twice,
    rotated_key,
    rotated_key_on_main,
    merge_that_brings_a_host,
    merge_the_other_way,
    merge_without_a_commit_since,
    retired_host,
    dropped_declaration,
    damaged_output,
    wrong_recipient,
    deleted_output,
    deleted_source,
    leftover,
    fixed_again,
    several_at_once,
)


def _seen(report: Report) -> dict[str, object]:
    """Return what must not depend on how a tree was looked at.

    What a change took away, moved or left out is said of it: another base, another change.
    """
    return {
        "findings": sorted(
            (one.rule, one.path or "", str(one.severity), one.since or "")
            for one in report.findings
            if one.rule not in ("output-missing", "source-missing", "source-one-sided")
        ),
        "verdicts": sorted((one.path, str(one.verdict), one.rules) for one in report.files),
        "incomplete": report.incomplete,
        "exit": exit_code(report, Settings()),
    }


@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history.__name__)
def test_a_commit_is_judged_alike_in_every_view(fleet: Workshop, history: History) -> None:
    history(fleet)

    expected = _seen(judge(fleet))
    for view, options in VIEWS.items():
        assert _seen(judge(fleet, **options)) == expected, view
    # What one of them remembers serves the next.
    for view in (*VIEWS, *reversed(VIEWS)):
        assert _seen(judge(fleet, **VIEWS[view], no_cache=False)) == expected, view


ACTS = (
    "edit", "rekey", "half", "rotate", "end", "drop", "lose", "rename", "move", "add", "other",
    "side", "merge", "revert",
)  # fmt: skip


def _act(shop: Workshop, act: str, dice: random.Random) -> None:
    """Do one thing that people do, and commit it; nothing where it cannot be done now."""
    source, secret, _, nodes = dice.choice(SECRETS)
    node = dice.choice(nodes)
    text = f"edited {dice.random()}\n"
    if act in ("side", "merge"):
        _part_or_join(shop, merge=act == "merge")
        return
    if act == "revert":
        if shop.git.attempt("revert", "--no-edit", "HEAD")[0]:
            shop.git.attempt("revert", "--abort")
        return
    shop.write(f"docs/{dice.random()}.md", "a page\n")
    if act == "rotate":
        shop.host(node, dice.choice((NEW, OTHER, HOSTS[node])))
    elif act == "end" and (shop.top / key_path(node)).exists():
        key = shop.read(key_path(node)).decode().strip()
        shop.host(node, key + dice.choice(("", "\n", " a comment\n", f"\n{OTHER}")))
    elif act == "lose":
        for path in sorted((shop.top / storage(node)).glob(f"*-{secret}.age"))[:1]:
            shop.remove(path.relative_to(shop.top).as_posix())
    elif act == "move":
        secrets = shop.top / "secrets"
        if (secrets / "rekeyed").exists() and not (secrets / "moved").exists():
            shop.git.run("mv", "secrets/rekeyed", "secrets/moved")
    elif act == "add":
        name = f"new{dice.randrange(3)}"
        new = shop.source(f"secrets/{name}.age", text)
        with suppress(EncryptionError, FileNotFoundError):
            shop.rekey(node, name, new, text)
    elif (shop.top / source).exists():
        _handle(shop, act, source, secret, nodes if act != "half" else nodes[: len(nodes) // 2])
    shop.commit(act)


def _handle(shop: Workshop, act: str, source: str, secret: str, nodes: tuple[str, ...]) -> None:
    if act in ("edit", "half"):
        shop.source(source, f"{act}\n")
    if act in ("rekey", "half"):
        for node in nodes:
            for path in (shop.top / storage(node)).glob(f"*-{secret}.age"):
                path.unlink()
            with suppress(EncryptionError, FileNotFoundError):  # its key may be none now
                shop.rekey(node, secret, source, f"{act}\n")
    elif act == "drop":
        shop.remove(source)
    elif act == "rename":
        shop.write(source.replace("secrets/", "secrets/again/"), shop.read(source))
        shop.remove(source)


def _part_or_join(shop: Workshop, *, merge: bool) -> None:
    """Go on on a side branch, or merge it: what both sides changed is taken from the first."""
    here = shop.git.run("branch", "--show-current").decode().strip()
    if not merge and here == "work":
        shop.git.run("checkout", "--quiet", "-B", "side")
    elif merge and here == "side":
        shop.git.run("checkout", "--quiet", "work")
        if shop.git.attempt("merge", "--quiet", "--no-edit", "-X", "ours", "side")[0]:
            shop.git.run("merge", "--abort")


@settings(per_hundred(10), phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.sampled_from(ACTS), min_size=3, max_size=9),
    st.randoms(use_true_random=True),
)
def test_any_history_is_judged_alike_in_every_view(
    tmp_path_factory: pytest.TempPathFactory, acts: list[str], dice: random.Random
) -> None:
    top = tmp_path_factory.mktemp("fleet")
    shop = build_fleet(top / "fleet")
    for act in acts[: dice.randrange(len(acts))]:
        _act(shop, act, dice)
    _branch(shop)
    for act in acts:
        _act(shop, act, dice)

    expected = _seen(judge(shop))
    for name, options in VIEWS.items():
        assert _seen(judge(shop, **options, no_cache=False)) == expected, name
        looks = [text_of(shop, **options, no_cache=one) for one in (True, False, False)]
        assert looks[1:] == looks[:1] * 2, name

    # What is broken stays so, whatever else is committed.
    before = _stale(judge(shop))
    _innocent(shop)
    assert _stale(judge(shop)) == before
    shutil.rmtree(top)


def _stale(report: Report) -> set[tuple[str, str, str]]:
    found = (one for one in report.findings if one.rule in ("output-stale", "node-invalid-key"))
    return {(one.rule, one.path or "", str(one.severity)) for one in found}
