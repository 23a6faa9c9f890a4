"""Opening outputs with their nodes' keys, and sources with the masters', to compare them.

Only a keyed digest is kept of a plaintext; its key exists in this run only.
"""

from collections.abc import Collection, Iterable, Iterator
from hashlib import blake2b
from secrets import token_bytes
from typing import TYPE_CHECKING, NamedTuple

from agenix_check.age import Recipient, read_age
from agenix_check.keys.keychain import Keychain, Wants
from agenix_check.keys.private_keys import Attempt, AttemptOutcome, Key

if TYPE_CHECKING:
    from agenix_check.keys.identities import IdentityFile

_FITS_BUT_DAMAGED = "fits, but what it opens is not as it was written: cut, or altered"
_TAG_FORGED = "does not open it, though the tag of its stanza is that of this key"
_WRONG_KEY = "output-wrong-recipient"
_LACKS_KEY = "source-missing-recipient"
_NO_TERMINAL = "it must ask for a passphrase, a PIN or the like, and there is no terminal"


class Opened(NamedTuple):
    """A file that was opened: `digest` stands for its plaintext, in this run only.

    `by_own_key` is true where the key that opened it is known to be its node's.
    """

    digest: bytes
    by_own_key: bool = True


class Faulty(NamedTuple):
    """A file that is wrong, as opening it showed: the rule that it breaks, and the message."""

    rule: str
    message: str


class Closed(NamedTuple):
    """A file that no identity of this run opens, and the reason."""

    reason: str


class Opener:
    """Opens files with a keychain; `masters` are the recipients that every source must have.

    `unused` are the identities that were needed but could not be used, and why.
    """

    def __init__(self, keychain: Keychain, masters: Collection[Recipient]) -> None:
        self._keychain = keychain
        self._masters = masters
        self._secret = token_bytes(32)
        self._failed: dict[Key, Attempt] = {}
        self._others: dict[Recipient | None, set[Key]] = {}
        self.unused: dict[IdentityFile, str] = {}

    def open_output(
        self, ciphertext: bytes, recipient: Recipient | None
    ) -> Opened | Faulty | Closed:
        """Open an output with its node's key or, without that key, with another that fits."""
        failed: list[Attempt] = []
        for one in self._attempts(ciphertext, lambda key: key.is_of(recipient)):
            result = self._of_node(one)
            if result is not None:
                return result
            failed.append(one)
        mine = {one.key for one in failed}
        tried = self._others.setdefault(recipient, set())

        def may_help(key: Key) -> bool:
            """Skip keys that would prompt the user just to prove the file is for someone else."""
            if key in mine or key in tried:
                return False
            shows_owner = key.public is None or (key.certain and not key.asks)
            return shows_owner or key.is_of(recipient)

        for one in self._attempts(ciphertext, may_help):
            if one.key.is_of(recipient):  # it came out of a locked file
                result = self._of_node(one)
            else:
                result = self._of_other(one, recipient)
            if result is not None:
                return result
            failed.append(one)
            if one.key.asks and one.outcome is not AttemptOutcome.NEEDS_TERMINAL:
                tried.add(one.key)
        return Closed(self._why(failed, "no identity is given for its node"))

    def open_source(self, ciphertext: bytes) -> tuple[Opened | Closed, list[Faulty]]:
        """Open a source with the first identity that can; return also which should but do not."""
        failed: list[Attempt] = []
        refused: list[Faulty] = []
        for one in self._attempts(ciphertext, lambda _: True):
            if one.outcome is AttemptOutcome.OPENED:
                return Opened(self._digest(one.plaintext)), refused
            if one.outcome is AttemptOutcome.DAMAGED:
                message = f"a key that is given {_FITS_BUT_DAMAGED}"
                return Closed("its source is damaged"), [Faulty("source-malformed", message)]
            if one.outcome is AttemptOutcome.FORGED:
                refused.append(Faulty(_LACKS_KEY, f"a key that is given {_TAG_FORGED}"))
            elif one.outcome is AttemptOutcome.OTHER and one.key.certain:
                if one.key.public in self._masters:
                    message = "a declared master key that is given does not open it"
                    refused.append(Faulty(_LACKS_KEY, message))
            else:
                failed.append(one)
        return Closed(self._why(failed, "no identity that is given opens its source")), refused

    def _of_node(self, one: Attempt) -> Opened | Faulty | None:
        """Return what an attempt with the node's own key shows, or None."""
        if one.outcome is AttemptOutcome.OPENED:
            return Opened(self._digest(one.plaintext))
        if one.outcome is AttemptOutcome.DAMAGED:
            return Faulty("output-malformed", f"its node's key {_FITS_BUT_DAMAGED}")
        if one.outcome is AttemptOutcome.FORGED:
            return Faulty(_WRONG_KEY, f"its node's key {_TAG_FORGED}")
        if one.outcome is AttemptOutcome.OTHER:
            return Faulty(_WRONG_KEY, "its node's key does not open it")
        return None

    def _of_other(self, one: Attempt, recipient: Recipient | None) -> Opened | Faulty | None:
        """Return what an attempt with a key that may not be the node's shows, or None."""
        if one.outcome is AttemptOutcome.DAMAGED:
            return Faulty("output-malformed", f"a key that is given {_FITS_BUT_DAMAGED}")
        if one.outcome is not AttemptOutcome.OPENED:
            return None
        if recipient is not None and one.key.certain:
            return Faulty(_WRONG_KEY, "a given key opens it, and it is not its node's")
        return Opened(self._digest(one.plaintext), by_own_key=False)

    def _attempts(self, ciphertext: bytes, wants: Wants) -> Iterator[Attempt]:
        """Try keys. A key that asks is not tried again once it failed: a PIN has few tries."""
        file = read_age(ciphertext)
        again: list[Attempt] = []

        def is_fresh(key: Key) -> bool:
            if not wants(key):
                return False
            if key in self._failed:
                again.append(self._failed[key])
            return key not in self._failed

        for one in self._keychain.attempts(file, ciphertext, is_fresh):
            if one.outcome is AttemptOutcome.OPENED and len(one.plaintext) != file.plaintext_size:
                yield Attempt(key=one.key, outcome=AttemptOutcome.PROGRAM_FAILED)
                continue
            if one.outcome is AttemptOutcome.UNUSABLE and one.key.asks:
                self._failed[one.key] = one
            yield one
        yield from again

    def _digest(self, plaintext: bytes) -> bytes:
        return blake2b(plaintext, digest_size=32, key=self._secret).digest()

    def _why(self, attempts: Iterable[Attempt], otherwise: str) -> str:
        """Return why a file stays closed; note which identities could not be used."""
        reason = otherwise
        for one in attempts:
            if one.outcome is AttemptOutcome.NEEDS_TERMINAL:
                self.unused[one.key.file] = _NO_TERMINAL
                reason = "an identity that may open it must ask, and there is no terminal"
            elif one.outcome is AttemptOutcome.UNUSABLE:
                self.unused[one.key.file] = one.reason
                reason = "an identity that may open it cannot be used"
        return reason
