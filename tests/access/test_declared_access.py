"""Who can read what where the fleet is declared: by the lock file and by Nix alike."""

import json

import pytest

from tests.access.asking import ask_access, changed, readable
from tests.access.past import ask_exposure
from tests.conftest import Run
from tests.discover.declared.estate import DB, TOKEN, WIFI, Estate


@pytest.mark.usefixtures("nix_home")
@pytest.mark.parametrize("inventory", ["lock", "nix"])
def test_nodes_and_masters_by_their_names(estate: Estate, run: Run, inventory: str) -> None:
    readers = ask_access(estate.shop, run, "--inventory", inventory)["readers"]
    assert readable(readers) == {
        "nixos:alpha": [TOKEN, DB],
        "nixos:beta": [DB, WIFI],
        "nixos:delta": [DB],
        "master.pub": [TOKEN, DB, WIFI],
    }
    by_name = {one["name"]: one for one in readers}
    assert (by_name["master.pub"]["key"], by_name["master.pub"]["kind"]) == (
        estate.shop.master,
        "master",
    )
    assert by_name["master.pub"]["anonymous"] == [TOKEN, DB, WIFI]


def test_a_node_that_gains_a_secret(estate: Estate, run: Run) -> None:
    estate.nodes["alpha"].secrets["wifi"] = estate.nodes["beta"].secrets["group/wifi"]
    estate.rekey_one("alpha", "wifi")
    estate.write_lock()
    estate.shop.commit("Give a node a secret")
    found = changed(estate.shop, run, "HEAD^")
    assert readable(found["added"]) == {"nixos:alpha": [WIFI]}
    assert (found["removed"], found["replaced"]) == ([], [])


def test_nodes_have_their_names_in_all_verbs(estate: Estate, run: Run) -> None:
    """Those that left too: as an earlier lock file has them."""
    shop = estate.shop
    del estate.nodes["beta"]
    shop.git.run("rm", "-rq", "secrets/rekeyed/beta")
    estate.write_lock()
    shop.commit("Sell beta")
    for asked in (
        (),
        ("--node", "nixos:beta"),
        ("--node", "beta"),
        ("--node", "secrets/rekeyed/beta"),
    ):
        (beta,) = ask_exposure(shop, run, *asked, code=1)["keys"]
        assert beta["nodes"] == ["nixos:beta"]
    assert run(shop.top, "exposure").stdout.startswith("nixos:beta (ssh-ed25519 SHA256:")
    refused = run(shop.top, "exposure", "--node", "web9")
    assert (refused.code, refused.stdout) == (3, "")
    assert "there are nixos:alpha, nixos:beta, nixos:delta" in refused.stderr
    found = json.loads(run(shop.top, "--exposed", "--rev", "HEAD", "--format", "json").stdout)
    said = [one["message"] for one in found["findings"] if one["rule"] == "secret-exposed"]
    assert said
    assert all(one.startswith("nixos:beta could read it") for one in said)
