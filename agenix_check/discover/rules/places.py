"""Paths of the tree: where they lead, and what a string that begins with one may be used for."""

from agenix_check.discover.rules.values import (
    EvaluationError,
    PlaceText,
    RefusedError,
    TreePath,
    expected,
    show_text,
)

_UNKNOWN_ROOT = b"\0"  # stands for the unknown directory of the repository: no name can be this


def extend(base: TreePath, text: bytes) -> TreePath:
    """Return the path that a path and a text after it make together, dots resolved.

    Raises `RefusedError` where it leaves the repository.
    """
    return TreePath(_resolve(b"/" + encode(base.path) + text if base.path else text))


def beside(file: str, text: bytes) -> TreePath:
    """Return the path that a text, relative to a file's directory, leads to."""
    return TreePath(_resolve(b"/" + encode(file) + b"/../" + text))


def _resolve(below: bytes) -> str:
    """Resolve what follows the root's own path."""
    parts: list[bytes] = []
    for part in (_UNKNOWN_ROOT + below).split(b"/"):
        if part == b"..":
            if len(parts) < 2:
                raise _outside()
            parts.pop()
        elif part not in (b"", b"."):
            parts.append(part)
    if parts[0] != _UNKNOWN_ROOT:
        raise _outside()
    return b"/".join(parts[1:]).decode("utf-8", "surrogateescape")


def _outside() -> RefusedError:
    return RefusedError("a path that leaves the repository", impure=True)


def encode(path: str) -> bytes:
    """Return a path as the bytes that Git has for it."""
    return path.encode("utf-8", "surrogateescape")


def named_place(value: object) -> TreePath:
    """Return the path of the tree that a value names.

    Raises `EvaluationError` for what is no absolute path, `RefusedError` for places outside.
    """
    if isinstance(value, TreePath):
        return value
    if isinstance(value, PlaceText):
        if not value.copied:
            return extend(value.base, value.suffix)
        # A copy in the store ends where it ends: what is beside it in the tree is not there.
        if b".." in value.suffix.split(b"/") or value.suffix[:1] not in (b"", b"/"):
            raise _outside()
        return extend(value.base, value.suffix)
    if not isinstance(value, bytes):
        raise expected("path", value)  # type: ignore[arg-type]
    if value.startswith(b"/"):
        shown = show_text(value)
        raise RefusedError(f"the path {shown} outside of the repository", impure=True)
    raise EvaluationError(f"'{show_text(value)}' is no absolute path")


def join_texts(parts: list[bytes | PlaceText]) -> bytes | PlaceText:
    """Return parts of a string as one; only the first may be a place."""
    kept = [part for part in parts if part != b""]
    first, rest = (kept[0], kept[1:]) if kept else (b"", [])
    texts = [part for part in rest if isinstance(part, bytes)]
    if len(texts) < len(rest) or (isinstance(first, bytes) and b"\0" in first):
        raise RefusedError("a place in the middle of a string", impure=True)
    if isinstance(first, bytes):
        return first + b"".join(texts)
    return PlaceText(first.base, first.suffix + b"".join(texts), copied=first.copied)
