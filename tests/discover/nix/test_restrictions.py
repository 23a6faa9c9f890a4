"""What an evaluation may read, and how much memory it may take."""

import json
import os
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.discover.nix import restrictions
from agenix_check.discover.nix.restrictions import MOST_MEMORY, jobs_of, memory_of
from agenix_check.errors import CannotCheckError, UsageError
from agenix_check.git.repository import commit_snapshot, open_repository
from tests.conftest import Run
from tests.discover.nix.flakes import declare, failures, names, write_flake

_KEY = "ssh-ed25519 AAAAlocal"
_DEPENDENT = """
{
  inputs.beside = { url = "git+file://PLACE"; flake = false; };
  outputs = { self, beside }: {
    nixosConfigurations.a.config.age = {
      secrets = { };
      rekey = { hostPubkey = beside + "/host.pub"; storageMode = "derivation"; };
    };
  };
}
"""


@pytest.fixture
def beside(tmp_path: Path) -> Workshop:
    """Return a repository on this machine that is not the one that is checked."""
    shop = Workshop(tmp_path / "beside")
    # Nix, which all tests share, has not fetched this one yet.
    shop.write("host.pub", f"{_KEY} {tmp_path}")
    shop.commit("A key")
    return shop


def _rev(shop: Workshop) -> str:
    return shop.git.run("rev-parse", "HEAD").decode().strip()


def _read(workshop: Workshop, host_pubkey: str) -> str:
    """Return what is said of a node with that key."""
    write_flake(
        workshop, f"nixosConfigurations.bad = node {{ hostPubkey = {host_pubkey}; }} {{ }};"
    )
    workshop.stage()
    return failures(declare(workshop.top))["nixos:bad"]


@pytest.mark.parametrize("call", ["fetchGit", 'fetchTree ({ type = "git"; }'])
def test_another_repository_of_this_machine_is_not_read(
    workshop: Workshop, beside: Workshop, call: str
) -> None:
    close = " // " if "(" in call else ""
    attributes = f'{{ url = "file://{beside.top}"; rev = "{_rev(beside)}"; }}'
    end = ")" if close else ""
    said = _read(
        workshop, f'builtins.readFile (builtins.{call}{close}{attributes}{end} + "/host.pub")'
    )
    assert "forbidden in" in said


def _depend_on(workshop: Workshop, beside: Workshop) -> None:
    """Let the flake take the key from a repository beside it."""
    workshop.write("flake.nix", _DEPENDENT.replace("PLACE", str(beside.top)))
    locked = {"type": "git", "url": f"file://{beside.top}", "ref": "refs/heads/main",
              "rev": _rev(beside)}  # fmt: skip
    original = {name: locked[name] for name in ("type", "url")}
    node = {"flake": False, "locked": locked, "original": original}
    nodes = {"root": {"inputs": {"beside": "beside"}}, "beside": node}
    workshop.write("flake.lock", json.dumps({"version": 7, "root": "root", "nodes": nodes}))
    workshop.stage()


def test_an_input_beside_the_repository_is_read_for_its_owner(
    workshop: Workshop, beside: Workshop
) -> None:
    _depend_on(workshop, beside)
    assert names(declare(workshop.top)) == ["nixos:a"]


def test_an_input_that_a_change_brings_is_not(workshop: Workshop, beside: Workshop) -> None:
    workshop.write("README.md", "nothing yet")
    before = workshop.commit("Begin")
    _depend_on(workshop, beside)
    after = workshop.commit("Take the key from elsewhere")
    repository = open_repository(workshop.top)
    with pytest.raises(CannotCheckError) as caught:
        declare(workshop.top, trusted=commit_snapshot(repository, before))
    assert str(caught.value).startswith("flake.lock: this change brings the input 'beside', which ")
    assert names(declare(workshop.top, trusted=commit_snapshot(repository, after))) == ["nixos:a"]


def test_nor_is_what_was_read_of_it_for_its_owner(
    workshop: Workshop, beside: Workshop, run_here: Run
) -> None:
    workshop.write("README.md", "of agenix-rekey\n")
    before = workshop.commit("Begin")
    _depend_on(workshop, beside)
    nix = ("--inventory", "nix", "--allow-empty")
    assert run_here(workshop.top, *nix).code == 0
    workshop.commit("Take the key from elsewhere")
    done = run_here(workshop.top, *nix, "--from-ref", before, "--to-ref", "HEAD")
    assert done.code == 3
    assert "this change brings the input 'beside'" in done.stderr


def test_a_node_that_needs_too_much_memory_is_named(workshop: Workshop) -> None:
    many = "builtins.length (builtins.genList (n: { a = n; }) 5000000)"
    write_flake(
        workshop,
        f"""
        nixosConfigurations.good = node {{ }} {{ }};
        nixosConfigurations.large = node {{ hostPubkey = toString ({many}); }} {{ }};
        """,
    )
    workshop.stage()
    declaration = declare(workshop.top, memory="96M")
    assert names(declaration) == ["nixos:good"]
    assert failures(declaration) == {
        "nixos:large": "it needs more than 96 MiB; --nix-memory gives it more"
    }


def test_a_process_that_is_nearly_full_hands_its_nodes_on(workshop: Workshop) -> None:
    many = "builtins.genList (n: { a = n; }) 400000"
    nodes = "".join(
        f"""
        h{number} = let kept = {many}; in
          node {{ hostPubkey = builtins.deepSeq kept "{number}"; inherit kept; }} {{ }};
        """
        for number in range(6)
    )
    write_flake(workshop, f"nixosConfigurations = {{ {nodes} }};")
    workshop.stage()
    # Together they need more than that: 30 MiB each, which stay.
    declaration = declare(workshop.top, memory="150M", jobs=1)
    assert (len(names(declaration)), failures(declaration)) == (6, {})


def test_processes_are_as_many_as_cores_and_memory_allow() -> None:
    assert jobs_of(7, 1 << 60) == 7
    assert jobs_of(None, 1 << 60) == 1
    assert 1 <= jobs_of(None, 1 << 20) <= (os.cpu_count() or 1)


def test_a_container_may_have_less_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(restrictions, "_CONTAINER", limit)
    whole = memory_of(None)
    limit.write_text("max\n")
    assert memory_of(None) == whole
    limit.write_text(f"{1 << 30}\n")
    assert memory_of(None) == min(whole, 256 << 20)
    assert jobs_of(None, 1 << 30) == 1


@pytest.mark.parametrize(
    ("size", "count"), [("512M", 512 << 20), ("2g", 2 << 30), ("3GiB", 3 << 30), ("1TB", 1 << 40)]
)
def test_a_size(size: str, count: int) -> None:
    assert memory_of(size) == count
    assert 0 < memory_of(None) <= MOST_MEMORY


@pytest.mark.parametrize("size", ["", "0M", "12", "M", "-1G", "1.5G", "9" * 30 + "G"])
def test_what_is_no_size(size: str) -> None:
    with pytest.raises(UsageError, match="nix-memory must be a size like 512M or 2G"):
        memory_of(size)
