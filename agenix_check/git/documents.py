"""Texts of reports, remembered: what was rendered once for a tree in order is not rendered again.

A text names the tree and the commits that were looked at. These are left out of what is kept, so
that it stands for all views that have the same report.
"""

import secrets
import zlib
from collections.abc import Callable, Iterable, Iterator

from agenix_check.git.cache import Store
from agenix_check.model.findings import Report, SnapshotInfo
from agenix_check.model.frozen import replace

_MOST_DOCUMENTS = 4  # of one format
MOST_TEXTS = 1 << 25  # bytes of all of them
_PACKED = 1 << 22  # bytes; what is larger is compressed
_LARGEST_TEXT = 1 << 28  # bytes of one text
_SHORTEST = 12  # digits that a report shows at least: nothing else in a text has them by chance
_IDS = ("tree", "commit", "base")

_Hole = tuple[int, int, int]  # where bytes are left out, of which id, and how many digits
_PackedText = tuple[tuple[_Hole, ...], bool, bytes]


class Documents:
    """The texts of reports by the name of their format, and by all else that they follow from."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def recall(self, form: str, key: str, snapshot: SnapshotInfo) -> str | None:
        """Return the text of a report, for the ids of a snapshot; None where there is none."""
        found = self._load(form).get(key)
        if found is None:
            return None
        holes, packed, body = found
        return _fill(zlib.decompress(body) if packed else body, holes, snapshot)

    def render(
        self, form: str, key: str, report: Report, draw: Callable[[Report], str], *, whole: bool
    ) -> str:
        """Return the text that `draw` makes of a report, and remember it; `whole`: with its ids."""
        snapshot = report.snapshot
        if not self._store.keeps:
            return draw(report)
        if whole:
            text = draw(report)
            self._keep(form, key, (), text.encode("utf-8", "surrogatepass"))
            return text
        values = [getattr(snapshot, name) for name in _IDS]
        marks = [value and secrets.token_hex(len(value) // 2) for value in values]
        tree, commit, base = marks
        marked = replace(snapshot, tree=tree or "", commit=commit, base=base)
        data = draw(replace(report, snapshot=marked)).encode("utf-8", "surrogatepass")
        holes, pieces, start, gone = list[_Hole](), list[bytes](), 0, 0
        for where, number, digits in sorted(_find_marks(data, marks)):
            pieces.append(data[start:where])
            holes.append((where - gone, number, digits))
            start, gone = where + digits, gone + digits
        body = b"".join([*pieces, data[start:]])
        self._keep(form, key, tuple(holes), body)
        return _fill(body, holes, snapshot)

    def _keep(self, form: str, key: str, holes: tuple[_Hole, ...], body: bytes) -> None:
        if len(body) > _LARGEST_TEXT:
            return
        packed = len(body) > _PACKED
        known = self._load(form)
        known.pop(key, None)
        known[key] = (holes, packed, zlib.compress(body, 1) if packed else body)
        room, kept = MOST_TEXTS, dict[str, _PackedText]()
        for name, one in list(known.items())[: -_MOST_DOCUMENTS - 1 : -1]:
            room -= len(one[2])
            if room < 0:
                break
            kept[name] = one
        self._store.save(f"texts-{form}", dict(reversed(kept.items())))

    def _load(self, form: str) -> dict[str, _PackedText]:
        return self._store.load(f"texts-{form}", dict[str, _PackedText]) or {}


def _fill(body: bytes, holes: Iterable[_Hole], snapshot: SnapshotInfo) -> str:
    """Return a text with the ids of a snapshot in its holes."""
    view, pieces, at = memoryview(body), list[bytes | memoryview](), 0
    for where, number, digits in holes:
        value: str = getattr(snapshot, _IDS[number])
        pieces += (view[at:where], value[:digits].encode("ascii"))
        at = where
    return b"".join([*pieces, view[at:]]).decode("utf-8", "surrogatepass")


def _find_marks(data: bytes, marks: Iterable[str | None]) -> Iterator[_Hole]:
    """Yield where marks stand in a text, whole or shortened."""
    for number, mark in enumerate(marks):
        whole = (mark or "").encode("ascii")
        at = data.find(whole[:_SHORTEST]) if whole else -1
        while at >= 0:
            digits = _SHORTEST
            while digits < len(whole) and data.startswith(whole[: digits + 1], at):
                digits += 1
            yield at, number, digits
            at = data.find(whole[:_SHORTEST], at + digits)
