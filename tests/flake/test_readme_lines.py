"""What README tells users to write into a flake: each line, evaluated as it stands."""

import re

import pytest

from agenix_check import __version__
from tests.checkout import ROOT
from tests.discover.declared.estate import Estate
from tests.flake import test_flake_module
from tests.flake.conftest import Nix

_MODULE, _LINES = re.findall(r"```nix\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
_INPUT, *_OUTPUTS = _LINES.splitlines()
_FLAKE = """\
{{
  inputs.nixpkgs.url = "{nixpkgs}";
  {input}
  inputs.agenix-check.inputs.nixpkgs.follows = "nixpkgs";
  outputs = {{ self, nixpkgs, agenix-check }}:
    let pkgs = nixpkgs.legacyPackages.x86_64-linux; in {{ {outputs} }};
}}
"""


def test_the_import_is_that_of_the_module_tests() -> None:
    assert _MODULE == "imports = [ inputs.agenix-check.flakeModule ];\n"
    assert _MODULE.rstrip(" ];\n") in test_flake_module.FLAKE
    assert _MODULE in (ROOT / "docs/flake-parts.md").read_text()


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("checks.x86_64-linux.secrets.name", "agenix-check"),
        ("packages.x86_64-linux.agenix-check.name", "agenix-check"),
        ("overlaid", __version__),
    ],
)
def test_a_line_evaluates(estate: Estate, nix: Nix, attribute: str, value: str) -> None:
    overlaid = (
        "overlaid = (builtins.head self.nixpkgs.overlays pkgs pkgs).agenix-check.given.version;"
    )
    text = _FLAKE.format(
        nixpkgs=nix.nixpkgs,
        input=_INPUT.replace("github:agenix-check/agenix-check", nix.ours),
        outputs="\n".join([*_OUTPUTS, overlaid]),
    )
    assert nix.ours in text
    estate.shop.write("flake.nix", text)
    estate.shop.commit("Declare")
    done = nix.run(estate.shop.top, "eval", "--no-write-lock-file", "--raw", f".#{attribute}")
    assert done.code == 0, done.output
    assert done.output.endswith(value)
