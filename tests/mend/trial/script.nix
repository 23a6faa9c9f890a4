# The text of agenix-rekey's own script, made by its files in `source`, for the flake of a URL, with
# the age program below a prefix.
{ source, url, prefix, lib ? (import ./pkgs.nix).lib }:
let
  userFlake = builtins.getFlake url;
  hosts = builtins.attrNames userFlake.nixosConfigurations;
in
import (source + "/apps/rekey.nix") {
  pkgs = import ./pkgs.nix // { inherit lib; };
  inherit userFlake;
  nodes = builtins.listToAttrs (map (host: {
    name = "nixos:${host}";
    value = userFlake.nixosConfigurations.${host};
  }) hosts);
  agePackage = _: { outPath = prefix; type = "derivation"; meta.mainProgram = "age"; };
}
