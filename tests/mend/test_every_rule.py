"""Every rule that `--fix` is said to mend is mended by it; and no host loses a secret by that."""

import gc
import subprocess
from collections.abc import Mapping
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

import pytest

from agenix_check.cli import main
from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import new_identity
from agenix_check.model.findings import Finding
from agenix_check.model.frozen import replace
from agenix_check.rules import RULES, MendedBy
from tests.audit import scenes
from tests.audit import test_every_rule as by_names
from tests.audit.by_declaration import test_every_rule as by_declaration
from tests.conftest import SECRETS, build_fleet
from tests.decrypt import keyed
from tests.discover.declared import estate as declared
from tests.discover.declared.conftest import build_estate, nix_home, nix_root
from tests.keys.conftest import MakeSsh
from tests.mend.mending import ask, write_key

__all__ = ["nix_home", "nix_root"]

# What `--fix` promises. A rule that is to be mended is named here, or a test fails.
BY_NAMES = (
    "output-stale",
    "output-unstaged",
    "output-untraceable",
    "output-not-encrypted",
    "output-malformed",
    "output-wrong-recipient",
    "output-extra-recipient",
    "output-dummy",
    "output-length",
    "output-copied",
    "output-rewritten",
    "output-orphan",
    "output-leftover",
    "source-unstaged",
)
BY_DECLARATION = (
    "output-missing",
    "output-stale",
    "output-orphan",
    "source-missing-recipient",
    "source-unknown-recipient",
    "plain-missing-recipient",
    "plain-unknown-recipient",
)
BY_DECRYPTING = ("output-content",)


@dataclass(frozen=True)
class Hosts:
    """The public key and the file with the private key of each host."""

    public: Mapping[str, str]
    private: Mapping[str, Path]


@pytest.fixture(scope="session")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Hosts:
    """Return keys for the hosts of the sample fleets, and for one that is new."""
    directory = tmp_path_factory.mktemp("hosts")
    private = {name: directory / name for name in ("alpha", "beta", "gamma", "delta", "new")}
    public = {}
    for name, path in private.items():
        if name == "delta":  # as in `HOSTS`, it has an age key
            identity, recipient = new_identity()
            path.write_text(f"{identity}\n")
            public[name] = f"{recipient}\n"
            continue
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"root@{name}"]
        subprocess.run([*command, "-f", str(path)], check=True)
        public[name] = path.with_name(f"{name}.pub").read_text()
    return Hosts(public, private)


@pytest.fixture
def _scenarios_know(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the mistakes be made with the keys of these hosts."""
    for module in (by_names, by_declaration):
        for name, key in hosts.public.items():
            monkeypatch.setattr(module, name.upper(), key, raising=False)


@pytest.fixture
def fleet(hosts: Hosts, tmp_path: Path) -> Workshop:
    """Return a fleet in order that is known by its names; all keys are known."""
    return build_fleet(tmp_path / "fleet", hosts.public)


@pytest.fixture
def estate(hosts: Hosts, tmp_path: Path) -> declared.Estate:
    """Return a declared fleet in order; all keys are known."""
    return build_estate(tmp_path / "estate", hosts.public)


def run_fix(shop: Workshop, *arguments: str) -> int:
    """Mend a fleet, and return the exit code."""
    try:
        with chdir(shop.top):
            return main(["--fix", "--no-cache", "-i", str(write_key(shop)), *arguments])
    finally:
        gc.enable()


def decrypt(content: bytes, key: Path) -> bytes:
    """Decrypt a file with the real program."""
    done = subprocess.run(
        ["age", "-d", "-i", str(key)], input=content, capture_output=True, check=True
    )
    return done.stdout


def assert_has(shop: Workshop, host_key: Path, storage: str, name: str, source: str) -> None:
    """Make sure that a host has a secret: one staged output, which its key opens."""
    staged = ask(shop, "ls-files", "-z").split("\0")
    (path,) = (
        one for one in staged if one.startswith(f"{storage}/") and one.endswith(f"-{name}.age")
    )
    wanted = decrypt(shop.git.run("cat-file", "blob", f":{source}"), write_key(shop))
    assert decrypt(shop.git.run("cat-file", "blob", f":{path}"), host_key) == wanted


def broken(findings: tuple[Finding, ...]) -> set[str]:
    """Return the rules that are broken, notes aside."""
    return {one.rule for one in findings if one.severity != "note"}


def mend_by_names(fleet: Workshop, hosts: Hosts, rule: str) -> None:
    """Break a fleet, mend it, and see that it is in order."""
    by_names.SCENARIOS[rule](fleet)
    if rule != "source-unstaged":
        fleet.stage()
    assert broken(scenes.judge(fleet).findings) == {rule}

    assert run_fix(fleet, "--inventory", "names") == 0

    assert broken(scenes.judge(fleet).findings) == set()
    staged = set(ask(fleet, "ls-files").splitlines())
    for source, name, _, nodes in SECRETS:
        for node in nodes if source in staged else ():
            assert_has(fleet, hosts.private[node], scenes.storage(node), name, source)


def mend_by_declaration(estate: declared.Estate, hosts: Hosts, rule: str) -> None:
    """Do the same where the fleet is declared; hosts' keys are given for plain files."""
    by_declaration.SCENARIOS[rule](estate)
    estate.shop.stage()
    assert broken(declared.judge(estate, "nix").findings) == {rule}
    words = [word for key in hosts.private.values() for word in ("-i", str(key))]
    if RULES[rule].mended_by is MendedBy.REENCRYPT_SOURCE:
        words.append("--update-masters")

    assert run_fix(estate.shop, "--inventory", "nix", *words) == 0

    assert broken(declared.judge(estate, "nix").findings) == set()
    for name, node in estate.nodes.items():
        for id_, secret in node.secrets.items():
            storage, name_of_file = node.storage, secret.name or id_
            assert_has(estate.shop, hosts.private[name], storage, name_of_file, secret.source)


@pytest.mark.usefixtures("_scenarios_know")
@pytest.mark.parametrize("rule", BY_NAMES)
def test_a_fleet_known_by_names_is_fixed(fleet: Workshop, hosts: Hosts, rule: str) -> None:
    mend_by_names(fleet, hosts, rule)


@pytest.mark.usefixtures("_scenarios_know", "nix_home")
@pytest.mark.parametrize("rule", BY_DECLARATION)
def test_a_declared_fleet_is_fixed(estate: declared.Estate, hosts: Hosts, rule: str) -> None:
    mend_by_declaration(estate, hosts, rule)


def test_what_only_keys_show_is_fixed(tmp_path: Path, ssh_key: MakeSsh) -> None:
    fleet = keyed.make(tmp_path, ssh_key)
    fleet.replace_text("alpha")
    fleet.shop.stage()
    everybody = (*keyed.NODES, "master")
    _, report = fleet.judge(*everybody)
    assert {one["rule"] for one in report["findings"]} == set(BY_DECRYPTING)

    assert run_fix(fleet.shop, "--decrypt", *fleet.words(*everybody)) == 0

    assert fleet.judge(*everybody)[1]["findings"] == []
    for node in keyed.NODES:
        for name in keyed.TEXTS:
            storage, source = f"{fleet.shop.storage}/{node}", f"secrets/{name}.age"
            assert_has(fleet.shop, fleet.keys[node], storage, name, source)


def test_what_is_said_to_be_fixed_is_tried() -> None:
    mended = {rule.id for rule in RULES.values() if rule.mended_by is not None}

    assert mended == {*BY_NAMES, *BY_DECLARATION, *BY_DECRYPTING}


@pytest.fixture
def _unmended(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take from a rule what `--fix` does about it."""
    monkeypatch.setitem(RULES, rule, replace(RULES[rule], mended_by=None))


@pytest.mark.usefixtures("_scenarios_know", "_unmended")
@pytest.mark.parametrize("rule", BY_NAMES)
def test_a_rule_that_is_no_longer_fixed_is_noticed(
    fleet: Workshop, hosts: Hosts, rule: str
) -> None:
    with pytest.raises(AssertionError):
        mend_by_names(fleet, hosts, rule)
    with pytest.raises(AssertionError):
        test_what_is_said_to_be_fixed_is_tried()
