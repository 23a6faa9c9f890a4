"""Nodes as `fleet.nix` describes them: what a flake declares may have any shape."""

from collections.abc import Mapping

from agenix_check.discover.nix.run import NixError
from agenix_check.discover.nix.store_paths import StorePaths
from agenix_check.model.declaration import (
    DeclaredNode,
    DeclaredPath,
    DeclaredSecret,
    MasterIdentity,
)


def read_node(name: str, value: object, paths: StorePaths) -> DeclaredNode:
    """Return a node, with its secrets sorted by their ids.

    Raises `NixError`, which names the option, where one has a value of another type.
    """
    node = _table(value, "a node")
    storage = node.get("storage")
    secrets = [_secret(one, paths) for one in _list(node.get("secrets"), "age.secrets")]
    return DeclaredNode(
        name=name,
        host_pubkey=_text(node.get("hostPubkey"), "hostPubkey"),
        storage_mode=_text(node.get("storageMode"), "storageMode"),
        storage=None if storage is None else _path(storage, "localStorageDir", paths),
        secrets=tuple(sorted(secrets, key=lambda one: one.id)),
        master_identities=tuple(
            _master(one, paths) for one in _list(node.get("masterIdentities"), "masterIdentities")
        ),
        extra_recipients=tuple(
            paths.key_text(_text(one, "extraEncryptionPubkeys"))
            for one in _list(node.get("extraEncryptionPubkeys"), "extraEncryptionPubkeys")
        ),
    )


def _secret(value: object, paths: StorePaths) -> DeclaredSecret:
    secret = _table(value, "a secret")
    name = _text(secret.get("id"), "a secret's name")
    of = f"age.secrets.{name}."
    intermediary, tags = secret.get("intermediary"), secret.get("generator")
    if not isinstance(intermediary, bool):
        raise _differs(f"{of}intermediary", "true or false")
    if tags is not None:
        tags = tuple(_text(one, f"{of}generator") for one in _list(tags, f"{of}generator"))
    return DeclaredSecret(
        id=name,
        name=_text(secret.get("name"), f"{of}name"),
        source=_path(secret.get("source"), f"{of}rekeyFile", paths),
        intermediary=intermediary,
        generator=tags,
        dependencies=tuple(
            _path(one, f"{of}generator.dependencies", paths)
            for one in _list(secret.get("dependencies"), f"{of}generator.dependencies")
        ),
    )


def _master(value: object, paths: StorePaths) -> MasterIdentity:
    master = _table(value, "an identity of masterIdentities")
    pubkey = master.get("pubkey")
    return MasterIdentity(
        identity=_path(master.get("identity"), "an identity of masterIdentities", paths),
        pubkey=None
        if pubkey is None
        else paths.key_text(_text(pubkey, "a pubkey of masterIdentities")),
    )


def _path(value: object, name: str, paths: StorePaths) -> DeclaredPath:
    return paths.find(_text(value, name))


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise _differs(name, "a text")
    return value


def _list(value: object, name: str) -> list[object]:
    if not isinstance(value, list):
        raise _differs(name, "a list")
    return value


def _table(value: object, name: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise _differs(name, "a set")
    return value


def _differs(name: str, wanted: str) -> NixError:
    return NixError(f"error: {name} is not {wanted}")
