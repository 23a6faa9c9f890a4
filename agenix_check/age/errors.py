"""The errors of this room; their texts never repeat what a file holds."""

from agenix_check.errors import AgenixCheckError


class AgeFormatError(AgenixCheckError):
    """A file that the age specification tells a reader to reject.

    `offset` is in bytes from the start of the file; in an armored file it is the place in
    the armored text. `reason` is made of fixed words and numbers only, because the content
    is hostile and may be a secret in plain text.
    """

    def __init__(self, offset: int, reason: str) -> None:
        """Keep both parts, so that a caller can map the offset or word its own line."""
        super().__init__(offset, reason)
        self.offset = offset
        self.reason = reason

    def __str__(self) -> str:
        """Return the one line that the user reads."""
        return f"offset {self.offset}: {self.reason}"


class RecipientError(AgenixCheckError):
    """A text is not a recipient; says what is wrong with it, never what it holds."""
