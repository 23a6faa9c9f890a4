"""Flakes whose nodes have the shape of evaluated configurations, and what they declare."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agenix_check.demo.workshop import Workshop
from agenix_check.discover.nix import evaluate, evaluate_rules
from agenix_check.git.repository import index_snapshot, open_repository, worktree_snapshot
from agenix_check.model.declaration import Declaration, DeclaredNode, RulesFile

ENDLESS = """
  let many = builtins.genList (n: n) 1000000;
  in builtins.foldl' (x: _: builtins.foldl' (y: _: y) x many) 0 many
"""

_FLAKE = """
{
  outputs = { self, ... }:
    let
      node = rekey: secrets: {
        config.age = {
          inherit secrets;
          rekey = {
            hostPubkey = "ssh-ed25519 AAAA";
            storageMode = "local";
            localStorageDir = ./. + "/secrets/rekeyed";
            masterIdentities = [ ];
            extraEncryptionPubkeys = [ ];
          } // rekey;
        };
      };
    in
    {
      %s
    };
}
"""


def write_flake(workshop: Workshop, outputs: str, path: str = "flake.nix") -> None:
    """Write a flake with these outputs; `node REKEY SECRETS` makes a configuration."""
    workshop.write(path, _FLAKE % outputs)


def declare(top: Path, **options: Any) -> Declaration:
    """Return what the staged flake declares."""
    with index_snapshot(open_repository(top)) as (repository, snapshot):
        return evaluate(repository, snapshot, **options)


def declare_worktree(top: Path) -> Declaration:
    """Return what the flake in the work tree declares."""
    with worktree_snapshot(open_repository(top)) as (repository, snapshot):
        return evaluate(repository, snapshot)


def declare_rules(top: Path, paths: Sequence[str]) -> tuple[RulesFile, ...]:
    """Return the staged rules files."""
    with index_snapshot(open_repository(top)) as (repository, snapshot):
        return evaluate_rules(repository, snapshot, paths)


def only_node(workshop: Workshop, rekey: str, secrets: str = "{ }") -> DeclaredNode:
    """Write a flake with one node, stage everything, and return that node."""
    write_flake(workshop, f"nixosConfigurations.alpha = node ({rekey}) ({secrets});")
    workshop.stage()
    (node,) = declare(workshop.top).nodes
    return node


def names(declaration: Declaration) -> list[str]:
    """Return the names of the nodes that were evaluated."""
    return [node.name for node in declaration.nodes]


def failures(declaration: Declaration) -> dict[str, str]:
    """Return the messages of those that were not."""
    return {node.name: node.message for node in declaration.failed}
