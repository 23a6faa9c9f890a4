"""The public keys of a tree: whose a stanza's tag is, and which texts are the same key."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agenix_check.age import (
    Recipient,
    RecipientError,
    Stanza,
    describe,
    parse_recipient,
    stanza_tag,
)
from agenix_check.age import recipient_tag as tag_of


@dataclass(frozen=True, slots=True)
class Holder:
    """A key of the tree and the files that hold it."""

    recipient: Recipient
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Keyring:
    """The valid keys of a tree: `texts` by how they are written, `tags` by their stanzas' tag."""

    texts: Mapping[str, Recipient]
    tags: Mapping[str, Holder]

    def holder(self, stanza: Stanza) -> Holder | None:
        """Return whose key a stanza is addressed to, where its tag tells."""
        tag = stanza_tag(stanza)
        return None if tag is None else self.tags.get(tag)

    def addressee(self, stanza: Stanza) -> str:
        """Return whom a stanza is for, as a person would say it."""
        holder = self.holder(stanza)
        if holder is not None and holder.paths:
            return f"the key in {holder.paths[0]}"
        return describe(stanza)


def make_keyring(keys: Iterable[tuple[str | None, tuple[str, ...]]]) -> Keyring:
    """Read key texts, each with the files that hold it; what is no valid key is left out."""
    texts: dict[str, Recipient] = {}
    parsed: dict[str, Recipient | None] = {}
    tags: dict[str, Holder] = {}
    for text, paths in keys:
        if text is None:
            continue
        short = text.strip()
        if short not in parsed:
            parsed[short] = _parse(short)
        recipient = parsed[short]
        if recipient is None:
            continue
        texts[text] = recipient
        tag = tag_of(recipient)
        if tag is not None:
            known = tags[tag].paths if tag in tags else ()
            tags[tag] = Holder(recipient, tuple(sorted({*known, *paths})))
    return Keyring(texts, tags)


def _parse(text: str) -> Recipient | None:
    try:
        return parse_recipient(text)
    except RecipientError:
        return None
