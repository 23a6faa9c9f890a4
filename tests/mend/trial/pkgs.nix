# What agenix-rekey's rekey.nix and lib.nix take from nixpkgs. Programs are those of the machine.
rec {
  coreutils = "/usr";
  findutils = "/usr";
  gnugrep = "/usr";
  nix = "/usr";
  writeShellScriptBin = _: text: text;
  writeShellApplication = { name, text, ... }: {
    outPath = builtins.toFile name "#!/usr/bin/env bash\nset -euo pipefail\n${text}";
  };
  lib = rec {
    inherit (builtins) attrValues catAttrs concatLists concatStringsSep filter;
    assertMsg = condition: message: condition || throw message;
    concatMapStrings = f: list: concatStringsSep "" (map f list);
    escapeShellArg = value:
      let text = toString value; in
      if builtins.match "[[:alnum:],._+:@%/-]+" text == null
      then "'${builtins.replaceStrings [ "'" ] [ "'\\''" ] text}'"
      else text;
    escapeShellArgs = list: concatStringsSep " " (map escapeShellArg list);
    filterAttrs = keep: set: builtins.listToAttrs (concatLists (mapAttrsToList
      (name: value: if keep name value then [ { inherit name value; } ] else [ ]) set));
    flip = f: a: b: f b a;
    getExe = package: "${package}/bin/${package.meta.mainProgram}";
    hasPrefix = prefix: text: substring 0 (builtins.stringLength prefix) text == prefix;
    makeBinPath = list: concatStringsSep ":" (map (package: "${package}/bin") list);
    mapAttrsToList = f: set: map (name: f name set.${name}) (builtins.attrNames set);
    removePrefix = prefix: text:
      if hasPrefix prefix text then substring (builtins.stringLength prefix) (-1) text else text;
    removeSuffix = suffix: text:
      let kept = builtins.stringLength text - builtins.stringLength suffix; in
      if kept >= 0 && substring kept (-1) text == suffix then substring 0 kept text else text;
    substring = builtins.substring;
    unique = builtins.foldl' (known: one: if builtins.elem one known then known else known ++ [ one ]) [ ];
    warn = message: value: builtins.trace "warning: ${message}" value;
  };
}
