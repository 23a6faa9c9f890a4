"""A fleet with its declaration: as a flake for Nix and as a lock file, both from one description.

The flake's nodes are plain attribute sets in the shape of evaluated configurations, so that no
nixpkgs is needed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from agenix_check.cli.configuration import load_settings
from agenix_check.cli.destinations import destinations, want_details
from agenix_check.cli.options import OptionValue
from agenix_check.demo.workshop import Workshop, key_path
from agenix_check.discover.declared.lock import render_lock
from agenix_check.discover.tree.evidence import LOCK
from agenix_check.discover.tree.key_texts import digest
from agenix_check.discover.tree.naming import ident
from agenix_check.gate import check
from agenix_check.git.repository import open_repository
from agenix_check.keys.encrypt import encrypt
from agenix_check.model.declaration import (
    Declaration,
    DeclaredNode,
    DeclaredPath,
    DeclaredSecret,
    MasterIdentity,
)
from agenix_check.model.findings import Finding, JudgedFile, Report
from tests.host_keys import HOSTS
from tests.settings_files import file_at

DB, TOKEN, WIFI = "secrets/db.age", "secrets/alpha-token.age", "secrets/wifi.age"


@dataclass
class Secret:
    """What a node declares of a secret; `name` is its id unless it is given.

    `needs` are the sources that its generator depends on.
    """

    source: str
    name: str | None = None
    intermediary: bool = False
    generator: bool = False
    outside: bool = False
    needs: tuple[str, ...] = ()


@dataclass
class Node:
    """What is declared of a node. `key` is a text, or the path of a file that begins with `./`."""

    key: str
    storage: str
    secrets: dict[str, Secret] = field(default_factory=dict)
    mode: str = "local"
    prefix: str = "nixos:"
    outside: bool = False


class Estate:
    """A repository, what its fleet declares, and what its sources hold."""

    def __init__(self, shop: Workshop, hosts: Mapping[str, str] = HOSTS) -> None:
        self.shop = shop
        self.hosts = hosts
        self.nodes: dict[str, Node] = {}
        self.masters: list[MasterIdentity] = [master(shop.master)]
        self.extra: list[str] = []
        self.plaintexts: dict[str, str] = {}

    def add_node(self, name: str, key: str | None = None) -> Node:
        """Declare a node with its key in a file; the key is written by `write_keys`."""
        node = Node(key=key or f"./{key_path(name)}", storage=f"secrets/rekeyed/{name}")
        self.nodes[name] = node
        return node

    def write_keys(self) -> None:
        """Write the key files of all nodes that have one."""
        for name, node in self.nodes.items():
            if node.key.startswith("./"):
                self.shop.host(name, self.hosts[name])

    def write_sources(self) -> None:
        """Write every declared source."""
        for node in self.nodes.values():
            for secret in node.secrets.values():
                if secret.source not in self.plaintexts:
                    self.edit(secret.source, f"content of {secret.source}\n")

    def edit(self, source: str, plaintext: str) -> None:
        """Write a source, and forget to rekey."""
        self.plaintexts[source] = plaintext
        self.shop.write(source, encrypt(plaintext.encode(), self.recipients()))

    def recipients(self) -> list[str]:
        """Return whom sources are encrypted to by `edit`."""
        return [self.shop.master]

    def key_text(self, name: str) -> str:
        """Return a node's `hostPubkey`."""
        key = self.nodes[name].key
        return self.shop.read(key[2:]).decode() if key.startswith("./") else key

    def output(self, name: str, id_: str) -> str:
        """Return where the output of a secret belongs."""
        node = self.nodes[name]
        secret = node.secrets[id_]
        content = sha256(self.shop.read(secret.source)).hexdigest()
        made = ident(digest(self.key_text(name)), content)
        return f"{node.storage}/{made}-{secret.name or id_}.age".lstrip("/")

    def rekey_one(self, name: str, id_: str, *, key: str | None = None) -> str:
        """Make one output, for another key than the node's if one is given; return its path."""
        plaintext = self.plaintexts[self.nodes[name].secrets[id_].source]
        content = encrypt(plaintext.encode(), [key or self.key_text(name)])
        return self.shop.write(self.output(name, id_), content)

    def rekey(self, *, tidy: bool = True) -> None:
        """Make every output that is not there; `tidy` removes all others, as `rekey -a` does."""
        wanted = set()
        for name, node in self.nodes.items():
            for id_, secret in node.secrets.items():
                if secret.intermediary or node.mode != "local":
                    continue
                path = self.output(name, id_)
                wanted.add(path)
                if not (self.shop.top / path).exists():
                    self.rekey_one(name, id_)
        for node in self.nodes.values() if tidy else ():
            for file in (self.shop.top / node.storage).rglob("*.age"):
                if file.relative_to(self.shop.top).as_posix() not in wanted:
                    file.unlink()

    def declare(self) -> Declaration:
        """Return what is declared."""
        nodes = [
            DeclaredNode(
                name=node.prefix + name,
                host_pubkey=self.key_text(name),
                storage_mode=node.mode,
                storage=_storage(node),
                secrets=tuple(
                    DeclaredSecret(
                        id=id_,
                        name=secret.name or id_,
                        source=_source(secret),
                        intermediary=secret.intermediary,
                        generator=() if secret.generator else None,
                        dependencies=tuple(DeclaredPath(path=path) for path in secret.needs),
                    )
                    for id_, secret in sorted(node.secrets.items())
                ),
                master_identities=tuple(self.masters),
                extra_recipients=tuple(self.extra),
            )
            for name, node in self.nodes.items()
        ]
        return Declaration(nodes=tuple(sorted(nodes, key=lambda node: node.name)))

    def write_lock(self) -> None:
        """Write the lock file, as `agenix-check fleet --lock` does."""
        self.shop.write(LOCK, render_lock(self.declare()))

    def write_flake(self, more: str = "", path: str = "flake.nix") -> None:
        """Write the flake; `more` are outputs besides."""
        nodes = "\n".join(
            f"      nixosConfigurations.{json.dumps(name)} = {self._nix(node)};"
            for name, node in self.nodes.items()
        )
        self.shop.write(path, f"{{\n  outputs = {{ self }}: {{\n{nodes}\n{more}\n  }};\n}}\n")

    def _generator(self, secret: Secret) -> str:
        if not secret.generator:
            return "null"
        needs = (f"{{ rekeyFile = ./. + {json.dumps('/' + path)}; }}" for path in secret.needs)
        return f"{{ tags = [ ]; dependencies = [ {' '.join(needs)} ]; }}"

    def _nix(self, node: Node) -> str:
        masters = " ".join(
            f"{{ identity = ./{one.identity.path}; pubkey = "
            f"{'null' if one.pubkey is None else json.dumps(one.pubkey)}; }}"
            for one in self.masters
        )
        secrets = " ".join(
            f"{json.dumps(id_)} = {{ rekeyFile = ./. + {json.dumps('/' + secret.source)};"
            f" name = {json.dumps(secret.name or id_)};"
            f" intermediary = {str(secret.intermediary).lower()};"
            f" generator = {self._generator(secret)}; }};"
            for id_, secret in node.secrets.items()
        )
        key = node.key if node.key.startswith("./") else json.dumps(node.key)
        return (
            "{ config.age = {\n"
            f"        rekey = {{ hostPubkey = {key}; storageMode = {json.dumps(node.mode)};\n"
            f"          localStorageDir = ./. + {json.dumps('/' + node.storage)};\n"
            f"          masterIdentities = [ {masters} ];\n"
            f"          extraEncryptionPubkeys = {_list(self.extra)}; }};\n"
            f"        secrets = {{ {secrets} }};\n"
            "      }; }"
        )


def master(pubkey: str | None, path: str = "master.pub") -> MasterIdentity:
    """Return a master identity of the repository."""
    return MasterIdentity(identity=DeclaredPath(path=path), pubkey=pubkey)


def judge(estate: Estate, inventory: str = "lock", **options: OptionValue) -> Report:
    """Check what is staged, by the lock file unless another inventory is named."""
    given = {name.replace("_", "-"): value for name, value in options.items()}
    settings = load_settings(
        file_at(estate.shop.top), {}, {"no-cache": True, "inventory": inventory, **given}
    )
    repository = open_repository(estate.shop.top)
    return check(repository, settings, details=want_details(destinations(settings)))


def judge_all(estate: Estate, inventory: str = "lock", **options: OptionValue) -> Report:
    """Write the lock file and the flake anew, stage everything and check it."""
    estate.write_lock()
    estate.write_flake()
    estate.shop.stage()
    return judge(estate, inventory, **options)


def the_only(report: Report, rule: str) -> Finding:
    """Return the one finding of a rule, which must be the only one besides notes."""
    (finding,) = (one for one in report.findings if one.severity != "note" or one.rule == rule)
    assert finding.rule == rule, finding
    return finding


def told(report: Report) -> set[tuple[str, str, str]]:
    """Return rule, node and secret of every finding but notes."""
    return {
        (one.rule, one.node or "", one.secret or "")
        for one in report.findings
        if one.severity != "note"
    }


def result(report: Report, node: str, secret: str) -> JudgedFile:
    """Return the verdict of a node's secret."""
    (found,) = (
        one for one in report.outputs if one.node == f"nixos:{node}" and one.secret == secret
    )
    return found


def _storage(node: Node) -> DeclaredPath | None:
    if node.mode != "local":
        return None
    if node.outside:
        return DeclaredPath(path=None, outside=node.storage)
    return DeclaredPath(path=node.storage)


def _source(secret: Secret) -> DeclaredPath:
    if secret.outside:
        return DeclaredPath(path=None, outside=secret.source)
    return DeclaredPath(path=secret.source)


def _list(texts: list[str]) -> str:
    return f"[ {' '.join(map(json.dumps, texts))} ]"
