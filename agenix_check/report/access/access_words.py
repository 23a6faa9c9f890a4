"""What several formats say of readers: whose key it is, and how a change is put into sentences."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from agenix_check.model.access import (
    EVERYBODY,
    AccessChange,
    Reader,
    ReaderKind,
    Replacement,
    Shown,
)
from agenix_check.model.node_names import shown_names
from agenix_check.report.words import quantity

MARKS = {Shown.ADDRESSED: "", Shown.ANONYMOUS: "~", Shown.NAMED: "*"}
MARKS_SAY = {
    Shown.ANONYMOUS: "the file shows what kind of key can read it, not which",
    Shown.NAMED: "known from a name or a rule: the file itself does not show it",
}
ADDRESSED_SAYS = (
    "A file shows four bytes of each key that it is addressed to. They identify a key; they prove "
    "nothing."
)
_PARTS_OF_LINE = 3
_NEWCOMERS_OF_LINE = 10
_SECRETS_OF_PART = 3
_SHORT_HASH = len("SHA256:") + 8


class EqualSecrets(NamedTuple):
    """Secrets with equal readers; a reader comes with what shows that it is one."""

    readers: tuple[tuple[Reader, Shown], ...]
    secrets: tuple[str, ...]


class Table(NamedTuple):
    """Who can read what, as rows; `everywhere` are those who can read all of it, left out there."""

    everywhere: tuple[tuple[Reader, Shown], ...]
    rows: tuple[EqualSecrets, ...]


def make_table(readers: Iterable[Reader]) -> Table:
    """Group secrets by who can read them, those of most readers first."""
    by_secret: dict[str, list[tuple[Reader, Shown]]] = {}
    for reader in readers:
        for secret, shown in reader.secrets:
            by_secret.setdefault(secret, []).append((reader, shown))
    common = [set(row) for row in by_secret.values()]
    everywhere = set.intersection(*common) if len({*map(frozenset, common)}) > 1 else set()
    by_row: dict[tuple[tuple[Reader, Shown], ...], list[str]] = {}
    for secret in sorted(by_secret):
        row = tuple(one for one in by_secret[secret] if one not in everywhere)
        by_row.setdefault(row, []).append(secret)
    rows = [EqualSecrets(row, tuple(secrets)) for row, secrets in by_row.items()]
    first = next(iter(by_secret.values()), [])
    return Table(
        everywhere=tuple(one for one in first if one in everywhere),
        rows=tuple(sorted(rows, key=lambda row: (-len(row.readers), row.secrets))),
    )


def reader_names(readers: Iterable[Reader]) -> Mapping[Reader, str]:
    """Return what readers are called: of key files the part that differs."""
    listed = list(readers)
    files = shown_names(one.name for one in listed if one.name == one.path)
    return {
        one: files[one.name].removesuffix(".pub") if one.name == one.path else one.name
        for one in listed
    }


def key_words(reader: Reader) -> str:
    """Return a key as people compare it: `ssh-ed25519 SHA256:…`, or an age key itself."""
    if reader.key is None:
        return ""
    kind = reader.key.partition(" ")[0]
    if reader.fingerprint is None:
        return kind
    return f"{kind} {reader.fingerprint}" if kind.startswith("ssh-") else reader.fingerprint


def short_key(reader: Reader) -> str:
    """Return a key as `key_words` does, shortened if its file says whose it is."""
    words = key_words(reader)
    return words if reader.path is None else shorten_hash(words)


def shorten_hash(words: str) -> str:
    """Shorten a fingerprint or an age key at the end of some words."""
    start, _, last = words.rpartition(" ")
    if len(last) <= _SHORT_HASH:
        return words
    return f"{start} {last[:_SHORT_HASH]}…".lstrip()


def who(reader: Reader, change: AccessChange | None = None, *, briefly: bool = False) -> str:
    """Return a reader with its key and the file of it: `h9 (ssh-ed25519 SHA256:…, host.pub)`.

    `briefly` shortens the key if its file is named.
    """
    is_new = change is not None and reader.key in change.newcomers
    path = None if reader.path == reader.name else reader.path
    words = [
        short_key(reader) if briefly else key_words(reader),
        path,
        "a new key" if is_new else None,
    ]
    said = ", ".join(filter(None, words))
    return f"{reader.name} ({said})" if said and said != reader.name else reader.name


class ChangeInWords(NamedTuple):
    """A section of what a change does: its title, and for each reader who it is and the secrets."""

    title: str
    readers: tuple[tuple[str, tuple[str, ...]], ...]


def change_in_words(change: AccessChange, *, briefly: bool = False) -> list[ChangeInWords]:
    """Return what a change does to who can read what, section by section."""
    sections = [
        ChangeInWords(
            "Now readable by",
            tuple(
                (who(one, change, briefly=briefly), _paths(one))
                for one in sorted(change.added, key=lambda one: not _is_news(one, change))
            ),
        ),
        ChangeInWords(
            "Keys replaced",
            tuple((_replaced(one, briefly), _paths(one.after)) for one in change.replaced),
        ),
        ChangeInWords(
            "No longer readable by",
            tuple((_former(one, briefly), _paths(one)) for one in change.removed),
        ),
    ]
    return [section for section in sections if section.readers]


def _replaced(one: Replacement, briefly: bool) -> str:  # noqa: FBT001 - private
    where = f" ({one.after.path})" if one.after.path else ""
    before, after = key_words(one.before), key_words(one.after)
    if briefly and one.after.path:
        before, after = shorten_hash(before), shorten_hash(after)
    return f"{one.after.name}: {before} is now {after}{where}"


def _former(one: Reader, briefly: bool) -> str:  # noqa: FBT001 - private
    """Return who loses secrets; of what was in plain text, that this takes it from nobody."""
    said = who(one, briefly=briefly)
    return f"{said} (older commits still have it)" if said == EVERYBODY else said


def change_in_line(change: AccessChange) -> str:
    """Return what a change does to who can read what in one line; empty if nothing."""
    news = sum(_is_news(one, change) for one in change.added)
    most = max(_PARTS_OF_LINE, min(news, _NEWCOMERS_OF_LINE))
    parts = [
        f"{section.title[0].lower()}{section.title[1:]} {_some_readers(section, most)}"
        for section in change_in_words(change, briefly=True)
    ]
    return "; ".join(parts)


def _is_news(reader: Reader, change: AccessChange) -> bool:
    """Return whether a reader must be seen: its key is new, or nobody knows whose it is."""
    return reader.key in change.newcomers or reader.kind is ReaderKind.UNKNOWN


def _some_readers(section: ChangeInWords, most: int) -> str:
    shown = [f"{name}: {_some(secrets)}" for name, secrets in section.readers[:most]]
    more = len(section.readers) - most
    return ", ".join([*shown, *([f"and {more} more"] if more > 0 else [])])


def _some(secrets: tuple[str, ...]) -> str:
    if len(secrets) <= _SECRETS_OF_PART:
        return " ".join(secrets)
    return quantity(len(secrets), "secret")


def _paths(reader: Reader) -> tuple[str, ...]:
    return tuple(one.secret for one in reader.secrets)
