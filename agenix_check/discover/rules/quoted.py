"""What is between the quotes: escapes, and the indentation that Nix takes away.

It follows Nix's own lexer, character by character, and refuses where the grammar disagrees with
it about where an interpolation begins.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from agenix_check.discover.rules.syntax import Expression
from agenix_check.discover.rules.values import RefusedError

_ESCAPED_BYTES = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_NO_LIMIT = 1_000_000


class Token(NamedTuple):
    """A piece of an indented string; `plain` if its leading blanks are indentation."""

    text: bytes
    plain: bool


def read_quoted(
    source: bytes, start: int, end: int, holes: Mapping[int, tuple[int, Expression]]
) -> list[bytes | Expression]:
    r"""Read a `"…"` string between two offsets, both inside the quotes.

    `holes` are its interpolations: by where they begin, where they end and what they are.
    """
    parts: list[bytes | Expression] = []
    text = bytearray()
    at = start
    while at < end:
        if at in holes:
            parts.append(bytes(text))
            text.clear()
            at, expression = holes[at]
            parts.append(expression)
            continue
        one = source[at : at + 1]
        if one == b"\\":
            escaped = _inside(source, at + 1, end, holes)
            text += _ESCAPED_BYTES.get(escaped, escaped)
            at += 2
        elif one == b"$" and at + 1 < end:
            following = source[at + 1 : at + 2]
            if following == b"{":
                raise RefusedError("a string that is not read as Nix reads it")
            if following == b"\\":
                text += one
                at += 1
            else:
                _inside(source, at + 1, end, holes)
                text += one + _as_line_end(source, at + 1)
                at += 3 if source[at + 1 : at + 3] == b"\r\n" else 2
        else:
            text += _as_line_end(source, at)
            at += 2 if source[at : at + 2] == b"\r\n" else 1
    parts.append(bytes(text))
    return [part for part in parts if part != b""]


def _as_line_end(source: bytes, at: int) -> bytes:
    """Return a character; Nix makes one line feed of a carriage return, with one or without."""
    one = source[at : at + 1]
    return b"\n" if one == b"\r" else one


def _inside(source: bytes, at: int, end: int, holes: Mapping[int, object]) -> bytes:
    """Return the second character of a pair, which must belong to the string's text."""
    if at >= end or at in holes:
        raise RefusedError("a string that is not read as Nix reads it")
    return source[at : at + 1]


def read_indented(
    source: bytes, start: int, end: int, holes: Mapping[int, tuple[int, Expression]]
) -> list[bytes | Expression]:
    """Read a `''…''` string between two offsets, both inside the quotes."""
    if b"\r" in source[start:end]:
        raise RefusedError("a carriage return in an indented string")
    blanks = start
    while source[blanks : blanks + 1] == b" ":
        blanks += 1
    if source[blanks : blanks + 1] == b"\n" and blanks < end:
        start = blanks + 1
    tokens = list(_tokens(source, start, end, holes))
    return [part for part in _strip(tokens) if part != b""]


def _tokens(
    source: bytes, start: int, end: int, holes: Mapping[int, tuple[int, Expression]]
) -> Iterator[Token | Expression]:
    plain = bytearray()
    at = start
    while at < end:
        special: Token | Expression | None = None
        pair = source[at : min(at + 2, end)]
        if at in holes:
            after, special = holes[at]
        elif pair == b"''":
            after, special = _escaped(source, at, end, holes)
        elif pair == b"${":
            raise RefusedError("a string that is not read as Nix reads it")
        elif pair in (b"'", b"'$", b"$", b"$'"):
            after, special = at + 1, Token(pair[:1], plain=False)
        else:
            after = at + (2 if pair[:1] in (b"$", b"'") else 1)
            if after == at + 2:
                _inside(source, at + 1, end, holes)
            plain += source[at:after]
        if special is not None:
            if plain:
                yield Token(bytes(plain), plain=True)
                plain.clear()
            yield special
        at = after
    if plain:
        yield Token(bytes(plain), plain=True)


def _escaped(source: bytes, at: int, end: int, holes: Mapping[int, object]) -> tuple[int, Token]:
    third = _inside(source, at + 2, end, holes)
    if third == b"$":
        return at + 3, Token(b"$", plain=False)
    if third == b"'":
        return at + 3, Token(b"''", plain=False)
    if third == b"\\":
        fourth = _inside(source, at + 3, end, holes)
        return at + 4, Token(_ESCAPED_BYTES.get(fourth, fourth), plain=False)
    raise RefusedError("a string that is not read as Nix reads it")


def _strip(tokens: Sequence[Token | Expression]) -> Iterator[bytes | Expression]:
    """Take from each line the indentation that all lines have, as Nix does."""
    least = _least_indentation(tokens)
    at_start, dropped = True, 0
    for number, token in enumerate(tokens):
        if not isinstance(token, Token):
            at_start, dropped = False, 0
            yield token
            continue
        kept = bytearray()
        for character in token.text:
            if not at_start:
                at_start = character == _NEWLINE
            elif character == _BLANK:
                dropped += 1
                if dropped <= least:
                    continue
            else:
                at_start = character == _NEWLINE
                dropped = 0
            kept.append(character)
        if number == len(tokens) - 1:
            body, newline, last = bytes(kept).rpartition(b"\n")
            if newline and not last.strip(b" "):
                kept = bytearray(body + newline)
        yield bytes(kept)


_BLANK, _NEWLINE = b" \n"


def _least_indentation(tokens: Sequence[Token | Expression]) -> int:
    at_start, least, current = True, _NO_LIMIT, 0
    for token in tokens:
        if not isinstance(token, Token) or not token.plain:
            if at_start:
                at_start, least = False, min(least, current)
            continue
        for character in token.text:
            if character == _NEWLINE:
                at_start, current = True, 0
            elif at_start and character == _BLANK:
                current += 1
            elif at_start:
                at_start, least = False, min(least, current)
    return least
