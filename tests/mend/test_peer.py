"""What agenix-rekey says of the result: all is rekeyed already, and nothing is an orphan.

Its check and its clean-up (apps/rekey.nix, nix/output-derivation.nix), written anew from their
formulas, on hosts with real SSH keys; contents by the real age program.
"""

import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from agenix_check.age import read_age
from agenix_check.demo.workshop import Workshop
from tests.keys.conftest import MakeSsh
from tests.mend.mending import ask, fix

SECRETS = {"db": "secrets/db.age", "group/wifi": "secrets/wifi.age"}


@pytest.fixture
def hosts(ssh_key: MakeSsh) -> dict[str, Path]:
    """Return hosts and the files of their private keys."""
    return {"alpha": ssh_key("ed25519"), "beta": ssh_key("rsa")}


@pytest.fixture
def real(workshop: Workshop, hosts: dict[str, Path]) -> Workshop:
    """Return a fleet in order whose hosts' private keys are known."""
    for secret, source in SECRETS.items():
        workshop.source(source, f"{secret}: before\n")
    for host, key in hosts.items():
        workshop.host(host, key.with_suffix(".pub").read_text())
        for secret, source in SECRETS.items():
            workshop.rekey(host, secret, source, f"{secret}: before\n")
    workshop.commit("Build")
    return workshop


def wanted(fleet: Workshop, host: str, secret: str) -> str:
    key = (fleet.top / "hosts" / host / "host.pub").read_bytes()
    parts = (sha256(key), sha256(fleet.read(SECRETS[secret])))
    ident = sha256("".join(part.hexdigest() for part in parts).encode()).hexdigest()[:32]
    return f"{fleet.storage}/{host}/{ident}-{secret}.age"


def test_all_is_rekeyed_already_and_nothing_is_an_orphan(
    real: Workshop, hosts: dict[str, Path]
) -> None:
    for secret, source in SECRETS.items():
        real.source(source, f"{secret}: after\n")
    real.stage()
    done = fix(real)
    assert done.code == 0, done
    tracked = set(ask(real, "ls-files").splitlines())
    for host, key in hosts.items():
        names = {wanted(real, host, secret) for secret in SECRETS}
        assert names <= tracked
        below = (real.top / real.storage / host).rglob("*")
        assert {path.relative_to(real.top).as_posix() for path in below if path.is_file()} == names
        for secret in SECRETS:
            content = real.read(wanted(real, host, secret))
            file = read_age(content)
            assert len(file.real_stanzas) == 1
            assert not file.armored
            opened = subprocess.run(
                ["age", "-d", "-i", str(key)], input=content, capture_output=True, check=True
            )
            assert opened.stdout == f"{secret}: after\n".encode()
