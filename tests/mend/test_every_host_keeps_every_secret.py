"""Any fleet, broken in any ways: after a fix every host can still decrypt every secret it had.

All keys are real, and what a host can decrypt is asked of the age program.
"""

import gc
import itertools
import random
import subprocess
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenix_check.cli import main
from agenix_check.demo.workshop import Workshop, key_path
from agenix_check.keys.encrypt import encrypt, new_identity
from tests.discover.declared.estate import Estate, Secret
from tests.host_keys import STRANGER
from tests.mend.mending import ask, write_key
from tests.pace import per_hundred

NODES = ("alpha", "beta", "gamma")
IDS = ("db", "wifi", "group/token")
KEYS = 8


class HostKey(NamedTuple):
    """A public key as it is written in a fleet, and the file with its private key."""

    public: str
    private: Path


Has = dict[tuple[str, str], set[bytes]]  # plaintexts that a host can decrypt, by node and secret

# What people and interrupted programs do to an output's file.
DAMAGES = ("garbage", "nothing", "plain text", "cut", "for another", "for two", "other length")
# What makes outputs old, or leaves them out.
CHANGES = ("source", "key", "comment", "move source")

any_breaks = st.lists(
    st.sampled_from([*DAMAGES, *CHANGES, "commit", "commit"]), min_size=1, max_size=6
)
any_declared_breaks = st.lists(
    st.sampled_from([*DAMAGES, *CHANGES, "delete", "rekey one"]), min_size=1, max_size=6
)
any_history = st.lists(
    st.sampled_from([*DAMAGES, *CHANGES, "delete", "rekey one", "commit", "commit"]),
    min_size=2, max_size=8,
)  # fmt: skip
any_chance = st.randoms(use_true_random=False)
few = per_hundred(12)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[HostKey, ...]:
    """Return keys for hosts: most for SSH, as hosts have them, one of age itself."""
    directory = tmp_path_factory.mktemp("keys")
    found = []
    for number in range(KEYS - 1):
        path = directory / f"ssh-{number}"
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"root@{number}"]
        subprocess.run([*command, "-f", str(path)], check=True)
        found.append(HostKey(path.with_name(f"{path.name}.pub").read_text(), path))
    identity, recipient = new_identity()
    path = directory / "age"
    path.write_text(f"{identity}\n")
    return (*found, HostKey(f"{recipient}\n", path))


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give a new place for each fleet of a test."""
    top = tmp_path_factory.mktemp("places")
    return (top / str(number) for number in itertools.count())


class Fleet:
    """A declared fleet in a repository of its own, in order at first, and its hosts' keys."""

    def __init__(self, top: Path, keys: tuple[HostKey, ...], chance: random.Random) -> None:
        self.chance = chance
        self.estate = Estate(Workshop(top))
        self.shop = self.estate.shop
        self.unused = chance.sample(keys, len(keys))
        self.keys = {node: self.unused.pop() for node in NODES}
        self.estate.hosts = {node: key.public for node, key in self.keys.items()}
        for node in NODES:
            self.estate.add_node(node)
            for id_ in chance.sample(IDS, chance.randint(1, len(IDS))):
                self.estate.nodes[node].secrets[id_] = Secret(f"secrets/{id_}.age")
        self.shop.write("README.md", "A fleet.\n")
        self.shop.commit("Begin")
        self.estate.write_keys()
        self.estate.write_sources()
        self.estate.rekey()
        self.estate.write_lock()
        self.shop.commit("Build")

    def outputs(self) -> Iterator[tuple[tuple[str, str], str]]:
        """Give where the output of each node and secret is now, if it is staged."""
        staged = self.staged()
        for node, declared in self.estate.nodes.items():
            for id_ in declared.secrets:
                path = self.estate.output(node, id_)
                if path in staged:
                    yield (node, id_), path

    def staged(self) -> set[str]:
        return set(ask(self.shop, "ls-files", "-z").split("\0")) - {""}

    def break_it(self, kind: str) -> None:
        """Do one thing to the fleet, and stage it."""
        node = self.chance.choice(NODES)
        id_ = self.chance.choice(list(self.estate.nodes[node].secrets))
        source = self.estate.nodes[node].secrets[id_].source
        if kind == "source":
            self.estate.edit(source, "x" * self.chance.randint(1, 200) + self.chance.choice("abc"))
        elif kind == "key":
            if self.unused:
                self.keys[node] = self.unused.pop()
                self.shop.host(node, self.keys[node].public)
        elif kind == "comment":
            text = self.shop.read(key_path(node)).decode().rstrip()
            self.shop.host(node, f"{text}x\n" if text.startswith("ssh-") else f"{text}\n")
        elif kind == "move source":
            self.move(source)
        elif kind == "rekey one":
            self.estate.rekey_one(node, id_)
        elif kind == "commit":
            self.shop.commit("Go on without a look")
        elif present := dict(self.outputs()):
            (node, id_), path = self.chance.choice(sorted(present.items()))
            self._damage(kind, node, id_, path)
        self.estate.write_lock()
        self.shop.stage()

    def move(self, source: str) -> None:
        new = f"vault/{self.chance.randint(0, 9)}/{source.partition('/')[2]}"
        if new in self.staged():
            return
        self.shop.write(new, self.shop.read(source))
        self.shop.remove(source)
        self.estate.plaintexts[new] = self.estate.plaintexts.pop(source)
        for declared in self.estate.nodes.values():
            for secret in declared.secrets.values():
                if secret.source == source:
                    secret.source = new

    def _damage(self, kind: str, node: str, id_: str, path: str) -> None:
        if kind == "delete":
            self.shop.remove(path)
            return
        key, text = self.keys[node].public, self.plaintext(node, id_)
        contents = {
            "garbage": b"garbage\n",
            "nothing": b"",
            "plain text": text,
            "cut": self.shop.read(path)[:-3],
            "for another": encrypt(text, [STRANGER]),
            "for two": encrypt(text, [key, STRANGER]),
            "other length": encrypt(text + b"!", [key]),
        }
        self.shop.write(path, contents[kind])

    def plaintext(self, node: str, id_: str) -> bytes:
        return self.estate.plaintexts[self.estate.nodes[node].secrets[id_].source].encode()

    def fix(self, *arguments: str) -> int:
        """Run the fix, and return its exit code."""
        try:
            with chdir(self.shop.top):
                return main(["--fix", "-i", str(write_key(self.shop)), *arguments])
        finally:
            gc.enable()

    def has(self) -> Has:
        """Return what each host can decrypt of each of its secrets, by what is staged."""
        found: Has = {}
        for node, declared in self.estate.nodes.items():
            for id_ in declared.secrets:
                ends = f"-{id_}.age"
                found[node, id_] = {
                    text
                    for path in self.staged()
                    if path.startswith(f"{declared.storage}/") and path.endswith(ends)
                    if (text := self._decrypted(node, path)) is not None
                }
        return found

    def _decrypted(self, node: str, path: str) -> bytes | None:
        content = self.shop.git.run("cat-file", "blob", f":{path}")
        words = ["age", "-d", "-i", str(self.keys[node].private)]
        done = subprocess.run(words, input=content, capture_output=True, check=False)
        return done.stdout if done.returncode == 0 else None

    def assert_every_host_has_every_secret(self) -> None:
        """Make sure that the output at each secret's own path holds its current plaintext."""
        for node, declared in self.estate.nodes.items():
            for id_ in declared.secrets:
                path = self.estate.output(node, id_)
                assert path in self.staged(), f"{node} has no {id_}"
                assert self._decrypted(node, path) == self.plaintext(node, id_)
                assert self.shop.read(path) == self.shop.git.run("cat-file", "blob", f":{path}")


@pytest.fixture
def fleet(tmp_path: Path, keys: tuple[HostKey, ...]) -> Fleet:
    """Return a fleet in order, the same in every run."""
    return Fleet(tmp_path / "fleet", keys, random.Random(0))  # noqa: S311 - it guards nothing


@few
@given(breaks=any_breaks, chance=any_chance)
def test_by_names_everything_that_is_broken_is_fixed_staged_or_committed(
    places: Iterator[Path], keys: tuple[HostKey, ...], breaks: list[str], chance: random.Random
) -> None:
    fleet = Fleet(next(places), keys, chance)
    for kind in breaks:
        fleet.break_it(kind)

    # What was committed broken does not show that its host's key had it.
    assert fleet.fix("--inventory", "names", "--grant", "all") == 0

    fleet.assert_every_host_has_every_secret()


@few
@given(breaks=any_declared_breaks, chance=any_chance)
def test_what_is_declared_is_fixed_whatever_is_broken_or_missing(
    places: Iterator[Path], keys: tuple[HostKey, ...], breaks: list[str], chance: random.Random
) -> None:
    fleet = Fleet(next(places), keys, chance)
    for kind in breaks:
        fleet.break_it(kind)

    assert fleet.fix("--inventory", "lock", "--grant", "all") == 0

    fleet.assert_every_host_has_every_secret()


@few
@given(history=any_history, chance=any_chance, inventory=st.sampled_from(["names", "lock"]))
def test_no_fix_takes_a_secret_from_a_host_that_has_it(
    places: Iterator[Path],
    keys: tuple[HostKey, ...],
    history: list[str],
    chance: random.Random,
    inventory: str,
) -> None:
    """Whatever was committed unseen, for all nodes or for one, and whatever the run says of it."""
    fleet = Fleet(next(places), keys, chance)
    for kind in history:
        fleet.break_it(kind)
    before = fleet.has()
    some = ("--node", f"*{chance.choice(NODES)}") if chance.random() < 0.5 else ()

    fleet.fix("--inventory", inventory, *some)

    after = fleet.has()
    for (node, id_), texts in before.items():
        if fleet.plaintext(node, id_) in texts:
            assert fleet.plaintext(node, id_) in after[node, id_]
        assert after[node, id_] or not texts, f"{node} lost {id_}"


def test_a_source_that_is_moved_and_edited_is_followed(fleet: Fleet) -> None:
    """Names alone see a source that is gone, and another one of the same name that is new."""
    (node, id_) = next(iter(fleet.has()))
    source = fleet.estate.nodes[node].secrets[id_].source
    fleet.estate.edit(source, "another text\n")
    fleet.move(source)
    fleet.shop.stage()

    assert fleet.fix("--inventory", "names") == 0

    fleet.assert_every_host_has_every_secret()


def test_a_source_that_is_renamed_and_edited_takes_nothing_from_its_hosts(fleet: Fleet) -> None:
    before = fleet.has()
    fleet.shop.remove("secrets/db.age")
    fleet.shop.source("secrets/database.age", "another text\n")
    fleet.shop.stage()

    fleet.fix("--inventory", "names")

    assert fleet.has() == before


def test_a_key_that_is_moved_and_changed_takes_nothing_from_its_host(
    fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    before = fleet.has()
    fleet.shop.remove(key_path("alpha"))
    fleet.shop.write("keys/alpha.pub", fleet.unused.pop().public)
    fleet.shop.stage()

    fleet.fix("--inventory", "names")

    assert fleet.has() == before
    assert "names alone do not show what was forgotten" in capsys.readouterr().err


def test_a_lock_file_takes_nothing_that_is_newer_than_it(
    fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    fleet.estate.nodes["alpha"].secrets["new"] = Secret("secrets/new.age")
    fleet.estate.write_sources()
    fleet.estate.rekey_one("alpha", "new")
    fleet.shop.stage()

    fleet.fix("--inventory", "lock")

    fleet.assert_every_host_has_every_secret()
    assert "the lock file may be older than it" in capsys.readouterr().err
