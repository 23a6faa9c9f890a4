"""Outputs that nothing in the tree explains: since when, and what speaks for leaving them."""

from enum import StrEnum
from typing import NamedTuple

from agenix_check.model.findings import CauseKind


class Reason(StrEnum):
    """Why an output that nothing explains any more may be right to be left (docs/design.md, 5.1).

    The first group is about the commit that lost it, the second about the commits since, the third
    about the tree that is judged.
    """

    REPLACED = "replaced"
    SOURCE_DELETED = "source-deleted"
    REKEYED_FOR_OTHERS = "rekeyed-for-others"
    KEY_DELETED = "key-deleted"
    OTHERS_REKEYED = "others-rekeyed"

    OTHERS_FIXED = "others-fixed"
    REKEYED_SINCE = "rekeyed-since"

    SOURCE_GONE = "source-gone"
    KEY_GONE = "key-gone"
    NO_LONGER_NAMED = "no-longer-named"
    NEVER_EXPLAINED = "never-explained"
    PLACEHOLDER = "placeholder"
    MOVED = "moved"


class Excuse(NamedTuple):
    """A reason, and the path or the name that it is about."""

    reason: Reason
    about: str


class Past(NamedTuple):
    """A content that a file had, and the commit that took it away: None where this change did."""

    path: str
    until: str | None


class Lost(NamedTuple):
    """An output whose name nothing in the tree explains.

    `commit` is the one in which it lost its explanation, None where the change that is judged did
    that; `born` the one that brought it, where that is known. `brought` says that `commit` brought
    it and nothing explained it there. `key` and `source` are the digests (SHA-256, hexadecimal) of
    what made it, None where nobody knows; `key_text` is the key's text. `sources` and `keys` are
    the files that held these, under their names of today; `past_source`
    and `past_key` are those contents where they are gone. `kind` and `about` are the cause.
    `succeeds` says that an explained output stood in its place before, `before` which key and
    source made that one, or the last such one before others like this. `unseen` says that history
    at hand ends before it is known.
    """

    path: str
    commit: str | None
    brought: bool
    born: str | None = None
    key: str | None = None
    key_text: str | None = None
    source: str | None = None
    sources: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    past_source: Past | None = None
    past_key: Past | None = None
    kind: CauseKind = CauseKind.OUTPUT_CHANGED
    about: str = ""
    excuse: Excuse | None = None
    succeeds: bool = False
    before: tuple[str, str] | None = None
    unseen: bool = False


class Grown(StrEnum):
    """What a key file got, in words."""

    NEWLINE = "a newline"
    COMMENT = "a comment"
    LINES = "more lines"


class Outgrown(NamedTuple):
    """A key text that outputs are made for: `path` held it as a whole, and holds more now.

    `commit` is the one that changed the file, None where the change that is judged did that.
    """

    path: str
    commit: str | None
    grown: Grown


class Rotated(NamedTuple):
    """A key that outputs are made for, which `commit` replaced in `path`; another file has it.

    `commit` is None where the change that is judged did that.
    """

    path: str
    commit: str | None
