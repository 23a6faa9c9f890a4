"""A small fleet that is declared by a flake of plain attribute sets, for what needs Nix."""

import json
from pathlib import Path

from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import new_identity

_FLAKE = """\
{
  outputs = { self }: let
    fleet = builtins.fromJSON (builtins.readFile ./fleet.json);
    steps = builtins.genList (step: step) fleet.burn;
    burn = text: builtins.seq (builtins.foldl' (sum: step: sum + step) 0 steps) text;
  in {
    nixosConfigurations = builtins.mapAttrs (node: secrets: {
      config.age.rekey = {
        hostPubkey = burn (builtins.readFile (./. + "/hosts/${node}/host.pub"));
        storageMode = "local";
        localStorageDir = ./. + "/secrets/rekeyed/${node}";
        masterIdentities = [ { identity = "/master"; pubkey = builtins.readFile ./master.pub; } ];
        extraEncryptionPubkeys = [ ];
      };
      config.age.secrets = builtins.listToAttrs (map (id: {
        name = id;
        value = { inherit id; name = id; rekeyFile = ./. + "/secrets/${id}.age"; };
      }) secrets);
    }) fleet.nodes;
  };
}
"""


def make_flake(top: Path, nodes: int, secrets: int, *, burn: int = 0) -> None:
    """Build a fleet in order, every secret for every node, and commit it.

    To evaluate a node takes `burn` steps more than it needs.
    """
    shop = Workshop(top)
    shop.write("flake.nix", _FLAKE)
    shop.write("master.pub", shop.master)
    names = [f"secret-{number}" for number in range(secrets)]
    for name in names:
        shop.source(f"secrets/{name}.age", f"what {name} holds")
    hosts = [f"node-{number}" for number in range(nodes)]
    for host in hosts:
        shop.host(host, new_identity()[1] + "\n")
        for name in names:
            shop.rekey(host, name, f"secrets/{name}.age", f"what {name} holds")
    shop.write("fleet.json", json.dumps({"burn": burn, "nodes": dict.fromkeys(hosts, names)}))
    shop.commit("A fleet in order")
