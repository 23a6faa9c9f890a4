"""`agenix-check.lock`: what a flake declares, as a committed file for machines without Nix.

Sorted, and one fact a line where it can be, so that two branches merge as their flakes do.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from agenix_check.declaration import (
    Declaration,
    DeclaredNode,
    DeclaredSecret,
    MasterIdentity,
    Place,
)
from agenix_check.discover.inventory import LOCK
from agenix_check.errors import CannotCheckError

SCHEMA = "agenix-check/lock/1"

_T = TypeVar("_T")


def render_lock(declaration: Declaration) -> str:
    """Turn a declaration into the lock file's text; nodes that failed are not in it."""
    document = {
        "schema": SCHEMA,
        "nodes": {node.name: _node(node) for node in declaration.nodes},
    }
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def read_lock(text: str, place: str = LOCK) -> Declaration:
    """Read a lock file's text. Raises `CannotCheckError`, which names the key that is wrong."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise CannotCheckError(f"{place} is not JSON: {error}") from error
    reader = _Reader(place)
    root = reader.table(document, "the file")
    if root.get("schema") != SCHEMA:
        raise CannotCheckError(f"{place} is of another version; write it anew: {_RENEW}")
    nodes = reader.table(root.get("nodes"), "nodes")
    return Declaration(nodes=tuple(_read_node(reader, name, nodes[name]) for name in sorted(nodes)))


_RENEW = "agenix-check fleet --lock"


def _node(node: DeclaredNode) -> dict[str, object]:
    return {
        "hostPubkey": node.host_pubkey,
        "storageMode": node.storage_mode,
        "storage": None if node.storage is None else _place(node.storage),
        "secrets": {secret.id: _secret(secret) for secret in node.secrets},
        "masterIdentities": [
            {"identity": _place(one.identity), "pubkey": one.pubkey}
            for one in node.master_identities
        ],
        "extraEncryptionPubkeys": list(node.extra_recipients),
    }


def _secret(secret: DeclaredSecret) -> dict[str, object]:
    return {
        "name": secret.name,
        "source": _place(secret.source),
        "intermediary": secret.intermediary,
        "generator": None if secret.generator is None else list(secret.generator),
    }


def _place(place: Place) -> dict[str, str] | str:
    """Return a path as it is, and what lies outside as a table: the two cannot be mistaken."""
    return place.path if place.path is not None else {"outside": place.outside or ""}


class _Reader:
    """Checks the shape of what was read, and names what is wrong."""

    def __init__(self, file: str) -> None:
        self._file = file

    def fail(self, where: str, wanted: str) -> CannotCheckError:
        return CannotCheckError(f"{self._file}: {where} is not {wanted}; write it anew: {_RENEW}")

    def table(self, value: object, where: str) -> Mapping[str, object]:
        if not isinstance(value, dict):
            raise self.fail(where, "a table")
        return value

    def text(self, value: object, where: str) -> str:
        if not isinstance(value, str):
            raise self.fail(where, "a text")
        return value

    def flag(self, value: object, where: str) -> bool:
        if not isinstance(value, bool):
            raise self.fail(where, "true or false")
        return value

    def items(self, value: object, where: str, read: Callable[[object, str], _T]) -> tuple[_T, ...]:
        if not isinstance(value, list):
            raise self.fail(where, "a list")
        return tuple(read(item, where) for item in value)

    def maybe(self, value: object, where: str, read: Callable[[object, str], _T]) -> _T | None:
        return None if value is None else read(value, where)

    def place(self, value: object, where: str) -> Place:
        if isinstance(value, str):
            if value.startswith("/") or ".." in value.split("/"):
                raise self.fail(where, "a path inside the repository")
            return Place(path=value)
        outside = self.table(value, where).get("outside")
        return Place(path=None, outside=self.text(outside, f"{where}.outside"))

    def master(self, value: object, where: str) -> MasterIdentity:
        table = self.table(value, where)
        return MasterIdentity(
            identity=self.place(table.get("identity"), f"{where}.identity"),
            pubkey=self.maybe(table.get("pubkey"), f"{where}.pubkey", self.text),
        )


def _read_node(reader: _Reader, name: str, value: object) -> DeclaredNode:
    table = reader.table(value, name)
    secrets = reader.table(table.get("secrets"), f"{name}.secrets")
    return DeclaredNode(
        name=name,
        host_pubkey=reader.text(table.get("hostPubkey"), f"{name}.hostPubkey"),
        storage_mode=reader.text(table.get("storageMode"), f"{name}.storageMode"),
        storage=reader.maybe(table.get("storage"), f"{name}.storage", reader.place),
        secrets=tuple(_read_secret(reader, name, key, secrets[key]) for key in sorted(secrets)),
        master_identities=reader.items(
            table.get("masterIdentities"), f"{name}.masterIdentities", reader.master
        ),
        extra_recipients=reader.items(
            table.get("extraEncryptionPubkeys"), f"{name}.extraEncryptionPubkeys", reader.text
        ),
    )


def _read_secret(reader: _Reader, node: str, key: str, value: object) -> DeclaredSecret:
    where = f"{node}.secrets.{key}"
    table = reader.table(value, where)
    generator: Sequence[str] | None = None
    if table.get("generator") is not None:
        generator = reader.items(table["generator"], f"{where}.generator", reader.text)
    return DeclaredSecret(
        id=key,
        name=reader.text(table.get("name"), f"{where}.name"),
        source=reader.place(table.get("source"), f"{where}.source"),
        intermediary=reader.flag(table.get("intermediary"), f"{where}.intermediary"),
        generator=None if generator is None else tuple(generator),
    )
