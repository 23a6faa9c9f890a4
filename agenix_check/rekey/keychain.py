"""Decrypting with the identities that there are: plaintexts live in memory only."""

from collections.abc import Iterable, Sequence
from contextlib import nullcontext

from agenix_check.age import AgeFile, AgeFormatError, Match, Stanza, describe, read_age
from agenix_check.rekey.errors import DecryptionError
from agenix_check.rekey.handing import handed_over
from agenix_check.rekey.identities import IdentityFile
from agenix_check.rekey.keys import ForeignKey, Key, LockedKey, OpenKey, read_keys
from agenix_check.rekey.program import ProgramError, plugin_environment, run_decrypt
from agenix_check.rekey.prompts import Terminal, aborts_as_interrupts, printable

__all__ = ["DecryptionError", "Keychain"]

# What pyrage says, in words of its own.
_NO_MATCH = "No matching keys found"
_DAMAGED = ("decryption error", "Header MAC is invalid", "failed to fill whole buffer")

_LONGEST = 300  # in characters: what a plugin complains of
_RESTORE = "take it from an earlier commit, or encrypt it anew"
_NONE_GIVEN = "give one with -i FILE, in AGENIX_CHECK_IDENTITY or in the setting identities"


class Keychain:
    """All identities of a run, in order. What is unlocked stays so until the run ends.

    With `program`, an age program, that program decrypts everything. `command` is what a person
    types to be asked for a passphrase.
    """

    def __init__(
        self,
        identities: Iterable[IdentityFile],
        program: str | None = None,
        *,
        command: str = "agenix-check --fix",
    ) -> None:
        self._files = tuple(identities)
        self._program = program
        self._command = command
        self._terminal = Terminal()
        self._keys: list[Key] = []
        self._problems: dict[str, str] = {}
        self._read = False

    def decrypt(self, name: str, ciphertext: bytes) -> bytes:
        """Return the plaintext of the age file `name`.

        Raises DecryptionError, which names the file, the identities that were tried and what to do.
        """
        name = printable(name)
        file = _checked(name, ciphertext)
        if not self._read:
            self._read_files()
        if not any(one.content is not None for one in self._files):
            raise DecryptionError(f"{name}: {self._nothing_there()}")
        if self._program is None:
            plaintext = self._with_keys(name, ciphertext, file.real_stanzas)
        else:
            plaintext = self._with_program(name, ciphertext, file.real_stanzas, self._program)
        if len(plaintext) != file.plaintext_size:
            raise DecryptionError(f"{name}: the decryption gave a text of another length")
        return plaintext

    def _read_files(self) -> None:
        for file in self._files:
            try:
                self._keys += read_keys(file, self._terminal)
            except DecryptionError as error:
                self._problems[_label(file)] = str(error)
        self._read = True

    def _with_keys(self, name: str, ciphertext: bytes, stanzas: Sequence[Stanza]) -> bytes:
        outcomes: dict[str, str] = {}
        unheard: list[str] = []
        waiting = _in_order(self._keys, stanzas)
        while waiting:
            key = waiting.pop(0)
            label = _label(key.file)
            try:
                if isinstance(key, OpenKey):
                    plaintext = self._try(name, key, ciphertext)
                    if plaintext is not None:
                        return plaintext
                elif isinstance(key, ForeignKey):
                    outcomes[label] = key.reason
                elif isinstance(key, LockedKey):
                    waiting = _in_order([*self._unlock(key), *waiting], stanzas)
            except _UnheardError:
                unheard.append(label)
            except _KeyError as error:
                outcomes[label] = str(error)
        if unheard:
            raise DecryptionError(
                f"{name}: {_listed(unheard)} must ask for a passphrase, a PIN or the like, and "
                f"there is no terminal to ask on: type `{self._command}` in a terminal"
            )
        raise DecryptionError(self._nothing_fits(name, stanzas, outcomes))

    def _unlock(self, key: LockedKey) -> list[Key]:
        """Open a locked file, and remember what came out of it, or that it stays locked."""
        if key.asks and not self._terminal.available():
            raise _UnheardError
        try:
            opened = key.open(self._terminal)
        except DecryptionError as error:
            reason = str(error)
            opened = [ForeignKey(file=key.file, public=key.public, never=key.never, reason=reason)]
        at = self._keys.index(key)
        self._keys[at : at + 1] = opened
        return opened

    def _try(self, name: str, key: OpenKey, ciphertext: bytes) -> bytes | None:
        """Return the plaintext, or None where nothing in the file is for this key."""
        import pyrage

        prompts = key.prompts
        plaintext, complaint = None, ""
        if prompts is not None:
            prompts.begin()
        try:
            with aborts_as_interrupts(), plugin_environment() if prompts else nullcontext():
                plaintext = pyrage.decrypt(ciphertext, [key.identity])
        except pyrage.DecryptError as error:
            complaint = printable(" ".join(str(error).split()))[:_LONGEST]
        if prompts is not None:
            prompts.end(worked=plaintext is not None)
            if prompts.raised is not None:
                raise prompts.raised from None
            if plaintext is None and prompts.unheard:
                raise _UnheardError
        if complaint in _DAMAGED:
            raise DecryptionError(
                f"{name}: this is damaged: {_label(key.file)} fits, but what it opens is not as it "
                f"was written; {_RESTORE}"
            )
        if complaint and complaint != _NO_MATCH:
            raise _KeyError(complaint)
        return plaintext

    def _with_program(
        self, name: str, ciphertext: bytes, stanzas: Sequence[Stanza], program: str
    ) -> bytes:
        """Let the age program decrypt; what it says and asks, it says and asks on the terminal."""
        files = list(dict.fromkeys(key.file for key in _in_order(self._keys, stanzas)))
        if not files:  # it may know forms of identities that are not known here
            files = [one for one in self._files if one.content and _label(one) in self._problems]
        if not files:
            raise DecryptionError(self._nothing_fits(name, stanzas, {}))
        try:
            with handed_over(files) as (paths, descriptors):
                status, plaintext = run_decrypt(program, ciphertext, paths, descriptors)
        except ProgramError as error:
            raise DecryptionError(f"{name}: cannot decrypt: {error}") from None
        if status:
            tried = _listed([_label(file) for file in files])
            raise DecryptionError(
                f"{name}: {program} cannot decrypt this with {tried}; it says why itself. Give the "
                "right identity with -i FILE"
            )
        return plaintext

    def _nothing_there(self) -> str:
        if not self._files:
            return f"there is no identity to decrypt this with: {_NONE_GIVEN}"
        reasons = "; ".join(f"{label}: {reason}" for label, reason in self._problems.items())
        return f"no identity can be read ({reasons}): {_NONE_GIVEN}"

    def _nothing_fits(self, name: str, stanzas: Sequence[Stanza], outcomes: dict[str, str]) -> str:
        """Say whom the file is for, and what came of each identity."""
        whom = " and ".join(dict.fromkeys(map(describe, stanzas)))
        known = {**self._problems, **outcomes}
        labels = dict.fromkeys(map(_label, self._files))
        tried = "; ".join(f"{one}: {known.get(one, 'not one of them')}" for one in labels)
        return f"{name}: this is for {whom}; {tried}. Give the right identity with -i FILE"


class _UnheardError(Exception):
    """A key must ask something, and nobody can be asked."""


class _KeyError(Exception):
    """A key did not work; the text is the end of a sentence."""


def _checked(name: str, ciphertext: bytes) -> AgeFile:
    """Refuse what cannot be decrypted before anybody is asked for anything."""
    try:
        file = read_age(ciphertext)
    except AgeFormatError as error:
        raise DecryptionError(f"{name}: this is damaged: {error}; {_RESTORE}") from None
    if file.payload_error is not None:
        raise DecryptionError(f"{name}: this is damaged: {file.payload_error}; {_RESTORE}")
    return file


def _in_order(keys: Iterable[Key], stanzas: Sequence[Stanza]) -> list[Key]:
    """Put the keys that can fit in the order of trying, without those that cannot.

    Certain ones come before possible ones, and of those the ones that ask nobody; else it stays as
    it was. A key of which someone only wrote that it does not fit comes last.
    """
    ranked = []
    for key in keys:
        fits = key.fits(stanzas)
        if fits is not Match.NO or (key.public is not None and not key.certain):
            rank = (fits is Match.NO, not key.file.primary, fits is not Match.YES, key.asks)
            ranked.append((rank, key))
    return [key for _, key in sorted(ranked, key=lambda pair: pair[0])]


def _label(file: IdentityFile) -> str:
    return f"{printable(file.path)} (from {file.origin})"


def _listed(labels: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(labels))
