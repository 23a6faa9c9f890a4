"""Scratch directories that are searched for plaintexts, and keys of every kind."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agenix_check.keys.encrypt import encrypt, new_identity
from agenix_check.keys.identities import Identities, load
from tests.keys.texts import HIDDEN, PLAINTEXT

MakeSsh = Callable[..., Path]


@pytest.fixture(autouse=True)
def _no_plaintext_in_files(tmp_path: Path) -> Iterator[None]:
    yield
    for file in tmp_path.rglob("*"):
        if file.is_file() and not file.is_symlink():
            content = file.read_bytes()
            for secret in HIDDEN:
                assert secret not in content, file


@pytest.fixture(scope="session")
def _ssh_keys(tmp_path_factory: pytest.TempPathFactory) -> MakeSsh:
    directory = tmp_path_factory.mktemp("keys")

    def make(kind: str, form: str, passphrase: str) -> Path:
        path = directory / f"{kind}-{form}-{'locked' if passphrase else 'open'}"
        if not path.exists():
            options = [*(["-m", form] if form else []), *(["-b", "2048"] if kind == "rsa" else [])]
            command = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "me", *options]
            subprocess.run([*command, "-f", str(path)], check=True)
        return path

    return make


@pytest.fixture
def ssh_key(_ssh_keys: MakeSsh) -> MakeSsh:
    """Return a function that makes an SSH key, or gives the one of this sort that there is."""

    def make(kind: str = "ed25519", form: str = "", passphrase: str = "") -> Path:
        return _ssh_keys(kind, form, passphrase)

    return make


@pytest.fixture
def age_key(tmp_path: Path) -> tuple[Path, str]:
    """Return an identity file as age-keygen writes it, and its recipient."""
    identity, recipient = new_identity()
    path = tmp_path / "key.txt"
    path.write_text(f"# created: today\n# public key: {recipient}\n{identity}\n")
    return path, recipient


@pytest.fixture
def secret(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes the plaintext, encrypted to some recipients."""

    def write(*recipients: str, name: str = "secret.age") -> Path:
        path = tmp_path / name
        path.write_bytes(encrypt(PLAINTEXT, recipients))
        return path

    return write


def public(path: Path) -> str:
    """Return the public key beside an SSH private key."""
    return Path(f"{path}.pub").read_text()


def given(*paths: Path) -> Identities:
    """Return the identities of files that were given with -i."""
    return load(given=[str(path) for path in paths], environment={})
