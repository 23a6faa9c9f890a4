"""Our module beside agenix', agenix-rekey's, home-manager's and git-hooks.nix' own, in flake-parts.

`make trial` runs it, with checkouts of all: FLAKE_PARTS, NIXPKGS_LIB, AGENIX, AGENIX_REKEY,
HOME_MANAGER and GIT_HOOKS. flake-parts needs a new Nix.
"""

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agenix_check.discover.tree.evidence import LOCK
from tests.discover.declared.conftest import _in_order, estate
from tests.discover.declared.estate import Estate, Secret
from tests.discover.nix.conftest import nix_home, nix_root
from tests.flake.conftest import Nix, nix
from tests.flake.test_flake_module import CHECK, Fleet
from tests.keys.test_encryption import PQ
from tests.mend.mending import execute, write_key

__all__ = ["_in_order", "estate", "nix", "nix_home", "nix_root"]

_NAMES = ("NIXPKGS_LIB", "AGENIX", "AGENIX_REKEY", "HOME_MANAGER", "GIT_HOOKS")
_PLACES = {name: os.environ[name] for name in _NAMES}  # no test has the variables of AGENIX_

_FLAKE = """\
{
  inputs.nixpkgs.url = "%(nixpkgs)s";
  inputs.agenix-check = { url = "%(ours)s"; inputs.nixpkgs.follows = "nixpkgs"; };
  inputs.nixpkgs-lib.url = "path:%(NIXPKGS_LIB)s";
  inputs.flake-parts = { url = "%(parts)s"; inputs.nixpkgs-lib.follows = "nixpkgs-lib"; };
  inputs.agenix = { url = "path:%(AGENIX)s"; flake = false; };
  inputs.agenix-rekey = { url = "path:%(AGENIX_REKEY)s"; flake = false; };
  inputs.home-manager = { url = "path:%(HOME_MANAGER)s"; flake = false; };
  inputs.git-hooks = { url = "path:%(GIT_HOOKS)s"; flake = false; };

  outputs = inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } {
    systems = [ "x86_64-linux" ];
    imports = [
      inputs.agenix-check.flakeModule
      "${inputs.agenix-rekey}/flake-module.nix"
      "${inputs.git-hooks}/flake-module.nix"
      ({ config, ... }: {
        flake.hook = config.allSystems.x86_64-linux.pre-commit.settings.hooks.agenix-check;
      })
    ];
    perSystem = { pkgs, ... }: {
      pre-commit.check.enable = false;
      pre-commit.settings.package = pkgs.rage // { pname = "pre-commit"; };
      agenix-check.preCommit.enable = true;
    };
    flake = import ./real_fleet.nix {
      inherit inputs;
      plain = ((import ./plain.nix).outputs { inherit (inputs) self; }).nixosConfigurations;
      more = %(more)s;
    };
  };
}
"""
_MODULES = """\
{ lib, ... }: { options = {
  assertions = lib.mkOption { type = lib.types.listOf lib.types.raw; default = [ ]; };
  warnings = lib.mkOption { type = lib.types.listOf lib.types.str; default = [ ]; };
}; }
"""
_META = """\
{ lib, ... }: {
  options.meta = lib.mkOption { type = lib.types.lazyAttrsOf lib.types.raw; default = { }; };
}
"""


class Real(Fleet):
    """A fleet of real modules: two hosts and a home."""

    def write(self, more: str = "{ }", imports: str = "") -> None:  # noqa: ARG002 - of a Fleet
        """Write the flake, with `more` modules by name, and commit everything."""
        shop = self.estate.shop
        shop.remove(LOCK)
        self.estate.write_flake(path="plain.nix")
        shop.write("real_fleet.nix", (Path(__file__).parent / "real_fleet.nix").read_text())
        shop.write("nixpkgs/nixos/modules/misc/assertions.nix", _MODULES)
        shop.write("nixpkgs/nixos/modules/misc/meta.nix", _META)
        shop.write("nixpkgs/default.nix", '_: throw "no package is needed"\n')
        services = Path(_PLACES["NIXPKGS_LIB"]) / "lib/services"
        if services.exists():
            shutil.copytree(services, shop.top / "nixpkgs/lib/services", dirs_exist_ok=True)
        shop.write("flake.nix", _FLAKE % {
            "ours": self.nix.ours, "nixpkgs": self.nix.nixpkgs, "parts": self.nix.parts,
            "more": more, **_PLACES,
        })  # fmt: skip
        shop.commit("Declare")


@pytest.fixture
def fleet(estate: Estate, nix: Nix) -> Real:
    return Real(estate, nix)


def test_two_hosts_and_a_home_in_order(fleet: Real) -> None:
    fleet.write()
    lock = fleet.evaluate("agenix-check.lock.x86_64-linux")
    assert sorted(lock["nodes"]) == ["delta", "nixos:alpha", "nixos:beta"]
    assert "5 outputs on 3 nodes" in fleet.build(CHECK).read_text()
    assert fleet.evaluate("agenix-check.agePackage.x86_64-linux.outPath").endswith("-rage")


def _edit(estate: Estate) -> None:
    estate.edit("secrets/db.age", "another\n")


def _orphan(estate: Estate) -> None:
    path = estate.output("delta", "db")
    estate.shop.write(path.replace("-db.age", "-old.age"), estate.shop.read(path))


def _drop(estate: Estate) -> None:
    estate.shop.remove(estate.output("delta", "db"))


def _plain(estate: Estate) -> None:
    path = estate.output("beta", "db")
    estate.shop.write(path, b"the password\n")


def _key(estate: Estate) -> None:
    estate.shop.host("alpha", "no key\n")


def _forget(estate: Estate) -> None:
    estate.nodes["delta"].secrets["token"] = Secret("secrets/alpha-token.age")


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (_edit, "output-stale"),
        (_orphan, "output-orphan"),
        (_drop, "output-missing"),
        (_plain, "output-not-encrypted"),
        (_key, "node-invalid-key"),
        (_forget, "output-missing"),
    ],
)
def test_the_check_fails_on_each_break(
    fleet: Real, change: Callable[[Estate], None], rule: str
) -> None:
    change(fleet.estate)
    fleet.write()
    if rule == "output-orphan":  # a warning
        assert f"[{rule}]" in fleet.build(CHECK).read_text()
    else:
        assert f"[{rule}]" in fleet.complaint(CHECK)


def test_generators_with_dependencies_across_nodes(fleet: Real) -> None:
    """A generated secret that is not there names what has to be generated first."""
    fleet.write("""{
      alpha = { config, ... }: {
        age.secrets.base = { rekeyFile = ./secrets/base.age; generator.script = _: "x"; };
      };
      beta = {
        age.secrets.made = {
          rekeyFile = ./secrets/made.age;
          generator = {
            tags = [ "web" ];
            script = _: "x";
            dependencies = [ inputs.self.nixosConfigurations.alpha.config.age.secrets.base ];
          };
        };
      };
    }""")
    said = fleet.complaint(CHECK)
    assert "[source-missing]" in said
    assert "secrets/base.age" in said
    assert "secrets/made.age" in said
    lock = fleet.evaluate("agenix-check.lock.x86_64-linux")
    made = lock["nodes"]["nixos:beta"]["secrets"]["made"]
    assert (made["generator"], made["dependencies"]) == (["web"], ["secrets/base.age"])


def test_the_hook_is_one_of_git_hooks(fleet: Real) -> None:
    fleet.write()
    hook = fleet.evaluate("hook.raw")
    assert hook["entry"].endswith("/bin/agenix-check --fail-on new")
    assert hook["stages"] == ["pre-commit", "pre-merge-commit", "pre-push"]
    assert (hook["always_run"], hook["pass_filenames"], hook["verbose"]) == (True, False, True)


def test_the_program_evaluates_it_and_fixes_it(fleet: Real) -> None:
    fleet.write()
    estate, top = fleet.estate, fleet.estate.shop.top
    locked = fleet.nix.run(top, "flake", "lock")
    assert locked.code == 0, locked.output
    estate.shop.commit("Lock the inputs")
    key = write_key(estate.shop)
    check = [sys.executable, "-m", "agenix_check", "--inventory", "nix"]
    done = execute(estate.shop, [*check, "--format", "json"])
    assert done.code == 0, done
    report = json.loads(done.stdout)
    assert (report["fleet"]["nodes"], report["counts"]["outputs"]) == (3, 5)
    assert report["incomplete"] == []
    # A post-quantum key needs a program: agenix-rekey's own is not built here.
    estate.shop.host("alpha", PQ)
    estate.shop.stage()
    done = execute(estate.shop, [*check, "--fix", "-i", str(key), "--grant", "all"])
    assert "agePackage is not used: it is not built: " in done.stderr
    assert "-rage/bin/rage" in done.stderr
