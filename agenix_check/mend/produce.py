"""Every file of a plan, made in memory: each source is decrypted once, each result is checked."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from agenix_check.age import AgeFormatError, Match, match, parse_recipient, read_age
from agenix_check.discover.tree.keys import digest
from agenix_check.discover.tree.naming import ident
from agenix_check.errors import CannotCheckError
from agenix_check.keys.encrypt import encrypt, may_ask
from agenix_check.mend.plan import Job, Target
from agenix_check.model.progress import Progress


class Keychain(Protocol):
    """What can decrypt a source; it raises an `AgenixCheckError` where it cannot."""

    def decrypt(self, name: str, ciphertext: bytes) -> bytes:
        """Return the plaintext of the age file `name`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A file that was made, and whose it is; it holds what anybody may read."""

    path: str
    content: bytes
    node: str | None = None
    secret: str | None = None


def make_all(
    jobs: Iterable[Job],
    read: Callable[[str], bytes],
    keychain: Keychain,
    *,
    program: str | None = None,
    progress: Progress,
) -> Iterator[Made]:
    """Decrypt each job's file, and give all that is made of it.

    `read` gives a blob's whole content by its id. Raises an `AgenixCheckError` where something
    cannot be decrypted or encrypted, or is not what it should be.
    """
    todo = tuple(jobs)
    progress.start(len(todo), sum(len(job.targets) + bool(job.recipients) for job in todo))
    for job in todo:
        names = [target.secret for target in job.targets] or [job.path]
        progress.begin(names, [target.node for target in job.targets])
        for made in _make(job, read(job.oid), keychain, program, progress):
            progress.step()
            yield made


def _make(
    job: Job, ciphertext: bytes, keychain: Keychain, program: str | None, progress: Progress
) -> Iterator[Made]:
    plaintext = keychain.decrypt(job.path, ciphertext)
    if len(plaintext) != job.size:
        raise CannotCheckError(f"{job.path}: its plaintext is not as long as its header tells")
    source = ciphertext
    if job.recipients:
        armored = job.armored or read_age(ciphertext).armored
        source = encrypt(plaintext, job.recipients, armored=armored, program=program)
        _check(job.path, source, job.recipients, job.size)
        yield Made(path=job.path, content=source)
    version = sha256(source).hexdigest()
    for target in job.targets:
        path = _path(target, version)
        if may_ask(target.key):
            progress.hide()
        content = encrypt(plaintext, [target.key.strip()], program=program)
        _check(path, content, [target.key], job.size)
        yield Made(path=path, content=content, node=target.node, secret=target.secret)


def _path(target: Target, version: str) -> str:
    name = f"{ident(digest(target.key), version)}-{target.secret}.age"
    path = f"{target.storage}/{name}" if target.storage else name
    if target.path not in (None, path):
        raise CannotCheckError(
            f"{target.path}: its source is not the version that was planned with"
        )
    return path


def _check(path: str, content: bytes, keys: Iterable[str], size: int) -> None:
    """Make sure that a result is for its recipients, one stanza each, and as long as it must be."""
    recipients = dict.fromkeys(map(parse_recipient, keys))
    try:
        file = read_age(content)
    except AgeFormatError as error:
        raise CannotCheckError(
            f"{path}: what was encrypted for it is malformed: {error}"
        ) from error
    left = list(file.real_stanzas)
    for recipient in sorted(recipients, key=lambda one: one.is_anonymous):
        fits = [one for one in left if match(one, recipient) is not Match.NO]
        if fits:
            left.remove(fits[0])
    if left or len(file.real_stanzas) != len(recipients) or file.plaintext_size != size:
        raise CannotCheckError(f"{path}: what was encrypted for it is not for its recipients alone")
