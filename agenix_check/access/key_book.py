"""The valid public keys of some trees: by their text, and whom a stanza is addressed to."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from agenix_check.age import (
    SSH_KINDS,
    STANZA_KINDS,
    Match,
    Recipient,
    Stanza,
    Tagging,
    match,
    recipient_or_none,
    recipient_tag,
    stanza_tag,
)
from agenix_check.discover.tree.key_texts import KeyText


class BookedKey(NamedTuple):
    """A key, the files that hold it, and the comments that stand after it."""

    recipient: Recipient
    paths: tuple[str, ...]
    comments: tuple[str, ...]

    @property
    def path(self) -> str | None:
        """The file that a person would name: one of keys before a module, the shortest."""
        return min(self.paths, key=_plainness, default=None)


class KeyBook:
    """Keys by their canonical text and by the tags of their stanzas."""

    def __init__(self, *batches: Iterable[KeyText]) -> None:
        """Take the keys of each batch; of a key that an earlier one has, a later one adds none."""
        self._parsed: dict[str, Recipient | None] = {}
        self._keys: dict[str, BookedKey] = {}
        self._tagged: dict[str, list[Recipient]] = {}
        self._tagged_per_file: list[Recipient] = []
        for batch in batches:
            self._take(batch)

    def _take(self, batch: Iterable[KeyText]) -> None:
        found: dict[Recipient, tuple[set[str], set[str]]] = {}
        for text, paths in batch:
            recipient = self.parse(text)
            if recipient is None or text is None or recipient.text in self._keys:
                continue
            where, comments = found.setdefault(recipient, (set(), set()))
            where.update(paths)
            comments.add(comment_of(text, recipient))
        for recipient, (where, comments) in found.items():
            known = BookedKey(recipient, tuple(sorted(where)), tuple(sorted(comments - {""})))
            self._keys[recipient.text] = known
            tag = recipient_tag(recipient)
            if tag is not None:
                self._tagged.setdefault(tag, []).append(recipient)
            if recipient.point_tag:
                self._tagged_per_file.append(recipient)

    @property
    def keys(self) -> Mapping[str, BookedKey]:
        """All keys, by their text without a comment."""
        return self._keys

    def parse(self, text: str | None) -> Recipient | None:
        """Return the recipient in a key text, or None; each text is read once."""
        if text is None:
            return None
        short = text.strip()
        if short not in self._parsed:
            self._parsed[short] = recipient_or_none(short)
        return self._parsed[short]

    def find(self, stanza: Stanza) -> list[Recipient]:
        """Return the keys that a stanza is addressed to as far as its tag shows; mostly one."""
        tag = stanza_tag(stanza)
        kind = STANZA_KINDS.get(stanza.type)
        if tag is not None:
            candidates = self._tagged.get(tag, [])
        elif kind is not None and kind.tagging is Tagging.PER_FILE:
            candidates = self._tagged_per_file
        else:
            return []
        return [one for one in candidates if match(stanza, one) is Match.YES]


def comment_of(text: str, recipient: Recipient) -> str:
    """Return what stands after an SSH key in its text, on its line."""
    if recipient.kind not in SSH_KINDS:
        return ""
    words = text.strip().split("\n", 1)[0].split(None, 2)
    return words[2].strip() if len(words) > 2 else ""


def _plainness(path: str) -> tuple[bool, int, str]:
    return not path.endswith((".pub", ".txt", ".keys")), len(path), path
