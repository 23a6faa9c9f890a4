"""How people call the readers of plain agenix files: by names and comments, not by tags."""

from collections.abc import Iterable, Mapping

from agenix_check.age import (
    SSH_KINDS,
    Recipient,
    Stanza,
    describe,
    recipient_or_none,
    recipient_tag,
    stanza_tag,
)
from agenix_check.model.declaration import KeyOrigin, PlainRule, RulesFile, is_withheld

# What a key is, not whose.
_NAMES_NOBODY = frozenset({
    "age", "key", "keys", "pubkey", "pubKey", "publicKey", "publicKeys", "ssh", "sshKey",
    "hostKey", "hostPubkey", "recipient", "value", "x",
})  # fmt: skip
_SHOWN_OF_KEY = 40  # characters of a text that is no key
_MOST_SAID = 12  # that one message names
_SHOWN_OF_NAME = 60
_MOST_CANDIDATES = 6  # candidates of which one is meant


def name_key(recipient: Recipient, text: str, origin: KeyOrigin | None, when: str = "") -> str:
    """Return a name for a declared recipient: of its binding, its comment, or the key's end.

    `when` is said after its place.
    """
    end = f"…{recipient.text[-8:]}"
    name = _bound(origin) or _comment(recipient, text)
    where = f"{end}, {_place(origin)}{when}" if origin is not None else end
    if name:
        return f"{name[:_SHOWN_OF_NAME]} ({where})"
    kind = recipient.text.partition(" ")[0] if recipient.kind in SSH_KINDS else recipient.kind
    return f"{kind} {end}" if origin is None else f"{kind} {end} ({_place(origin)}{when})"


def call_key(recipient: Recipient, text: str, origin: KeyOrigin | None) -> str:
    """Return a short name for a declared recipient, without its place."""
    name = _bound(origin) or _comment(recipient, text)
    return name[:_SHOWN_OF_NAME] or f"…{recipient.text[-8:]}"


def name_text(text: str, origin: KeyOrigin | None) -> str:
    """Return the beginning of a text that is no key, and where it is written."""
    shown = f"`{text}`" if len(text) <= _SHOWN_OF_KEY else f"`{text[:_SHOWN_OF_KEY]}…`"
    if is_withheld(text):
        shown = text.strip("()")
    if not text:
        shown = "an empty text"
    if origin is None:
        return shown
    name = _bound(origin)
    return f"{shown} ({f'{name}, ' if name else ''}{_place(origin)})"


def name_any_of(origins: Iterable[KeyOrigin | None], kind: str) -> str:
    """Return words for one of some recipients of an anonymous kind: which one no file shows."""
    names = list(map(_bound, origins))
    known = [name[:_SHOWN_OF_NAME] for name in names if name]
    if len(known) < len(names) or len(names) > _MOST_CANDIDATES:
        return f"one of the {kind} recipients"
    return f"one of the {kind} recipients ({', '.join(known)})"


def _bound(origin: KeyOrigin | None) -> str | None:
    if origin is None or origin.name is None or origin.name in _NAMES_NOBODY:
        return None
    return origin.name


def _comment(recipient: Recipient, text: str) -> str:
    if recipient.kind not in SSH_KINDS:
        return ""
    words = text.split(None, 2)
    return words[2].strip() if len(words) > 2 else ""


def _place(origin: KeyOrigin) -> str:
    """Return where a key is written; a file of one key needs no line."""
    one_key = origin.line == 1 and origin.path.endswith((".pub", ".txt", ".keys"))
    return origin.path if one_key else f"{origin.path}:{origin.line}"


class People:
    """The keys in rules, of the snapshot before those of the base, by the tags of stanzas.

    `others` says whose other tags are, in words.
    """

    def __init__(
        self,
        files: Iterable[RulesFile],
        at_base: Iterable[RulesFile],
        others: Mapping[str, str],
    ) -> None:
        self._others = others
        self._names: dict[str, str] = {}
        for file in files:
            for rule in file.rules:
                self._take(rule, "")
        for file in at_base:
            for rule in file.rules:
                self._take(rule, " before this change")

    def _take(self, rule: PlainRule, when: str) -> None:
        for text in rule.recipients:
            recipient = recipient_or_none(text)
            tag = None if recipient is None else recipient_tag(recipient)
            if recipient is not None and tag is not None and tag not in self._names:
                self._names[tag] = name_key(recipient, text, rule.origin(text), when)

    def list_readers(self, stanzas: Iterable[Stanza]) -> str:
        """Return whom stanzas are for; of many the first."""
        readers = list(dict.fromkeys(map(self.addressee, stanzas)))
        more = len(readers) - _MOST_SAID
        return ", ".join(readers[:_MOST_SAID]) + (f" and {more} more" if more > 0 else "")

    def addressee(self, stanza: Stanza) -> str:
        """Return whom a stanza is for."""
        tag = stanza_tag(stanza)
        if tag is None:
            return describe(stanza)
        return self._names.get(tag) or self._others.get(tag) or describe(stanza)
