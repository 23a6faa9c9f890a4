"""Whether a former version of a secret holds the same text as the present one, with the keys.

Only a keyed digest is kept of a plaintext; its key exists in this run only.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from secrets import token_bytes
from typing import TYPE_CHECKING

from agenix_check.access.rotations import Rotations
from agenix_check.access.secret_versions import worst
from agenix_check.discover.tree.chronicle import Held
from agenix_check.discover.tree.facts import AgeFact
from agenix_check.errors import UsageError
from agenix_check.git.objects import read_blobs
from agenix_check.keys.errors import DecryptionError
from agenix_check.keys.identities import load
from agenix_check.keys.keychain import Keychain, forbid_core_dumps
from agenix_check.model.exposed import (
    ExposedSecret,
    KeyExposure,
    PublicSecret,
    ReadableVersion,
    VersionState,
)

if TYPE_CHECKING:
    from agenix_check.access.past_readers import PastReaders
    from agenix_check.git.repository import Repository
    from agenix_check.model.settings import Settings

_COMPARING = "agenix-check exposure --decrypt"


class PastComparer:
    """Compares former versions with the present ones; `unproved` says which it could not open."""

    def __init__(self, repository: "Repository", settings: "Settings", past: "PastReaders") -> None:
        """Read the identities that are named. Raises `UsageError` for one that cannot be read."""
        forbid_core_dumps()
        named = load(
            given=settings.identity, settings=settings.identities, top=repository.top, plain=True
        )
        if not named.files:
            raise UsageError("--decrypt needs an identity: -i FILE")
        self._git = repository.git
        self._past = past
        self._rotations = Rotations(past)
        self._keychain = Keychain(named.files, settings.age, command=_COMPARING)
        self._secret = token_bytes(32)
        self._digests: dict[str, bytes | None] = {}
        self.unproved: dict[str, str] = {}

    def settle(self, exposures: Iterable[KeyExposure]) -> list[KeyExposure]:
        """Return what keys could read, with versions in use or rotated where that was in doubt."""
        return [
            one._replace(secrets=tuple(map(self._settle_secret, one.secrets))) for one in exposures
        ]

    def settle_public(self, public: Iterable[PublicSecret]) -> list[PublicSecret]:
        """Do the same for what was in plain text."""
        return [
            one._replace(state=self._state(one.secret, self._read_plain(one)))
            if one.state is VersionState.PERHAPS and not one.by_private_key
            else one
            for one in public
        ]

    def _settle_secret(self, one: ExposedSecret) -> ExposedSecret:
        versions = tuple(self._settle_version(one.secret, each) for each in one.versions)
        return one._replace(versions=versions, state=worst(each.state for each in versions))

    def _settle_version(self, secret: str, one: ReadableVersion) -> ReadableVersion:
        if one.state is not VersionState.PERHAPS:
            return one
        text = self._open(one.blob, secret)
        state = self._state(secret, text)
        held, rotated_by = Held(secret, one.blob), None
        if state is VersionState.ROTATED and held in self._past.chronicle.spans:
            rotated_by = self._rotations.after(
                held, lambda later: self._open(later.oid, secret) == text
            )
        return one._replace(state=state, rotated_by=rotated_by)

    def _state(self, secret: str, former: bytes | None) -> VersionState:
        present = [self._open(oid, path) for oid, path in self._present(secret)]
        if former is not None and former in present:
            return VersionState.IN_USE
        unknown = former is None or None in present or not present
        return VersionState.PERHAPS if unknown else VersionState.ROTATED

    def _present(self, secret: str) -> Sequence[tuple[str, str]]:
        chronicle = self._past.chronicle
        heirs = self._past.versions.heirs(secret)
        return sorted(
            (held.oid, held.path)
            for held in chronicle.current
            if held.path in heirs and isinstance(chronicle.facts.get(held.oid), AgeFact)
        )

    def _open(self, oid: str, path: str) -> bytes | None:
        if oid not in self._digests:
            self._digests[oid] = None
            try:
                for blob in read_blobs(self._git, [oid]):
                    if len(blob.data) == blob.size:
                        plaintext = self._keychain.decrypt(path, blob.data)
                        self._digests[oid] = self._digest(plaintext)
            except DecryptionError as error:
                self.unproved.setdefault(path, str(error))
        return self._digests[oid]

    def _read_plain(self, one: PublicSecret) -> bytes | None:
        status, content, _ = self._git.attempt("cat-file", "blob", f"{one.commit}:{one.path}")
        return self._digest(content) if status == 0 else None

    def _digest(self, plaintext: bytes) -> bytes:
        return blake2b(plaintext, key=self._secret, digest_size=32).digest()
