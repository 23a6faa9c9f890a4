"""Decrypting with the identities of a run: plaintexts live in memory only."""

import os
import resource
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from agenix_check.age import AgeFile, AgeFormatError, Match, Stanza, describe, read_age
from agenix_check.audit.commands import shell
from agenix_check.audit.plain_people import People
from agenix_check.discover.declared.inventory import Inventory
from agenix_check.git.snapshot import SUBMODULE
from agenix_check.keys.encrypt import needs_program
from agenix_check.keys.errors import DecryptionError
from agenix_check.keys.identities import OPTION, SSH_KEYS, IdentityFile, load, load_named
from agenix_check.keys.private_keys import (
    Attempt,
    AttemptOutcome,
    ForeignKey,
    Key,
    LockedKey,
    OpenKey,
    read_keys,
    try_key,
    try_with_program,
)
from agenix_check.keys.program import ProgramError, handed_over, run_decrypt
from agenix_check.keys.prompts import Terminal, is_panic, printable
from agenix_check.model.settings import Settings
from agenix_check.view import View

_RESTORE = "take it from an earlier commit, or encrypt it anew"
NONE_GIVEN = "give one with -i FILE, in AGENIX_CHECK_IDENTITY or in the setting identities"

Wants = Callable[[Key], bool]


class Keychain:
    """All identities of a run, in order. What is unlocked stays unlocked until the run ends.

    With `program`, an age program, that program decrypts everything; `others` gives those that are
    tried with a key that pyrage does not know. `command` is what a person types to be asked for a
    passphrase. `addressee` says in words whom a stanza is for, `missing` which identities are not
    where they are looked for by themselves.
    """

    def __init__(
        self,
        identities: Iterable[IdentityFile],
        program: str | None = None,
        *,
        others: Callable[[], Iterable[str]] = tuple,
        command: str = "agenix-check --fix",
        addressee: Callable[[Stanza], str] = describe,
        missing: str = "",
    ) -> None:
        self._files = tuple(identities)
        self._program = program
        self._others = others
        self._command = command
        self._addressee = addressee
        self._missing = missing
        self._terminal = Terminal()
        self._keys: list[Key] = []
        self._problems: dict[IdentityFile, str] = {}
        self._read = False

    def decrypt(self, name: str, ciphertext: bytes) -> bytes:
        """Return the plaintext of the age file `name`, which has the length that its header says.

        Raises DecryptionError, which names the file, the identities that were tried and what to do.
        """
        name = printable(name)
        file = _parse_whole(name, ciphertext)
        self._read_files()
        if not any(one.content is not None for one in self._files):
            raise DecryptionError(f"{name}: {self._no_identity()}")
        if self._program is None:
            plaintext = self._with_keys(name, ciphertext, file)
        else:
            plaintext = self._with_program(name, ciphertext, file.real_stanzas, self._program)
        if len(plaintext) != file.plaintext_size:
            raise DecryptionError(f"{name}: the decryption gave a text of another length")
        return plaintext

    def attempts(self, file: AgeFile, ciphertext: bytes, wants: Wants) -> Iterator[Attempt]:
        """Try, in order, each key that may fit and that `wants` accepts; stop when you have enough.

        `wants` is asked again about each key that comes out of a locked file. An age program does
        only what pyrage cannot do without a plugin.
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
                    yield Attempt(key=key, outcome=AttemptOutcome.NEEDS_TERMINAL)
                else:
                    waiting = _in_order([*self._unlock(key), *waiting], stanzas)
            elif isinstance(key, OpenKey) and (self._program is None or key.prompts is None):
                yield try_key(key, ciphertext)
            elif self._program is not None:
                yield try_with_program(self._program, key, ciphertext)
            elif isinstance(key, ForeignKey):
                yield self._with_others(key, ciphertext)

    def _with_others(self, key: ForeignKey, ciphertext: bytes) -> Attempt:
        """Let the programs that were not asked for try a key that pyrage does not know."""
        for program in self._others() if key.by_program else ():
            attempt = try_with_program(program, key, ciphertext)
            if attempt.outcome is AttemptOutcome.OPENED:
                return attempt
        return Attempt(key=key, outcome=AttemptOutcome.UNUSABLE, reason=key.reason)

    def likeliest(self, stanzas: Sequence[Stanza]) -> str | None:
        """Return what messages call the identity that is tried first for a file, or None."""
        self._read_files()
        return next((label_of(key.file) for key in _in_order(self._keys, stanzas)), None)

    def why_none(self) -> str:
        """Say why no identity fits a file: none was named, none can be read, or none is for it."""
        if not any(one.content is not None for one in self._files):
            return self._no_identity()
        return f"none of {_listed(map(label_of, self._files))} fits it: {NONE_GIVEN}"

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

    def _read_files(self) -> None:
        if self._read:
            return
        for file in self._files:
            try:
                with _panics_as_damage():
                    self._keys += read_keys(file, self._terminal)
            except DecryptionError as error:
                self._problems[file] = str(error)
        self._read = True

    def _with_keys(self, name: str, ciphertext: bytes, file: AgeFile) -> bytes:
        reasons: dict[str, str] = {}
        need_terminal: list[str] = []
        for one in self.attempts(file, ciphertext, lambda _: True):
            label = label_of(one.key.file)
            if one.outcome is AttemptOutcome.OPENED:
                return one.plaintext
            if one.outcome is AttemptOutcome.DAMAGED:
                raise DecryptionError(
                    f"{name}: this is damaged: {label} fits, but what it opens is not as it was "
                    f"written; {_RESTORE}"
                )
            if one.outcome is AttemptOutcome.NEEDS_TERMINAL:
                need_terminal.append(label)
            elif one.reason:
                reasons[label] = one.reason
        if need_terminal:
            raise DecryptionError(
                f"{name}: {_listed(need_terminal)} must ask for a passphrase, a PIN or the like, "
                f"and there is no terminal to ask on: type `{self._command_to_type()}` in a "
                "terminal"
            )
        raise DecryptionError(self._no_key_fits(name, file.real_stanzas, reasons))

    def _command_to_type(self) -> str:
        """Return the command, with the identities that options gave: others are found again."""
        given = [file.path for file in self._files if file.origin == OPTION and file.place]
        return " ".join([self._command, *(f"-i {printable(shell(path))}" for path in given)])

    def _unlock(self, key: LockedKey) -> list[Key]:
        """Open a locked file; remember the keys in it, or that it stays locked."""
        try:
            with _panics_as_damage():
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
        """Let the age program decrypt; it asks and complains on the terminal itself."""
        files = list(dict.fromkeys(key.file for key in _in_order(self._keys, stanzas)))
        if not files:  # it may know forms of identities that are not known here
            files = [one for one in self._files if one.content and one in self._problems]
        if not files:
            raise DecryptionError(self._no_key_fits(name, stanzas, {}))
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

    def _no_identity(self) -> str:
        typed = f"type {self._command} -i FILE"
        if not self._files:
            return (
                f"there is no identity to decrypt this with{self._missing}: {NONE_GIVEN}; {typed}"
            )
        reasons = "; ".join(f"{label_of(file)}: {why}" for file, why in self._problems.items())
        return f"no identity can be read ({reasons}): {NONE_GIVEN}; {typed}"

    def _no_key_fits(self, name: str, stanzas: Sequence[Stanza], reasons: dict[str, str]) -> str:
        """Say whom the file is for, and what came of each identity."""
        whom = " and ".join(dict.fromkeys(map(self._addressee, stanzas)))
        known = {**{label_of(file): why for file, why in self._problems.items()}, **reasons}
        labels = dict.fromkeys(map(label_of, self._files))
        tried = "; ".join(f"{one}: {known.get(one, 'not one of them')}" for one in labels)
        return f"{name}: this is for {whom}; {tried}. Give the right identity with -i FILE"


class Unlocker:
    """Opens the keychain for each step of a run: files are read, and passphrases asked for, once.

    It also looks for an age program, once, where there is work that pyrage cannot do.

    `say` is given what the user should know about the identities; `command` is what a person types
    to be asked for a passphrase.
    """

    def __init__(self, settings: Settings, say: Callable[[str], None], command: str) -> None:
        self._settings = settings
        self._say = say
        self._command = command
        self._named: tuple[IdentityFile, ...] | None = None
        self._keychains: dict[tuple[IdentityFile, ...], Keychain] = {}
        self._programs: tuple[str, ...] | None = None

    def keychain(self, view: View, inventory: Inventory) -> Keychain:
        """Return a keychain; the fleet's identities are read as they are in the snapshot.

        Raises `UsageError` for a file that was named for this run and cannot be read.
        """
        files, git = view.snapshot.files, view.repository.git

        def read_tracked(path: str) -> bytes | None:
            file = files.get(path)
            if file is None or file.mode == SUBMODULE:
                return None
            return git.run("cat-file", "blob", file.oid)

        forbid_core_dumps()
        if self._named is None:  # a pipe can be read only once
            self._named = load_named(self._settings.identity, os.environ)
        declared = inventory.declared
        identities = load(
            named=self._named,
            settings=self._settings.identities,
            plain=bool(inventory.rules),
            declaration=None if declared is None else declared.declaration,
            environment=os.environ,
            top=view.repository.top,
            read=read_tracked,
        )
        if identities.files not in self._keychains:
            for sentence in identities.warnings:
                self._say(sentence)
            plain = bool(inventory.rules)
            self._keychains[identities.files] = Keychain(
                identities.files,
                self._settings.age,
                others=lambda: self._find(view, inventory),
                command=self._command,
                addressee=(
                    People(inventory.rules, inventory.rules_at_base, {}).addressee
                    if plain
                    else describe
                ),
                missing=f" (there is no {' and no '.join(SSH_KEYS)})" if plain else "",
            )
        return self._keychains[identities.files]

    def program(self, view: View, inventory: Inventory, recipients: Iterable[str]) -> str | None:
        """Return the age program to encrypt with: the one given, or one for what pyrage cannot."""
        if self._settings.age is not None:
            return self._settings.age
        foreign = [one for one in map(str.strip, recipients) if needs_program(one)]
        if not foreign:
            return None
        from agenix_check.keys.fallback import choose_program

        return choose_program(foreign, self._find(view, inventory))

    def _find(self, view: View, inventory: Inventory) -> tuple[str, ...]:
        if self._programs is None:
            from agenix_check.keys.fallback import find_programs

            self._programs = find_programs(view, inventory, self._settings, self._say)
        return self._programs


def label_of(file: IdentityFile) -> str:
    """Return what messages call an identity file."""
    return f"{printable(file.path)} (from {file.origin})"


def _parse_whole(name: str, ciphertext: bytes) -> AgeFile:
    """Refuse what cannot be decrypted before anybody is asked for anything."""
    try:
        file = read_age(ciphertext)
    except AgeFormatError as error:
        raise DecryptionError(f"{name}: this is damaged: {error}; {_RESTORE}") from None
    if file.payload_error is not None:
        raise DecryptionError(f"{name}: this is damaged: {file.payload_error}; {_RESTORE}")
    return file


def _in_order(keys: Iterable[Key], stanzas: Sequence[Stanza]) -> list[Key]:
    """Return the keys that may fit, in the order of trying.

    The primary identity comes first; then keys that fit for certain; then, of those that may fit,
    the ones that ask nobody. Otherwise the order stays. A key that does not fit by its comment
    only, which may be wrong, comes last.
    """
    ranked = []
    for key in keys:
        fits = key.fits(stanzas)
        only_noted = key.public is not None and not key.certain
        if fits is not Match.NO or only_noted:
            rank = (
                fits is Match.NO,
                not key.file.primary,
                fits is not Match.YES,
                key.asks,
            )
            ranked.append((rank, key))
    return [key for _, key in sorted(ranked, key=lambda pair: pair[0])]


@contextmanager
def _panics_as_damage() -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        if is_panic(error):
            raise DecryptionError("it is damaged") from None
        raise


def _listed(labels: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(labels))


def forbid_core_dumps() -> None:
    """Write no memory to a file where this process, or a program that it starts, crashes."""
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))
