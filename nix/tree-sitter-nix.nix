# The grammar of Nix for tree-sitter, which nixpkgs does not have for Python: from the wheels on PyPI,
# as its authors build them.
{ lib, stdenv, python3Packages, autoPatchelfHook }:

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
  inherit (stdenv.hostPlatform) system isLinux;
in
python3Packages.tree-sitter-nix or (python3Packages.buildPythonPackage rec {
  pname = "tree-sitter-nix";
  version = "0.1.0";
  format = "wheel";

  src = python3Packages.fetchPypi ({
    pname = "tree_sitter_nix";
    inherit version format;
    dist = "cp310";
    python = "cp310";
    abi = "abi3";
  } // (wheels.${system} or (throw "tree-sitter-nix has no wheel for ${system}")));

  nativeBuildInputs = lib.optionals isLinux [ autoPatchelfHook ];
  pythonImportsCheck = [ "tree_sitter_nix" ];

  meta = {
    description = "Nix grammar for tree-sitter";
    homepage = "https://github.com/nix-community/tree-sitter-nix";
    license = lib.licenses.mit;
    sourceProvenance = [ lib.sourceTypes.binaryNativeCode ];
  };
})
