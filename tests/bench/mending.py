"""Fleets whose sources were all edited, and what mending them is measured against."""

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyrage

from agenix_check.git.repository import open_repository
from agenix_check.keys.encrypt import encrypt, new_identity
from agenix_check.keys.identities import load
from agenix_check.keys.keychain import Keychain
from agenix_check.mend.consent import Consent
from agenix_check.mend.fix import plan_fix
from agenix_check.mend.produce import produce_all
from agenix_check.model.progress import Progress
from agenix_check.model.settings import InventoryChoice, Settings
from tests.bench.fleet import git, prepare
from tests.bench.measure import PYTHON, Commands, Duel, Sample, Side, gate, middle, run

if TYPE_CHECKING:
    from pyrage import _Identity

_BARE = """
import pathlib, pyrage, sys
identity = pyrage.x25519.Identity.from_str(pathlib.Path(sys.argv[1]).read_text().strip())
keys = [path.read_text() for path in pathlib.Path().glob("hosts/*/host.pub")]
keys = [pyrage.ssh.Recipient.from_str(key) for key in keys]
for source in pathlib.Path("secrets").glob("*.age"):
    plaintext = pyrage.decrypt(source.read_bytes(), [identity])
    for key in keys:
        pyrage.encrypt(plaintext, [key])
"""
# What agenix-rekey's script does for an output that is not there.
_PIPELINES = """
set -euo pipefail
for key in hosts/*/host.pub; do
  dir=secrets/rekeyed/$(basename "$(dirname "$key")")
  for source in secrets/*.age; do
    tmp=$(mktemp -d "$dir/.tmp.XXXXXXXXXX")
    age -d -i "$1" "$source" | age -e -R "$key" -o "$tmp/new"
    mv -f "$tmp/new" "$dir/new-$(basename "$source")"
    rmdir "$tmp"
  done
done
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """A fleet at `top` of which every source was edited and staged, and its master identity."""

    top: Path
    key: Path
    scratch: Path

    def copy(self) -> Path:
        """Return a fresh copy to mend."""
        copy = self.scratch / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.top, copy)
        _settle(copy)
        return copy

    @property
    def fix(self) -> Commands:
        """The command that mends it."""
        return [gate("--fix", "--inventory", "names", "-i", str(self.key))]

    @property
    def bare(self) -> Commands:
        """A process that makes the same outputs by pyrage alone, and keeps none."""
        return [[PYTHON, "-c", _BARE, str(self.key)]]

    @property
    def pipelines(self) -> Commands:
        """A shell that makes them as agenix-rekey does."""
        return [["bash", "-c", _PIPELINES, "bash", str(self.key)]]


def edit_all(cache: Path, scratch: Path, nodes: int, secrets: int) -> Stale:
    """Check a fleet out, and edit and stage all of its sources."""
    scratch.mkdir()
    top = scratch / "fleet"
    shutil.copytree(prepare(cache, nodes, secrets), top)
    git(top, "checkout", "--quiet", "--force", "main")
    identity, master = new_identity()
    key = scratch / "master.key"
    key.write_text(f"{identity}\n")
    for number, source in enumerate(sorted(top.glob("secrets/*.age"))):
        source.write_bytes(encrypt(f"edited {'*' * (number % 64)}\n".encode(), [master]))
    git(top, "add", "secrets")
    return Stale(top=top, key=key, scratch=scratch)


def _settle(top: Path) -> None:
    """Make all files older than the index, as they are where nobody just checked them out."""
    then = time.time() - 60
    for folder, folders, names in os.walk(top):
        folders[:] = [name for name in folders if name != ".git"]
        for name in names:
            os.utime(Path(folder, name), (then, then))
    git(top, "update-index", "-q", "--refresh")


def race(stale: Stale, ours: Commands, theirs: Commands, turns: int) -> Duel:
    """Run two sequences of commands in turns, each in a copy of its own."""
    samples: tuple[list[Sample], list[Sample]] = ([], [])
    for commands, kept in zip((ours, theirs) * (turns + 1), samples * (turns + 1), strict=True):
        kept.append(run(Side(commands=commands, cwd=stale.copy())))
    return Duel(*(middle(kept[1:]) for kept in samples))


def race_inside(stale: Stale, turns: int) -> tuple[Duel, int]:
    """Make the outputs of a plan, and by pyrage alone, in this process in turns.

    Returns the processor's times, and how often ours called pyrage to decrypt.
    """
    jobs = plan_fix(
        open_repository(stale.top),
        Settings(fix=True, dry_run=True, inventory=InventoryChoice.NAMES),
        consent=Consent((), print),
    )[0].jobs
    sources = {job.oid: git(stale.top, "cat-file", "blob", job.oid) for job in jobs}
    identity = pyrage.x25519.Identity.from_str(stale.key.read_text().strip())
    samples: tuple[list[Sample], list[Sample]] = ([], [])
    calls = 0
    for _ in range(turns + 1):
        keychain = Keychain(load(given=[str(stale.key)], environment={}).files)
        begin = time.process_time()
        with _counted() as count:
            made = list(
                produce_all(jobs, sources.__getitem__, keychain, progress=Progress(), nodes={})
            )
        calls = len(count)
        between = time.process_time()
        bare = []
        for job in jobs:
            plaintext = pyrage.decrypt(sources[job.oid], [identity])
            for target in job.outputs:
                key = pyrage.ssh.Recipient.from_str(target.key)
                bare.append(pyrage.encrypt(plaintext, [key]))
        end = time.process_time()
        if len(made) != len(bare):
            raise RuntimeError("not the same work")
        samples[0].append(Sample(between - begin, 0, 0))
        samples[1].append(Sample(end - between, 0, 0))
    return Duel(*(middle(kept[1:]) for kept in samples)), calls


@contextmanager
def _counted() -> Iterator[list[bytes]]:
    """Note every call of pyrage that decrypts."""
    decrypt, calls = pyrage.decrypt, list[bytes]()

    def noting(ciphertext: bytes, identities: Sequence["_Identity"]) -> bytes:
        calls.append(ciphertext)
        return decrypt(ciphertext, identities)

    pyrage.decrypt = noting
    try:
        yield calls
    finally:
        pyrage.decrypt = decrypt
