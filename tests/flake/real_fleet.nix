# A fleet of two hosts and a home, with the modules that people use: agenix', agenix-rekey's and
# home-manager's own. `plain` has what each declares, as plain sets. Of nixpkgs only `lib` is real:
# NixOS itself is a few options that take anything.
{ inputs, plain, more ? { } }:

let
  lib = import "${inputs.nixpkgs-lib}/lib";
  pkgs = inputs.nixpkgs.legacyPackages.x86_64-linux // {
    inherit lib;
    path = ./nixpkgs;
    config = { };
    stdenv.hostPlatform = lib.systems.elaborate "x86_64-linux";
    formats = lib.genAttrs [ "ini" "json" "keyValue" "toml" "yaml" ] (_: _: { type = lib.types.anything; });
    overlays = [ ];
    inherit glibcLocales;
  };
  glibcLocales = {
    type = "derivation";
    name = "glibcLocales";
    version = "1";
    outPath = "/glibcLocales";
    override = _: glibcLocales;
  };
  rekey = import "${inputs.agenix-rekey}/modules/agenix-rekey.nix" null;

  declares = name: {
    imports = [ rekey more.${name} or { } ];
    age = {
      inherit (plain.${name}.config.age) rekey;
      secrets = lib.mapAttrs (_: secret: { inherit (secret) name rekeyFile intermediary; })
        plain.${name}.config.age.secrets;
    };
  };

  anything = type: default: lib.mkOption { inherit type default; };
  nixos = {
    options = lib.genAttrs [ "assertions" "warnings" ] (_: anything (lib.types.listOf lib.types.raw) [ ])
      // lib.genAttrs [ "environment" "i18n" "networking" "services" "system" "systemd" "users" ]
      (_: anything (lib.types.lazyAttrsOf lib.types.anything) { });
    config._module.args = { inherit pkgs; };
    config.networking.hostName = lib.mkDefault "host";
    config.users.users = { };
  };
  host = name: lib.evalModules {
    modules = [ nixos "${inputs.agenix}/modules/age.nix" (declares name) ];
  };
  home = name: import "${inputs.home-manager}/modules" {
    inherit lib pkgs;
    minimal = true;
    check = false; # some of these modules set options of others
    configuration = {
      imports = [ "${inputs.agenix}/modules/age-home.nix" (declares name) ];
      _module.args.pkgs = lib.mkForce pkgs;
      home = { username = name; homeDirectory = "/home/${name}"; stateVersion = "26.05"; };
    };
  };
in
{
  nixosConfigurations = lib.genAttrs [ "alpha" "beta" ] host;
  homeConfigurations.delta = home "delta";
}
