"""Decrypting with the identities that there are: plaintexts live in memory only."""

from collections.abc import Iterable

from agenix_check.age import AgeFormatError, read_age
from agenix_check.rekey.errors import DecryptionError
from agenix_check.rekey.identities import IdentityFile

__all__ = ["DecryptionError", "Keychain"]


class Keychain:
    """All identities of a run. What is unlocked stays so until the run ends."""

    def __init__(self, identities: Iterable[IdentityFile], program: str | None = None) -> None:
        self._files = tuple(identities)
        self._program = program

    def decrypt(self, name: str, ciphertext: bytes) -> bytes:
        """Return the plaintext of the age file `name`.

        Raises DecryptionError, which names the file, the identities that were tried and what to do.
        """
        import pyrage

        try:
            read_age(ciphertext)
        except AgeFormatError as error:
            raise DecryptionError(f"{name}: this is no whole age file: {error}") from None
        for file in self._files:
            for line in (file.content or b"").decode("utf-8", "replace").splitlines():
                if line.startswith("AGE-SECRET-KEY-1"):
                    try:
                        return pyrage.decrypt(
                            ciphertext, [pyrage.x25519.Identity.from_str(line.strip())]
                        )
                    except (pyrage.DecryptError, pyrage.IdentityError):
                        continue
        raise DecryptionError(f"{name}: no identity can decrypt this")
