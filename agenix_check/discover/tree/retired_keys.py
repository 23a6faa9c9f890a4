"""Keys that history took out of files: whose they were, by the tags of their stanzas."""

import re
from typing import NamedTuple

from agenix_check.age import recipient_or_none, recipient_tag
from agenix_check.discover.tree.key_names import find_binding
from agenix_check.git.cache import Store
from agenix_check.git.paths import to_text
from agenix_check.git.process import Git, GitError

_DECLARED_KEY = re.compile(
    rb"ssh-(?:ed25519|rsa)[ \t]+AAAA[0-9A-Za-z+/]+={0,3}(?:[ \t]+[^\r\n\"\\']*)?"
    rb"|age1yubikey1[0-9a-z]+"
)
_LOG = (
    "log", "--format=%x00%H", "-p", "-U0", "--no-renames", "--no-textconv", "--no-ext-diff",
    "--no-show-signature", "--no-color", "--text", "--src-prefix=a/", "--dst-prefix=b/",
    "-GAAAA[BC]3NzaC1|age1yubikey1",
)  # fmt: skip
_FILES = ("*.nix", "*.pub", "*.json", "*.toml", "*.txt", "*.keys", "*authorized_keys*")
_MOST_READ = 1 << 26  # bytes of what history says of keys
_MOST_KEYS = 5000
_LONGEST_LINE = 1 << 16  # bytes; people write shorter ones
_STORED_RETIRED = "retired-keys"
_RETIRED_FORMAT = 1  # of the format of what is stored

_FlatRetired = dict[str, tuple[str | None, str, str]]  # by tag


class RetiredKey(NamedTuple):
    """A key that a commit took out of a file; `name` is what it was bound to, or its comment."""

    name: str | None
    path: str
    until: str


def find_retired(git: Git, tip: str, store: Store) -> dict[str, RetiredKey]:
    """Return the keys that history up to a commit took out of files, by the tags of stanzas.

    Of each the last time counts. Nothing where history is not all here: this names people, and
    decides nothing.
    """
    known = store.load(_STORED_RETIRED, dict[str, _FlatRetired], number=_RETIRED_FORMAT) or {}
    if tip in known:
        return {tag: RetiredKey(*one) for tag, one in known[tip].items()}
    matching = git.with_environment({"GIT_LITERAL_PATHSPECS": "0"})
    try:
        with matching.stream(*_LOG, tip, "--", *_FILES) as listing:
            found = _parse(listing.read(_MOST_READ))
    except GitError:
        found = {}
    store.save(
        _STORED_RETIRED,
        {tip: {tag: tuple(one) for tag, one in found.items()}},
        number=_RETIRED_FORMAT,
    )
    return found


def _parse(listing: bytes) -> dict[str, RetiredKey]:
    """Read diffs, the newest first: lines that begin with `-` were taken out."""
    found: dict[str, RetiredKey] = {}
    commit = path = ""
    for line in listing.split(b"\n"):
        if line.startswith(b"\0"):
            commit = to_text(line[1:])
        elif line.startswith(b"--- "):
            path = to_text(line[4:].strip(b'"\t').removeprefix(b"a/"))
        elif line.startswith(b"-") and len(line) <= _LONGEST_LINE:
            for match in _DECLARED_KEY.finditer(line):
                text = to_text(match[0]).strip()
                recipient = recipient_or_none(text)
                tag = None if recipient is None else recipient_tag(recipient)
                if tag is None or tag in found or len(found) >= _MOST_KEYS:
                    continue
                words = text.split(None, 2)
                comment = words[2].strip() if len(words) > 2 else None
                found[tag] = RetiredKey(find_binding(line[1:]) or comment, path, commit)
    return found
