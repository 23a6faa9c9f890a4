"""Whether `.nix` files still speak of a secret: what none names any more is no longer declared."""

import posixpath
import re
from collections.abc import Iterable, Mapping

from agenix_check.discover.tree.walked import Walked
from agenix_check.git.history import nix_blobs_of_line, when_added
from agenix_check.git.objects import read_blobs
from agenix_check.git.paths import to_bytes
from agenix_check.git.repository import Repository
from agenix_check.git.snapshot import File
from agenix_check.model.lost import Excuse, Lost, Reason

_MANY = 50  # outputs of which history is asked one by one
_WORD = rb"[0-9A-Za-z_'-]"


class Mentions:
    """Reads the `.nix` files of the tree that is judged, and of commits, each once."""

    def __init__(
        self, repository: Repository, files: Iterable[File], tip: str | None, walked: Walked
    ) -> None:
        self._git = repository.git
        self._walked = walked
        self._tip = tip
        self._here = self._text(file.oid for file in files if file.path.endswith(".nix"))
        self._texts: dict[str, bytes] = {}
        self._births: dict[str, str] = {}

    def excuse(self, lost: Lost, name: str) -> Excuse | None:
        """Return that a secret is named no more, where it is so: by its file's name or its own.

        Many names are put together by Nix and stand in no file; of those nothing follows.
        """
        if not self._here:
            return None  # what declares the fleet is elsewhere
        files = [posixpath.basename(path) for path in lost.sources]
        if files and not any(to_bytes(file) in self._here for file in files):
            file = next((one for one in files if self._stood_when_lost(lost, one)), None)
            if file is not None:
                return Excuse(Reason.NO_LONGER_NAMED, file)
        word = _word(name)
        if word.search(self._here) is None and self._stood_since(lost, name, word):
            return Excuse(Reason.NO_LONGER_NAMED, name)
        return None

    def _stood_when_lost(self, lost: Lost, source: str) -> bool:
        """Return whether a source's file name stood where an output was lost, or just before."""
        if lost.commit is None:
            return self._tip is not None and to_bytes(source) in self._at(self._tip)
        where = f"{lost.commit} {source}"
        known = self._walked.mentions.get(where)
        if known is None:
            trees = (lost.commit, f"{lost.commit}^")
            found = any(to_bytes(source) in self._at(tree) for tree in trees)
            known = self._walked.note(where, lost.commit, found=found)
        return known[1]

    def _stood_since(self, lost: Lost, name: str, word: "re.Pattern[bytes]") -> bool:
        """Return whether a name stood, as a word, in `.nix` files since an output came.

        In the commit before that at the earliest.
        """
        if self._tip is None:
            return False
        born = lost.born or self._when_born(lost.path, name)
        known = self._walked.mentions.get(f"{born} {name}")
        if known is None:
            before = f"{born}^" if born else self._tip
            known = before, word.search(self._at(before)) is not None
        since, found = known
        if not found and since != self._tip:
            oids = nix_blobs_of_line(self._git, self._tip, since)
            found = any(word.search(blob.data) for blob in read_blobs(self._git, oids))
        return self._walked.note(f"{born} {name}", self._tip, found=found)[1]

    def _when_born(self, path: str, name: str) -> str:
        """Return the commit that brought an output; nothing where history does not show it.

        Outputs of one name come together as a rule: where there are many, one is asked for all.
        """
        what = path if len(self._births) < _MANY else name
        if what not in self._births and self._tip is not None:
            self._births[what] = when_added(self._git, self._tip, path) or ""
        return self._births.get(what, "")

    def _at(self, commit: str) -> bytes:
        if commit not in self._texts:
            status, listing, _ = self._git.attempt("ls-tree", "-r", "-z", "--full-tree", commit)
            lines = listing.split(b"\0")[:-1] if status == 0 else []
            entries = [line.partition(b"\t") for line in lines if line.endswith(b".nix")]
            self._texts[commit] = self._text(meta.split()[2].decode() for meta, _, _ in entries)
        return self._texts[commit]

    def _text(self, oids: Iterable[str]) -> bytes:
        return b"\0".join(blob.data for blob in read_blobs(self._git, oids))


def excuse_unnamed(
    mentions: Mentions, lost: Mapping[str, Lost], names: Mapping[str, str]
) -> dict[str, Lost]:
    """Return lost outputs, those excused of whose secret no `.nix` file speaks any more."""
    return {
        path: one._replace(excuse=mentions.excuse(one, names[path])) if _is_open(one) else one
        for path, one in lost.items()
    }


def _is_open(lost: Lost) -> bool:
    return lost.excuse is None and not lost.unseen


def _word(name: str) -> "re.Pattern[bytes]":
    return re.compile(rb"(?<!%b)%b(?!%b)" % (_WORD, re.escape(to_bytes(name)), _WORD))
