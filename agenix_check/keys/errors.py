"""What this room raises: names of files, identities and recipients, never a key or a plaintext."""

from agenix_check.errors import AgenixCheckError


class EncryptionError(AgenixCheckError):
    """A plaintext could not be encrypted; the text says to whom and why, never what."""


class DecryptionError(AgenixCheckError):
    """An age file could not be decrypted; the text says which, with what, and what to do."""
