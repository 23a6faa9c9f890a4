# The grammar of Nix for tree-sitter, in the version that the program is tested with. What nixpkgs has,
# `tree-sitter-grammars.tree-sitter-nix`, is another one.
{ callPackage }:

let
  wheels = {
    x86_64-linux = {
      platform = "manylinux_2_5_x86_64.manylinux1_x86_64.manylinux_2_17_x86_64.manylinux2014_x86_64";
      hash = "sha256-WMB/eIvG0kt6kK/0lDHeV8OTPFxU0QCBJdogc/G8Rd4=";
    };
    aarch64-linux = {
      platform = "manylinux_2_17_aarch64.manylinux2014_aarch64";
      hash = "sha256-Jd9wBdkYiWg0fZf1mAtf14AADzQM4eXbGYRHvyCMiHE=";
    };
    x86_64-darwin = {
      platform = "macosx_10_9_x86_64";
      hash = "sha256-viy0Quiqcbob6cGJKMHmG6fEIbetsYE5FStrdT6vNKU=";
    };
    aarch64-darwin = {
      platform = "macosx_11_0_arm64";
      hash = "sha256-HGZusS9fwyakoS8ctVXZPablk0lHsDipWCnNJTPmYtc=";
    };
  };
in
callPackage ./wheel.nix { } {
  pname = "tree-sitter-nix";
  version = "0.1.0";
  inherit wheels;
  meta = {
    description = "Nix grammar for tree-sitter";
    homepage = "https://github.com/nix-community/tree-sitter-nix";
  };
}
