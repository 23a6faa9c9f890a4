"""Builtins about strings."""

import hashlib

from agenix_check.discover.rules.builtins.primitives import Table, primitive
from agenix_check.discover.rules.machine import Machine
from agenix_check.discover.rules.operators import coerce, joined, text_of
from agenix_check.discover.rules.posix import Pattern
from agenix_check.discover.rules.values import (
    BlankText,
    EvaluationError,
    PlaceText,
    RefusedError,
    Thunk,
    Value,
    ready,
    show_text,
)

TEXTS: Table = {}

_LARGEST_NUMBER = 2**31 - 1


@primitive(TEXTS, "toString", 1)
def _to_string(machine: Machine, value: Thunk) -> Value:
    return coerce(machine, machine.force(value), more=True, copy=False)


@primitive(TEXTS, "unsafeDiscardStringContext", 1)
def _discard_context(machine: Machine, value: Thunk) -> Value:
    return coerce(machine, machine.force(value))


@primitive(TEXTS, "concatStringsSep", 2)
def _concatenate(machine: Machine, separator: Thunk, values: Thunk) -> Value:
    between = machine.text(separator)
    parts: list[bytes | PlaceText] = []
    for number, one in enumerate(machine.list(values)):
        if number:
            parts.append(between)
        parts.append(coerce(machine, machine.force(one)))
    return joined(machine, parts)


@primitive(TEXTS, "stringLength", 1)
def _length(machine: Machine, value: Thunk) -> Value:
    return len(text_of(machine, value))


@primitive(TEXTS, "substring", 3)
def _substring(machine: Machine, start: Thunk, length: Thunk, value: Thunk) -> Value:
    first, count = machine.integer(start), machine.integer(length)
    if first < 0:
        raise EvaluationError("a negative start of a `substring`")
    if max(first, count) > _LARGEST_NUMBER:
        raise RefusedError("a `substring` that is out of range")
    text = text_of(machine, value)
    return text[first:] if count < 0 else text[first : first + count]


@primitive(TEXTS, "replaceStrings", 3)
def _replace(machine: Machine, old: Thunk, new: Thunk, value: Thunk) -> Value:
    wanted = [machine.text(one) for one in machine.list(old)]
    instead = [machine.text(one) for one in machine.list(new)]
    if len(wanted) != len(instead):
        raise EvaluationError("`replaceStrings` with lists of different lengths")
    text = machine.text(value)
    machine.budget.spend(len(text) * (1 + len(wanted)) // 4)
    parts: list[bytes] = []
    at = 0
    while at <= len(text):
        for one, other in zip(wanted, instead, strict=True):
            if text.startswith(one, at):
                machine.budget.spend(1 + len(other) // 16)
                parts.append(other)
                at += len(one)
                if one:
                    break
                parts.append(text[at : at + 1])
                at += 1
                break
        else:
            parts.append(text[at : at + 1])
            at += 1
    result = b"".join(parts)
    origin = machine.origin(text) if isinstance(text, BlankText) else None
    if origin is not None and not result.strip():
        result = BlankText(result)
        machine.note_origin(result, origin.place, origin.name)
    return result


@primitive(TEXTS, "match", 2)
def _match(machine: Machine, expression: Thunk, value: Thunk) -> Value:
    pattern = Pattern(machine.text(expression))
    groups = pattern.match(machine.text(value), machine.budget.spend)
    return None if groups is None else tuple(map(ready, groups))


@primitive(TEXTS, "split", 2)
def _split(machine: Machine, expression: Thunk, value: Thunk) -> Value:
    pattern = Pattern(machine.text(expression))
    found = pattern.split(machine.text(value), machine.budget.spend)
    return tuple(
        ready(part if isinstance(part, bytes) else tuple(map(ready, part))) for part in found
    )


@primitive(TEXTS, "hashString", 2)
def _hash(machine: Machine, kind: Thunk, value: Thunk) -> Value:
    name, text = machine.text(kind), machine.text(value)
    if name not in (b"md5", b"sha1", b"sha256", b"sha512"):
        raise EvaluationError(f"unknown hash '{show_text(name)}'")
    machine.budget.spend(len(text) // 16)
    return hashlib.new(name.decode(), text, usedforsecurity=False).hexdigest().encode()


@primitive(TEXTS, "baseNameOf", 1)
def _base_name(machine: Machine, value: Thunk) -> Value:
    text = _whole(coerce(machine, machine.force(value), copy=False))
    if text.endswith(b"/"):
        text = text[:-1]
        if not text or text.endswith(b"/"):
            raise RefusedError("the `baseNameOf` a path with slashes at its end")
    return text.rpartition(b"/")[2]


def _whole(text: bytes | PlaceText) -> bytes:
    """Return a text of which only the last part matters."""
    if isinstance(text, bytes):
        return text
    inside = (
        text.suffix
        if text.copied
        else b"/" + text.base.path.encode("utf-8", "surrogateescape") + text.suffix
    )
    if b"/" not in inside or not inside.strip(b"/") or b"//" in inside:
        raise RefusedError("the name of the repository's own directory", impure=True)
    return inside


@primitive(TEXTS, "dirOf", 1)
def _directory(machine: Machine, value: Thunk) -> Value:
    from agenix_check.discover.rules.places import extend
    from agenix_check.discover.rules.values import TreePath

    found = machine.force(value)
    if isinstance(found, TreePath):
        return extend(found, b"/..")
    text = text_of(machine, ready(found))
    directory, slash, _ = text.rpartition(b"/")
    if not slash:
        return b"."
    return directory or b"/"
