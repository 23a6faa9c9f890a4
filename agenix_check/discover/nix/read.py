"""The JSON of an evaluation as declarations."""

from typing import Any

from agenix_check.discover.nix.places import Places
from agenix_check.model.declaration import DeclaredNode, DeclaredSecret, MasterIdentity


class Reader:
    """Reads nodes as fleet.nix gives them."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def node(self, name: str, value: dict[str, Any]) -> DeclaredNode:
        """Return a node of that name; its secrets are sorted by their ids."""
        storage = value["storage"]
        return DeclaredNode(
            name=name,
            host_pubkey=value["hostPubkey"],
            storage_mode=value["storageMode"],
            storage=None if storage is None else self._places.place(storage),
            secrets=tuple(map(self._secret, sorted(value["secrets"], key=lambda one: one["id"]))),
            master_identities=tuple(map(self._master, value["masterIdentities"])),
            extra_recipients=tuple(map(self._places.keys, value["extraEncryptionPubkeys"])),
        )

    def _secret(self, value: dict[str, Any]) -> DeclaredSecret:
        tags = value["generator"]
        return DeclaredSecret(
            id=value["id"],
            name=value["name"],
            source=self._places.place(value["source"]),
            intermediary=value["intermediary"],
            generator=None if tags is None else tuple(tags),
        )

    def _master(self, value: dict[str, Any]) -> MasterIdentity:
        pubkey = value["pubkey"]
        return MasterIdentity(
            identity=self._places.place(value["identity"]),
            pubkey=None if pubkey is None else self._places.keys(pubkey),
        )
