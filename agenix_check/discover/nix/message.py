"""Shorten Nix's message about a failure to one line, with the place in the repository."""

import re
from collections.abc import Container

_ESCAPE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b.")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_ERROR = re.compile(r"\s*error:\s*(\S.*)")
_PLACE = re.compile(r"\s*at (.+):(\d+):\d+:?\s*")

# What ends the text of a message: a place, a line of code, a stack frame, a footnote.
_OVER = re.compile(r"\s*(?:at .+:\d+:\d+:?|\d*\|.*|… .*|\(.*|Did you mean .*|For full logs.*)?\s*")
_ADVICE = re.compile(r" ?\(use '--(?:impure|show-trace)'[^)]*\)")
_ABORTED = re.compile(r"evaluation aborted with the following error message: '(.*?)'?")

# The tree that is evaluated, as a store path or as a URL, and any other store path.
_STORE_NAME = r"/[^\s'\"`«]*/[0-9a-z]{32}-"
_TREE = re.compile(rf"{_STORE_NAME}source/|«git\+file:[^»]*»/?")
_STORED = re.compile(_STORE_NAME)

# What Nix says if it needs the network, another lock file, or a newer version of itself.
UNFETCHED = re.compile(
    r"(?i:unable|failed) to (?:download|fetch)|cannot (?:download|fetch)"
    r"|program '?(?:git|hg)'? failed|transport '.*' not allowed"
    r"|Cannot find Git revision|Git repository .* does not exist"
)
UNLOCKED = re.compile(r"cannot update (?:unlocked )?flake input|requires lock file changes")
TOO_NEW = re.compile(r"unsupported \S* ?input attribute '|has unsupported version")

# An object that Git, and newer Nix by libgit2, does not find.
_ABSENT_OBJECT = re.compile(
    r"(?:(?:cannot|unable to) read '?|no match for id \()([0-9a-f]{40,64})\b"
)
_SHA256 = re.compile(r"hash '[0-9a-f]{64}' has wrong length")
_FLAKE_ADDRESS = re.compile(r"\bflake 'git\+file:[^']*'")
_LONGEST_SENTENCE = 300  # characters
_TOO_OLD = ("unrecognised flag '--extra-experimental-features'", "'eval' is not a recognised")


def is_too_old(complaint: str) -> bool:
    """Return whether Nix itself failed, not what it evaluates."""
    return any(sign in complaint for sign in _TOO_OLD)


def shorten(complaint: str, root: str = "", files: Container[str] = ()) -> str:
    """Return Nix's own sentence, with the place in the repository that it is about, if known.

    `root` is the store path of the repository's tree; `files` are the paths that it has.
    """
    lines = _ESCAPE.sub("", complaint).splitlines()
    starts = [number for number, line in enumerate(lines) if _ERROR.fullmatch(line)]
    if not starts:
        return _clean(next((line for line in reversed(lines) if line.strip()), "Nix failed"))
    start = starts[-1]
    text = _text(lines, start)
    if absent := _ABSENT_OBJECT.search(complaint):
        return f"the object {absent[1]} is not in this clone"
    if _SHA256.search(text):
        return "this Nix cannot read repositories with SHA-256 object names"
    if start and "program 'git' failed" in text:
        fatal = (line for line in lines[:start] if line.startswith("fatal: "))
        text = f"{next(fatal, lines[start - 1]).removeprefix('fatal: ')} ({text})"
    text = _clean(_relative(text, root))
    place = _place([*lines[start:], *reversed(lines[:start])], root, files)
    return f"{text} ({place})" if place and place not in text else text


def _text(lines: list[str], start: int) -> str:
    found = _ERROR.fullmatch(lines[start])
    parts = [found[1] if found else ""]
    for line in lines[start + 1 :]:
        if _OVER.fullmatch(line) and (line.strip() or not _is_open(parts)):
            break
        parts.append(line.strip())
    text = _ADVICE.sub("", " ".join(part for part in parts if part))
    aborted = _ABORTED.fullmatch(text)
    return aborted[1] if aborted else text


def _is_open(parts: list[str]) -> bool:
    """Return whether a quoted message is still open, so that an empty line does not end it."""
    return "error message: '" in parts[0] and not " ".join(parts).endswith("'")


def _place(lines: list[str], root: str, files: Container[str]) -> str | None:
    for line in lines:
        found = _PLACE.fullmatch(line)
        if found is None:
            continue
        if root and not found[1].startswith((f"{root}/", "«git+file:")):
            continue
        path = _relative(found[1], root)
        if path != found[1] and path in files:
            return f"{_clean(path)}:{found[2]}"
    return None


def _relative(text: str, root: str) -> str:
    """Remove the store path of the tree from a text."""
    if root:
        text = text.replace(f"{root}/", "")
    text = _FLAKE_ADDRESS.sub("the flake", text)
    return _TREE.sub("", text)


def _clean(text: str) -> str:
    text = _STORED.sub("", _CONTROL.sub(" ", text)).strip()
    return text if len(text) <= _LONGEST_SENTENCE else f"{text[: _LONGEST_SENTENCE - 1]}…"
