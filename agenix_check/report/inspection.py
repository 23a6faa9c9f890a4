"""What `agenix-check inspect` prints: age files read without a key."""

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from agenix_check.age import (
    AgeFile,
    AgeFormatError,
    Recipient,
    describe,
    fingerprint,
    looks_like_age,
    read_age,
    recipient_or_none,
)
from agenix_check.model.frozen import frozen
from agenix_check.model.known import KnownFile
from agenix_check.report.escape import inert, inert_json, reversible, visible
from agenix_check.report.folding import wrap_words
from agenix_check.report.known_listing import known_document, known_lines
from agenix_check.report.words import quantity

_LONGEST_READ_FOR_KEYS = 1 << 16  # bytes
_SIGNS_OF_IDENTITIES = (b"PRIVATE KEY-----", b"AGE-SECRET-KEY-", b"AGE-PLUGIN-")


class PublicKeyLine(NamedTuple):
    """A public key in a file that has nothing else, and its comment."""

    recipient: Recipient
    comment: str


@frozen
class Inspection:
    """A file and what it contains; `error` says why it is not a complete age file.

    `keys` are those of a file that has nothing but public keys and comments.
    """

    name: str
    file: AgeFile | None
    error: str | None
    keys: tuple[PublicKeyLine, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether age would accept the file, as far as one can see without a key."""
        return self.file is not None and self.error is None


@frozen
class AgeText:
    """What a diff shows of an age file; `digest` changes wherever the ciphertext does."""

    armored: bool
    recipients: tuple[str, ...]
    plaintext_size: int | None
    source: str | None
    digest: str


def render_for_diff(text: AgeText) -> str:
    """Turn an age file into lines that are the same wherever the file lies."""
    lines = [f"age file, {'armored' if text.armored else 'binary'}"]
    lines += [f"for {visible(one)}" for one in sorted(text.recipients)]
    if text.source is not None:
        lines.append(f"made from {visible(text.source)}")
    if text.plaintext_size is not None:
        lines.append(f"plaintext of {quantity(text.plaintext_size, 'byte')}")
    lines.append(f"ciphertext {text.digest[:16]}")
    return inert("".join(f"{line}\n" for line in lines))


def inspect(name: str, data: bytes) -> Inspection:
    """Inspect the content of one file."""
    if not looks_like_age(data):
        error = "empty" if not data else "not an age file"
        if any(sign in data for sign in _SIGNS_OF_IDENTITIES):
            error += ", but a private key or an identity"
        return Inspection(name=name, file=None, error=error, keys=_read_keys(data))
    try:
        file = read_age(data)
    except AgeFormatError as error:
        return Inspection(name=name, file=None, error=str(error))
    return Inspection(name=name, file=file, error=file.payload_error)


def _read_keys(data: bytes) -> tuple[PublicKeyLine, ...]:
    """Return the keys of a file with one in each line, comments aside; none of another file."""
    lines = data[:_LONGEST_READ_FOR_KEYS].decode("utf-8", "replace").splitlines()
    texts = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    found = []
    for text in texts:
        recipient = recipient_or_none(text)
        if recipient is None:
            return ()
        comment = text.split(None, 2)[2:] if text.startswith("ssh-") else []
        found.append(PublicKeyLine(recipient, " ".join(comment)))
    return tuple(found)


def render_text(
    inspections: Sequence[Inspection],
    known: Mapping[str, KnownFile],
    names: Mapping[str, str],
    width: int,
) -> str:
    """Turn inspections into a few lines each, with what is `known` of files, by their names.

    `names` are those under which nodes are shown; a line has `width` columns, if its words let it.
    """
    return inert("\n".join(_text(one, known.get(one.name), names, width) for one in inspections))


def render_json(
    inspections: Sequence[Inspection], known: Mapping[str, KnownFile], names: Mapping[str, str]
) -> str:
    """Turn inspections into a JSON array; names that are not UTF-8 are escaped as in the report."""
    documents = [_document(one, known.get(one.name), names) for one in inspections]
    return inert_json(json.dumps(documents, indent=2) + "\n")


def _text(one: Inspection, known: KnownFile | None, names: Mapping[str, str], width: int) -> str:
    lines = [visible(one.name)]
    if one.file is not None:
        form = "armored" if one.file.armored else "binary"
        lines.append(f"  age file, {form}, header of {one.file.header_size} bytes")
        lines += [f"  for {describe(stanza)}" for stanza in one.file.stanzas]
        if one.file.plaintext_size is not None:
            lines.append(f"  plaintext of {quantity(one.file.plaintext_size, 'byte')}")
    for recipient, comment in one.keys:
        kind, _, body = recipient.text.partition(" ")
        mark = f"{kind if body else ''} {fingerprint(recipient)}".strip()
        said = f"  public key {mark}{f' ({visible(comment)})' if comment else ''}"
        lines += wrap_words(said, width)
    if one.error is not None and not one.keys and not (one.file is None and known is not None):
        lines.append(f"  not valid: {one.error}")
    if known is not None:
        for line in known_lines(known, names):
            lines += wrap_words(f"  {line}", width)
    return "\n".join(lines) + "\n"


def _document(
    one: Inspection, known: KnownFile | None, names: Mapping[str, str]
) -> dict[str, object]:
    file = one.file
    return {
        "file": reversible(one.name),
        "valid": one.valid,
        "error": one.error,
        "armored": None if file is None else file.armored,
        "stanzas": [
            {"type": stanza.type, "args": list(stanza.args), "recipient": describe(stanza)}
            for stanza in (() if file is None else file.stanzas)
        ],
        "payload_size": None if file is None else file.payload_size,
        "plaintext_size": None if file is None else file.plaintext_size,
        "keys": [
            {"fingerprint": fingerprint(recipient), "comment": reversible(comment)}
            for recipient, comment in one.keys
        ],
        "known": None if known is None else known_document(known, names),
    }
