"""The sample fleet: four hosts, five secrets, ten files that the hosts decrypt."""

import hashlib
from pathlib import Path
from typing import NamedTuple

from agenix_check.demo.workshop import Workshop, key_path
from agenix_check.keys.encrypt import encrypt

# Public keys whose private halves were thrown away.
KEYS = {
    "alpha": "ssh-ed25519 "
    "AAAAC3NzaC1lZDI1NTE5AAAAIP9jT5oFwMdm56FhBjDbyyYQPIOQunOl2oQR2Yp6xzI+ root@alpha\n",
    "beta": "ssh-ed25519 "
    "AAAAC3NzaC1lZDI1NTE5AAAAIBH2EOhR+n5wNW0HFMeq9tjK7L7Dv7R4Noxqcc2nh+Te root@beta\n",
    "gamma": "ssh-ed25519 "
    "AAAAC3NzaC1lZDI1NTE5AAAAIPZHvh4fkgAz7/XqR6AEvbYMszxxbcELjBgxqp4RMON5 root@gamma\n",
    "delta": "age12qcpe0ze2r8gda0fvz6q0e0s2nwpncy6lsukujytc6p05f4xzujqgtujs7\n",
}
NEW_KEY = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAII1hWKFPP6TxmvRM3M3YfeIyW3TQNj9MtMUMfirITivl root@alpha\n"
)


class Secret(NamedTuple):
    """A secret of the fleet: its name, its source, its plaintext, and who has it."""

    name: str
    source: str
    plaintext: str
    nodes: tuple[str, ...]


DB = Secret("db", "secrets/db.age", "postgres://app:7hG2kq@db/app\n", ("alpha", "beta"))
WIFI = Secret("wifi", "secrets/wifi.age", "correct horse battery staple\n", tuple(KEYS))
CI_KEY = Secret("ci/key", "secrets/ci-key.age", "9f2c41d7a6b80e53\n" * 4, ("alpha", "gamma"))
TLS = Secret("tls", "secrets/gamma-tls.age", "-- a TLS key --\n" * 60, ("gamma",))
TOKEN = Secret("token", "secrets/delta-token.age", "tok_4f1d0c\n", ("delta",))
SECRETS = (DB, WIFI, CI_KEY, TLS, TOKEN)

STORAGE = "rekeyed"


class SampleFleet:
    """The sample fleet in a repository of its own, with what people do to such a fleet."""

    def __init__(self, top: Path) -> None:
        self.shop = Workshop(top, storage=STORAGE)
        self._plaintexts = {secret: secret.plaintext.encode() for secret in SECRETS}

    def build(self) -> None:
        """Write the fleet and commit it: first the hosts, then their secrets."""
        shop = self.shop
        for node, key in KEYS.items():
            shop.host(node, key)
            shop.write(module_path(node), _module(node))
        # No flake: there is nothing to evaluate, so no Nix is asked and no network.
        shop.write("fleet.nix", _fleet(shop.master))
        # A second copy of a host's key, as fleets have them for SSH.
        shop.write("known-hosts.nix", f'{{\n  beta = "{KEYS["beta"].strip()}";\n}}\n')
        shop.commit("Describe the hosts")
        for secret in SECRETS:
            shop.source(secret.source, secret.plaintext)
        self.rekey()
        shop.commit("Add the secrets, rekeyed for every host")

    def edit(self, secret: Secret, plaintext: str | None = None) -> None:
        """Encrypt a secret's source anew, with another plaintext unless one is given."""
        text = f"changed: {secret.plaintext}" if plaintext is None else plaintext
        self._plaintexts[secret] = text.encode()
        self.shop.source(secret.source, text)

    def rekey(self, *nodes: str, tidy: bool = True) -> None:
        """Do what `agenix rekey` does for some nodes, or for all: make what is not there.

        `tidy` removes what that replaces, as it does with `-a`.
        """
        for node in nodes or tuple(KEYS):
            wanted = {self.output(node, secret) for secret in SECRETS if node in secret.nodes}
            for secret in SECRETS:
                if (
                    node in secret.nodes
                    and not (self.shop.top / self.output(node, secret)).exists()
                ):
                    self.shop.rekey(node, secret.name, secret.source, self._plaintexts[secret])
            if tidy:
                for path in self.outputs(node):
                    if path not in wanted:
                        self.shop.remove(path)

    def output(self, node: str, secret: Secret) -> str:
        """Return where the output of a node and secret belongs, by the files as they are."""
        return self.shop.output_path(node, secret.name, secret.source)

    def outputs(self, node: str) -> list[str]:
        """Return the files in a node's output directory."""
        top = self.shop.top
        files = (top / STORAGE / node).rglob("*.age")
        return sorted(file.relative_to(top).as_posix() for file in files)

    def overwrite(self, node: str, secret: Secret, content: bytes | str) -> None:
        """Put something else in an output's place, and stage it."""
        self.shop.stage(self.shop.write(self.output(node, secret), content))

    def encrypt(self, plaintext: str, *nodes: str) -> bytes:
        """Encrypt a text for some nodes."""
        return encrypt(plaintext.encode(), [KEYS[node] for node in nodes])

    def move(self, path: str, to: str) -> None:
        """Move a file and stage both ends."""
        self.shop.write(to, self.shop.read(path))
        self.shop.remove(path)
        self.shop.stage(path, to)

    def restore(self) -> None:
        """Take everything back to what was committed."""
        self.shop.restore()
        self._plaintexts = {secret: secret.plaintext.encode() for secret in SECRETS}


def module_path(node: str) -> str:
    """Return where a node's configuration is."""
    return f"hosts/{node}/default.nix"


def dummy(secret: Secret, reason: str) -> str:
    """Return the text that agenix-rekey writes in place of a secret (its apps/rekey.nix)."""
    digest = hashlib.sha256(secret.source.encode()).hexdigest()[:32]
    return (
        "This is a dummy replacement value. The actual secret "
        f"age.secrets.{secret.name}.rekeyFile (/nix/store/{digest}-source/{secret.source}) "
        f"{reason}.\n"
    )


def _module(node: str) -> str:
    lines = [
        f'  networking.hostName = "{node}";',
        "  age.rekey.hostPubkey = builtins.readFile ./host.pub;",
        f'  age.rekey.localStorageDir = ../.. + "/{STORAGE}/{node}";',
    ]
    lines += [
        f'  age.secrets."{secret.name}".rekeyFile = ../../{secret.source};'
        for secret in SECRETS
        if node in secret.nodes
    ]
    return "{\n" + "\n".join(lines) + "\n}\n"


def _fleet(master: str) -> str:
    hosts = "\n".join(
        f"  {node} = system [ ./{module_path(node)} ];  # key: {key_path(node)}" for node in KEYS
    )
    return f"""\
# What a flake would give as its nixosConfigurations.
{{ nixpkgs, agenix, agenix-rekey }}:
let
  masters.age.rekey.masterIdentities = [
    {{ identity = "/home/admin/master.key"; pubkey = "{master}"; }}
  ];
  system = modules: nixpkgs.lib.nixosSystem {{
    modules = modules
      ++ [ masters agenix.nixosModules.default agenix-rekey.nixosModules.default ];
  }};
in
{{
{hosts}
}}
"""
