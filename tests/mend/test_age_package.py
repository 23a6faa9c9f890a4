"""Which age program `--fix` uses by itself, for a key that needs one.

The key is that of a plugin which is not on PATH: only programs that know where it is can use it.
Each notes that it ran.
"""

import os
import shutil
from pathlib import Path

import pytest

from tests.conftest import Result
from tests.discover.declared.conftest import _in_order, estate, nix_home, nix_root
from tests.discover.declared.estate import DB, Estate
from tests.keys import plugin
from tests.mend.mending import command, execute

__all__ = ["_in_order", "estate", "nix_home", "nix_root"]

_SYSTEM = f"{os.uname().machine}-linux"
_KEY = plugin.recipient("test", b"alpha")


class Fleet:
    """A fleet with a host whose key needs a program, and where programs note that they ran."""

    def __init__(self, estate: Estate, place: Path) -> None:
        self.estate = estate
        self.shop = estate.shop
        self.log = place / "ran"
        self.path = place / "bin"
        self._plugins = place / "plugins"
        plugin.install(self._plugins)

    def program(self, path: Path, word: str) -> None:
        """Write an age program that notes `word`, and finds the plugin."""
        age = shutil.which("age")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f'#!/bin/sh\necho {word} >> {self.log}\nPATH={self._plugins}:$PATH exec {age} "$@"\n'
        )
        path.chmod(0o755)

    def name(self, package: str) -> None:
        """Let the flake name an age package."""
        self.estate.write_flake(f"agenix-check.agePackage.{_SYSTEM} = {package};")

    def fix(self, *arguments: str, inventory: str = "nix") -> Result:
        """Fix what is staged."""
        self.shop.stage()
        words = command(self.shop, *arguments)
        words[words.index("names")] = inventory
        return execute(self.shop, words, {"PATH": f"{self.path}:{os.environ['PATH']}"})

    def ran(self) -> set[str]:
        """Return the words of the programs that ran."""
        return set(self.log.read_text().split()) if self.log.exists() else set()


@pytest.fixture
def fleet(estate: Estate, tmp_path: Path) -> Fleet:
    """Return a fleet whose flake names a program of its own, as the last commit has it."""
    made = Fleet(estate, tmp_path)
    made.program(estate.shop.top / "tool/bin/age", "named")
    made.program(made.path / "rage", "found")
    estate.shop.host("alpha", _KEY)
    estate.write_lock()
    made.name('{ outPath = "${./tool}"; meta.mainProgram = "age"; }')
    estate.shop.commit("Name a program")
    return made


def test_what_the_base_names_too_is_used(fleet: Fleet) -> None:
    fleet.estate.edit(DB, "another text\n")
    done = fleet.fix("--grant", "all")
    assert done.code == 0, done.stdout + done.stderr
    assert fleet.ran() == {"named"}
    assert "the fleet's agePackage is used: " in done.stderr


def test_what_a_change_alone_says_is_never_started(fleet: Fleet) -> None:
    fleet.program(fleet.shop.top / "tool/bin/age", "changed")
    done = fleet.fix("--grant", "all")
    assert done.code == 0, done.stdout + done.stderr
    assert fleet.ran() == {"found"}
    assert "agePackage is not used: this change does not name the same" in done.stderr


def test_on_a_strangers_branch_the_default_branch_names_it(fleet: Fleet) -> None:
    git = fleet.shop.git
    git.run("update-ref", "refs/remotes/origin/main", "HEAD")
    git.run("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    fleet.program(fleet.shop.top / "tool/bin/age", "stranger")
    fleet.shop.commit("Offer another program")
    fleet.fix("--grant", "all")
    assert fleet.ran() == {"found"}


def test_what_is_not_built_is_not_used(fleet: Fleet) -> None:
    package = f'derivation {{ name = "age"; system = "{_SYSTEM}"; builder = "/bin/sh"; }}'
    fleet.name(f'({package}) // {{ meta.mainProgram = "age"; }}')
    fleet.shop.commit("Name a package")
    fleet.estate.edit(DB, "another text\n")
    done = fleet.fix("--grant", "all")
    assert done.code == 0, done.stdout + done.stderr
    assert fleet.ran() == {"found"}
    assert "agePackage is not used: it is not built: " in done.stderr


def test_a_node_may_name_it(fleet: Fleet) -> None:
    top = fleet.shop.top / "flake.nix"
    text = top.read_text().replace(f"agenix-check.agePackage.{_SYSTEM} = ", "tool = ", 1)
    named = text.replace("rekey = {", "rekey = { agePackage = self.tool;")
    assert "tool = {" in named != text
    top.write_text(named)
    fleet.shop.commit("Name it in nodes")
    assert fleet.fix("--grant", "all").code == 0
    assert fleet.ran() == {"named"}


def test_without_nix_the_first_on_path_is_found_but_never_one_of_the_tree(fleet: Fleet) -> None:
    fleet.program(fleet.shop.top / "bin/age", "tree")
    fleet.path.rename(fleet.path.with_name("programs"))
    fleet.path = fleet.shop.top / f"bin:bin:{fleet.path.with_name('programs')}"
    done = fleet.fix("--grant", "all", inventory="lock")
    assert done.code == 0, done.stdout + done.stderr
    assert fleet.ran() == {"found"}


def test_none_is_started_where_pyrage_does_it_all(fleet: Fleet) -> None:
    fleet.estate.edit(DB, "another text\n")
    done = fleet.fix("--node", "nixos:beta", "--node", "nixos:delta")
    assert done.code == 0, done.stdout + done.stderr
    assert fleet.ran() == set()
    assert "agePackage" not in done.stderr


def test_the_program_that_is_given_is_the_one(fleet: Fleet, tmp_path: Path) -> None:
    fleet.program(tmp_path / "given", "given")
    done = fleet.fix("--grant", "all", "--age", str(tmp_path / "given"))
    assert done.code == 0, done.stdout + done.stderr
    assert fleet.ran() == {"given"}


def test_where_none_can_the_first_says_why(fleet: Fleet) -> None:
    shutil.rmtree(fleet.path)
    fleet.name("null")
    fleet.shop.commit("Name none")
    fleet.estate.edit(DB, "another text\n")
    done = fleet.fix("--grant", "all")
    assert done.code == 3
    assert "cannot encrypt to age1test1" in done.stderr
    assert f"with {shutil.which('age')}: " in done.stderr
