# pyrage, which nixpkgs does not have: from the wheels on PyPI, as its authors build them.
{ lib, stdenv, python3Packages, autoPatchelfHook }:

let
  wheels = {
    x86_64-linux = {
      platform = "manylinux_2_17_x86_64.manylinux2014_x86_64";
      hash = "sha256-f06wy8K0ruXerJhixHs4lYZt9VVBU5Ua+CLpxYHmhVg=";
    };
    aarch64-linux = {
      platform = "manylinux_2_17_aarch64.manylinux2014_aarch64";
      hash = "sha256-+GizYMzT+DYybUK1Mvrj6OuDQKiMygo5wK4Q/OaPbMU=";
    };
    x86_64-darwin = universal;
    aarch64-darwin = universal;
  };
  universal = {
    platform = "macosx_10_12_x86_64.macosx_11_0_arm64.macosx_10_12_universal2";
    hash = "sha256-vPQXeuqRqfSJUduAAcE4W6r7rmLMFdaR70Pv66q2uNs=";
  };
  inherit (stdenv.hostPlatform) system isLinux;
in
python3Packages.pyrage or (python3Packages.buildPythonPackage rec {
  pname = "pyrage";
  version = "1.4.0";
  format = "wheel";

  src = python3Packages.fetchPypi ({
    inherit pname version format;
    dist = "cp310";
    python = "cp310";
    abi = "abi3";
  } // (wheels.${system} or (throw "pyrage has no wheel for ${system}")));

  nativeBuildInputs = lib.optionals isLinux [ autoPatchelfHook ];
  buildInputs = lib.optionals isLinux [ stdenv.cc.cc.lib ];
  pythonImportsCheck = [ "pyrage" ];

  meta = {
    description = "Python bindings for rage, an implementation of age";
    homepage = "https://github.com/woodruffw/pyrage";
    license = lib.licenses.mit;
    sourceProvenance = [ lib.sourceTypes.binaryNativeCode ];
  };
})
