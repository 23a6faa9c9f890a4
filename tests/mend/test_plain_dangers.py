"""What `--fix` of plain agenix must not do: give access back, or take it away by accident."""

import shutil
from pathlib import Path

import pytest

from agenix_check.age import read_age
from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt
from tests.conftest import Run
from tests.host_keys import ALPHA, BETA
from tests.keys.conftest import MakeSsh, public

_BY_FILES = """
let
  hosts = builtins.mapAttrs
    (n: _: builtins.replaceStrings [ "\\n" ] [ "" ] (builtins.readFile (./keys + "/${n}")))
    (builtins.readDir ./keys);
  me = builtins.readFile ./me.pub;
in {
  "one.age".publicKeys = [ me hosts."alpha.pub" ];
  "all.age".publicKeys = [ me ] ++ builtins.attrValues hosts;
  "other.age".publicKeys = builtins.filter builtins.isString (builtins.split "\n" me);
}
"""


@pytest.fixture
def shop(workshop: Workshop, ssh_key: MakeSsh, tmp_path: Path) -> Workshop:
    """Return a repository in order, whose rules read the keys of two hosts from files."""
    place = tmp_path / "user" / ".ssh"
    place.mkdir(parents=True)
    shutil.copy(ssh_key(), place / "id_ed25519")
    me = public(ssh_key())
    workshop.write("me.pub", f"{me.strip()}\n")
    for name, key in (("alpha", ALPHA), ("beta", BETA)):
        workshop.write(f"keys/{name}.pub", key)
    workshop.write("secrets.nix", _BY_FILES)
    workshop.write("one.age", encrypt(b"1", [me, ALPHA]))
    workshop.write("all.age", encrypt(b"2", [me, ALPHA, BETA]))
    workshop.write("other.age", encrypt(b"3", [me]))
    workshop.commit("Build")
    return workshop


@pytest.fixture
def owner(tmp_path: Path) -> dict[str, str]:
    """Return variables of the person whose key opens the files of `shop`."""
    return {"HOME": str(tmp_path / "user")}


def _readers(shop: Workshop, path: str) -> int:
    return len(read_age(shop.read(path)).real_stanzas)


def test_an_empty_key_file_takes_no_access_away(
    shop: Workshop, run_here: Run, owner: dict[str, str]
) -> None:
    in_order = run_here(shop.top, env=owner)
    shop.write("keys/alpha.pub", "\n")
    shop.stage()

    fixed = run_here(shop.top, "--fix", env=owner)

    assert in_order.code == 0, in_order
    assert fixed.code == 1
    said = " ".join(fixed.stdout.split())
    assert "its rule lists an empty text (keys/alpha.pub), which age cannot take" in said
    assert "# put the key in keys/alpha.pub right and git add that" in said
    assert (_readers(shop, "one.age"), _readers(shop, "all.age")) == (2, 3)


def test_a_key_file_that_was_not_staged_takes_no_access_away(
    shop: Workshop, run_here: Run, owner: dict[str, str]
) -> None:
    shop.git.run("rm", "-q", "--cached", "keys/alpha.pub")

    fixed = run_here(shop.top, "--fix", env=owner)
    shop.git.run("add", "keys/alpha.pub")

    assert fixed.code == 3
    assert "keys/alpha.pub is in the work tree, and not staged: git add keys/alpha.pub" in (
        fixed.stderr
    )
    assert "not fixed: all.age: secrets.nix could be read only in part" in fixed.stderr
    assert "fix: git add -f -- :/keys/alpha.pub\n" in fixed.stdout
    assert _readers(shop, "all.age") == 3
    assert run_here(shop.top, env=owner).code == 0


def test_who_left_the_unstaged_rules_gets_no_access_back(
    shop: Workshop, run_here: Run, owner: dict[str, str], ssh_key: MakeSsh
) -> None:
    before = shop.read("secrets.nix").decode()
    after = before.replace('[ me hosts."alpha.pub" ]', "[ me ]")
    shop.write("secrets.nix", after)
    shop.write("one.age", encrypt(b"1", [public(ssh_key())]))
    shop.git.run("add", "one.age")

    said = run_here(shop.top, env=owner)
    fixed = run_here(shop.top, "--fix", env=owner)
    shop.write("secrets.nix", f"{after}}}")
    unknown = run_here(shop.top, "--fix", env=owner)
    (shop.top / "secrets.nix").unlink()
    gone = run_here(shop.top, "--fix", env=owner)
    shop.write("secrets.nix", after)
    shop.git.run("add", "secrets.nix")

    assert said.code == fixed.code == 1
    assert "the work tree's secrets.nix no longer lists" in " ".join(said.stdout.split())
    assert "fix: git add -f -- :/secrets.nix\n" in said.stdout
    assert "not fixed: one.age: the work tree's secrets.nix no longer lists" in fixed.stderr
    for one in (unknown, gone):
        assert one.code == 1
        assert "what the work tree's secrets.nix says is not known" in one.stderr
    assert _readers(shop, "one.age") == 1
    assert run_here(shop.top, env=owner).code == 0


def test_an_unstaged_edit_that_takes_nobody_away_hinders_no_fix(
    shop: Workshop, run_here: Run, owner: dict[str, str], ssh_key: MakeSsh
) -> None:
    shop.write("secrets.nix", "# the team's\n" + shop.read("secrets.nix").decode())
    shop.write("one.age", encrypt(b"1", [public(ssh_key())]))
    shop.git.run("add", "one.age")

    fixed = run_here(shop.top, "--fix", env=owner)

    assert fixed.code == 0, fixed
    assert _readers(shop, "one.age") == 2


def test_the_fix_of_a_work_tree_stages_its_rules_first(
    shop: Workshop, run_here: Run, owner: dict[str, str]
) -> None:
    rules = shop.read("secrets.nix").decode()
    shop.write("secrets.nix", rules.replace('[ me hosts."alpha.pub" ]', "[ me ]"))

    said = run_here(shop.top, "--worktree", env=owner)
    shop.git.run("add", "secrets.nix")
    fixed = run_here(shop.top, "--fix", env=owner)

    assert said.code == 1
    assert "fix: git add -f -- :/secrets.nix && agenix-check --fix  #" in said.stdout
    assert fixed.code == 0, fixed
    assert _readers(shop, "one.age") == 1


def test_a_host_that_only_a_listing_misses_keeps_its_access(
    shop: Workshop, run_here: Run, owner: dict[str, str]
) -> None:
    shop.git.run("rm", "-q", "--cached", "keys/beta.pub")

    fixed = run_here(shop.top, "--fix", env=owner)

    assert fixed.code == 1
    assert "not fixed: all.age: it is for those whom the work tree's secrets.nix lists" in (
        fixed.stderr
    )
    assert "fix: git add -f -- :/keys/beta.pub\n" in fixed.stdout
    assert _readers(shop, "all.age") == 3
