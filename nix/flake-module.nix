# The module for flakes of flake-parts (https://flake.parts): `imports = [ inputs.agenix-check.flakeModule ];`
# gives a check, an app and a package. docs/flake-parts.md describes every option.
{ package, lock, build }:
{ lib, self, config, flake-parts-lib, ... }:

let
  inherit (lib) literalExpression mkDefault mkIf mkOption types;
  lockOf = config.flake.agenix-check.lock;

  declared = cfg: lock {
    inherit self;
    collectHomeManager = cfg.collectHomeManagerConfigurations;
    configurations = {
      inherit (cfg) nixosConfigurations darwinConfigurations homeConfigurations;
    };
  };

  # What agenix-rekey's own module takes, so that both see the same nodes.
  withAge = name: lib.filterAttrs (_: one: one.config ? age) (self.${name} or { });
  withAgeText = name: literalExpression
    "config.agenix-rekey.${name}, else those of self.${name} that have config.age";
in
{
  options.flake = flake-parts-lib.mkSubmoduleOptions {
    agenix-check.lock = mkOption {
      type = types.lazyAttrsOf types.raw;
      default = lib.mapAttrs (_: system: declared system.agenix-check) config.allSystems;
      defaultText = literalExpression "what the configurations declare, by system";
      example = literalExpression "{ x86_64-linux = { schema = \"agenix-check/lock/1\"; nodes = { \"nixos:web\" = { … }; }; }; }";
      readOnly = true;
      description = ''
        What the fleet declares, as `agenix-check fleet --lock` would write it: the nodes with their
        public keys, storage directories, sources and master identities. The check reads this and
        evaluates nothing again; `nix eval --json .#agenix-check.lock.x86_64-linux` shows it.
      '';
    };

    agenix-check.agePackage = mkOption {
      type = types.lazyAttrsOf (types.nullOr types.package);
      default = lib.mapAttrs (_: system: system.agenix-check.agePackage) config.allSystems;
      defaultText = literalExpression "perSystem.agenix-check.agePackage, by system";
      example = literalExpression "{ x86_64-linux = pkgs.age; }";
      readOnly = true;
      description = ''
        Where `--fix` finds the age program of the fleet, however it is run. It starts only what the
        commit before a change names too, and what is built.
      '';
    };
  };

  options.perSystem = flake-parts-lib.mkPerSystemOption ({ config, options, pkgs, system, ... }:
    let
      cfg = config.agenix-check;
      # Null where agenix-rekey's module is not imported.
      rekey = if options ? agenix-rekey then config.agenix-rekey else null;
      ofRekey = name: other: if rekey == null then other else rekey.${name};
      configurations = name: kind: mkOption {
        type = types.lazyAttrsOf types.raw;
        default = ofRekey name (withAge name);
        defaultText = withAgeText name;
        example = literalExpression "removeAttrs self.${name} [ \"installer\" ]";
        description = ''
          The ${kind} whose secrets the check compares with what they declare. The outputs of one
          that is left out are judged by their names alone.
        '';
      };

      given = lib.filterAttrs (_: value: value != null) cfg.settings;
      entries = map (lib.filterAttrs (_: value: value != null)) given.ignore;
      settings =
        (cfg.pkgs.formats.toml { }).generate "agenix-check.toml"
          (given // lib.optionalAttrs (given ? ignore) { ignore = entries; });

      hookable = lib.throwIf (cfg.preCommit.enable && !(options ? pre-commit)) ''
        agenix-check.preCommit.enable needs the flake module of git-hooks.nix:
        imports = [ inputs.git-hooks.flakeModule ];'';

      tool = lib.getExe cfg.agePackage;
      variables =
        lib.optional (given != { }) ''export AGENIX_CHECK_SETTINGS="''${AGENIX_CHECK_SETTINGS-${settings}}"''
        ++ lib.optional (cfg.agePackage != null) (
          # By these names it is found on PATH, and used for what is not built in.
          if builtins.elem (baseNameOf tool) [ "age" "rage" ]
          then ''export PATH="${dirOf tool}:$PATH"''
          else ''export AGENIX_CHECK_AGE="''${AGENIX_CHECK_AGE-${tool}}"''
        );
      program = hookable (
        if variables == [ ] then cfg.package
        else
          cfg.pkgs.writeShellScriptBin "agenix-check" ''
            ${lib.concatStringsSep "\n" variables}
            exec ${lib.getExe cfg.package} "$@"
          ''
      );
    in
    {
      options.agenix-check = {
        package = mkOption {
          type = types.package;
          default = package cfg.pkgs;
          defaultText = literalExpression "agenix-check, built with agenix-check.pkgs";
          example = literalExpression "inputs.agenix-check.packages.\${system}.default";
          description = ''
            The program itself, without the settings. `packages.agenix-check` is the program with them.
          '';
        };

        agePackage = mkOption {
          type = types.nullOr types.package;
          default = ofRekey "agePackage" null;
          defaultText = literalExpression "config.agenix-rekey.agePackage, else null";
          example = literalExpression "pkgs.age";
          description = ''
            The age program for keys that are not built in (post-quantum keys, plugins that only
            it knows), for `--fix` and `--decrypt`. All other keys need no program. Null: the first
            `age` or `rage` on `PATH`. `AGENIX_CHECK_AGE`, or the option `--age`, names another,
            which then decrypts everything.
          '';
        };

        pkgs = mkOption {
          type = types.raw;
          default = ofRekey "pkgs" pkgs;
          defaultText = literalExpression "config.agenix-rekey.pkgs, else pkgs";
          example = literalExpression "import inputs.nixpkgs-unstable { inherit system; }";
          description = ''
            The package set that the check, the app and the devShell are built with; with it a
            newer or an older nixpkgs than that of the hosts can be used.
          '';
        };

        nixosConfigurations = configurations "nixosConfigurations" "NixOS hosts";
        darwinConfigurations = configurations "darwinConfigurations" "darwin hosts";
        homeConfigurations = configurations "homeConfigurations" "home-manager configurations";

        collectHomeManagerConfigurations = mkOption {
          type = types.bool;
          default = ofRekey "collectHomeManagerConfigurations" true;
          defaultText =
            literalExpression "config.agenix-rekey.collectHomeManagerConfigurations, else true";
          example = false;
          description = ''
            Whether home-manager users inside these hosts are nodes too, as they are to agenix-rekey.
          '';
        };

        settings = mkOption {
          type = types.submodule ./settings.nix;
          default = { };
          example = { strict = true; };
          description = ''
            The keys of `agenix-check.toml`, for the check, the app, the devShell and the hook. As
            soon as one is set, these count in place of a file in the repository.
          '';
        };

        check.enable = mkOption {
          type = types.bool;
          default = true;
          example = false;
          description = "Whether `nix flake check` compares the secrets with what is declared.";
        };

        preCommit.enable = mkOption {
          type = types.bool;
          default = false;
          example = true;
          description = ''
            Whether to add agenix-check to the hooks of git-hooks.nix, whose flake module must be
            imported.
          '';
        };

        devShell = mkOption {
          type = types.package;
          default = cfg.pkgs.mkShell { packages = [ program ]; };
          defaultText = literalExpression "a shell with the program and its settings";
          example = literalExpression "pkgs.mkShell { inputsFrom = [ config.agenix-check.devShell ]; }";
          readOnly = true;
          description = ''
            A shell with the program and its settings, for `inputsFrom` of your own. Or take it as it
            is: `devShells.default = config.agenix-check.devShell;`
          '';
        };
      };

      config = {
        packages.agenix-check = mkDefault program;
        apps.agenix-check = mkDefault {
          type = "app";
          program = "${program}/bin/agenix-check";
          meta.description = "Check that every host of the fleet can read exactly its secrets";
        };
        checks = mkIf cfg.check.enable {
          agenix-check = hookable (build {
            inherit self;
            inherit (cfg) pkgs;
            program = cfg.package;
            declared = lockOf.${system};
            args = lib.optionals (given != { }) [ "--settings" "${settings}" ];
          });
        };
      } // lib.optionalAttrs (options ? pre-commit) {
        pre-commit.settings.hooks = mkIf cfg.preCommit.enable
          (import ../ci-examples/git-hooks.nix program { inherit lib; }).hooks;
      };
    });
}
