# pyrage, which nixpkgs does not have.
{ callPackage, stdenv }:

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
in
callPackage ./wheel.nix { } {
  pname = "pyrage";
  version = "1.4.0";
  inherit wheels;
  buildInputs = [ stdenv.cc.cc.lib ];
  meta = {
    description = "Python bindings for rage, an implementation of age";
    homepage = "https://github.com/woodruffw/pyrage";
  };
}
