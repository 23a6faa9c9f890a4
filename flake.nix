{
  description = "The gate that keeps NixOS fleets from deploying secrets that hosts cannot read, or that strangers can";

  # There is no flake.lock yet: `nix flake lock` makes it, before a release. Until then nixpkgs is the
  # newest one, or the one that your flake lets this input follow.
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixpkgs-unstable";

  outputs = { self, nixpkgs }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ];
      forEachSystem = make:
        nixpkgs.lib.genAttrs systems (system: make system nixpkgs.legacyPackages.${system});
      package = pkgs: pkgs.callPackage ./nix/package.nix { };
    in
    {
      packages = forEachSystem (system: pkgs: rec {
        agenix-check = package pkgs;
        default = agenix-check;
      });

      apps = forEachSystem (system: pkgs: rec {
        agenix-check = {
          type = "app";
          program = nixpkgs.lib.getExe self.packages.${system}.agenix-check;
          meta.description = "Check that every host of a NixOS fleet can read exactly its secrets";
        };
        default = agenix-check;
      });

      overlays.default = final: _: { agenix-check = package final; };

      # For other flakes: `lib.check { inherit self pkgs; }` is a check for `nix flake check`,
      # `lib.lock { inherit self; }` what the flake declares, as agenix-check.lock has it.
      lib = import ./nix/check.nix { inherit package; };
    };
}
