"""The lock file in a repository: merged, out of date, and written by the command."""

from copy import deepcopy

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.discover.declared.lock import read_lock, render_lock
from agenix_check.discover.tree.evidence import LOCK
from agenix_check.model.declaration import (
    Declaration,
)
from agenix_check.model.findings import Severity, Verdict
from agenix_check.model.frozen import replace
from tests.conftest import Run
from tests.discover.declared.estate import (
    DB,
    TOKEN,
    Estate,
    Secret,
    judge,
    result,
    the_only,
    told,
)
from tests.host_keys import ALPHA, NEW


def _merged(shop: Workshop, one: Declaration, two: Declaration) -> str:
    """Merge two branches that changed the lock file of the last commit, and return the file."""
    base = shop.git.run("rev-parse", "HEAD").decode().strip()
    shop.git.run("switch", "--quiet", "--detach", base)
    shop.write(LOCK, render_lock(one))
    ours = shop.commit("Ours")
    shop.git.run("switch", "--quiet", "--detach", base)
    shop.write(LOCK, render_lock(two))
    shop.commit("Theirs")
    status, _, complaint = shop.git.attempt("merge", "--quiet", "-m", "Merge", ours)
    assert status == 0, complaint
    return shop.read(LOCK).decode()


@pytest.mark.parametrize(
    ("ours", "theirs"), [("aaa", "zzz"), ("aaa", "bbb"), ("bbb", "zzz"), ("carol", "erin")]
)
def test_two_branches_that_add_nodes_merge(estate: Estate, ours: str, theirs: str) -> None:
    declaration = estate.declare()  # alpha, beta, delta

    def with_node(name: str) -> Declaration:
        first = replace(declaration.nodes[0], name=f"nixos:{name}")
        nodes = sorted((*declaration.nodes, first), key=lambda node: node.name)
        return Declaration(nodes=tuple(nodes))

    merged = read_lock(_merged(estate.shop, with_node(ours), with_node(theirs)))

    assert {node.name for node in merged.nodes} == {
        f"nixos:{name}" for name in ("alpha", "beta", "delta", ours, theirs)
    }


def test_two_branches_that_add_secrets_and_rotate_keys_merge(estate: Estate) -> None:
    ours, theirs = deepcopy(estate.nodes), deepcopy(estate.nodes)
    ours["alpha"].secrets["aaa"] = Secret(DB)
    ours["beta"].key = NEW
    theirs["alpha"].secrets["zzz"] = Secret(TOKEN)
    theirs["delta"].key = ALPHA
    declared = []
    for nodes in (ours, theirs):
        estate.nodes = nodes
        declared.append(estate.declare())

    merged = read_lock(_merged(estate.shop, *declared))

    alpha, beta, delta = merged.nodes
    assert [secret.id for secret in alpha.secrets] == ["aaa", "db", "token", "zzz"]
    assert (beta.host_pubkey, delta.host_pubkey) == (NEW, ALPHA)


# Out of date.


def _stale(estate: Estate, inventory: str = "nix") -> str:
    estate.write_flake()
    estate.shop.stage()
    report = judge(estate, inventory)
    (finding,) = (one for one in report.findings if one.rule == "lock-stale")
    assert (finding.path, finding.severity) == (LOCK, Severity.ERROR)
    assert finding.mend == "agenix-check fleet --lock && git add -- :/agenix-check.lock"
    return finding.message


def test_a_stale_lock_file_says_what_changed(estate: Estate) -> None:
    estate.nodes["alpha"].secrets["new"] = Secret(DB)
    estate.nodes["beta"].key = NEW.strip()
    estate.nodes["beta"].storage = "elsewhere"
    estate.nodes["gamma"] = estate.nodes.pop("delta")
    estate.rekey()

    assert _stale(estate) == (
        "it is not what the flake declares: it lacks nixos:gamma; "
        "nixos:delta is no longer declared; "
        "changed: nixos:alpha (secret new), nixos:beta (hostPubkey, localStorageDir)"
    )


def test_a_lock_file_that_cannot_be_read_is_stale(estate: Estate) -> None:
    estate.shop.write(LOCK, "{")

    assert _stale(estate).startswith("is not JSON: ")


def test_a_rotated_key_makes_the_lock_file_stale_without_nix(estate: Estate) -> None:
    estate.shop.host("alpha", NEW)
    estate.rekey()
    estate.shop.stage()

    report = judge(estate)

    finding = the_only(report, "lock-stale")
    assert finding.message == "nixos:alpha has the hostPubkey that hosts/alpha/host.pub held before"
    assert result(report, "alpha", "db").verdict is Verdict.UNVERIFIABLE
    assert result(report, "beta", "db").verdict is Verdict.OK
    assert told(judge(estate, "names")) == set()  # the lock file is no place of keys


def test_a_moved_source_makes_the_lock_file_stale_without_nix(estate: Estate) -> None:
    estate.shop.write("vault/token.age", estate.shop.read(TOKEN))
    estate.shop.remove(TOKEN)
    estate.shop.stage()

    report = judge(estate)

    finding = the_only(report, "lock-stale")
    assert finding.message == f"{TOKEN} is now vault/token.age"
    found = result(report, "alpha", "token")
    assert (found.verdict, found.source) == (Verdict.OK, "vault/token.age")


# Written by the command.


def test_the_command_writes_what_the_flake_declares(estate: Estate, run: Run) -> None:
    expected = estate.shop.read(LOCK)
    estate.shop.write(LOCK, "old\n")
    inner = estate.shop.top / "secrets"

    done = run(inner, "fleet", "--lock")

    assert (done.code, done.stdout) == (0, "")
    assert done.stderr == (
        "agenix-check: wrote agenix-check.lock (3 nodes with 5 secrets); "
        "now: git add -- :/agenix-check.lock\n"
    )
    assert estate.shop.read(LOCK) == expected
    assert not [file for file in estate.shop.top.iterdir() if file.name.startswith(f".{LOCK}")]
    assert not (inner / LOCK).exists()


@pytest.mark.parametrize(
    ("flake", "words"),
    [
        ('nixosConfigurations.broken = throw "no such host";', "no such host"),
        (None, "there is no flake.nix in this tree"),
        ("", "the flake declares no node that uses agenix-rekey"),
    ],
    ids=["a failed node", "no flake", "no node"],
)
def test_the_command_refuses_half_a_lock_file(
    estate: Estate, run: Run, flake: str | None, words: str
) -> None:
    before = estate.shop.read(LOCK)
    if flake is None:
        estate.shop.remove("flake.nix")
    else:
        estate.nodes = estate.nodes if flake else {}
        estate.write_flake(flake)
    estate.shop.stage()

    done = run(estate.shop.top, "fleet", "--lock")

    assert (done.code, done.stdout) == (3, "")
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert estate.shop.read(LOCK) == before
