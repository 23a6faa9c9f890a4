"""Paths as Git reads and writes them: bytes; those that are not UTF-8 become surrogates."""

import os


def to_text(raw: bytes) -> str:
    """Decode what Git prints; bytes that are not UTF-8 become surrogates (PEP 383)."""
    return raw.decode("utf-8", "surrogateescape")


def to_bytes(text: str) -> bytes:
    """Return the bytes that `to_text` decoded. Raises `UnicodeEncodeError`."""
    return text.encode("utf-8", "surrogateescape")


def quote_path(path: str) -> str:
    """Quote a path for one of Git's lists, whatever separates its entries."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def local_text(path: str) -> str:
    """Return the path as str, decoded for this locale."""
    return os.fsdecode(to_bytes(path))
