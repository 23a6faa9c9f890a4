"""One key tried on one age file, and what came of it."""

import enum
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

from agenix_check.keys.handing import handed_over
from agenix_check.keys.keys import Key, OpenKey
from agenix_check.keys.program import ProgramError, plugin_environment, run_decrypt
from agenix_check.keys.prompts import aborts_as_interrupts, is_panic, printable

# What pyrage says, in words of its own.
_NO_MATCH = "No matching keys found"
_FORGED = "Decryption failed"
_DAMAGED = ("decryption error", "Header MAC is invalid", "failed to fill whole buffer")
_ADVICE = " If you are developing a plugin"  # to print private keys

_LONGEST = 300  # in characters: what a plugin complains of


class Outcome(enum.Enum):
    """What can come of it.

    `OTHER`: nothing in the file is for this key. `FORGED`: a stanza has the key's tag and is not
    for it. `DAMAGED`: the key fits, and what it opens is not as it was written. `UNUSABLE`: the key
    cannot be tried, or failed. `NEEDS_TERMINAL`: it must ask something, and nobody can be asked.
    `PROGRAM_FAILED`: an age program does not open the file with it, and does not say why.
    """

    OPENED = "opened"
    OTHER = "other"
    FORGED = "forged"
    DAMAGED = "damaged"
    UNUSABLE = "unusable"
    NEEDS_TERMINAL = "unheard"
    PROGRAM_FAILED = "untold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A key and what came of it; `reason` is the end of a sentence, of a key that is unusable."""

    key: Key
    outcome: Outcome
    plaintext: bytes = field(default=b"", repr=False)
    reason: str = ""


def attempt(key: OpenKey, ciphertext: bytes) -> Attempt:
    """Try a key that pyrage can use; a plugin may ask the person at the terminal."""
    import pyrage

    prompts = key.prompts
    plaintext, complaint = None, ""
    if prompts is not None:
        prompts.begin()
    try:
        with _plugins() if prompts else nullcontext():
            plaintext = pyrage.decrypt(ciphertext, [key.identity])
    except pyrage.DecryptError as error:
        said = " ".join(str(error).split()).partition(_ADVICE)[0]
        complaint = printable(said)[:_LONGEST]
    except BaseException as error:
        if not is_panic(error):
            raise
        complaint = "pyrage gives up on it"
    if prompts is not None:
        prompts.end(worked=plaintext is not None)
        if prompts.raised is not None:
            raise prompts.raised from None
        if plaintext is None and prompts.unheard:
            return Attempt(key=key, outcome=Outcome.NEEDS_TERMINAL)
    if plaintext is not None:
        return Attempt(key=key, outcome=Outcome.OPENED, plaintext=plaintext)
    if complaint in _DAMAGED:
        return Attempt(key=key, outcome=Outcome.DAMAGED)
    if complaint == _NO_MATCH:
        return Attempt(key=key, outcome=Outcome.OTHER)
    outcome = Outcome.FORGED if complaint == _FORGED and prompts is None else Outcome.UNUSABLE
    return Attempt(key=key, outcome=outcome, reason=complaint)


@contextmanager
def _plugins() -> Iterator[None]:
    with aborts_as_interrupts(), plugin_environment():
        yield


def attempt_with(program: str, key: Key, ciphertext: bytes) -> Attempt:
    """Let an age program try the file of a key."""
    try:
        with handed_over([key.file]) as (paths, descriptors):
            status, plaintext, _ = run_decrypt(program, ciphertext, paths, descriptors)
    except ProgramError as error:
        return Attempt(key=key, outcome=Outcome.UNUSABLE, reason=str(error))
    if status:
        return Attempt(key=key, outcome=Outcome.PROGRAM_FAILED)
    return Attempt(key=key, outcome=Outcome.OPENED, plaintext=plaintext)
