"""A fleet whose hosts' private keys are known, and what `--decrypt` says of it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt, new_identity
from tests.conftest import Result
from tests.keys.conftest import MakeSsh, public
from tests.keys.texts import HIDDEN, PLAINTEXT, SAME_LENGTH
from tests.pace import PATIENCE
from tests.report.test_json import validate

DB, WIFI = "secrets/db.age", "secrets/wifi.age"
TEXTS = {"db": PLAINTEXT, "wifi": b"short\n"}
SSH, NATIVE = ("alpha", "beta"), ("gamma", "delta")
NODES = (*SSH, *NATIVE)


@dataclass(frozen=True)
class Keyed:
    """The fleet, and the identity file of each node and of the master."""

    shop: Workshop
    keys: dict[str, Path]

    def words(self, *owners: str) -> list[str]:
        """Return the option `-i` with the identity file of each owner."""
        return [word for owner in owners for word in ("-i", str(self.keys[owner]))]

    def decrypt(self, *owners: str, more: tuple[str, ...] = ()) -> Result:
        """Run the real command on what is staged, and see that it shows no plaintext."""
        return self.check("--decrypt", *self.words(*owners), *more)

    def check(self, *arguments: str, env: Mapping[str, str] | None = None) -> Result:
        """Run the real command where there is no terminal."""
        self.shop.stage()
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "agenix_check", *arguments],
            cwd=self.shop.top,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            start_new_session=True,
            timeout=PATIENCE,
        )
        for text in (done.stdout, done.stderr):
            assert not [secret for secret in HIDDEN if secret in text]
            assert b"Traceback" not in text
        out, err = (text.decode("utf-8", "surrogateescape") for text in (done.stdout, done.stderr))
        return Result(done.returncode, out, err)

    def judge(self, *owners: str, more: tuple[str, ...] = ()) -> tuple[int, Any]:
        """Return the code, and the JSON report, which is as its schema says."""
        done = self.decrypt(*owners, more=(*more, "--format", "json"))
        document = json.loads(done.stdout)
        validate(document)
        return done.code, document

    def output(self, node: str) -> str:
        """Return where the output of `db` is."""
        return self.shop.output_path(node, "db", DB)

    def put(self, node: str, content: bytes) -> None:
        """Write the content of the output of `db`."""
        self.shop.write(self.output(node), content)

    def key(self, node: str) -> str:
        """Return a node's public key."""
        return self.shop.read(f"hosts/{node}/host.pub").decode()

    def replace_text(self, node: str, text: bytes = SAME_LENGTH) -> None:
        """Put another text into the output of `db`, under its right name and for its node."""
        self.put(node, encrypt(text, [self.key(node)]))


def make(directory: Path, ssh_key: MakeSsh) -> Keyed:
    """Build the fleet: two hosts with SSH keys, two with age keys, two secrets."""
    shop = Workshop(directory / "repository")
    shop.write("README.md", "A fleet.\n")
    shop.commit("Begin")
    keys: dict[str, Path] = {
        "alpha": ssh_key(),
        "beta": ssh_key("rsa"),
        "master": directory / "master.txt",
    }
    texts = {node: public(keys[node]) for node in SSH}
    keys["master"].write_text(f"{shop.identity}\n")
    for node in NATIVE:
        identity, texts[node] = new_identity()
        keys[node] = directory / f"{node}.txt"
        keys[node].write_text(f"{identity}\n")
    for node, text in texts.items():
        shop.host(node, text)
    for secret, plaintext in TEXTS.items():
        shop.source(f"secrets/{secret}.age", plaintext)
        for node in NODES:
            shop.rekey(node, secret, f"secrets/{secret}.age", plaintext)
    shop.commit("Build the fleet")
    return Keyed(shop, keys)
