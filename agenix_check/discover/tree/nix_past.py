"""What `.nix` files said along a line of first parents: read once, where much is asked of it."""

import re
from collections import defaultdict
from collections.abc import Iterator

from agenix_check.git.history import read_line
from agenix_check.git.objects import read_blobs
from agenix_check.git.process import Git

WORD_BYTES = rb"[0-9A-Za-z_'-]"
_WORD = re.compile(WORD_BYTES + rb"+")
_AGE_FILES = re.compile(rb"[^\s\"/<>;(){}\[\]]*\.age")
_Span = tuple[int, int]  # the numbers of the commits that brought a version and took it away


class NixPast:
    """The words of a line up to `tip`, and since when until when `.nix` files had them."""

    def __init__(self, git: Git, tip: str) -> None:
        line = read_line(git, tip) or []
        self._numbers = {one.oid: number for number, one in enumerate(line)}
        self._until: dict[bytes, int] = {}
        self._files: dict[bytes, list[_Span]] = defaultdict(list)
        open_since: dict[str, tuple[str, int]] = {}
        spans: dict[str, list[_Span]] = defaultdict(list)
        for number, commit in enumerate(line):
            for one in commit.changes:
                if not one.path.endswith(".nix"):
                    continue
                was = open_since.pop(one.path, None)
                if was is not None:
                    spans[was[0]].append((was[1], number))
                if one.after is not None:
                    open_since[one.path] = one.after.oid, number
        for oid, since in open_since.values():
            spans[oid].append((since, len(line)))
        for blob in read_blobs(git, spans):
            last = max(end for _, end in spans[blob.oid])
            for word in set(_WORD.findall(blob.data)):
                self._until[word] = max(last, self._until.get(word, 0))
            for file in set(_AGE_FILES.findall(blob.data)):
                self._files[file] += spans[blob.oid]

    def knows_word(self, word: bytes, commit: str) -> bool:
        """Return whether it can say of a word since the parent of a commit."""
        return commit in self._numbers and _WORD.fullmatch(word) is not None

    def stood_since(self, word: bytes, commit: str) -> bool:
        """Return whether a word stood in the parent of a commit, or at any time since."""
        return self._until.get(word, -1) >= self._numbers[commit]

    def knows_file(self, name: bytes, commit: str) -> bool:
        """Return whether it can say of a file's name in a commit."""
        return commit in self._numbers and _AGE_FILES.fullmatch(name) is not None

    def stood_at(self, name: bytes, commit: str) -> bool:
        """Return whether a file's name stood in a commit or in its parent."""
        number = self._numbers[commit]
        return any(first <= number and end >= number for first, end in self._spans_of(name))

    def _spans_of(self, name: bytes) -> Iterator[_Span]:
        for file, spans in self._files.items():
            if name in file:
                yield from spans
