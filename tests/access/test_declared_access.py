"""Who can read what where the fleet is declared: by the lock file and by Nix alike."""

import pytest

from tests.access.asking import ask_access, changed, readable
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
