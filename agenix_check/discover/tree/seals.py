"""Every version that a file had, and what of each shows which encryption it comes from."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from agenix_check.age import AgeFormatError, read_age
from agenix_check.age.armor import read_armor
from agenix_check.discover.tree.answered import in_portions, tips_of
from agenix_check.git.history import read_versions
from agenix_check.git.objects import digest_without_breaks, read_blobs
from agenix_check.git.process import Git
from agenix_check.git.snapshot import Change
from agenix_check.view import View


class Seal(NamedTuple):
    """What an encryption leaves in a file, and armor does not change.

    `header` is a digest of the stanzas, which no two encryptions share, `mac` what stands behind
    them, `size` the payload's length in bytes and `content` a digest of the whole file. `is_whole`:
    the length is one that an encryption produces. `without_break` is a digest of the file without
    the line breaks at its end, if it has any.
    """

    header: str
    mac: bytes
    size: int
    content: str
    is_whole: bool
    without_break: str | None

    def may_be_fix_of(self, older: "Seal") -> bool:
        """Return whether this is an older version without the line break that a hook added."""
        return older.without_break == self.content


class Version(NamedTuple):
    """What a commit made of a file."""

    commit: str
    change: Change


def read_past(
    view: View, paths: Sequence[str], *, loosely: bool = False
) -> dict[str, list[Version]] | None:
    """Return the versions of files in the history of a view, the oldest first.

    None where history is not all here. `loosely`: merges that took a version from one side may have
    it too; Git finds many files in a third of the time then.
    """
    past: dict[str, list[Version]] = {path: [] for path in paths}
    tips = tips_of(view)
    for some in in_portions(paths, loosely=loosely) if tips else ():
        commits = read_versions(view.repository.git, tips, some)
        if commits is None:
            return None
        for commit in commits:
            for one in commit.changes:
                if one.path in past:
                    past[one.path].append(Version(commit.oid, one))
    return past


def read_seals(git: Git, oids: Iterable[str]) -> dict[str, Seal | None]:
    """Return the seals of blobs that are age files; None for a blob that is not here."""
    wanted, seals = list(dict.fromkeys(oids)), dict[str, Seal | None]()
    for oid, size, data, sha256 in read_blobs(git, wanted, wanted):
        if size < 0:
            seals[oid] = None
            continue
        try:
            file = read_age(data, size=size)
        except AgeFormatError:  # not whole, or a large one with armor
            continue
        if len(data) == size:
            content = read_armor(data) if file.armored else data
            digest, kept = hashlib.sha256(content).hexdigest(), content.rstrip(b"\n")
            shorter = None if kept == content else hashlib.sha256(kept).hexdigest()
        else:
            digest, shorter = sha256 or "", sha256 and digest_without_breaks(git, oid)
        stanzas = repr([(one.type, one.args, one.body) for one in file.stanzas])
        seals[oid] = Seal(
            hashlib.sha256(stanzas.encode()).hexdigest(), file.mac, file.payload_size,
            digest, file.payload_error is None, shorter,
        )  # fmt: skip
    return seals
