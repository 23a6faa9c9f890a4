# Many home-manager configurations: its own modules with nixpkgs' own `lib`. What stands in for the
# packages, and for agenix-rekey's module, is what their evaluation to `config.age` asks for.
{
  outputs = { self }:
    let
      lib = import ./nixpkgs/lib;
      extended = import ./home-manager/modules/lib/stdlib-extended.nix lib;

      pkgs = {
        inherit lib;
        path = ./nixpkgs;
        stdenv = {
          hostPlatform = { isLinux = true; isDarwin = false; system = "x86_64-linux"; };
          isLinux = true;
          isDarwin = false;
        };
      };

      modules = import ./home-manager/modules/modules.nix {
        inherit pkgs;
        lib = extended;
        check = false;
        useNixpkgsModule = false;
      };

      age = { lib, ... }: {
        options.age.rekey = lib.mkOption {
          type = lib.types.submodule { freeformType = lib.types.attrsOf lib.types.raw; };
        };
        options.age.secrets = lib.mkOption {
          type = lib.types.attrsOf (lib.types.submodule ({ name, ... }: {
            options.name = lib.mkOption { type = lib.types.str; default = name; };
            options.rekeyFile = lib.mkOption { type = lib.types.path; };
          }));
        };
      };

      home = name: {
        home = { username = name; homeDirectory = "/home/${name}"; stateVersion = "26.05"; };
        _module.args.pkgs = lib.mkForce pkgs;
        age.rekey = {
          hostPubkey = "ssh-ed25519 AAAA${name}";
          storageMode = "local";
          localStorageDir = ./. + "/rekeyed/${name}";
          masterIdentities = [ ];
        };
        age.secrets.db.rekeyFile = ./db.age;
      };

      evaluate = name: extended.evalModules {
        class = "homeManager";
        modules = modules ++ [ age (home name) ];
        specialArgs.modulesPath = toString ./home-manager/modules;
      };
    in
    {
      homeConfigurations = lib.genAttrs
        (lib.genList (number: "user-${toString number}") (lib.importJSON ./count.json))
        (name: { inherit (evaluate name) config; });
    };
}
