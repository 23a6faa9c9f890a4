"""By which commit a version of a secret went out of use."""

from collections.abc import Callable

from agenix_check.access.past_readers import PastReaders
from agenix_check.discover.tree.chronicle import Held
from agenix_check.discover.tree.facts import AgeFact


class Rotations:
    """Follows a file from version to version."""

    def __init__(self, past: PastReaders) -> None:
        """Take what is known of a history."""
        self._past = past
        self._lines: dict[str, list[Held]] = {}
        self._known: dict[Held, str | None] = {}

    def by_length(self, held: Held) -> str | None:
        """Return the commit in which the length of a text changed; None if it did not yet."""
        if held not in self._known:
            length = self._length(held)
            self._known[held] = self.after(held, lambda one: self._length(one) == length)
        return self._known[held]

    def after(self, held: Held, is_same: Callable[[Held], bool]) -> str | None:
        """Return the commit that ended the last of the versions that hold the same as one."""
        spans = self._past.chronicle.spans
        begun, last = spans[held].begun_at, held
        for one in self._line(held.path):
            if spans[one].begun_at > begun:
                if not is_same(one):
                    break
                last = one
        return spans[last].until

    def _length(self, held: Held) -> int | None:
        fact = self._past.chronicle.facts.get(held.oid)
        return fact.plaintext_size if isinstance(fact, AgeFact) else None

    def _line(self, path: str) -> list[Held]:
        """Return the versions of a file in the order in which they came."""
        if path not in self._lines:
            versions, spans = self._past.versions, self._past.chronicle.spans
            found = {
                held
                for digest in versions.by_path.get(path, ())
                for held in versions.by_digest[digest]
                if held.path == path
            }
            self._lines[path] = sorted(found, key=lambda one: (spans[one].begun_at, one))
        return self._lines[path]
