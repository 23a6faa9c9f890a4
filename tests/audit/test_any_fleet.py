"""Any fleet, after any edits: rekeyed completely it is in order, and what was left out is named."""

import random
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenix_check.demo.workshop import Workshop
from agenix_check.model.findings import Report
from tests.audit.scenes import judge, storage
from tests.host_keys import ALPHA, BETA, DELTA, GAMMA, NEW, OTHER, RSA, STRANGER
from tests.pace import per_hundred

KEYS = (ALPHA, BETA, GAMMA, DELTA, NEW, OTHER, RSA, STRANGER)
NODES = ("alpha", "beta", "gamma")
SECRETS = ("db", "wifi", "group/token")
LOST = {"output-stale", "output-orphan"}

Need = tuple[str, str]  # a node and a secret
EDITS = st.lists(
    st.sampled_from(["source", "key", "comment", "move source", "unrelated"]),
    min_size=1, max_size=4,
)  # fmt: skip


CHANCE = st.randoms(use_true_random=True)


class RandomFleet:
    """A fleet in the one repository, what its nodes need, and what its secrets hold.

    With `reuse`, a key may go from one node to another: what was made for it then stays explained.
    """

    def __init__(self, shop: Workshop, chance: random.Random, *, reuse: bool = False) -> None:
        self.shop = shop
        self.chance = chance
        self.sources = {secret: f"secrets/{secret}.age" for secret in SECRETS}
        self.texts: dict[str, str] = {}
        self.keys = dict(zip(NODES, chance.sample(KEYS, 3), strict=True))
        self.used = {*self.keys.values()}
        self.reuse = reuse
        pairs = [(node, secret) for node in NODES for secret in SECRETS]
        self.needs: list[Need] = chance.sample(pairs, chance.randint(1, len(pairs)))
        for path in shop.top.iterdir():
            if path.is_dir() and path.name != ".git":
                shutil.rmtree(path)
        for secret in SECRETS:
            self.write_source(secret)
        for node in NODES:
            shop.host(node, self.keys[node])
        self.outputs: dict[Need, str] = {}
        self.rekey()
        shop.commit("Build a fleet")

    def write_source(self, secret: str) -> None:
        self.texts[secret] = "x" * self.chance.randint(1, 200)
        self.shop.source(self.sources[secret], self.texts[secret])

    def edit(self, kind: str) -> None:
        """Do one thing to the fleet."""
        secret, node = self.chance.choice(SECRETS), self.chance.choice(NODES)
        if kind == "source":
            self.write_source(secret)
        elif kind == "key":
            taken = {*self.keys.values()} if self.reuse else self.used
            self.keys[node] = self.chance.choice([key for key in KEYS if key not in taken])
            self.used.add(self.keys[node])
        elif kind == "comment":
            self.keys[node] = self.keys[node].rstrip() + "x\n" * self.keys[node].startswith("ssh-")
        elif kind == "move source":
            old = self.sources[secret]
            new = self.sources[secret] = f"vault/{self.chance.randint(0, 9)}/{secret}.age"
            content = self.shop.read(old)
            self.shop.remove(old)
            self.shop.write(new, content)
        else:
            self.shop.write("README.md", str(self.chance.random()))
        self.shop.host(node, self.keys[node])

    def rekey(self, *, but: Need | None = None) -> None:
        """Make every needed output that is not there, and remove what it replaces."""
        for node, secret in self.needs:
            if (node, secret) == but:
                continue
            path = self.shop.output_path(node, secret, self.sources[secret])
            old = self.outputs.get((node, secret))
            if old != path:
                self.outputs[node, secret] = self.shop.rekey(
                    node, secret, self.sources[secret], self.texts[secret]
                )
                if old is not None:
                    self.shop.remove(old)

    def is_broken(self, need: Need) -> bool:
        node, secret = need
        return self.outputs[need] != self.shop.output_path(node, secret, self.sources[secret])

    def judge(self) -> Report:
        self.shop.stage()
        return judge(self.shop)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """Return one repository for all examples."""
    return Workshop(tmp_path_factory.mktemp("any"))


few = per_hundred(15)


@few
@given(edits=EDITS, chance=CHANCE)
def test_a_complete_rekey_is_in_order(
    repository: Workshop, edits: list[str], chance: random.Random
) -> None:
    fleet = RandomFleet(repository, chance, reuse=True)
    for kind in edits:
        fleet.edit(kind)
    fleet.rekey()

    report = fleet.judge()

    assert [one for one in report.findings if one.severity != "note"] == []
    assert len(report.outputs) == len(fleet.needs)
    assert {str(one.verdict) for one in report.outputs} <= {"ok", "unverifiable"}


@few
@given(edits=EDITS, chance=CHANCE)
def test_the_one_output_that_was_left_out_is_named(
    repository: Workshop, edits: list[str], chance: random.Random
) -> None:
    fleet = RandomFleet(repository, chance)
    for kind in edits:
        fleet.edit(kind)
    broken = [need for need in fleet.needs if fleet.is_broken(need)]
    left_out = fleet.chance.choice(broken) if broken else None
    fleet.rekey(but=left_out)

    report = fleet.judge()

    found = [one for one in report.findings if one.severity != "note"]
    assert {one.rule for one in found} <= LOST
    assert [(one.node, one.secret) for one in found] == (
        [] if left_out is None else [(storage(left_out[0]), left_out[1])]
    )


@few
@given(chance=CHANCE)
def test_where_nothing_was_rekeyed_every_broken_output_is_an_error(
    repository: Workshop, chance: random.Random
) -> None:
    fleet = RandomFleet(repository, chance)
    for kind in ("source", "key"):
        fleet.edit(kind)

    report = fleet.judge()

    expected = sorted((storage(node), secret) for node, secret in fleet.needs
                      if fleet.is_broken((node, secret)))  # fmt: skip
    stale = [one for one in report.findings if one.rule == "output-stale"]
    assert sorted((one.node or "", one.secret or "") for one in stale) == expected
    assert report.counts.errors == len(expected)
