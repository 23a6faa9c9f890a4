"""Generated sources that are older than what they were generated from, as history shows it."""

import json

import pytest

from agenix_check.discover.declared.lock import render_lock
from agenix_check.discover.tree.evidence import LOCK
from agenix_check.model.findings import CauseKind, Finding, Severity
from tests.discover.declared.estate import DB, TOKEN, WIFI, Estate, Secret, judge

KINDS = pytest.mark.parametrize("kind", ["nix", "lock"])


@pytest.fixture
def generated(estate: Estate) -> Estate:
    """A fleet in which the token is generated from two other sources, committed in this order."""
    token = estate.nodes["alpha"].secrets["token"]
    token.generator, token.needs = True, (DB, WIFI)
    _commit(estate)
    return estate


def _commit(estate: Estate) -> str:
    estate.rekey()
    estate.write_flake()
    estate.write_lock()
    return estate.shop.commit("Go on")


def _outdated(estate: Estate, kind: str, **settings: str | bool) -> list[Finding]:
    report = judge(estate, kind, **settings)
    return [finding for finding in report.findings if finding.rule == "source-outdated"]


@KINDS
def test_nothing_is_outdated_where_all_came_together(generated: Estate, kind: str) -> None:
    assert _outdated(generated, kind) == []


@KINDS
def test_an_edited_dependency_is_named_and_stays_so(generated: Estate, kind: str) -> None:
    generated.edit(WIFI, "another\n")
    generated.rekey()
    generated.shop.stage()
    (staged,) = _outdated(generated, kind)
    assert (staged.path, staged.new, staged.since) == (TOKEN, True, None)
    assert staged.severity is Severity.WARNING
    assert staged.message == f"generated before {WIFI}, which it depends on, changed"
    assert staged.mend is not None
    assert f" && agenix generate -a -f -- {TOKEN}" in staged.mend

    commit = _commit(generated)
    generated.shop.write("README", "x")
    generated.shop.commit("Something else")
    (old,) = _outdated(generated, kind)
    assert (old.new, old.since) == (False, commit)
    assert old.cause is not None
    assert (old.cause.kind, old.cause.path) == (CauseKind.SOURCE_CHANGED, WIFI)
    assert [old] == _outdated(generated, kind, rev="HEAD")
    (made,) = _outdated(generated, kind, rev="HEAD~")
    assert made.new


@KINDS
def test_generated_again_it_is_in_order(generated: Estate, kind: str) -> None:
    generated.edit(DB, "another\n")
    _commit(generated)
    generated.edit(TOKEN, "made again\n")
    generated.rekey()
    generated.shop.stage()
    assert _outdated(generated, kind) == []
    _commit(generated)
    assert _outdated(generated, kind) == []


def test_a_dependency_of_another_node_counts(generated: Estate) -> None:
    generated.nodes["beta"].secrets["api"] = Secret("secrets/api.age")
    generated.nodes["alpha"].secrets["token"].needs = ("secrets/api.age",)
    generated.write_sources()
    _commit(generated)
    (finding,) = _outdated(generated, "nix")
    assert finding.cause is not None
    assert finding.cause.path == "secrets/api.age"


def test_a_merge_counts_where_it_brought_the_edit(generated: Estate) -> None:
    git = generated.shop.git
    git.run("checkout", "--quiet", "-b", "side")
    generated.edit(DB, "another\n")
    _commit(generated)
    git.run("checkout", "--quiet", "main")
    generated.shop.write("README", "x")
    generated.shop.commit("Something else")
    git.run("merge", "--quiet", "--no-ff", "-m", "Merge", "side")
    merge = git.run("rev-parse", "HEAD").decode().strip()
    (finding,) = _outdated(generated, "nix", rev="HEAD")
    assert finding.new
    generated.shop.write("README", "y")
    generated.shop.commit("Go on")
    (finding,) = _outdated(generated, "nix")
    assert finding.since == merge


def test_a_missing_source_says_what_is_to_be_generated_first(generated: Estate) -> None:
    api, made = "secrets/api.age", "secrets/made.age"
    generated.nodes["beta"].secrets["api"] = Secret(api, generator=True)
    generated.nodes["beta"].secrets["made"] = Secret(made, generator=True, needs=(DB, api))
    generated.write_flake()
    generated.shop.stage()
    report = judge(generated, "nix")
    (message,) = (one.message for one in report.findings if one.path == made)
    assert message == (
        f"declared with a generator, but not generated yet; it depends on {api}, {DB}; "
        f"generate {api} first"
    )


@KINDS
def test_what_is_missing_is_named_in_the_order_to_make_it(generated: Estate, kind: str) -> None:
    """Across nodes, and through what is generated itself; a circle ends somewhere."""
    base, mid, top = "secrets/z.age", "secrets/m.age", "secrets/a.age"
    hand = "secrets/by-hand.age"
    alpha, beta = generated.nodes["alpha"].secrets, generated.nodes["beta"].secrets
    alpha["base"] = Secret(base, generator=True, needs=(hand, top))
    alpha["hand"] = Secret(hand)
    beta["mid"] = Secret(mid, generator=True, needs=(base, DB))
    alpha["top"] = Secret(top, generator=True, needs=(mid,))
    generated.write_flake()
    generated.shop.write(LOCK, render_lock(generated.declare()))
    generated.shop.stage()
    said = {one.path: one.message for one in judge(generated, kind).findings}
    assert said[top].endswith(
        f"it depends on {mid}; write {hand}, then generate {base}, then generate {mid} first"
    )
    assert f"it depends on {base}, {DB}; " in said[mid]
    assert said[hand] == "declared, but not in the tree"


def test_an_older_lock_file_is_not_stale_for_what_it_does_not_say(generated: Estate) -> None:
    lock = json.loads(generated.shop.read(LOCK))
    token = lock["nodes"]["nixos:alpha"]["secrets"]["token"]
    assert token.pop("dependencies") == [DB, WIFI]
    generated.shop.write(LOCK, json.dumps(lock))
    generated.shop.commit("Have an older lock file")
    for kind in ("nix", "lock"):
        rules = {finding.rule for finding in judge(generated, kind).findings}
        assert "lock-stale" not in rules
