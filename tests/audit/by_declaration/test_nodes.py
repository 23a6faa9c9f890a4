"""Nodes as they are declared: their keys, their directories, and those that do not evaluate."""

import pytest

from agenix_check.cli.configuration import load_settings
from agenix_check.gate import exit_code
from agenix_check.git.repository import open_repository
from agenix_check.inquiries import judge_fleet
from agenix_check.keys.encrypt import encrypt
from agenix_check.model.declaration import DeclaredPath, MasterIdentity
from agenix_check.model.findings import Report, Severity, Verdict
from agenix_check.model.settings import Settings
from agenix_check.report import RenderOptions, fleet_listing, render
from agenix_check.view import open_view
from tests.conftest import Run
from tests.discover.declared.estate import (
    DB,
    TOKEN,
    Estate,
    judge,
    judge_all,
    result,
    the_only,
    told,
)
from tests.host_keys import ALPHA, BETA
from tests.settings_files import file_at

KEY_PATH = "/etc/ssh/ssh_host_ed25519_key.pub"


@pytest.mark.parametrize("text", [ALPHA + BETA, "alpha " + ALPHA, "", "ssh-ed25519 AAAA"])
def test_a_key_that_is_none(estate: Estate, text: str) -> None:
    del estate.nodes["alpha"].secrets["db"]
    estate.shop.host("alpha", text)
    for file in (estate.shop.top / "secrets/rekeyed/alpha").iterdir():
        file.unlink()
    estate.shop.write(estate.output("alpha", "token"), encrypt(b"x" * 35, [ALPHA]))

    report = judge_all(estate)

    (finding,) = (one for one in report.findings if one.rule == "node-invalid-key")
    assert finding.node == "nixos:alpha"
    assert finding.severity is Severity.ERROR
    assert finding.new


def test_a_key_that_is_a_path_outside(estate: Estate) -> None:
    node = estate.nodes["alpha"]
    node.key = KEY_PATH
    for file in (estate.shop.top / node.storage).iterdir():
        file.unlink()
    for id_ in node.secrets:
        estate.rekey_one("alpha", id_, key=ALPHA)

    report = judge_all(estate)

    finding = the_only(report, "node-key-path")
    assert finding.severity is Severity.WARNING
    assert KEY_PATH in finding.message
    assert result(report, "alpha", "db").verdict is Verdict.UNVERIFIABLE
    estate.shop.commit("Use a path")
    assert not the_only(judge(estate), "node-key-path").new


def test_a_directory_of_two_nodes(estate: Estate) -> None:
    estate.nodes["beta"].storage = estate.nodes["alpha"].storage
    estate.rekey(tidy=False)
    for file in (estate.shop.top / "secrets/rekeyed/beta").rglob("*.age"):
        file.unlink()

    finding = the_only(judge_all(estate), "node-storage-overlap")

    assert (finding.path, finding.node) == ("secrets/rekeyed/alpha", "nixos:alpha")
    assert finding.message.startswith("what belongs to nixos:beta is in this storage directory")
    assert finding.severity is Severity.ERROR
    assert finding.new


def test_a_directory_inside_another(estate: Estate) -> None:
    estate.nodes["beta"].storage = "secrets/rekeyed/alpha/beta"
    estate.rekey()
    for file in (estate.shop.top / "secrets/rekeyed/beta").rglob("*.age"):
        file.unlink()

    finding = the_only(judge_all(estate), "node-storage-overlap")

    assert finding.path == "secrets/rekeyed/alpha"
    assert finding.message.startswith("secrets/rekeyed/alpha/beta is in")


@pytest.mark.parametrize("storage", ["secrets", ""])
def test_a_directory_with_sources(estate: Estate, storage: str) -> None:
    for file in (estate.shop.top / "secrets/rekeyed/delta").rglob("*.age"):
        file.unlink()
    estate.nodes["delta"].storage = storage
    estate.rekey(tidy=False)

    report = judge_all(estate)

    (finding,) = (one for one in report.findings if one.rule == "node-storage-overlap")
    assert (finding.path, finding.node) == (storage, "nixos:delta")
    assert TOKEN in finding.message
    assert result(report, "delta", "db").verdict is Verdict.UNVERIFIABLE


def test_a_directory_outside(estate: Estate) -> None:
    estate.nodes["delta"].storage = "/var/lib/rekeyed"
    estate.nodes["delta"].outside = True
    for file in (estate.shop.top / "secrets/rekeyed/delta").rglob("*.age"):
        file.unlink()
    estate.write_lock()
    estate.shop.stage()

    report = judge(estate)

    finding = the_only(report, "node-storage-overlap")
    assert (finding.node, finding.path) == ("nixos:delta", None)
    assert "/var/lib/rekeyed" in finding.message
    found = result(report, "delta", "db")
    assert found.verdict is Verdict.UNVERIFIABLE
    assert "/var/lib/rekeyed" in (found.reason or "")


BROKEN = '      nixosConfigurations.broken = throw "no such host";'


def test_a_node_that_does_not_evaluate(estate: Estate, run: Run) -> None:
    del estate.nodes["delta"]
    estate.write_flake(BROKEN.replace("broken", "delta"))
    estate.edit(DB, "another\n")
    estate.shop.stage()

    result_ = run(estate.shop.top, "--inventory", "nix")
    report = judge(estate, "nix")

    assert result_.code == 3
    (line,) = result_.stderr.splitlines()
    assert line == "agenix-check: could not check: nixos:delta could not be evaluated"
    assert result_.stdout.count("no such host") == 1
    hidden = run(estate.shop.top, "--inventory", "nix", "--node", "alpha")
    assert hidden.stderr.startswith(f"{line}: no such host")
    assert "no such host" not in hidden.stdout
    ignored = run(estate.shop.top, "--inventory", "nix", "--ignore", "node-not-evaluated")
    assert ignored.stderr.startswith(f"{line}: no such host")
    (failed,) = (one for one in report.findings if one.rule == "node-not-evaluated")
    assert failed.node == "nixos:delta"
    assert "no such host" in failed.message
    assert told(report) >= {
        ("output-stale", "nixos:alpha", "db"),
        ("output-stale", "nixos:beta", "db"),
        ("output-stale", "secrets/rekeyed/delta", "db"),  # by its name alone
    }
    assert not [one for one in report.findings if one.rule in ("output-orphan", "source-unused")]
    assert not report.fleet.complete
    assert report.fleet.nodes == 3
    assert exit_code(report, Settings()) == 3


def test_a_directory_that_a_failed_node_may_share_holds_no_orphans(estate: Estate) -> None:
    estate.nodes["beta"].storage = estate.nodes["alpha"].storage
    estate.rekey(tidy=False)
    del estate.nodes["beta"]
    estate.write_flake(BROKEN.replace("broken", "beta"))
    estate.shop.stage()

    report = judge(estate, "nix")

    assert [one.path for one in report.findings if one.rule == "output-orphan"] == []


def everything_printed(estate: Estate, report: Report) -> str:
    """Return what every format says of a report, and `fleet` of the fleet."""
    plain = RenderOptions(verbose=True, strict=True, require_verified=True)
    texts = [render(report, name, plain) for name in ("text", "json", "junit")]
    for inventory in ("lock", "nix"):
        settings = load_settings(file_at(estate.shop.top), {}, {"inventory": inventory})
        with open_view(open_repository(estate.shop.top), settings) as view:
            found = judge_fleet(view, settings)
        texts.append(fleet_listing.render_text(found.fleet, found.report))
        texts.append(fleet_listing.render_json(found.fleet, found.report))
        texts += found.report.incomplete
    return "\n".join(texts)


@pytest.mark.parametrize("place", ["hostPubkey", "pubkey", "extraEncryptionPubkeys", "failure"])
@pytest.mark.parametrize("inventory", ["lock", "nix"])
def test_a_private_key_is_never_shown_or_kept(
    estate: Estate, run: Run, place: str, inventory: str
) -> None:
    secret = estate.shop.identity
    more = ""
    if place == "hostPubkey":
        estate.nodes["alpha"].key = secret
    elif place == "pubkey":
        estate.masters = [MasterIdentity(identity=DeclaredPath(path="m.txt"), pubkey=secret)]
    elif place == "extraEncryptionPubkeys":
        estate.extra = [secret]
    else:
        more = BROKEN.replace("no such host", secret)
    estate.write_lock()
    estate.write_flake(more)
    estate.shop.stage()

    report = judge(estate, inventory, no_cache=False)
    printed = everything_printed(estate, report)
    lock = run(estate.shop.top, "fleet", "--lock")
    direct = run(estate.shop.top, "--inventory", inventory, "-v")

    assert secret not in printed
    assert secret not in "".join((lock.stdout, lock.stderr, direct.stdout, direct.stderr))
    kept = [file for file in (estate.shop.top / ".git/agenix-check").rglob("*") if file.is_file()]
    assert kept
    assert not [file for file in kept if secret.encode() in file.read_bytes()]
    assert lock.code == 3
    if place != "failure":
        (finding,) = (
            one for one in report.findings
            if one.rule == "private-key" and one.node == "nixos:alpha"
        )  # fmt: skip
        assert place.removeprefix("p") in finding.message
        assert finding.severity is Severity.ERROR
    if place == "hostPubkey":
        assert result(report, "alpha", "db").verdict is Verdict.UNVERIFIABLE
