"""The public keys of a tree: to whom a stanza's tag belongs, and which texts are the same key."""

from collections.abc import Iterable, Mapping

from agenix_check.age import (
    Recipient,
    Stanza,
    describe,
    recipient_or_none,
    recipient_tag,
    stanza_tag,
)
from agenix_check.discover.tree.key_texts import KeyText
from agenix_check.model.frozen import frozen


@frozen(kw_only=False)
class Holder:
    """The files that contain a key; `past` says that they did so only at the base."""

    paths: tuple[str, ...]
    past: bool


@frozen(kw_only=False)
class Keyring:
    """The valid keys of both trees: `texts` as they are written, `tags` by the tag of a stanza."""

    texts: Mapping[str, Recipient]
    tags: Mapping[str, Holder]

    def holder(self, stanza: Stanza) -> Holder | None:
        """Return the files with the key that a stanza is addressed to, if its tag shows it."""
        tag = stanza_tag(stanza)
        return None if tag is None else self.tags.get(tag)

    def addressee(self, stanza: Stanza) -> str:
        """Return whom a stanza is for, in words."""
        holder = self.holder(stanza)
        if holder is not None and holder.paths:
            where = holder.paths[0]
            return f"the key that {where} held before" if holder.past else f"the key in {where}"
        return describe(stanza)


def make_keyring(here: Iterable[KeyText], base: Iterable[KeyText]) -> Keyring:
    """Read the key texts of a tree and of its base; texts that are not valid keys are left out."""
    texts: dict[str, Recipient] = {}
    tags: dict[str, Holder] = {}
    parsed: dict[str, Recipient | None] = {}
    for past, keys in ((False, here), (True, base)):
        for text, paths in keys:
            if text is None or text in texts:
                continue
            short = text.strip()
            if short not in parsed:
                parsed[short] = recipient_or_none(short)
            recipient = parsed[short]
            if recipient is None:
                continue
            texts[text] = recipient
            tag = recipient_tag(recipient)
            if tag is not None:
                known = tags.get(tag, Holder((), past))
                if known.past == past:
                    tags[tag] = Holder(tuple(sorted({*known.paths, *paths})), past)
    return Keyring(texts, tags)
