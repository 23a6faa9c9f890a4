"""agenix-rekey's own script on a tree that was fixed: all is rekeyed, and nothing is an orphan.

Run by hand, as agenix-rekey is no part of this repository: `make trial AGENIX_REKEY=CHECKOUT`.
The script is made by Nix from agenix-rekey's own files in that checkout, and run.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from agenix_check.age import read_age
from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt, new_identity
from tests.conftest import Result
from tests.discover.nix.conftest import nix_home, nix_root
from tests.keys.conftest import MakeSsh
from tests.mend.mending import ask, command, execute, state, write_key

__all__ = ["nix_home", "nix_root"]

_HERE = Path(__file__).parent
_CHECKOUT = Path(os.environ["AGENIX_REKEY"]).resolve()  # tests see none of our variables
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")

# Secrets by their ids: their names, their sources, and who has them.
SECRETS = {
    "db": ("db", "secrets/db.age", ("alpha", "beta", "gamma", "delta")),
    "wifi": ("group/wifi", "secrets/wifi", ("alpha", "gamma")),
    "token": ("a+b.c", "hosts/beta/token.age", ("beta",)),
    "quoted": ("it's here", "secrets/a+b.age", ("alpha", "delta")),
}
STORAGES = {
    "alpha": "secrets/rekeyed/alpha",
    "beta": "hosts/beta/.rekeyed",
    "gamma": "secrets/rekeyed/gamma",
    "delta": ".rekey/delta",
}


class Estate:
    """A flake of hosts with agenix-rekey, and its files."""

    def __init__(self, shop: Workshop, keys: dict[str, str]) -> None:
        self.shop = shop
        self.keys = keys
        self.secrets = dict(SECRETS)

    def edit(self, *ids: str) -> None:
        """Write sources anew."""
        for id_ in ids or tuple(self.secrets):
            plaintext = f"{id_}: {os.urandom(4).hex()}\n".encode()
            self.shop.write(self.secrets[id_][1], encrypt(plaintext, [self.shop.master]))

    def stage(self) -> None:
        hosts = "\n".join(map(self._host, STORAGES))
        self.shop.write(
            "flake.nix",
            f"{{ outputs = {{ self }}: {{ nixosConfigurations = {{\n{hosts}\n}}; }}; }}",
        )
        self.shop.stage()

    def _host(self, host: str) -> str:
        secrets = "".join(
            f'{id_} = {{ name = "{name}"; rekeyFile = ./. + "/{source}"; generator = null;'
            " intermediary = false; };\n"
            for id_, (name, source, hosts) in self.secrets.items()
            if host in hosts
        )
        return f"""
            {host}.config.age = {{
              rekey = {{
                hostPubkey = {json.dumps(self.keys[host])};
                storageMode = "local";
                localStorageDir = ./. + "/{STORAGES[host]}";
                masterIdentities = [ {{ identity = "{write_key(self.shop)}"; pubkey = null; }} ];
                extraEncryptionPubkeys = [ ];
              }};
              secrets = {{ {secrets} }};
            }};"""

    @property
    def count(self) -> int:
        """How many outputs there should be."""
        return sum(len(hosts) for _, _, hosts in self.secrets.values())

    def fix(self) -> Result:
        words = command(self.shop)
        words[words.index("names")] = "nix"
        return execute(self.shop, words)

    def agenix(self, *arguments: str) -> tuple[str, str]:
        """Run the script as `agenix rekey` does; return what it says, and of what it complains."""
        script = self._script()
        wrappers = set(re.findall(r"/\S+-ageWrapper(?=/bin/ageWrapper)", script))
        (wrapper,) = wrappers
        place = self.shop.top.with_name("ageWrapper")
        shutil.copy(wrapper, place)
        place.chmod(0o755)
        script = script.replace(f"{wrapper}/bin/ageWrapper", str(place))
        done = subprocess.run(
            ["bash", "-c", script, "agenix-rekey", *arguments],
            cwd=self.shop.top,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            text=True,
        )
        return _COLOUR.sub("", done.stdout), done.stderr

    def _script(self) -> str:
        age = Path(shutil.which("age") or "").parents[1]
        lib = os.environ.get("NIXPKGS_LIB")  # the real one, where somebody has it
        more = f"lib = import {lib};" if lib else ""
        url = f"git+file://{self.shop.top}"
        given = f'source = {_CHECKOUT}; url = "{url}"; prefix = "{age}"; {more}'
        expression = f"import {_HERE}/script.nix {{ {given} }}"
        features = ["--extra-experimental-features", "nix-command flakes"]
        done = subprocess.run(
            ["nix", *features, "eval", "--impure", "--raw", "--expr", expression],
            capture_output=True,
            check=False,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def estate(workshop: Workshop, ssh_key: MakeSsh) -> Estate:
    """Return hosts with keys of every kind, in every form in which they are written."""
    ed25519, rsa = (ssh_key(kind).with_suffix(".pub").read_text() for kind in ("ed25519", "rsa"))
    keys = {
        "alpha": f"{ed25519.strip()} and a comment of words\n",
        "beta": rsa.strip(),
        "gamma": new_identity()[1] + "\n",
        "delta": " ".join(ed25519.split()[:2]),
    }
    made = Estate(workshop, keys)
    made.edit()
    made.stage()
    return made


def is_content(estate: Estate) -> None:
    """Make sure that the script finds nothing to do, and does nothing."""
    before = state(estate.shop)
    said, complaint = estate.agenix("--add-to-git")
    assert complaint == ""
    assert said.count("[already rekeyed]") == estate.count
    assert len(said.splitlines()) == estate.count, said
    assert state(estate.shop) == before


def forget(estate: Estate) -> None:
    estate.edit("db", "quoted")


def rotate(estate: Estate) -> None:
    estate.keys["alpha"] = estate.keys["delta"]
    estate.keys["gamma"] = new_identity()[1]


def comment(estate: Estate) -> None:
    """Change the text of a key, and not the key."""
    estate.keys["beta"] += " a comment\n"


def drop(estate: Estate) -> None:
    del estate.secrets["wifi"]
    estate.secrets["token"] = ("token", "hosts/beta/token.age", ("beta", "gamma"))


@pytest.mark.parametrize("change", [forget, rotate, comment, drop])
def test_the_script_has_nothing_to_do_after_a_fix(
    estate: Estate, change: Callable[[Estate], None]
) -> None:
    done = estate.fix()
    assert done.code == 0, done
    is_content(estate)
    estate.shop.commit("Build")
    change(estate)
    estate.stage()
    done = estate.fix()
    assert done.code == 0, done
    is_content(estate)


def test_a_fix_has_nothing_to_do_after_the_script(estate: Estate) -> None:
    said, complaint = estate.agenix("--add-to-git")
    assert complaint == ""
    assert said.count("Rekeying") == estate.count
    before = state(estate.shop)
    done = estate.fix()
    assert done.code == 0, done
    assert "Fixed" not in done.stdout
    assert state(estate.shop) == before


def test_both_make_the_same(estate: Estate) -> None:
    """The same files; each for one recipient of the same kind, and as long without grease."""
    listed = []
    for make in (estate.fix, lambda: estate.agenix("--add-to-git")):
        make()
        paths = ask(estate.shop, "ls-files", *STORAGES.values()).splitlines()
        files = {path: read_age(estate.shop.read(path)) for path in paths}
        listed.append(
            {
                path: (
                    [stanza.type for stanza in file.real_stanzas],
                    file.plaintext_size,
                    file.armored,
                )
                for path, file in files.items()
            }
        )
        for path in paths:
            estate.shop.remove(path)
    assert listed[0] == listed[1]
    assert len(listed[0]) == estate.count
