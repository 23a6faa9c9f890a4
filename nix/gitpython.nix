# GitPython, no older than pyproject.toml wants it: earlier ones let arguments become options.
{ lib, python3Packages }:

let
  inherit (python3Packages) fetchPypi gitpython;
in
if lib.versionAtLeast gitpython.version "3.1.60" then gitpython
else
  gitpython.overridePythonAttrs {
    version = "3.2.1";
    src = fetchPypi {
      pname = "gitpython";
      version = "3.2.1";
      hash = "sha256-DxIp7FwFe9q97tqL2k8XvaZ5qzPbzMAPJOakgFU8hhM=";
    };
  }
