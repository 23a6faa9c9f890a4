"""`--decrypt` where the fleet is declared: by the lock file, by Nix; and plain agenix."""

from pathlib import Path
from typing import Any

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt, new_identity
from tests.audit.by_declaration.test_plain import write_rules
from tests.decrypt.keyed import Keyed
from tests.decrypt.test_decrypt import broken, reasons
from tests.discover.declared.conftest import nix_home, nix_root
from tests.discover.declared.estate import Estate, Secret, master
from tests.host_keys import ALPHA
from tests.keys.conftest import MakeSsh, public
from tests.keys.texts import PLAINTEXT, SAME_LENGTH

__all__ = ["nix_home", "nix_root"]

DB = "secrets/db.age"
BY = pytest.mark.parametrize("inventory", ["lock", "nix"])


class Declared(Keyed):
    """A declared fleet; `alpha` has an SSH key, `gamma` an age key."""

    estate: Estate

    def judge_by(self, inventory: str, *owners: str, more: tuple[str, ...] = ()) -> tuple[int, Any]:
        self.estate.write_lock()
        self.estate.write_flake()
        return self.judge(*owners, more=("--inventory", inventory, *more))


@pytest.fixture
def declared(tmp_path: Path, ssh_key: MakeSsh) -> Declared:
    shop = Workshop(tmp_path / "repository")
    identity, recipient = new_identity()
    keys = {"alpha": ssh_key(), "gamma": tmp_path / "gamma.txt", "master": tmp_path / "master.txt"}
    keys["gamma"].write_text(f"{identity}\n")
    keys["master"].write_text(f"{shop.identity}\n")
    made = Declared(shop, keys)
    object.__setattr__(made, "estate", Estate(shop))
    for node, key in (("alpha", public(ssh_key())), ("gamma", recipient)):
        made.estate.add_node(node).secrets["db"] = Secret(DB)
        shop.host(node, key)
    made.estate.edit(DB, PLAINTEXT.decode())
    made.estate.rekey()
    return made


@BY
def test_declared_outputs_are_compared(declared: Declared, inventory: str) -> None:
    code, report = declared.judge_by(inventory, "alpha", "gamma", "master")
    assert (code, report["findings"], report["decrypted"]["compared"]) == (0, [], 2)
    assert {one["verdict"] for one in report["outputs"]} == {"ok"}
    path = declared.estate.output("gamma", "db")
    declared.shop.write(path, encrypt(SAME_LENGTH, [declared.key("gamma")]))
    code, report = declared.judge_by(inventory, "alpha", "gamma", "master")
    assert (code, broken(report)) == (1, [("output-content", path)])
    done = declared.check(
        "--fix", "--decrypt", "--inventory", inventory, *declared.words("alpha", "gamma", "master")
    )
    assert (done.code, done.stderr) == (0, "")


@BY
def test_what_is_skipped_is_said(declared: Declared, inventory: str) -> None:
    declared.estate.nodes["gamma"].mode = "derivation"
    declared.shop.remove(declared.estate.output("gamma", "db"))
    declared.estate.nodes["alpha"].secrets["ca"] = Secret("secrets/ca.age", intermediary=True)
    declared.estate.write_sources()
    code, report = declared.judge_by(inventory, "alpha", "master", more=("--require-verified",))
    assert (code, report["decrypted"]["compared"]) == (0, 1)
    assert {one["verdict"] for one in report["decrypted"]["not_compared"]} == {"skipped"}
    skipped = {one["node"]: one["reason"] for one in report["outputs"] if one["reason"]}
    assert reasons(report) == skipped
    assert len(skipped) == 2


@BY
def test_a_declared_master_that_cannot_read_a_source_is_found(
    declared: Declared, inventory: str, tmp_path: Path
) -> None:
    """Both stanzas are anonymous: that one is for a stranger shows only to who has the key."""
    identity, recipient = new_identity()
    declared.keys["second"] = tmp_path / "second.txt"
    declared.keys["second"].write_text(f"{identity}\n")
    declared.estate.masters.append(master(recipient, "second.pub"))
    for strangers in ([recipient], [new_identity()[1]]):
        declared.shop.write(DB, encrypt(PLAINTEXT, [declared.shop.master, *strangers]))
        declared.estate.rekey()
        code, report = declared.judge_by(inventory, "alpha", "second", "master")
        if strangers == [recipient]:
            assert (code, report["findings"], report["decrypted"]["compared"]) == (0, [], 1)
    assert (code, broken(report)) == (1, [("source-missing-recipient", DB)])
    assert report["decrypted"]["compared"] == 1  # the other master opened it
    assert report["findings"][0]["mend"] == (
        f"agenix-check --fix --inventory {inventory} --decrypt --update-masters"
    )
    options = ("--inventory", inventory, "--fix", "--update-masters")
    done = declared.decrypt("alpha", "second", "master", more=options)
    assert (done.code, done.stderr) == (0, "")
    assert declared.judge_by(inventory, "alpha", "second")[1]["decrypted"]["compared"] == 1


@BY
def test_masters_of_the_fleet_open_sources_too(declared: Declared, inventory: str) -> None:
    """An identity that lies in the repository, as one with a passphrase may."""
    declared.shop.write("master.pub", f"{declared.shop.identity}\n")
    declared.estate.masters = [master(declared.shop.master)]
    _, report = declared.judge_by(inventory, "alpha")
    assert report["decrypted"]["compared"] == 1


def test_plain_agenix_has_nothing_to_compare_with(declared: Declared) -> None:
    shop = declared.shop
    for path in ("secrets", "hosts"):
        shop.git.run("rm", "-rq", "--cached", "--ignore-unmatch", path)
    shop.git.run("clean", "-fdqx")
    write_rules(shop, wifi=[ALPHA])
    shop.write("wifi.age", encrypt(PLAINTEXT, [ALPHA]))
    code, report = declared.judge("alpha", "master", more=("--inventory", "nix"))
    assert code == 3
    assert report["incomplete"] == [
        (
            "--decrypt compared nothing: there are only plain agenix files, which have no source "
            "to be compared with"
        )
    ]
    assert report["skipped"] == [
        "plaintexts of plain agenix files, which have no source to be compared with"
    ]
