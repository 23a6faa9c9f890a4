"""Paths as Git gives and takes them: bytes, of which those that are not UTF-8 become surrogates."""


def to_text(raw: bytes) -> str:
    """Decode what Git says of paths; bytes that are not UTF-8 become surrogates (PEP 383)."""
    return raw.decode("utf-8", "surrogateescape")


def to_bytes(text: str) -> bytes:
    """Encode a text of `to_text` as the bytes that it was. Raises `UnicodeEncodeError`."""
    return text.encode("utf-8", "surrogateescape")


def quote_path(path: str) -> str:
    """Quote a path for a list of Git's, whatever separates its entries."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
