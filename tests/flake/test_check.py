"""`lib.check` and `lib.lock`, used by a fleet's own flake: really evaluated, and really built."""

import json
from collections.abc import Callable

import pytest

from agenix_check.discover.tree.evidence import LOCK
from tests.checkout import Done
from tests.conftest import Run
from tests.discover.declared.estate import Estate, Node, Secret, master
from tests.flake.conftest import Nix
from tests.host_keys import HOSTS

_INPUTS = """
  inputs.nixpkgs.url = "%s";
  inputs.agenix-check = { url = "%s"; inputs.nixpkgs.follows = "nixpkgs"; };
"""
_CHECK = """
  lock = agenix-check.lib.lock { inherit self; };
  checks.x86_64-linux.secrets = agenix-check.lib.check {
    inherit self;
    pkgs = nixpkgs.legacyPackages.x86_64-linux;
    args = [ "--strict" "--ignore" "source-unused" ];
  };
"""


def _commit(estate: Estate, nix: Nix, more: str = "") -> None:
    """Write the flake with our check in it, and commit everything."""
    estate.write_flake(_CHECK + more)
    path = estate.shop.top / "flake.nix"
    text = path.read_text().replace("{ self }:", "{ self, nixpkgs, agenix-check }:")
    path.write_text(text.replace("{", "{" + _INPUTS % (nix.nixpkgs, nix.ours), 1))
    estate.shop.commit("Declare")


def _check(estate: Estate, nix: Nix) -> Done:
    """Build the check, as `nix flake check` does."""
    return nix.run(
        estate.shop.top, "build", "--no-write-lock-file", "--print-build-logs",
        ".#checks.x86_64-linux.secrets",
    )  # fmt: skip


def test_a_fleet_in_order_passes(estate: Estate, nix: Nix) -> None:
    _commit(estate, nix)
    done = _check(estate, nix)
    assert done.code == 0, done.output
    assert "5 outputs on 3 nodes" in (estate.shop.top / "result").resolve().read_text()


def _breaks_nothing(estate: Estate) -> None:
    """Set what could harm the bytes on their way through a new repository."""
    estate.shop.write(".gitattributes", "* text=auto\n*.age filter=lfs ident\n")
    estate.shop.write(".gitignore", "*.age\nsecrets\n")
    estate.shop.git.run("add", "--force", "secrets")
    estate.shop.write(LOCK, '{"schema": "agenix-check/lock/1", "nodes": {}}\n')


def test_neither_attributes_nor_ignored_files_nor_an_old_lock_mislead_it(
    estate: Estate, nix: Nix
) -> None:
    _breaks_nothing(estate)
    _commit(estate, nix)
    done = _check(estate, nix)
    assert done.code == 0, done.output
    assert "5 outputs on 3 nodes" in (estate.shop.top / "result").resolve().read_text()


def _edit(estate: Estate) -> None:
    estate.edit("secrets/db.age", "another\n")


def _forget(estate: Estate) -> None:
    estate.nodes["delta"].secrets["token"] = Secret("secrets/alpha-token.age")


def _drop(estate: Estate) -> None:
    estate.shop.remove(estate.output("alpha", "db"))


def _misdirect(estate: Estate) -> None:
    estate.rekey_one("alpha", "db", key=HOSTS["beta"])


def _cut(estate: Estate) -> None:
    path = estate.output("alpha", "db")
    estate.shop.write(path, estate.shop.read(path)[:60])


def _rotate(estate: Estate) -> None:
    estate.shop.host("alpha", HOSTS["gamma"])


def _exclude(estate: Estate) -> None:
    estate.masters.append(master(HOSTS["gamma"]))


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (_edit, "output-stale"),
        (_rotate, "output-stale"),
        (_forget, "output-missing"),
        (_drop, "output-missing"),
        (_misdirect, "output-wrong-recipient"),
        (_cut, "output-malformed"),
        (_exclude, "source-missing-recipient"),
    ],
)
def test_a_broken_fleet_fails(
    estate: Estate, nix: Nix, change: Callable[[Estate], None], rule: str
) -> None:
    change(estate)
    _commit(estate, nix)
    done = _check(estate, nix)
    assert done.code != 0
    assert f"[{rule}]" in done.output


def test_a_node_that_cannot_be_evaluated_fails(estate: Estate, nix: Nix) -> None:
    _commit(estate, nix, 'nixosConfigurations.broken.config.age.rekey = throw "no";\n')
    done = _check(estate, nix)
    assert done.code != 0
    assert "nixos:broken could not be evaluated" in done.output


def test_the_lock_is_the_one_that_the_program_writes(estate: Estate, nix: Nix, run: Run) -> None:
    alpha = estate.nodes["alpha"]
    alpha.secrets["made"] = Secret("secrets/made.age", generator=True)
    alpha.secrets["inner"] = Secret("secrets/inner.age", name="a/b", intermediary=True)
    estate.nodes["text"] = Node(key=HOSTS["gamma"], storage="")
    estate.nodes["derived"] = Node(key=HOSTS["beta"], storage="x", mode="derivation")
    estate.masters.append(master(None, "masters/one.pub"))
    estate.extra = [HOSTS["beta"]]
    estate.write_sources()
    _commit(
        estate,
        nix,
        """
        darwinConfigurations."a.b".config = self.nixosConfigurations.alpha.config // {
          home-manager.users = { bob = self.nixosConfigurations.beta.config; carol = { }; };
        };
        homeConfigurations.bob.config = self.nixosConfigurations.beta.config;
        nixosConfigurations.elsewhere.config.age = self.nixosConfigurations.beta.config.age // {
          rekey = self.nixosConfigurations.beta.config.age.rekey // {
            localStorageDir = "/srv/secrets";
            extraEncryptionPubkeys = [ ./hosts/alpha/host.pub "/etc/key.pub" ];
          };
        };
        nixosConfigurations.other.config = { };
        """,
    )
    shown = nix.run(estate.shop.top, "eval", "--no-write-lock-file", "--json", ".#lock")
    assert shown.code == 0, shown.output
    inputs = nix.run(estate.shop.top, "flake", "lock")
    assert inputs.code == 0, inputs.output
    estate.shop.commit("Lock the inputs")
    done = run(estate.shop.top, "fleet", "--lock")
    assert done.code == 0, done.stderr
    written = json.loads((estate.shop.top / LOCK).read_text())
    assert len(written["nodes"]) == 9
    assert json.loads(shown.output.splitlines()[-1]) == written
