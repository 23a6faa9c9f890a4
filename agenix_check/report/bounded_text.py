"""A text with a largest size: what does not fit is left out and counted."""

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import islice

from agenix_check.report.escape import inert
from agenix_check.report.words import quantity

_MORE = 40  # bytes kept for the line that says how many items a list lacks
_LEFT_OUT = 200  # bytes kept for the sentence that says what the text lacks


class Section:
    """A part of a text: lists with a head and a tail, complete or cut at the end of an item.

    Sizes are in bytes of UTF-8. Once an item did not fit, all further items are only counted.
    """

    def __init__(self, room: int) -> None:
        self.left_out: Counter[str] = Counter()
        self._room = room
        self._parts: list[str] = []
        self._full = False

    @property
    def text(self) -> str:
        """The text that was added."""
        return "".join(self._parts)

    def add(
        self,
        items: Iterable[str],
        total: int,
        noun: str,
        *,
        head: str = "",
        tail: str = "",
        more: str = "- and {} more\n",
        most: int | None = None,
    ) -> None:
        """Add a list of `total` items, at most `most` of them, between a head and a tail.

        `more` is a line with `{}` for the number of items left out.
        """
        taken: list[str] = []
        head, tail = inert(head), inert(tail)
        room = self._room - _size(head) - _size(tail)
        for item in map(inert, () if self._full else islice(items, most)):
            # After the last item no line about the rest is needed.
            if room - _size(item) < (_MORE if len(taken) + 1 < total else 0):
                self._full = True
                break
            room -= _size(item)
            taken.append(item)
        left = total - len(taken)
        if left:
            self.left_out[noun] += left
        if taken:
            line = more.format(left) if left else ""
            self._parts += [head, *taken, line, tail]
            self._room = room - _size(line)

    def enclose(self, head: str, fill: "Callable[[Section], None]", tail: str) -> None:
        """Add what `fill` adds to a section of its own, between `head` and `tail`."""
        head, tail = inert(head), inert(tail)
        inner = Section(-1 if self._full else self._room - _size(head) - _size(tail))
        fill(inner)
        self.left_out += inner.left_out
        self._full = self._full or inner._full
        if inner.text:
            self._parts += [head, inner.text, tail]
            self._room = inner._room


class BoundedText:
    """A first line, sections, and a last sentence that says what did not fit."""

    def __init__(self, first: str, limit: int) -> None:
        self._first = inert(first)
        self._limit = limit
        self._room = limit - _size(self._first) - _LEFT_OUT
        self._left_out: Counter[str] = Counter()

    def section(self, share: float, fill: Callable[[Section], None]) -> str:
        """Return what `fill` adds to a section that may take this share of the room left."""
        section = Section(int(self._room * share))
        fill(section)
        self._left_out += section.left_out
        self._room -= _size(section.text)
        return section.text

    def text(self, *sections: str) -> str:
        """Return the text; an empty one if there is no room for the first line."""
        whole = self._first + "".join(sections)
        lacks = ", ".join(quantity(number, noun) for noun, number in sorted(self._left_out.items()))
        sentence = f"\nNot shown here: {lacks}. The JSON report has everything.\n" if lacks else ""
        for text in (whole + sentence, whole):
            if _size(text) <= self._limit:
                return text
        return ""


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
