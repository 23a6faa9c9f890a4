"""`make bench-hostile`: what input that is as bad as the bounds allow costs, and what is over them.

Each row is one run of the gate in a repository of its own: its exit code, seconds of processor time
and MiB of memory, those of Git included.
"""

import base64
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from agenix_check.age import recipient_or_none
from agenix_check.demo.workshop import Workshop

_HEAD = b"\0\0\0\x0bssh-ed25519\0\0\0\x20"
_STANZAS = b"age-encryption.org/v1\n" + b"-> t\n\n" * 9000 + b"--- " + b"A" * 43 + b"\n"


def _key(number: int) -> str:
    digest = sha256(b"%d" % number).digest()
    while True:
        key = f"ssh-ed25519 {base64.b64encode(_HEAD + digest).decode()}"
        if recipient_or_none(key) is not None:
            return key
        digest = sha256(digest).digest()  # every other number is no point


def _line_of_keys(shop: Workshop) -> None:
    shop.write("keys.txt", " ".join(map(_key, range(1400))))


def _pairs(shop: Workshop, keys: int = 4000, sources: int = 1600) -> None:
    for number in range(keys):
        shop.write(f"keys/{number}.pub", f"{_key(number)} me\n")
    for number in range(sources):
        shop.write(f"sources/{number}.age", shop.read("secrets/db.age") + b"%d" % number)
    shop.write(f"secrets/rekeyed/alpha/{'0' * 32}-db.age", shop.read("secrets/db.age"))


def _too_many_pairs(shop: Workshop) -> None:
    _pairs(shop, 6000)


def _stanzas(shop: Workshop) -> None:
    for number in range(1000):
        shop.write(f"many/{number}.age", _STANZAS + b"%40d" % number)


def _long_key(shop: Workshop) -> None:
    shop.write("agenix-check.toml", f"{'a.' * 50_000}a = 1")


def _large_lock(shop: Workshop) -> None:
    # Our own memory would count as the command's: it is forked from us.
    os.truncate(shop.top / shop.write("agenix-check.lock", "["), 80 << 20)


_CASES: dict[str, tuple[Callable[[Workshop], None], tuple[str, ...]]] = {
    "a line of 1,400 keys": (_line_of_keys, ()),
    "19 million pairs that explain nothing": (_pairs, ()),
    "more pairs than are tried": (_too_many_pairs, ()),
    "1,000 files of 9,000 stanzas": (_stanzas, ()),
    "a key of 50,000 names in TOML": (_long_key, ()),
    "a lock file of 80 MiB": (_large_lock, ("--inventory", "lock")),
}


def _measure(top: Path, words: tuple[str, ...]) -> tuple[int, float, float]:
    command = [sys.executable, "-m", "agenix_check", "--no-cache", *words]
    with subprocess.Popen(
        command, cwd=top, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main() -> None:
    """Print a row for each kind of input."""
    sys.stdout.write(f"{'input':<40} {'exit':>4} {'seconds':>8} {'MiB':>6}\n")
    for name, (spoil, words) in _CASES.items():
        with tempfile.TemporaryDirectory() as scratch:
            shop = Workshop(Path(scratch))
            shop.host("alpha", f"{_key(0)} root@alpha\n")
            shop.source("secrets/db.age", "text\n")
            shop.commit("Begin")
            spoil(shop)
            shop.stage()
            code, seconds, memory = _measure(shop.top, words)
        sys.stdout.write(f"{name:<40} {code:>4} {seconds:>8.1f} {memory:>6.0f}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
