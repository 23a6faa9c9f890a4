# A check for the flakes of others. `nix flake check` builds it from the flake's files, without a Git
# directory, so there is no change to judge and no history: it says of every output that the flake
# declares whether it is there, made from this source for this host. What hangs on a change
# (`private-key`, `output-unstaged`, which edit broke it), and rules files of plain agenix
# (`secrets.nix`), it does not see: that is for a hook, or for agenix-check in CI.
{ package }:

let
  inherit (builtins)
    concatStringsSep elemAt filter head length listToAttrs map readFile stringLength substring
    toJSON;

  removePrefix = prefix: text: substring (stringLength prefix) (stringLength text) text;
  hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;

  # What `agenix-check fleet --lock` would write of a flake. `nodes` are attribute paths, as lists of
  # names, to look at instead of the standard ones; `configurations` are sets to look at instead of the
  # flake's own.
  lock = { self, nodes ? null, collectHomeManager ? true, configurations ? null }:
    let
      answer = import ../agenix_check/discover/nix/fleet.nix {
        flake = if configurations == null then self else { inherit (self) sourceInfo; } // configurations;
        task = "fleet";
        paths = nodes;
        users = collectHomeManager;
      };
      inside = path: hasPrefix "${answer.root}/" path;
      inner = removePrefix "${answer.root}/";

      place = path:
        if path == answer.root then ""
        else if inside path then inner path
        else { outside = path; };
      keys = text: if inside text then readFile "${self.sourceInfo}/${inner text}" else text;

      prefixes = {
        nixosConfigurations = "nixos:";
        darwinConfigurations = "darwin:";
        homeConfigurations = "";
      };
      nameOf = { path, user, ... }:
        let
          name =
            if length path == 2 && prefixes ? ${head path}
            then prefixes.${head path} + elemAt path 1
            else concatStringsSep "." path;
        in
        if user == null then name
        else "host-${name}-user-${if user == true then "*" else user}";

      secret = value: {
        name = value.id;
        value = { inherit (value) name intermediary generator; source = place value.source; }
          // (if value.generator == null then { } else { dependencies = map place value.dependencies; });
      };
      node = result:
        if !result.ok then throw "agenix-check: ${nameOf result} could not be evaluated"
        else {
          name = nameOf result;
          value = {
            inherit (result.value) hostPubkey storageMode;
            storage = if result.value.storage == null then null else place result.value.storage;
            secrets = listToAttrs (map secret result.value.secrets);
            masterIdentities = map
              (one: {
                identity = place one.identity;
                pubkey = if one.pubkey == null then null else keys one.pubkey;
              })
              result.value.masterIdentities;
            extraEncryptionPubkeys = map keys result.value.extraEncryptionPubkeys;
          };
        };
    in
    {
      schema = "agenix-check/lock/1";
      nodes = listToAttrs (map node (filter (one: !one.ok || one.value != null) answer.result));
    };

  # `args` are more options of agenix-check, such as [ "--strict" ].
  build = { self, pkgs, program, declared, args }:
    pkgs.runCommand "agenix-check"
      {
        nativeBuildInputs = [ program pkgs.gitMinimal ];
        declared = toJSON declared;
        passAsFile = [ "declared" ];
        files = "${self.sourceInfo}";
      }
      "set -- ${pkgs.lib.escapeShellArgs args}\n${readFile ./check.sh}";
in
{
  inherit lock build;

  check = { self, pkgs, args ? [ ], nodes ? null, collectHomeManager ? true, ... }:
    build {
      inherit self pkgs args;
      program = package pkgs;
      declared = lock { inherit self nodes collectHomeManager; };
    };
}
