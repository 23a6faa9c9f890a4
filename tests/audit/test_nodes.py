"""Nodes: their keys, and the directories in which their outputs lie."""

import pytest

from agenix_check.age import DUMMY_RECIPIENT
from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt
from agenix_check.model.findings import Verdict
from tests.audit.scenes import (
    DB,
    WIFI,
    judge,
    judge_staged,
    name_key_file,
    of_rule,
    old_output,
    result,
    storage,
    the_only,
    told,
)
from tests.host_keys import ALPHA, BETA, NEW, OTHER, RSA

PATH = "/etc/ssh/ssh_host_ed25519_key.pub"


def output_for(shop: Workshop, node: str, secret: str, source: str, key: str) -> str:
    """Write an output for a key text that nothing can be encrypted to."""
    path = shop.output_path(node, secret, source, key)
    return shop.write(path, encrypt(b"postgres://db\n", [ALPHA]))


@pytest.mark.parametrize(
    "text",
    [
        ALPHA + BETA,
        f"alpha {ALPHA}",
        ALPHA.replace("AAAAC3", "AAAAC3AAAA"),
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI root@cut\n",
        "age1u98ev34gftazmhmm99l2lasjz8jgxcg5phsvwrv69vrw2vlaq99swvx570\n",
    ],
    ids=["two keys", "ssh-keyscan", "damaged", "cut", "checksum"],
)
def test_a_text_that_is_no_single_key(fleet: Workshop, text: str) -> None:
    fleet.host("omega", text)
    output_for(fleet, "omega", "db", DB, text)

    report = judge_staged(fleet)

    finding = the_only(report, "node-invalid-key")
    assert (finding.severity, finding.node) == ("error", storage("omega"))
    assert finding.path == name_key_file("omega")
    assert finding.new
    assert result(report, "omega", "db").verdict is Verdict.UNVERIFIABLE
    fleet.commit("Leave it")
    assert not the_only(judge_staged(fleet), "node-invalid-key").new


def test_the_placeholder_key(fleet: Workshop) -> None:
    fleet.host("omega", DUMMY_RECIPIENT + "\n")
    fleet.rekey("omega", "db", DB, "postgres://db\n")

    finding = the_only(judge_staged(fleet), "node-placeholder-key")

    assert (finding.severity, finding.node) == ("warning", storage("omega"))
    assert finding.path == name_key_file("omega")


def test_a_placeholder_node_without_outputs_is_in_order(fleet: Workshop) -> None:
    fleet.host("omega", DUMMY_RECIPIENT)

    assert judge_staged(fleet).findings == ()


def test_a_path_for_a_key(fleet: Workshop) -> None:
    module = fleet.write("hosts/omega/default.nix", f'{{ age.rekey.hostPubkey = "{PATH}"; }}\n')
    output_for(fleet, "omega", "db", DB, PATH)

    report = judge_staged(fleet)

    finding = the_only(report, "node-key-path")
    assert (finding.severity, finding.node, finding.path) == ("warning", storage("omega"), module)
    assert PATH in finding.message
    output = result(report, "omega", "db")
    assert (output.verdict, output.reason) == (
        Verdict.UNVERIFIABLE,
        "its node's public key is unknown",
    )


def test_a_source_below_a_storage_directory(fleet: Workshop) -> None:
    path = fleet.source(f"{storage('alpha')}/new.age", "x")

    finding = the_only(judge_staged(fleet), "node-storage-overlap")

    assert (finding.severity, finding.node, finding.path) == (
        "error", storage("alpha"), storage("alpha"),
    )  # fmt: skip
    assert finding.message.startswith(f"{path} is in this storage directory")
    assert finding.new
    fleet.commit("Leave it")
    fleet.source(path, "y")
    assert not the_only(judge_staged(fleet), "node-storage-overlap").new


def test_the_source_directory_as_storage(workshop: Workshop) -> None:
    """What happened to agenix-rekey's users: a rekey deleted the sources."""
    workshop.host("alpha", ALPHA)
    for name in ("a", "b"):
        source = workshop.source(f"secrets/rekeyed/alpha/{name}.age", name)
        workshop.rekey("alpha", name, source, name)

    finding = the_only(judge_staged(workshop), "node-storage-overlap")

    assert "secrets/rekeyed/alpha/a.age and 1 more are in" in finding.message


def test_a_storage_directory_inside_another(fleet: Workshop) -> None:
    old = old_output(fleet, "beta", "wifi")
    fleet.write(old.replace("/beta/", "/alpha/beta/"), fleet.read(old))
    fleet.remove(old)

    finding = the_only(judge_staged(fleet), "node-storage-overlap")

    assert finding.node == storage("alpha")
    assert finding.new


def test_a_name_with_a_slash_is_no_storage_of_its_own(fleet: Workshop) -> None:
    fleet.rekey("alpha", "group/db", DB, "postgres://db\n")

    report = judge_staged(fleet)

    assert report.findings == ()
    assert result(report, "alpha", "group/db").verdict is Verdict.OK


def test_two_nodes_in_one_directory(fleet: Workshop) -> None:
    old = old_output(fleet, "beta", "wifi")
    fleet.write(old.replace("/beta/", "/alpha/"), fleet.read(old))

    finding = the_only(judge_staged(fleet), "output-mixed-keys")

    assert (finding.severity, finding.node, finding.path) == (
        "warning", storage("alpha"), storage("alpha"),
    )  # fmt: skip
    assert "2 keys (hosts/alpha/host.pub, hosts/beta/host.pub)" in finding.message
    assert finding.new
    fleet.commit("Leave it")
    fleet.rekey("alpha", "again", WIFI, "correct horse\n")
    assert not the_only(judge_staged(fleet), "output-mixed-keys").new


def test_one_key_in_two_spellings_is_one_key(fleet: Workshop) -> None:
    fleet.rekey("alpha", "bare", DB, "postgres://db\n", key=" ".join(ALPHA.split()[:2]))
    fleet.rekey("alpha", "trimmed", DB, "postgres://db\n", key=ALPHA.strip())

    assert judge_staged(fleet).findings == ()


def test_a_rotation_that_hides_behind_the_old_key(fleet: Workshop) -> None:
    fleet.write("known-hosts.toml", f'alpha = "{ALPHA.strip()}"\n')
    fleet.commit("Write the key down elsewhere")
    fleet.host("alpha", NEW)

    report = judge_staged(fleet)

    finding = the_only(report, "output-mixed-keys")
    assert (finding.severity, finding.node) == ("warning", storage("alpha"))
    assert finding.path == name_key_file("alpha")
    assert finding.message == (
        "hosts/alpha/host.pub holds another key now, but outputs are made for the old one, which "
        "is still in known-hosts.toml"
    )
    assert finding.new


def test_after_the_rekey_a_rotation_hides_no_more(fleet: Workshop) -> None:
    fleet.write("known-hosts.toml", f'alpha = "{ALPHA.strip()}"\n')
    fleet.commit("Write the key down elsewhere")
    fleet.host("alpha", NEW)
    for secret, source, text in (
        ("db", DB, "postgres://db\n"),
        ("wifi", WIFI, "correct horse\n"),
        ("token", "secrets/alpha-token.age", "token of alpha\n"),
    ):
        fleet.remove(old_output(fleet, "alpha", secret))
        fleet.rekey("alpha", secret, source, text)

    assert judge_staged(fleet).findings == ()


def test_a_key_that_moves_to_another_node_hides_no_rotation(fleet: Workshop) -> None:
    """Beta got alpha's old disk, and both were rekeyed."""
    fleet.host("alpha", NEW)
    fleet.host("beta", ALPHA)
    for node in ("alpha", "beta"):
        for secret, source, text in (
            ("db", DB, "postgres://db\n"),
            ("wifi", WIFI, "correct horse\n"),
        ):
            fleet.remove(old_output(fleet, node, secret))
            fleet.rekey(node, secret, source, text)
    fleet.remove(old_output(fleet, "alpha", "token"))
    fleet.rekey("alpha", "token", "secrets/alpha-token.age", "token of alpha\n")

    assert judge_staged(fleet).findings == ()


def test_a_file_that_only_loses_a_key_hides_no_rotation(fleet: Workshop) -> None:
    both = fleet.write("known-hosts.toml", f'a = "{ALPHA.strip()}"\nb = "{RSA.strip()}"\n')
    fleet.commit("Write keys down")
    fleet.write(both, f'b = "{RSA.strip()}"\n')

    assert judge_staged(fleet).findings == ()


def test_another_comment_elsewhere_hides_no_rotation(fleet: Workshop) -> None:
    path = fleet.write("known-hosts.toml", f'a = "{ALPHA.strip()}"\n')
    fleet.commit("Write the key down elsewhere")
    fleet.write(path, f'a = "{ALPHA.strip().replace("root@alpha", "alpha")}"\n')

    assert judge_staged(fleet).findings == ()


def test_half_a_rotation_in_one_directory(fleet: Workshop) -> None:
    """One output was made for the new key, the others for the old one, which lives on."""
    fleet.write("known-hosts.toml", f'alpha = "{ALPHA.strip()}"\n')
    fleet.commit("Write the key down elsewhere")
    fleet.host("alpha", OTHER)
    fleet.remove(old_output(fleet, "alpha", "wifi"))
    fleet.rekey("alpha", "wifi", WIFI, "correct horse\n")

    report = judge_staged(fleet)

    assert told(report) == {("warning", "output-mixed-keys", "alpha", "")}
    assert len(of_rule(report, "output-mixed-keys")) == 2
    assert {one.verdict for one in report.outputs if one.node == storage("alpha")} == {Verdict.OK}
    fleet.commit("Leave it")
    assert {one.new for one in judge(fleet).findings} == {False}
