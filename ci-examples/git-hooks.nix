# A module for https://github.com/cachix/git-hooks.nix. In your flake's outputs:
#
#   git-hooks.lib.${system}.run {
#     src = ./.;
#     imports = [ (import ./git-hooks.nix agenix-check.packages.${system}.default) ];
#   }
#
# As a check of `nix flake check` it sees a tree in which nothing has changed, and no Nix: for that
# there is agenix-check's own `lib.check`.
agenix-check:

{ lib, ... }:

{
  hooks.agenix-check = {
    enable = true;
    name = "agenix-check";
    description = "Check, without any key, that every host can read exactly its secrets";
    package = agenix-check;
    # A commit is stopped for what it breaks, not for what was wrong before it; that is shown.
    entry = "${lib.getExe agenix-check} --fail-on new";
    verbose = true;
    # A commit that only deletes files is judged too, and always the whole tree.
    always_run = true;
    pass_filenames = false;
    require_serial = true;
    stages = [ "pre-commit" "pre-merge-commit" "pre-push" ];
  };
}
