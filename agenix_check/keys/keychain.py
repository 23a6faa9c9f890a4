"""Decrypting with the identities that there are: plaintexts live in memory only."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from agenix_check.age import AgeFile, AgeFormatError, Match, Stanza, describe, read_age
from agenix_check.audit.findings import shell
from agenix_check.keys.attempts import Attempt, Outcome, attempt, attempt_with
from agenix_check.keys.errors import DecryptionError
from agenix_check.keys.handing import handed_over
from agenix_check.keys.identities import OPTION, IdentityFile
from agenix_check.keys.keys import ForeignKey, Key, LockedKey, OpenKey, read_keys
from agenix_check.keys.program import ProgramError, run_decrypt
from agenix_check.keys.prompts import Terminal, is_panic, printable

__all__ = ["DecryptionError", "Keychain"]

_RESTORE = "take it from an earlier commit, or encrypt it anew"
NONE_GIVEN = "give one with -i FILE, in AGENIX_CHECK_IDENTITY or in the setting identities"

Wants = Callable[[Key], bool]


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
        self._problems: dict[IdentityFile, str] = {}
        self._read = False

    def decrypt(self, name: str, ciphertext: bytes) -> bytes:
        """Return the plaintext of the age file `name`.

        Raises DecryptionError, which names the file, the identities that were tried and what to do.
        """
        name = printable(name)
        file = _checked(name, ciphertext)
        self._read_files()
        if not any(one.content is not None for one in self._files):
            raise DecryptionError(f"{name}: {self._nothing_there()}")
        if self._program is None:
            plaintext = self._with_keys(name, ciphertext, file)
        else:
            plaintext = self._with_program(name, ciphertext, file.real_stanzas, self._program)
        if len(plaintext) != file.plaintext_size:
            raise DecryptionError(f"{name}: the decryption gave a text of another length")
        return plaintext

    def _read_files(self) -> None:
        if self._read:
            return
        for file in self._files:
            try:
                with _panics_told():
                    self._keys += read_keys(file, self._terminal)
            except DecryptionError as error:
                self._problems[file] = str(error)
        self._read = True

    def attempts(self, file: AgeFile, ciphertext: bytes, wants: Wants) -> Iterator[Attempt]:
        """Try, in order, each key that can fit and that `wants` wants; stop when you have enough.

        `wants` is asked again of what comes out of a locked file. With an age program, that program
        does what pyrage cannot do without a plugin.
        """
        self._read_files()
        stanzas = file.real_stanzas
        waiting = _in_order(self._keys, stanzas)
        while waiting:
            key = waiting.pop(0)
            if not wants(key):
                continue
            if isinstance(key, LockedKey):
                if key.asks and not self._terminal.available():
                    yield Attempt(key=key, outcome=Outcome.NEEDS_TERMINAL)
                else:
                    waiting = _in_order([*self._unlock(key), *waiting], stanzas)
            elif isinstance(key, OpenKey) and (self._program is None or key.prompts is None):
                yield attempt(key, ciphertext)
            elif self._program is not None:
                yield attempt_with(self._program, key, ciphertext)
            elif isinstance(key, ForeignKey):
                yield Attempt(key=key, outcome=Outcome.UNUSABLE, reason=key.reason)

    @property
    def is_empty(self) -> bool:
        """Whether no identity was named anywhere."""
        return not self._files

    @property
    def asks(self) -> bool:
        """Whether a key may ask a person for something."""
        self._read_files()
        return any(key.asks for key in self._keys)

    @property
    def problems(self) -> Mapping[IdentityFile, str]:
        """The files that cannot be used at all, and why: the end of a sentence each."""
        self._read_files()
        return self._problems

    def _with_keys(self, name: str, ciphertext: bytes, file: AgeFile) -> bytes:
        outcomes: dict[str, str] = {}
        unheard: list[str] = []
        for one in self.attempts(file, ciphertext, _any):
            label = label_of(one.key.file)
            if one.outcome is Outcome.OPENED:
                return one.plaintext
            if one.outcome is Outcome.DAMAGED:
                raise DecryptionError(
                    f"{name}: this is damaged: {label} fits, but what it opens is not as it was "
                    f"written; {_RESTORE}"
                )
            if one.outcome is Outcome.NEEDS_TERMINAL:
                unheard.append(label)
            elif one.reason:
                outcomes[label] = one.reason
        if unheard:
            raise DecryptionError(
                f"{name}: {_listed(unheard)} must ask for a passphrase, a PIN or the like, and "
                f"there is no terminal to ask on: type `{self._typed()}` in a terminal"
            )
        raise DecryptionError(self._nothing_fits(name, file.real_stanzas, outcomes))

    def _typed(self) -> str:
        """Return the command with the identities that an option gave; other places stay known."""
        given = [file.path for file in self._files if file.origin == OPTION and file.place]
        return " ".join([self._command, *(f"-i {printable(shell(path))}" for path in given)])

    def _unlock(self, key: LockedKey) -> list[Key]:
        """Open a locked file, and remember what came out of it, or that it stays locked."""
        try:
            with _panics_told():
                opened = key.open(self._terminal)
        except DecryptionError as error:
            reason = str(error)
            opened = [ForeignKey(file=key.file, public=key.public, never=key.never, reason=reason)]
        at = self._keys.index(key)
        self._keys[at : at + 1] = opened
        return opened

    def _with_program(
        self, name: str, ciphertext: bytes, stanzas: Sequence[Stanza], program: str
    ) -> bytes:
        """Let the age program decrypt; what it says and asks, it says and asks on the terminal."""
        files = list(dict.fromkeys(key.file for key in _in_order(self._keys, stanzas)))
        if not files:  # it may know forms of identities that are not known here
            files = [one for one in self._files if one.content and one in self._problems]
        if not files:
            raise DecryptionError(self._nothing_fits(name, stanzas, {}))
        try:
            with handed_over(files) as (paths, descriptors):
                status, plaintext, complaint = run_decrypt(program, ciphertext, paths, descriptors)
        except ProgramError as error:
            raise DecryptionError(f"{name}: cannot decrypt: {error}") from None
        if status:
            tried = _listed([label_of(file) for file in files])
            why = f": {complaint}" if complaint else ""
            raise DecryptionError(
                f"{name}: {program} cannot decrypt this with {tried}{why}. Give the right identity "
                "with -i FILE"
            )
        return plaintext

    def _nothing_there(self) -> str:
        if not self._files:
            return f"there is no identity to decrypt this with: {NONE_GIVEN}"
        reasons = "; ".join(f"{label_of(file)}: {why}" for file, why in self._problems.items())
        return f"no identity can be read ({reasons}): {NONE_GIVEN}"

    def _nothing_fits(self, name: str, stanzas: Sequence[Stanza], outcomes: dict[str, str]) -> str:
        """Say whom the file is for, and what came of each identity."""
        whom = " and ".join(dict.fromkeys(map(describe, stanzas)))
        known = {**{label_of(file): why for file, why in self._problems.items()}, **outcomes}
        labels = dict.fromkeys(map(label_of, self._files))
        tried = "; ".join(f"{one}: {known.get(one, 'not one of them')}" for one in labels)
        return f"{name}: this is for {whom}; {tried}. Give the right identity with -i FILE"


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


@contextmanager
def _panics_told() -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        if is_panic(error):
            raise DecryptionError("it is damaged") from None
        raise


def _any(_: Key) -> bool:
    return True


def label_of(file: IdentityFile) -> str:
    """Return what a person calls an identity file."""
    return f"{printable(file.path)} (from {file.origin})"


def _listed(labels: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(labels))
