"""The module for flakes of flake-parts: evaluated and built as a fleet's own flake uses it.

flake-parts and nixpkgs' module system are stand-ins (`flake_parts.nix` says what they keep).
`make trial` runs these tests with the real ones.
"""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.checkout import ROOT, Done, run
from tests.discover.declared.estate import Estate, Secret
from tests.flake.conftest import Nix

FLAKE = """\
{
  inputs.nixpkgs.url = "%(nixpkgs)s";
  inputs.agenix-check = { url = "%(ours)s"; inputs.nixpkgs.follows = "nixpkgs"; };
  inputs.flake-parts = { url = "%(parts)s"; inputs.nixpkgs-lib.%(lib)s; };

  outputs = inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } {
    systems = [ "x86_64-linux" ];
    imports = [ inputs.agenix-check.flakeModule %(imports)s ];
    flake = (import ./fleet.nix).outputs { inherit (inputs) self; };
    perSystem = { config, pkgs, ... }: { %(more)s };
  };
}
"""
_SYSTEM = "x86_64-linux"


class Fleet(NamedTuple):
    """A fleet whose flake imports the module."""

    estate: Estate
    nix: Nix

    def write(self, more: str = "", imports: str = "") -> None:
        """Write the flake, with `more` in `perSystem`, and commit everything."""
        self.estate.write_flake(path="fleet.nix")
        self.estate.shop.write("flake.nix", FLAKE % {
            "ours": self.nix.ours, "nixpkgs": self.nix.nixpkgs, "parts": self.nix.parts,
            "lib": self.nix.lib, "imports": imports, "more": more,
        })  # fmt: skip
        self.estate.shop.commit("Declare")

    def run(self, *arguments: str) -> Done:
        """Run Nix in the fleet's directory."""
        verb, *rest = arguments
        return self.nix.run(self.estate.shop.top, verb, "--no-write-lock-file", *rest)

    def evaluate(self, attribute: str) -> Any:
        """Return an attribute of the flake."""
        done = self.run("eval", "--json", f".#{attribute}")
        assert done.code == 0, done.output
        return json.loads(done.output.splitlines()[-1])

    def build(self, attribute: str) -> Path:
        """Build an attribute of the flake, and return its path."""
        done = self.run("build", "--print-build-logs", f".#{attribute}")
        assert done.code == 0, done.output
        return (self.estate.shop.top / "result").resolve()

    def complaint(self, attribute: str) -> str:
        """Return what Nix says of an attribute that it cannot give."""
        done = self.run("build", "--print-build-logs", f".#{attribute}")
        assert done.code != 0
        return done.output


@pytest.fixture
def fleet(estate: Estate, nix: Nix) -> Fleet:
    return Fleet(estate, nix)


CHECK = f"checks.{_SYSTEM}.agenix-check"


def test_an_import_and_nothing_more_gives_a_check_an_app_and_a_package(fleet: Fleet) -> None:
    fleet.write()
    assert "5 outputs on 3 nodes" in fleet.build(CHECK).read_text()
    package = fleet.build(f"packages.{_SYSTEM}.agenix-check")
    app = fleet.evaluate(f"apps.{_SYSTEM}.agenix-check")
    assert app["type"] == "app"
    assert app["program"] == f"{package}/bin/agenix-check"


def _edit(estate: Estate) -> None:
    estate.edit("secrets/db.age", "another\n")


def _drop(estate: Estate) -> None:
    estate.shop.remove(estate.output("alpha", "db"))


def _forget(estate: Estate) -> None:
    estate.nodes["delta"].secrets["token"] = Secret("secrets/alpha-token.age")


@pytest.mark.parametrize(
    ("change", "rule"),
    [(_edit, "output-stale"), (_drop, "output-missing"), (_forget, "output-missing")],
)
def test_the_check_fails_on_a_break(
    fleet: Fleet, change: Callable[[Estate], None], rule: str
) -> None:
    change(fleet.estate)
    fleet.write()
    assert f"[{rule}]" in fleet.complaint(CHECK)


def test_the_lock_is_that_of_the_library(fleet: Fleet) -> None:
    fleet.write(
        imports="{ flake.library = inputs.agenix-check.lib.lock { inherit (inputs) self; }; }"
    )
    lock = fleet.evaluate(f"agenix-check.lock.{_SYSTEM}")
    assert lock == fleet.evaluate("library")
    assert sorted(lock["nodes"]) == ["nixos:alpha", "nixos:beta", "nixos:delta"]
    assert lock == json.loads(fleet.evaluate(f"{CHECK}.declared"))  # what the check reads


def test_the_nodes_are_those_that_the_options_name(fleet: Fleet) -> None:
    fleet.write(
        "agenix-check.nixosConfigurations ="
        ' removeAttrs inputs.self.nixosConfigurations [ "beta" "delta" ];'
    )
    assert list(fleet.evaluate(f"agenix-check.lock.{_SYSTEM}.nodes")) == ["nixos:alpha"]


# As much of agenix-rekey's own module as ours reads.
_REKEY = """
  ({ lib, flake-parts-lib, ... }: {
    options.perSystem = flake-parts-lib.mkPerSystemOption ({ pkgs, ... }: {
      options.agenix-rekey = lib.mapAttrs
        (_: default: lib.mkOption { type = lib.types.raw; inherit default; })
        {
          nixosConfigurations = removeAttrs inputs.self.nixosConfigurations [ "alpha" ];
          darwinConfigurations = { mac = inputs.self.nixosConfigurations.alpha; };
          homeConfigurations = { };
          collectHomeManagerConfigurations = false;
          agePackage = pkgs.rage;
          inherit pkgs;
        };
    });
  })
"""


def test_what_agenix_rekey_takes_is_taken(fleet: Fleet) -> None:
    fleet.write(imports=_REKEY)
    nodes = fleet.evaluate(f"agenix-check.lock.{_SYSTEM}.nodes")
    assert sorted(nodes) == ["darwin:mac", "nixos:beta", "nixos:delta"]
    program = fleet.build(f"packages.{_SYSTEM}.agenix-check") / "bin/agenix-check"
    assert re.search('export PATH="/[^"]*-rage/bin:[$]PATH"', program.read_text())
    named = fleet.evaluate(f"agenix-check.agePackage.{_SYSTEM}.outPath")
    assert f'"{named}/bin:$PATH"' in program.read_text()


def test_an_age_program_of_another_name_is_given(fleet: Fleet) -> None:
    fleet.write("agenix-check.agePackage = pkgs.sealer;")
    program = fleet.build(f"packages.{_SYSTEM}.agenix-check") / "bin/agenix-check"
    assert re.search('AGENIX_CHECK_AGE="[$]{AGENIX_CHECK_AGE-/.*/bin/sealer}"', program.read_text())


def test_settings_reach_the_check_and_the_program(fleet: Fleet) -> None:
    _drop(fleet.estate)
    missing = '[ { rule = "output-missing"; node = "nixos:alpha"; reason = "until May"; } ]'
    fleet.write(f"agenix-check.settings = {{ nix-timeout = 60; ignore = {missing}; }};")
    fleet.build(CHECK)
    fleet.write(f"agenix-check.settings = {{ require-verified = true; ignore = {missing}; }};")
    assert "1 unverifiable" in fleet.complaint(CHECK)
    program = fleet.build(f"packages.{_SYSTEM}.agenix-check") / "bin/agenix-check"
    done = run(fleet.estate.shop.top, {}, str(program), "--inventory", "names")
    assert (done.code, "unverifiable" in done.output) == (1, True), done.output


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ("agenix-check.setings.strict = true;", "agenix-check.setings' does not exist"),
        ("agenix-check.settings.strickt = true;", "agenix-check.settings.strickt' does not exist"),
        ("agenix-check.settings.strict = 1;", "agenix-check.settings.strict' is not of type"),
        ('agenix-check.settings.fail-on = "old";', "agenix-check.settings.fail-on' is not of type"),
        ("agenix-check.nixosConfigurations = ./hosts;", "nixosConfigurations' is not of type"),
        ('agenix-check.agePackage = "age";', "agenix-check.agePackage' is not of type"),
        ("agenix-check.devShell = pkgs.rage;", "agenix-check.devShell' is read-only"),
        ("agenix-check.preCommit.enable = true;", "needs the flake module of git-hooks.nix"),
    ],
)
def test_an_error_of_use_is_named(fleet: Fleet, more: str, complaint: str) -> None:
    fleet.write(more)
    attribute = f"devShells.{_SYSTEM}.default" if "devShell" in more else CHECK
    if "agePackage" in more:  # the check needs none
        attribute = f"packages.{_SYSTEM}.agenix-check"
    if "devShell" in more:
        fleet.write(f"{more} devShells.default = config.agenix-check.devShell;")
    assert complaint in fleet.complaint(attribute)


def test_no_check_where_that_is_switched_off(fleet: Fleet) -> None:
    fleet.write("agenix-check.check.enable = false;")
    assert fleet.evaluate(f"checks.{_SYSTEM}") == {}


# As much of the flake module of git-hooks.nix as ours sets.
_HOOKS = """
  ({ config, lib, flake-parts-lib, ... }: {
    options.perSystem = flake-parts-lib.mkPerSystemOption {
      options.pre-commit.settings.hooks = lib.mkOption {
        type = lib.types.lazyAttrsOf lib.types.raw;
        default = { };
      };
    };
    config.flake.hooks = config.allSystems.x86_64-linux.pre-commit.settings.hooks;
    config.flake.example = ((import %s) config.flake.hooks.agenix-check.package)
      { lib.getExe = package: "${package}/bin/agenix-check"; };
  })
"""


def test_the_hook_is_that_of_the_example(fleet: Fleet) -> None:
    example = ROOT / "ci-examples/git-hooks.nix"
    shutil.copy(example, fleet.estate.shop.top / "example.nix")
    fleet.write("agenix-check.preCommit.enable = true;", imports=_HOOKS % "./example.nix")
    hooks = fleet.evaluate("hooks")
    assert hooks == fleet.evaluate("example.hooks")
    assert hooks["agenix-check"]["entry"].endswith("/bin/agenix-check --fail-on new")


def test_no_hook_where_that_is_not_asked_for(fleet: Fleet) -> None:
    fleet.estate.shop.write("example.nix", "_: { }")
    fleet.write(imports=_HOOKS % "./example.nix")
    assert fleet.evaluate("hooks") == {}
