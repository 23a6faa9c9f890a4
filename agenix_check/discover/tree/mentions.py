"""Whether `.nix` files still speak of a secret: what none names any more is no longer declared."""

import posixpath
import re
from collections.abc import Iterable, Mapping

from agenix_check.discover.tree.nix_past import WORD_BYTES, NixPast
from agenix_check.discover.tree.walked import Walked
from agenix_check.git.history import nix_blobs_of_line, when_added
from agenix_check.git.objects import read_blobs
from agenix_check.git.paths import to_bytes
from agenix_check.git.repository import Repository
from agenix_check.git.snapshot import File
from agenix_check.model.lost import Excuse, Lost, Reason

_MANY = 8  # questions that history is asked one by one: for more it is read as a whole


class Mentions:
    """Reads the `.nix` files of the tree that is judged, and of commits, each once."""

    def __init__(
        self, repository: Repository, modules: Iterable[File], tip: str | None, walked: Walked
    ) -> None:
        """Read the modules of the tree; history is that of `tip`."""
        self._git = repository.git
        self._walked = walked
        self._tip = tip
        self._here = self._text(file.oid for file in modules)
        self._texts: dict[str, bytes] = {}
        self._since: dict[str, bytes] = {}
        self._births: dict[str, str] = {}
        self._all_births: Mapping[str, str] | None = None
        self._past: NixPast | None = None
        self._questions = 0

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
            past, name = self._ask(), to_bytes(source)
            if past is not None and past.knows_file(name, lost.commit):
                found = past.stood_at(name, lost.commit)
            else:
                found = any(name in self._at(tree) for tree in (lost.commit, f"{lost.commit}^"))
            known = self._walked.note(where, lost.commit, found=found)
        return known[1]

    def _stood_since(self, lost: Lost, name: str, word: "re.Pattern[bytes]") -> bool:
        """Return whether a name stood, as a word, in `.nix` files since an output came.

        In the commit before that at the earliest.
        """
        if self._tip is None:
            return False
        born = lost.born or self._when_born(lost.path)
        known = self._walked.mentions.get(f"{born} {name}")
        if known is None:
            past = self._ask() if born else None
            if past is not None and past.knows_word(to_bytes(name), born):
                found = past.stood_since(to_bytes(name), born)
                return self._walked.note(f"{born} {name}", self._tip, found=found)[1]
            before = f"{born}^" if born else self._tip
            known = before, word.search(self._at(before)) is not None
        since, found = known
        if not found and since != self._tip:
            found = word.search(self._text_since(since)) is not None
        return self._walked.note(f"{born} {name}", self._tip, found=found)[1]

    def _ask(self) -> NixPast | None:
        """Count a question to history; return what answers many of them."""
        self._questions += 1
        if self._questions > _MANY and self._past is None and self._tip is not None:
            self._past = NixPast(self._git, self._tip)
        return self._past

    def _when_born(self, path: str) -> str:
        """Return the commit that brought an output; nothing where history does not show it."""
        if self._tip is None:
            return ""
        if path not in self._births:
            if len(self._births) < _MANY:
                births: Mapping[str, str] = when_added(self._git, self._tip, [path])
            elif self._all_births is None:
                births = self._all_births = when_added(self._git, self._tip, [])
            else:
                births = self._all_births
            self._births[path] = births.get(path, "")
        return self._births[path]

    def _text_since(self, since: str) -> bytes:
        """Return what `.nix` files held in changes after a commit."""
        if since not in self._since and self._tip is not None:
            oids = nix_blobs_of_line(self._git, self._tip, since)
            self._since[since] = self._text(oids)
        return self._since.get(since, b"")

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
    return re.compile(rb"(?<!%b)%b(?!%b)" % (WORD_BYTES, re.escape(to_bytes(name)), WORD_BYTES))
