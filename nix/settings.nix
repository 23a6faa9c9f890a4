# The keys of agenix-check.toml as options. Null is "not set": the program's own default.
{ lib, ... }:

let
  inherit (lib) mkOption types;
  setting = type: example: description: mkOption {
    type = types.nullOr type;
    default = null;
    inherit example description;
  };
  flag = setting types.bool true;
  choice = values: example: setting (types.enum values) example;
  texts = setting (types.listOf types.str);

  entry = {
    options = {
      rule = mkOption {
        type = types.str;
        example = "output-orphan";
        description = "The rule that is switched off; `\"*\"` leaves the rules file at `path` out whole.";
      };
      path = setting types.str "secrets/rekeyed/old-*" "Only for files that match this glob.";
      node = setting types.str "nixos:old-*" "Only for nodes that match this glob.";
      reason = mkOption {
        type = types.str;
        example = "kept until May";
        description = "Why; the report shows it.";
      };
    };
  };
in
{
  options = {
    age = choice [ "age" "rage" ] "rage" ''
      The program on `PATH` that does all decryption, and all encryption for keys that are not built
      in. Without it, `agePackage` does only what is not built in.
    '';
    collect-home-manager = setting types.bool false ''
      Whether home-manager users inside hosts are nodes too. The check takes
      `collectHomeManagerConfigurations`.
    '';
    color = choice [ "auto" "always" "never" ] "never" "When to use colours.";
    dry-run = flag "With `--fix`, only show what would be done.";
    evaluate = choice [ "always" "relevant" "never" ] "always" ''
      When a commit hook evaluates the flake again. `relevant` is the default, `always` in CI.
    '';
    exit-non-zero-on-fix = flag "Whether `--fix` fails if something was fixed.";
    exposed = flag "Warn of secrets in use that former readers could read, as all of history shows.";
    fail-on = choice [ "all" "new" ] "new" ''
      `new`: what was wrong before a commit, or before a range with a base, is shown and does not fail.
    '';
    flake = setting types.str "nixos" "The directory of the flake, where it is not the top of the repository.";
    format = choice [ "text" "github" "gitlab" "html" "json" "junit" "markdown" "sarif" ] "json"
      "The format of standard output.";
    identities = texts [ "~/.age/key.txt" ] "Identity files for `--fix` and `--decrypt`.";
    ignore = setting (types.listOf (types.submodule entry))
      [ { rule = "output-orphan"; path = "secrets/rekeyed/old-*"; reason = "kept until May"; } ]
      "Rules that are switched off, for some files or everywhere.";
    inventory = choice [ "auto" "nix" "lock" "names" ] "names" ''
      Where the fleet comes from. The check always takes what the flake declares.
    '';
    nix-jobs = setting types.int 4 "How many processes may evaluate at a time.";
    nix-memory = setting types.str "4G" "How much memory each process of an evaluation may take.";
    nix-timeout = setting types.number 300 "How long the evaluation of a node may take at most, in seconds.";
    no-cache = flag "Ignore what earlier runs remembered, and remember nothing.";
    no-progress = flag "Hide progress.";
    nodes = texts [ "nixosConfigurations.web" "guests" ] ''
      Attribute paths to look at instead of `nixosConfigurations`, `darwinConfigurations` and
      `homeConfigurations`.
    '';
    require-verified = flag "Whether outputs that cannot be verified fail the run.";
    rules = texts [ "secrets/rules.nix" ] "More rules files of plain agenix.";
    strict = flag "Whether warnings fail the run.";
    verbose = flag "Show old findings and notes in full.";
  };
}
