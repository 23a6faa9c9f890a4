"""Large fleets, every file encrypted for real, streamed into Git as one pack."""

import base64
import multiprocessing
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import IO

from agenix_check.discover.tree.key_texts import digest
from agenix_check.discover.tree.naming import ident
from agenix_check.keys.encrypt import encrypt, new_identity
from agenix_check.keys.errors import EncryptionError

_FORMAT = 1  # of what is built; another number leaves the cached fleets of before alone
_WIRE = b"\0\0\0\x0bssh-ed25519\0\0\0\x20"

Blob = tuple[str, bytes]
Edit = tuple[str, bytes | None]  # None: the file is removed


def prepare(cache: Path, nodes: int, secrets: int) -> Path:
    """Return a repository with a fleet of `nodes` hosts that all have `secrets` secrets.

    It is built once. Its index is that of the one commit; nothing is checked out.
    """
    top = cache / f"{nodes}x{secrets}-{_FORMAT}"
    return build(top, [_files(nodes, secrets)])


def build(
    top: Path, commits: Iterable[Iterable[Edit]], finish: Callable[[Path], None] | None = None
) -> Path:
    """Return a repository with a line of commits, given by the files that each edits.

    It is built once. Its index is that of the last commit; `finish` may do more to it.
    """
    if top.exists():
        return top
    new = top.with_name(f"{top.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    git(new, "init", "--quiet", "-b", "main")
    with subprocess.Popen(
        ["git", "fast-import", "--quiet"], cwd=new, stdin=subprocess.PIPE
    ) as importer:
        if importer.stdin is None:
            raise RuntimeError("git fast-import takes no input")
        for files in commits:
            _write_commit(importer.stdin, files)
        importer.stdin.close()
    if importer.returncode:
        raise RuntimeError("git fast-import failed")
    _keep_whole(new)
    git(new, "gc", "--quiet")
    git(new, "read-tree", "HEAD")
    if finish is not None:
        finish(new)
    new.rename(top)
    return top


def _keep_whole(top: Path) -> None:
    """Spare Git the search for what age files have in common: it is nothing."""
    Path(top, ".git", "info").mkdir(exist_ok=True)
    Path(top, ".git", "info", "attributes").write_text("*.age -delta\n")


def git(directory: Path, *arguments: str) -> bytes:
    """Run Git and return what it prints."""
    return subprocess.run(
        ["git", *arguments], cwd=directory, check=True, stdout=subprocess.PIPE
    ).stdout


def _files(nodes: int, secrets: int) -> Iterator[Blob]:
    _, master = new_identity()
    names = [f"secret-{number:03}" for number in range(secrets)]
    plaintexts = [f"{name}: {'*' * (number % 64)}\n".encode() for number, name in enumerate(names)]
    sources = [encrypt(plaintext, [master]) for plaintext in plaintexts]
    digests = [sha256(source).hexdigest() for source in sources]
    yield from zip((f"secrets/{name}.age" for name in names), sources, strict=True)
    hosts = [f"node-{number:04}" for number in range(nodes)]
    keys = [f"{new_key()} root@{host}\n" for host in hosts]
    for host, key in zip(hosts, keys, strict=True):
        yield f"hosts/{host}/host.pub", key.encode()
        yield f"hosts/{host}/default.nix", _module(host, names).encode()
    with multiprocessing.get_context("spawn").Pool() as pool:
        pairs = zip(hosts, keys, strict=True)
        work = ((host, key, names, plaintexts, digests) for host, key in pairs)
        for blobs in pool.imap(_outputs, work):
            yield from blobs


def _outputs(work: tuple[str, str, list[str], list[bytes], list[str]]) -> list[Blob]:
    """Return the outputs of one host."""
    host, key, names, plaintexts, digests = work
    return [
        (f"secrets/rekeyed/{host}/{ident(digest(key), source)}-{name}.age", encrypt(text, [key]))
        for name, text, source in zip(names, plaintexts, digests, strict=True)
    ]


def new_key() -> str:
    """Return an SSH key to which nobody has the private half: a random point of the curve."""
    while True:
        key = "ssh-ed25519 " + base64.b64encode(_WIRE + os.urandom(32)).decode()
        try:
            encrypt(b"", [key])
        except EncryptionError:  # every other number is no point
            continue
        return key


def _module(host: str, names: Iterable[str]) -> str:
    lines = [f"  age.secrets.{name}.rekeyFile = ../../secrets/{name}.age;\n" for name in names]
    return (
        "{\n"
        f'  networking.hostName = "{host}";\n'
        "  age.rekey.hostPubkey = builtins.readFile ./host.pub;\n"
        f'  age.rekey.localStorageDir = ../.. + "/secrets/rekeyed/{host}";\n'
        f"{''.join(lines)}}}\n"
    )


def _write_commit(stream: IO[bytes], files: Iterable[Edit]) -> None:
    """Write one commit in the language of `git fast-import`."""
    stream.write(b"commit refs/heads/main\ncommitter bench <bench@example.org> 0 +0000\n")
    stream.write(b"data 6\nBuild\n\n")
    for path, content in files:
        if content is None:
            stream.write(b"D %s\n" % path.encode())
            continue
        stream.write(b"M 100644 inline %s\ndata %d\n" % (path.encode(), len(content)))
        stream.write(content + b"\n")
