"""Long lists for a terminal: folded where names say less than a number, wrapped at its width."""

import re
from collections.abc import Collection, Sequence

_FEW = 4  # names that are shown one by one, whatever they are
_MOST_MISSING = 3
_IN_BACKTICKS = re.compile("`[^`]+`")
_NO_BREAK = "\0"  # no name is shown with one


def all_or_names(names: Sequence[str], everyone: Collection[str], noun: str) -> str:
    """Return names in one line: `all 40 nodes` where these are all, `38 of 40 nodes (not …)`."""
    missing = sorted(set(everyone) - set(names))
    if len(everyone) > _FEW and set(names) <= set(everyone) and len(missing) <= _MOST_MISSING:
        if not missing:
            return f"all {len(everyone)} {noun}s"
        if len(names) > 2 * _FEW:
            return f"{len(names)} of {len(everyone)} {noun}s (not {', '.join(missing)})"
    return ", ".join(names)


def wrap_prose(text: str, width: int, indent: str = "    ", command: str = "") -> list[str]:
    """Break a text as `wrap_words` does, but for commands: those in backticks, and one at its end.

    `command` is that one; whoever copies it gets it whole.
    """
    if len(text) + len(command) <= width:
        return [text + command]
    whole = _IN_BACKTICKS.sub(lambda found: found[0].replace(" ", _NO_BREAK), text)
    lines = wrap_words(whole + command.replace(" ", _NO_BREAK), width, indent)
    return [line.replace(_NO_BREAK, " ") for line in lines]


def wrap_words(text: str, width: int, indent: str = "    ") -> list[str]:
    """Break a text at blanks into lines of this many columns; longer words stay whole."""
    if len(text) <= width:
        return [text]
    from textwrap import wrap  # most lines are short

    return wrap(
        text,
        width,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
