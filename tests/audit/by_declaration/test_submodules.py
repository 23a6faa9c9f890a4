"""Storage in a submodule: a repository of its own, which is skipped and said."""

import pytest

from agenix_check.discover.tree.evidence import LOCK
from tests.discover.declared.estate import Estate, judge


@pytest.mark.parametrize("inventory", ["lock", "nix"])
def test_a_storage_directory_in_a_submodule_is_no_error(estate: Estate, inventory: str) -> None:
    node = estate.nodes["alpha"]
    for id_ in node.secrets:
        (estate.shop.top / estate.output("alpha", id_)).unlink()
    node.storage = "private/alpha"
    estate.write_flake()
    if inventory == "lock":
        estate.write_lock()
    else:
        estate.shop.remove(LOCK)  # Nix says of such a path that it is outside
    commit = estate.shop.git.run("rev-parse", "HEAD").decode().strip()
    estate.shop.stage()
    entry = f"160000,{commit},private"
    estate.shop.git.run("update-index", "--add", "--cacheinfo", entry)

    report = judge(estate, inventory)

    wrong = [(one.rule, one.message) for one in report.findings if one.severity != "note"]
    assert wrong == []
    reasons = {one.reason for one in report.outputs if one.node == "nixos:alpha"}
    assert reasons == {"its node's storage directory is in the submodule private"}
    assert {str(one.verdict) for one in report.outputs if one.node != "nixos:alpha"} <= {
        "ok",
        "unverifiable",
    }
    assert report.skipped == ("private: a submodule, which is a repository of its own",)
