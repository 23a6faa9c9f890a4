# agenix-check for nixpkgs' `callPackage`. Its tests need more than a sandbox has, so only the import
# is tested here.
{ lib, python3Packages, callPackage, gitMinimal, installShellFiles }:

let
  version = builtins.head
    (builtins.match ''.*__version__ = "([^"]+)".*'' (builtins.readFile ../agenix_check/__init__.py));
in
python3Packages.buildPythonApplication {
  pname = "agenix-check";
  inherit version;
  pyproject = true;

  src = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [
      ../agenix_check ../ci-examples ../hatch_build.py ../share ../pyproject.toml ../README.md
      ../LICENSE
    ];
  };

  nativeBuildInputs = [ installShellFiles ];
  build-system = [ python3Packages.hatchling ];
  dependencies = [
    (callPackage ./gitpython.nix { })
    python3Packages.jinja2
    python3Packages.junit-xml
    (callPackage ./pyrage.nix { })
    python3Packages.tqdm
    python3Packages.tree-sitter
    (callPackage ./tree-sitter-nix.nix { })
  ];

  # The wheel brings them to $out/share too, for pip; here nixpkgs decides where they belong.
  postInstall = ''
    rm -r $out/share/{bash-completion,fish,man,zsh}
    installManPage share/man/man1/agenix-check.1
    installShellCompletion --cmd agenix-check \
      --bash share/bash-completion/completions/agenix-check \
      --fish share/fish/vendor_completions.d/agenix-check.fish \
      --zsh share/zsh/site-functions/_agenix-check
  '';

  # The Git of whoever runs it comes first, and so do Nix, age and age's plugins.
  makeWrapperArgs = [ "--suffix" "PATH" ":" (lib.makeBinPath [ gitMinimal ]) ];
  pythonImportsCheck = [ "agenix_check" ];

  meta = {
    description = "Check that every host of a NixOS fleet can read exactly its secrets";
    homepage = "https://github.com/agenix-check/agenix-check";
    license = lib.licenses.mit;
    mainProgram = "agenix-check";
  };
}
