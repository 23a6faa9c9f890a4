"""Every file of a plan, made in memory: each source is decrypted once."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256

from agenix_check.age import read_age
from agenix_check.discover.tree.key_texts import digest
from agenix_check.discover.tree.naming import ident, output_path
from agenix_check.errors import CannotCheckError
from agenix_check.keys.encrypt import encrypt, may_ask
from agenix_check.keys.keychain import Keychain
from agenix_check.mend.plan import Job, NewOutput
from agenix_check.model.frozen import frozen
from agenix_check.model.progress import Progress


@frozen
class Produced:
    """A file that was made, and whose it is; its content is encrypted."""

    path: str
    content: bytes
    node: str | None = None
    secret: str | None = None


def produce_all(
    jobs: Iterable[Job],
    read: Callable[[str], bytes],
    keychain: Keychain,
    *,
    program: str | None = None,
    progress: Progress,
    nodes: Mapping[str, str],
) -> Iterator[Produced]:
    """Decrypt each job's file, and give everything that is made from it.

    `read` gives a blob's whole content by its id, `nodes` are the names that `progress` shows.
    Raises an `AgenixCheckError` where something cannot be decrypted or encrypted, or is not what it
    should be.
    """
    todo = tuple(jobs)
    progress.start(len(todo), sum(len(job.outputs) + bool(job.recipients) for job in todo))
    for job in todo:
        names = [output.secret for output in job.outputs] or [job.path]
        progress.begin(names, [nodes.get(output.node, output.node) for output in job.outputs])
        for produced in _produce_job(job, read(job.oid), keychain, program, progress):
            progress.step()
            yield produced


def _produce_job(
    job: Job, ciphertext: bytes, keychain: Keychain, program: str | None, progress: Progress
) -> Iterator[Produced]:
    plaintext = keychain.decrypt(job.path, ciphertext)
    if len(plaintext) != job.size:
        raise CannotCheckError(f"{job.path}: its plaintext is not as long as the file shows")
    source = ciphertext
    if job.recipients:
        armored = read_age(ciphertext).armored if job.armored is None else job.armored
        source = encrypt(plaintext, job.recipients, armored=armored, program=program)
        yield Produced(path=job.path, content=source)
    version = sha256(source).hexdigest()
    for output in job.outputs:
        path = _path_of_version(output, version)
        if may_ask(output.key):
            progress.hide()
        content = encrypt(plaintext, [output.key.strip()], program=program)
        yield Produced(path=path, content=content, node=output.node, secret=output.secret)


def _path_of_version(output: NewOutput, version: str) -> str:
    """Return where an output belongs that is made from this version of its source."""
    path = output_path(output.storage, ident(digest(output.key), version), output.secret)
    if output.path not in (None, path):
        raise CannotCheckError(
            f"{output.path}: its source is not the version that was planned with"
        )
    return path
