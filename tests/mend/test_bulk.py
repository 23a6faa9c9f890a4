"""A hundred secrets for a hundred hosts, rekeyed at once: every output is looked at."""

import os
import subprocess
from pathlib import Path

import pytest

from agenix_check.age import Match, match, parse_recipient, read_age
from agenix_check.demo.workshop import Workshop
from agenix_check.model.findings import Verdict
from tests.bench.fleet import new_key
from tests.discover.declared.estate import Estate, Secret, judge
from tests.keys import plugin
from tests.keys.conftest import MakeSsh
from tests.mend.mending import ask, command, execute

HOSTS, SECRETS = 100, 100
FEW = 20  # secrets that are there before


def text(secret: int, version: int) -> str:
    return f"secret {secret}, version {version}{'!' * secret}\n"


def make_estate(shop: Workshop, known: dict[str, str]) -> Estate:
    """Return a declared fleet without outputs; `known` are the keys of its first hosts."""
    estate = Estate(shop)
    hosts = [*known, *(f"host-{number}" for number in range(len(known), HOSTS))]
    for host in hosts:
        key = known.get(host) or f"{new_key()} root@{host}\n"
        estate.add_node(host, f"./{shop.host(host, key)}")
    return estate


def mend(estate: Estate, version: int, secrets: int) -> None:
    """Let every host have so many secrets, all of them edited, and fix that."""
    declared = {f"s{number}": Secret(f"secrets/s{number}.age") for number in range(secrets)}
    for node in estate.nodes.values():
        node.secrets = declared
    for number in range(secrets):
        estate.edit(f"secrets/s{number}.age", text(number, version))
    estate.write_lock()
    estate.shop.stage()
    words = command(estate.shop)
    words[words.index("names")] = "lock"
    done = execute(estate.shop, words)
    assert done.code == 0, done


def check_all(estate: Estate, version: int, secrets: int) -> None:
    """Look at every output twice: by the gate, and by the age files as they are."""
    report = judge(estate)
    assert [one.rule for one in report.findings if one.severity != "note"] == []
    assert [one.verdict for one in report.outputs] == [Verdict.OK] * (HOSTS * secrets)
    wanted = set()
    for host in estate.nodes:
        recipient = parse_recipient(estate.key_text(host))
        for number in range(secrets):
            path = estate.output(host, f"s{number}")
            file = read_age((estate.shop.top / path).read_bytes())
            assert [match(stanza, recipient) for stanza in file.real_stanzas] == [Match.YES]
            assert file.plaintext_size == len(text(number, version))
            wanted.add(path)
    tracked = set(ask(estate.shop, "ls-files", "secrets/rekeyed").splitlines())
    assert tracked == wanted
    assert ask(estate.shop, "ls-files", "--others") == ""
    assert ask(estate.shop, "diff", "--name-only") == ""


def test_ten_thousand_outputs(workshop: Workshop, ssh_key: MakeSsh) -> None:
    keys = {"ed25519": ssh_key("ed25519"), "rsa": ssh_key("rsa")}
    known = {host: key.with_suffix(".pub").read_text() for host, key in keys.items()}
    estate = make_estate(workshop, known)
    for version, secrets in ((1, FEW), (2, SECRETS)):  # then some are replaced, and most are new
        mend(estate, version, secrets)
        check_all(estate, version, secrets)
        workshop.commit(f"Version {version}")
        for host, key in keys.items():
            for number in range(0, secrets, 9):
                assert opened(key, workshop.top / estate.output(host, f"s{number}")) == text(
                    number, version
                )


def opened(key: Path, file: Path) -> str:
    """Return what the real age program finds in a file."""
    done = subprocess.run(
        ["age", "-d", "-i", str(key), str(file)], capture_output=True, check=True, text=True
    )
    return done.stdout


def test_a_key_is_touched_once_a_source(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plugin stands for a hardware key, and notes whenever it is asked to decrypt."""
    log = plugin.install(tmp_path / "plugins")
    monkeypatch.setenv("PATH", f"{tmp_path / 'plugins'}:{os.environ['PATH']}")
    workshop.identity, workshop.master = (
        plugin.identity("test", b"key1"),
        plugin.recipient("test", b"key1"),
    )
    names = ("one", "two", "three")
    for name in names:
        workshop.source(f"secrets/{name}.age", f"{name}\n")
    for number in range(HOSTS):
        workshop.host(f"n{number}", f"{new_key()}\n")
        for name in names:
            workshop.rekey(f"n{number}", name, f"secrets/{name}.age", f"{name}\n")
    workshop.commit("Build")
    for name in ("one", "two"):
        workshop.source(f"secrets/{name}.age", f"another {name}\n")
    workshop.stage()
    log.unlink()
    done = execute(workshop, command(workshop, "-v"))
    assert done.code == 0, done
    assert log.read_text().splitlines() == ["identity-v1"] * 2
    assert done.stdout.count("rekeyed  ") == 2 * HOSTS
