{
  description = "The gate that keeps NixOS fleets from deploying secrets that hosts cannot read, or that strangers can";

  # Let it follow yours: `inputs.agenix-check.inputs.nixpkgs.follows = "nixpkgs"`.
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixpkgs-unstable";

  outputs = { self, nixpkgs }:
    let
      # nixpkgs refuses to be evaluated for x86_64-darwin from 26.11 on.
      systems = [ "x86_64-linux" "aarch64-linux" "aarch64-darwin" ]
        ++ nixpkgs.lib.optional (nixpkgs.lib.versionOlder nixpkgs.lib.trivial.release "26.11") "x86_64-darwin";
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

      # With everything that `make test` needs.
      devShells = forEachSystem (_: pkgs: {
        default = pkgs.mkShell {
          packages = with pkgs; [ age fish git gnumake man mandoc nix nodejs openssh python311 python313 zsh ]
            ++ lib.optionals stdenv.hostPlatform.isLinux [ chromedriver chromium ];
        };
      });

      overlays.default = final: _: { agenix-check = package final; };

      # For other flakes: `lib.check { inherit self pkgs; }` is a check for `nix flake check`,
      # `lib.lock { inherit self; }` what the flake declares, as agenix-check.lock has it.
      lib = import ./nix/check.nix { inherit package; };

      # For flakes of flake-parts: docs/flake-parts.md.
      flakeModules.default = import ./nix/flake-module.nix {
        inherit package;
        inherit (self.lib) build lock;
      };
      flakeModule = self.flakeModules.default;
    };
}
