"""agenix's own script beside `--fix`, on the same broken tree: a reader sees no difference.

Run by hand, as agenix is no part of this repository: `make trial AGENIX=CHECKOUT`. The script is
that of the checkout, with the programs of this machine: age, jq, nix-instantiate.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from agenix_check.age import read_age
from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt, new_identity
from tests.conftest import Result, Run
from tests.keys.conftest import MakeSsh, public

_CHECKOUT = Path(os.environ["AGENIX"]).resolve()  # tests see none of our variables
_PROGRAMS = {
    "ageBin": "age",
    "jqBin": "jq",
    "nixInstantiate": "nix-instantiate",
    "mktempBin": "mktemp",
    "diffBin": "diff",
}


class Seen(NamedTuple):
    """What a file is to its readers; `stanzas` in no order, without random parts."""

    texts: tuple[bytes | None, ...]  # what each key gets out of it
    stanzas: tuple[tuple[str, ...], ...]
    size: int | None
    armored: bool


class House:
    """A repository of plain agenix: who is who, and the person at work, whose key is in HOME."""

    def __init__(self, shop: Workshop, home: Path, ssh_key: MakeSsh) -> None:
        self.shop = shop
        self.home = home
        self.identities: list[Path] = []
        self.keys: dict[str, str] = {}
        for kind in ("ed25519", "rsa"):
            self._add(kind, ssh_key(kind), public(ssh_key(kind)).strip())
        for name in ("host", "late", "gone"):
            identity, recipient = new_identity()
            path = shop.top.with_name(f"{name}.key")
            path.write_text(f"{identity}\n")
            self._add(name, path, recipient)
        (home / ".ssh").mkdir()
        shutil.copy(ssh_key("ed25519"), home / ".ssh" / "id_ed25519")

    def _add(self, name: str, identity: Path, recipient: str) -> None:
        self.identities.append(identity)
        self.keys[name] = recipient

    def write(self, path: str, *names: str, armored: bool = False) -> None:
        recipients = [self.keys[name] for name in names]
        self.shop.write(path, encrypt(f"of {path}\n".encode(), recipients, armored=armored))

    def rules(self, rules: str, path: str = "secrets.nix") -> None:
        keys = "".join(f'  {name} = "{key}";\n' for name, key in self.keys.items())
        self.shop.write(path, f"let\n{keys}in {{\n{rules}}}\n")

    def seen(self, paths: list[str]) -> dict[str, Seen]:
        """Return what every file is to its readers."""
        return {path: self._look(path) for path in paths}

    def _look(self, path: str) -> Seen:
        file = read_age(self.shop.read(path))
        return Seen(
            tuple(self._open(path, identity) for identity in self.identities),
            tuple(sorted((one.type, *one.args[:-1]) for one in file.real_stanzas)),
            file.plaintext_size,
            file.armored,
        )

    def _open(self, path: str, identity: Path) -> bytes | None:
        words = ["age", "--decrypt", "-i", str(identity), str(self.shop.top / path)]
        done = subprocess.run(words, capture_output=True, check=False)
        return done.stdout if done.returncode == 0 else None

    def agenix(self, *arguments: str, directory: str = ".", env: Mapping[str, str]) -> str:
        """Run the script, and return what it says."""
        text = (_CHECKOUT / "pkgs" / "agenix.sh").read_text()
        for name, program in _PROGRAMS.items():
            text = text.replace(f"@{name}@", shutil.which(program) or f"no-{program}")
        assert not re.search(r"@(?!version)\w+@", text)
        done = subprocess.run(
            ["bash", "-c", text, "agenix", *arguments],
            cwd=self.shop.top / directory,
            env={**os.environ, "HOME": str(self.home), **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stderr


@pytest.fixture
def house(workshop: Workshop, tmp_path: Path, ssh_key: MakeSsh) -> House:
    home = tmp_path / "user"
    home.mkdir()
    return House(workshop, home, ssh_key)


def added(house: House) -> str:
    """A host and a person came, nothing was rekeyed; some rules say `armor`, one key is twice."""
    house.write("db.age", "ed25519", "host")
    house.write("old.age", "ed25519", armored=True)
    house.write("sub/armored.age", "ed25519", "rsa")
    house.write("right.age", "ed25519", "rsa")
    house.rules("""
  "db.age".publicKeys = [ ed25519 host late rsa ];
  "old.age".publicKeys = [ ed25519 rsa (rsa + " again") late ];
  "sub/armored.age" = { publicKeys = [ ed25519 late ]; armor = true; };
  "right.age".publicKeys = [ rsa ed25519 ];
""")
    return "."


def left(house: House) -> str:
    """Somebody left, in a directory of its own; a rule without a file, a file without a rule."""
    house.write("secrets/a.age", "ed25519", "rsa", "gone")
    house.write("secrets/deep/b.age", "ed25519", "host", "gone")
    house.write("secrets/no-rule.age", "ed25519", "gone")
    house.rules(
        """
  "a.age" = { publicKeys = [ ed25519 rsa ]; armor = false; };
  "deep/b.age".publicKeys = [ ed25519 host ];
  "to-come.age".publicKeys = [ ed25519 ];
""",
        "secrets/secrets.nix",
    )
    return "secrets"


def replaced(house: House) -> str:
    """A key was replaced by one of another type, and one by an anonymous one."""
    house.write("a.age", "ed25519", "host", "gone")
    house.write("b.age", "ed25519", "rsa")
    house.rules("""
  "a.age".publicKeys = [ ed25519 host rsa ];
  "b.age".publicKeys = [ ed25519 late ];
""")
    return "."


@pytest.mark.parametrize("build", [added, left, replaced])
def test_a_fix_gives_every_reader_what_agenix_gives(
    house: House, run: Run, build: Callable[[House], str]
) -> None:
    directory = build(house)
    house.shop.commit("Build")
    paths = [path for path in house.shop.git.run("ls-files", "-z").decode().split("\0") if path]
    paths = [path for path in paths if path.endswith(".age")]
    before = {path: house.shop.read(path) for path in paths}

    done = fix(house, run)
    assert done.code == 0, done
    ours = house.seen(paths)
    written = {path for path in paths if house.shop.read(path) != before[path]}
    assert written

    for path, content in before.items():
        house.shop.write(path, content)
    house.agenix("--rekey", directory=directory, env={})
    theirs = house.seen(paths)
    for path in paths:
        # What was right is not touched: agenix writes it anew, maybe with another armor.
        if path not in written:
            assert ours[path].texts == theirs[path].texts
            continue
        # A key that is listed twice has two stanzas of the script, and one of ours.
        assert set(ours[path].stanzas) == set(theirs[path].stanzas), path
        assert ours[path]._replace(stanzas=()) == theirs[path]._replace(stanzas=()), path


def test_a_fix_has_nothing_to_do_after_agenix(house: House, run: Run) -> None:
    directory = added(house)
    house.agenix("--rekey", directory=directory, env={})
    house.shop.stage()

    done = fix(house, run)

    assert done.code == 0, done
    assert "Fixed" not in done.stdout


def test_names_from_the_top(house: House, run: Run) -> None:
    house.write("secrets/a.age", "ed25519")
    house.rules('  "secrets/a.age".publicKeys = [ ed25519 late ];\n', "secrets/secrets.nix")
    house.shop.commit("Build")
    before = house.shop.read("secrets/a.age")

    done = fix(house, run)
    assert done.code == 0, done
    ours = house.seen(["secrets/a.age"])
    house.shop.write("secrets/a.age", before)
    house.agenix("--rekey", env={"RULES": "./secrets/secrets.nix"})

    assert ours == house.seen(["secrets/a.age"])


def fix(house: House, run: Run) -> Result:
    """Fix with the SSH key in HOME alone, as agenix would."""
    env = {"HOME": str(house.home)}
    return run(house.shop.top, "--fix", "--inventory", "names", env=env)
