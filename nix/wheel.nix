# A package of Python that nixpkgs does not have: from the wheels on PyPI, as its authors build them.
{ lib, stdenv, python3Packages, autoPatchelfHook }:

{ pname, version, wheels, meta, buildInputs ? [ ] }:

let
  inherit (stdenv.hostPlatform) system isLinux;
  module = builtins.replaceStrings [ "-" ] [ "_" ] pname;
in
python3Packages.${pname} or (python3Packages.buildPythonPackage {
  inherit pname version;
  format = "wheel";

  src = python3Packages.fetchPypi ({
    pname = module;
    inherit version;
    format = "wheel";
    dist = "cp310";
    python = "cp310";
    abi = "abi3";
  } // (wheels.${system} or (throw "${pname} has no wheel for ${system}")));

  nativeBuildInputs = lib.optionals isLinux [ autoPatchelfHook ];
  buildInputs = lib.optionals isLinux buildInputs;
  pythonImportsCheck = [ module ];

  meta = meta // {
    license = lib.licenses.mit;
    sourceProvenance = [ lib.sourceTypes.binaryNativeCode ];
  };
})
