"""Names and declarations agree on every output that both can see, over any fleet and any edits."""

import random
import shutil
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenix_check.demo.workshop import Workshop, key_path
from agenix_check.model.findings import Report
from tests.discover.declared.estate import Estate, Secret, judge
from tests.host_keys import ALPHA, BETA, DELTA, GAMMA, NEW, OTHER, RSA, STRANGER
from tests.pace import per_hundred

KEYS = (ALPHA, BETA, GAMMA, DELTA, NEW, OTHER, RSA, STRANGER)
NODES = ("alpha", "beta", "gamma")
SECRETS = ("db", "wifi", "group/token")
EDITS = st.lists(
    st.sampled_from(
        ["source", "key", "comment", "delete output", "drop declaration", "drop node", "declare",
         "rekey some", "rekey some without tidying", "move source", "swap", "commit"]
    ),
    min_size=1, max_size=6,
)  # fmt: skip
CHANCE = st.randoms(use_true_random=False)


class Told(NamedTuple):
    """What a report says of output files: those that are right, wrong, or nobody's; by path."""

    right: set[str]
    wrong: set[str]
    orphans: set[str]


class RandomEstate(Estate):
    """A fleet of chance in the one repository, and what people do to it."""

    def __init__(self, shop: Workshop, chance: random.Random) -> None:
        super().__init__(shop)
        self.chance = chance
        for path in shop.top.iterdir():
            if path.is_dir() and path.name != ".git":
                shutil.rmtree(path)
        shop.git.run("reset", "--quiet")
        for node, key in zip(NODES, chance.sample(KEYS, 3), strict=True):
            self.add_node(node)
            shop.host(node, key)
        pairs = [(node, secret) for node in NODES for secret in SECRETS]
        for node, secret in chance.sample(pairs, chance.randint(2, len(pairs))):
            self.nodes[node].secrets[secret] = self.declared(node, secret)
        self.write_sources()
        self.rekey()
        self.write()
        shop.commit("Build a fleet")

    def declared(self, node: str, secret: str) -> Secret:
        """Return a declaration: of a source that is shared, or of the node's own."""
        own = self.chance.random() < 0.3
        return Secret(f"secrets/{node}/{secret}.age" if own else f"secrets/{secret}.age")

    def write(self) -> None:
        """Write the lock file, and Nix files that name what is declared."""
        self.write_lock()
        for name, node in self.nodes.items():
            lines = [f"  {id_} = ../../{one.source};" for id_, one in node.secrets.items()]
            self.shop.write(f"hosts/{name}/default.nix", "\n".join(["{", *sorted(lines), "}", ""]))

    def edit_at_random(self, kind: str) -> None:
        """Do one thing to the fleet, where there is something to do it to."""
        chance = self.chance
        node = chance.choice(sorted(self.nodes))
        pairs = [(name, id_) for name, one in sorted(self.nodes.items()) for id_ in one.secrets]
        name, id_ = chance.choice(pairs) if pairs else (node, "")
        if kind == "key":
            used = {self.key_text(one) for one in self.nodes}
            self.shop.host(node, chance.choice([key for key in KEYS if key not in used]))
        elif kind == "comment" and self.key_text(node).startswith("ssh-"):
            self.shop.host(node, self.key_text(node).rstrip() + "x\n")
        elif kind == "drop node" and len(self.nodes) > 1:
            del self.nodes[node]
            self.shop.remove(key_path(node))
            shutil.rmtree(self.shop.top / f"hosts/{node}")
        elif kind == "declare":
            free = [secret for secret in SECRETS if secret not in self.nodes[node].secrets]
            if free:
                secret = chance.choice(free)
                self.nodes[node].secrets[secret] = self.declared(node, secret)
                self.write_sources()
        elif kind == "commit":
            self.write()
            self.shop.commit("Do all that")
        elif pairs:
            self.edit_output(kind, name, id_)

    def edit_output(self, kind: str, name: str, id_: str) -> None:
        """Do one thing to a declared secret."""
        source = self.nodes[name].secrets[id_].source
        path = self.shop.top / self.output(name, id_)
        if kind == "source":
            self.edit(source, "x" * self.chance.randint(1, 99))
        elif kind == "delete output":
            path.unlink(missing_ok=True)
        elif kind == "drop declaration":
            del self.nodes[name].secrets[id_]
        elif kind.startswith("rekey"):
            self.rekey_some(tidy=kind == "rekey some")
        elif kind == "swap" and path.exists():
            path.write_bytes(self.shop.read(self.chance.choice(self.files())))
        elif kind == "move source":
            self.move(source)

    def files(self) -> list[str]:
        """Return all files in output directories."""
        found = (self.shop.top / "secrets/rekeyed").rglob("*.age")
        return sorted(file.relative_to(self.shop.top).as_posix() for file in found)

    def rekey_some(self, *, tidy: bool) -> None:
        """Rekey for some nodes only."""
        everyone = dict(self.nodes)
        chosen = self.chance.sample(sorted(everyone), self.chance.randint(1, len(everyone)))
        self.nodes = {name: everyone[name] for name in chosen}
        self.rekey(tidy=tidy)
        self.nodes = everyone

    def move(self, source: str) -> None:
        """Move a source, and its declarations with it."""
        to = f"vault/{self.chance.randint(0, 999)}/{source.rpartition('/')[2]}"
        self.shop.write(to, self.shop.read(source))
        self.shop.remove(source)
        self.plaintexts[to] = self.plaintexts.pop(source)
        for node in self.nodes.values():
            for secret in node.secrets.values():
                secret.source = to if secret.source == source else secret.source


def tell(report: Report) -> Told:
    """Return what a report says of each output file."""
    right = {one.path for one in report.outputs if one.verdict in ("ok", "unverifiable")}
    wrong = {one.path for one in report.outputs if one.verdict == "wrong"}
    wrong |= {
        one.path or ""
        for one in report.findings
        if one.severity == "error" and one.rule.startswith("output-") and one.path
    }
    orphans = {one.path or "" for one in report.findings if one.rule == "output-orphan"}
    return Told(right, wrong, orphans)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """Return one repository for all examples."""
    return Workshop(tmp_path_factory.mktemp("agreement"))


@per_hundred(40)
@given(edits=EDITS, chance=CHANCE)
def test_names_and_declarations_agree(
    repository: Workshop, edits: list[str], chance: random.Random
) -> None:
    estate = RandomEstate(repository, chance)
    for kind in edits:
        estate.edit_at_random(kind)
    estate.write()
    estate.shop.stage()

    names, declared = tell(judge(estate, "names")), tell(judge(estate, "lock"))

    assert not declared.right & names.wrong
    assert names.wrong <= declared.wrong | declared.orphans
