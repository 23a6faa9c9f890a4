"""What this change broke and what was broken before it, where the fleet is declared."""

import json

import pytest

from agenix_check.discover.tree.evidence import LOCK
from agenix_check.model.findings import CauseKind, Finding, Report
from tests.audit.texts import TOP, UNUSABLE
from tests.discover.declared.estate import DB, TOKEN, Estate, Secret, judge, told
from tests.host_keys import ALPHA, BETA, NEW, OTHER

HOST = "hosts/alpha/host.pub"
FIX = (
    f"# put {HOST} right (it must be one age or SSH public key) and git add it, then: "
    "agenix-check --fix"
)


@pytest.fixture(autouse=True)
def _without_lock(estate: Estate) -> None:
    estate.shop.remove(LOCK)


def stage(estate: Estate) -> None:
    estate.write_flake()
    estate.shop.stage()


def commit(estate: Estate, message: str) -> str:
    estate.write_flake()
    return estate.shop.commit(message)


def only(report: Report, rule: str) -> Finding:
    (finding,) = (one for one in report.findings if one.rule == rule)
    return finding


def about(report: Report) -> set[tuple[object, ...]]:
    """Return what is wrong, without what depends on the change that is judged.

    What is staged only, Git removes with `-f`.
    """
    return {
        (
            one.rule,
            str(one.severity),
            one.node,
            one.secret,
            one.path,
            one.source,
            (one.mend or "").replace("git rm -f ", "git rm "),
        )
        for one in report.findings
        if one.severity != "note"
    }


@pytest.mark.parametrize("remembered", [True, False], ids=["base judged", "base unknown"])
@pytest.mark.parametrize("name", UNUSABLE)
def test_a_key_that_becomes_unusable(estate: Estate, name: str, *, remembered: bool) -> None:
    commit(estate, "Begin")
    if remembered:
        judge(estate, "nix", no_cache=False)
    estate.shop.host("alpha", UNUSABLE[name])
    stage(estate)

    report = judge(estate, "nix", no_cache=not remembered)

    stale = [one for one in report.findings if one.rule == "output-stale"]
    assert {one.secret for one in stale} == {"db", "token"}
    invalid = only(report, "node-invalid-key")
    assert (invalid.node, invalid.path) == ("nixos:alpha", HOST)
    for one in (*stale, invalid):
        assert one.new
        assert one.mend == FIX
        assert one.since is None
        assert one.cause is not None
        assert (one.cause.kind, one.cause.path) == (CauseKind.KEY_CHANGED, HOST)

    broken = commit(estate, "Leave it")
    report = judge(estate, "nix", no_cache=not remembered)

    assert not any(one.new for one in report.findings)
    for one in (one for one in report.findings if one.rule == "output-stale"):
        assert one.since == broken
        assert one.cause is not None
        assert (one.cause.path, one.cause.commit) == (HOST, broken)
    assert only(report, "node-invalid-key").path == HOST


@pytest.mark.parametrize("remembered", [True, False], ids=["base judged", "base unknown"])
def test_a_private_key_that_takes_the_place_of_a_public_one(
    estate: Estate, *, remembered: bool
) -> None:
    commit(estate, "Begin")
    if remembered:
        judge(estate, "nix", no_cache=False)
    estate.shop.host("alpha", estate.shop.identity)
    stage(estate)

    report = judge(estate, "nix", no_cache=not remembered)

    (finding,) = (one for one in report.findings if one.rule == "private-key" and one.node)
    assert finding.new
    assert finding.cause is not None
    assert (finding.cause.kind, finding.cause.path) == (CauseKind.KEY_CHANGED, HOST)


def write_computed(estate: Estate, key: str) -> None:
    """Let Nix put beta's key together from a file and a comment."""
    body = key.split()[1]
    estate.shop.write("keys/beta.txt", body)
    text = f"ssh-ed25519 {body} root@beta.lan"
    estate.nodes["beta"].key = text
    estate.write_flake()
    flake = estate.shop.read("flake.nix").decode()
    computed = '"ssh-ed25519 ${builtins.readFile ./keys/beta.txt} root@beta.lan"'
    estate.shop.write("flake.nix", flake.replace(json.dumps(text), computed))


@pytest.mark.parametrize("remembered", [True, False], ids=["base judged", "base unknown"])
def test_a_key_that_nix_computes(estate: Estate, *, remembered: bool) -> None:
    write_computed(estate, BETA)
    estate.rekey()
    estate.shop.commit("Compute the key")
    assert judge(estate, "nix", no_cache=not remembered).findings == ()
    write_computed(estate, NEW)
    estate.shop.stage()

    report = judge(estate, "nix", no_cache=not remembered)

    assert told(report) == {
        ("output-stale", "nixos:beta", "db"),
        ("output-stale", "nixos:beta", "group/wifi"),
    }
    for one in report.findings:
        assert one.new
        assert one.cause is not None
        assert (one.cause.kind, one.cause.path) == (CauseKind.KEY_CHANGED, "keys/beta.txt")
    estate.shop.commit("Leave it")
    assert {one.new for one in judge(estate, "nix").findings} == {False}


def write_imported(estate: Estate, **keys: str) -> None:
    """Let the nodes take their keys from one file of Nix."""
    lines = "".join(f"  {name} = {json.dumps(key.strip())};\n" for name, key in keys.items())
    estate.shop.write("keys.nix", f"{{\n{lines}}}\n")
    for name, key in keys.items():
        estate.nodes[name].key = key.strip()
        (estate.shop.top / f"hosts/{name}/host.pub").unlink(missing_ok=True)
    estate.write_flake()
    flake = estate.shop.read("flake.nix").decode()
    for name, key in keys.items():
        flake = flake.replace(json.dumps(key.strip()), f"(import ./keys.nix).{name}")
    estate.shop.write("flake.nix", flake)


@pytest.mark.parametrize("view", ["base judged", "in CI"])
def test_of_an_imported_key_file_only_what_this_change_broke_is_new(
    estate: Estate, view: str
) -> None:
    """An old break of beta stays old while the file with all keys changes for alpha."""
    options = {"no_cache": False} if view == "base judged" else {"evaluate": "always"}
    write_imported(estate, alpha=ALPHA, beta=BETA)
    estate.rekey()
    estate.shop.commit("Begin")
    write_imported(estate, alpha=ALPHA, beta=NEW)
    broken = estate.shop.commit("Break beta")
    judge(estate, "nix", **options)
    write_imported(estate, alpha=OTHER, beta=NEW)
    estate.shop.stage()

    report = judge(estate, "nix", **options)

    assert {(one.node, one.new) for one in report.findings} == {
        ("nixos:alpha", True),
        ("nixos:beta", False),
    }
    for one in report.findings:
        assert one.rule == "output-stale"
        assert one.cause is not None
        assert (one.cause.kind, one.cause.path) == (CauseKind.KEY_CHANGED, "keys.nix")
        assert one.since == (None if one.new else broken)


def test_where_the_base_is_not_judged_any_declaring_file_makes_it_new(estate: Estate) -> None:
    commit(estate, "Begin")
    estate.nodes["beta"].secrets["token"] = Secret(TOKEN)
    commit(estate, "Forget to rekey")
    estate.shop.write("modules/web.nix", "{ }\n")
    estate.shop.stage()

    assert only(judge(estate, "nix"), "output-missing").new
    assert not only(judge(estate, "nix", evaluate="always"), "output-missing").new


def test_a_node_that_did_not_evaluate_at_the_base_is_judged_by_dependencies(
    estate: Estate,
) -> None:
    del estate.nodes["delta"]
    estate.nodes["beta"].secrets["token"] = Secret(TOKEN)
    estate.write_flake('nixosConfigurations.delta = throw "not yet";')
    estate.shop.commit("Forget to rekey")
    delta = estate.add_node("delta")
    delta.secrets["token"] = Secret(TOKEN)
    stage(estate)

    report = judge(estate, "nix", evaluate="always")

    missing = {one.node: one.new for one in report.findings if one.rule == "output-missing"}
    assert missing == {"nixos:beta": False, "nixos:delta": True}


def test_what_waits_to_be_staged_was_lacking_before(estate: Estate) -> None:
    estate.edit(DB, "another\n")
    commit(estate, "Forget to rekey")
    judge(estate, "nix", no_cache=False)
    estate.rekey(tidy=False)

    report = judge(estate, "nix", no_cache=False)

    assert {one.rule for one in report.findings} == {"output-unstaged"}
    estate.shop.write("README.md", "Another text.\n")
    estate.shop.stage("README.md")
    assert {one.new for one in judge(estate, "nix", no_cache=False).findings} == {False}


BREAKS = ("source", "key", "unusable key", "deleted output", "dropped node", "plain text")


def break_it(estate: Estate, what: str) -> None:
    if what == "source":
        estate.edit(DB, "another\n")
    elif what == "key":
        estate.shop.host("alpha", NEW)
    elif what == "unusable key":
        estate.shop.host("alpha", UNUSABLE["ecdsa"])
    elif what == "deleted output":
        estate.shop.remove(estate.output("alpha", "token"))
    elif what == "dropped node":
        del estate.nodes["beta"]
        estate.shop.remove("hosts/beta/host.pub")
    else:
        name = "0" * 32 + "-old.age"
        estate.shop.write(f"secrets/rekeyed/alpha/{name}", "the password\n")


@pytest.mark.parametrize("what", BREAKS)
@pytest.mark.parametrize("inventory", ["lock", "nix"])
def test_one_tree_has_one_verdict(estate: Estate, inventory: str, what: str) -> None:
    """Whoever asks, at whichever later commit, sees the same; only what is new differs."""

    def keep(message: str) -> str:
        if inventory == "lock":
            estate.write_lock()
        return commit(estate, message)

    first = keep("Begin")
    break_it(estate, what)
    broken = keep("Break it")
    estate.shop.write("README.md", "Another text.\n")
    estate.shop.commit("Do something else")

    plain = judge(estate, inventory)
    views = {
        "commit": judge(estate, inventory, rev="HEAD"),
        "that commit": judge(estate, inventory, rev=broken),
        "work tree": judge(estate, inventory, worktree=True),
        "range": judge(estate, inventory, from_ref=first, to_ref="HEAD"),
        "in CI": judge(estate, inventory, from_ref=first, to_ref="HEAD", evaluate="always"),
    }

    assert about(plain)
    for view, report in views.items():
        assert about(report) == about(plain), view
    for report in (plain, views["commit"], views["work tree"]):
        assert not any(one.new for one in report.findings)
    for report in (views["that commit"], views["range"], views["in CI"]):
        assert all(one.new for one in report.findings if one.severity != "note")
    for one in plain.findings:
        dated = one.rule in ("output-stale", "output-orphan")
        assert one.since == (broken if dated else None)


def test_a_lock_file_that_a_key_left_behind_stays_stale(estate: Estate) -> None:
    estate.write_lock()
    estate.shop.commit("Begin")
    estate.shop.host("alpha", NEW)
    estate.shop.stage()
    assert only(judge(estate), "lock-stale").new
    estate.shop.commit("Forget the lock file")

    report = judge(estate)

    finding = only(report, "lock-stale")
    assert finding.message == f"nixos:alpha has the hostPubkey that {HOST} held before"
    assert not finding.new
    estate.shop.write("README.md", "Another text.\n")
    estate.shop.stage()
    assert about(judge(estate)) == about(report)
    assert not only(judge(estate), "lock-stale").new


@pytest.mark.parametrize("name", UNUSABLE)
def test_by_a_lock_file_a_spoiled_key_is_named_too(estate: Estate, name: str) -> None:
    estate.write_lock()
    estate.shop.commit("Begin")
    estate.shop.host("alpha", UNUSABLE[name])
    estate.shop.stage()

    report = judge(estate)

    invalid, stale = only(report, "node-invalid-key"), only(report, "lock-stale")
    assert (invalid.node, invalid.path, invalid.mend) == ("nixos:alpha", HOST, FIX)
    assert stale.mend == FIX.replace(
        "agenix-check --fix", f"agenix-check fleet --lock && git add -- :/{LOCK}"
    )
    assert invalid.new
    assert stale.new
    estate.shop.commit("Leave it")
    assert about(judge(estate)) == about(report)
    assert not any(one.new for one in judge(estate).findings)


def test_by_a_lock_file_with_an_unusable_key(estate: Estate) -> None:
    estate.shop.host("alpha", UNUSABLE["ecdsa"])
    estate.write_lock()
    estate.shop.stage()

    report = judge(estate)

    assert {one.rule for one in report.findings} == {"node-invalid-key", "output-stale"}
    assert {one.mend for one in report.findings} == {FIX}


def test_a_key_that_is_a_path_is_rekeyed_where_the_file_is(estate: Estate) -> None:
    estate.nodes["alpha"].key = "/etc/ssh/ssh_host_ed25519_key.pub"
    stage(estate)

    report = judge(estate, "nix")

    mends = {one.mend for one in report.findings if one.rule == "output-stale"}
    assert mends == {
        f"{TOP} && agenix rekey -a  # on a machine that has /etc/ssh/ssh_host_ed25519_key.pub"
    }


def test_a_directory_that_no_node_claims_is_judged_by_names(estate: Estate) -> None:
    """Guests and hives are declared elsewhere: nothing may take their secrets away."""
    del estate.nodes["beta"]
    estate.shop.write("guests/beta.nix", '{ "group/wifi".rekeyFile = ../secrets/wifi.age; }\n')
    commit(estate, "Declare beta elsewhere")

    report = judge(estate, "nix")
    assert report.findings == ()
    assert not report.fleet.complete
    assert {one.node for one in report.outputs if one.secret == "group/wifi"} == {
        "secrets/rekeyed/beta"
    }

    estate.edit("secrets/wifi.age", "another\n")
    broken = commit(estate, "Forget to rekey")
    for again in (judge(estate, "nix"), judge(estate, "nix", rev=broken)):
        finding = only(again, "output-stale")
        assert (finding.node, finding.since) == ("secrets/rekeyed/beta", broken)
        assert finding.mend == "agenix-check --fix  # or agenix rekey -a"
        assert not [one for one in again.findings if one.rule == "output-orphan"]


def test_of_two_breaks_each_is_named_with_its_own_commit(estate: Estate) -> None:
    estate.edit(DB, "another\n")
    first = commit(estate, "Edit a source")
    estate.shop.host("alpha", NEW)
    second = commit(estate, "Rotate a key")
    estate.shop.write("README.md", "More.\n")
    commit(estate, "Write")

    report = judge(estate, "nix")

    (alpha,) = (one for one in report.findings if (one.node, one.secret) == ("nixos:alpha", "db"))
    assert alpha.cause is not None
    assert (alpha.cause.path, alpha.cause.commit, alpha.since) == (HOST, second, first)
    (beta,) = (one for one in report.findings if one.node == "nixos:beta")
    assert beta.cause is not None
    assert (beta.cause.path, beta.cause.commit) == (DB, first)
