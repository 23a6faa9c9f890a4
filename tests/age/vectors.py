"""The public age test vectors, as tests/setup/packages.sh fetched them (npm package cctv-age).

Their format: a textual header of "key: value" lines, an empty line, and the age file, which may
be compressed with zlib.
"""

import base64
import functools
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

import pytest

_SCRIPT = Path(__file__).parents[2] / ".cache" / "cctv-age" / "0.2.0" / "package" / "index.js"
_ENTRY = re.compile(r'^var (\w+)_default = __toBinary\("([A-Za-z0-9+/=]*)"\);$', re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """One vector: its name, its header and the age file it is about."""

    name: str
    keys: dict[str, list[str]]
    file: bytes

    @property
    def expect(self) -> str:
        return self.keys["expect"][0]

    @property
    def is_refused(self) -> bool:
        return self.expect in ("header failure", "armor failure")


@functools.cache
def _encoded() -> dict[str, str]:
    if not _SCRIPT.is_file():
        return {}
    return dict(_ENTRY.findall(_SCRIPT.read_text("utf-8")))


def vector_names() -> list[str]:
    """The names of all vectors; where there are none, one name that fails when it is loaded."""
    return sorted(_encoded()) or ["(no vectors)"]


def load(name: str) -> Vector:
    """One vector by its name; fails the test where the vectors were not fetched."""
    if name not in _encoded():
        pytest.fail("the age test vectors are missing: run make test (it fetches them)")
    head, _, file = base64.b64decode(_encoded()[name]).partition(b"\n\n")
    keys: dict[str, list[str]] = {}
    for line in head.decode("utf-8").split("\n"):
        key, _, value = line.partition(": ")
        keys.setdefault(key, []).append(value)
    if keys.get("compressed") == ["zlib"]:
        file = zlib.decompress(file)
    return Vector(name=name, keys=keys, file=file)
