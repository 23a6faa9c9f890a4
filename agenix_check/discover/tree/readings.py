"""How a fleet reads a key from a file of keys: as a whole, trimmed, or a part of it.

The text that outputs are made for says it only in part: a file without a newline at its end is the
same, as a whole and trimmed.
"""

from enum import IntEnum

from agenix_check.discover.tree.evidence import Evidence
from agenix_check.discover.tree.key_texts import KeyTexts


class Reading(IntEnum):
    """What was done to a file's text; the smaller, the less."""

    WHOLE = 0
    TRIMMED = 1
    PART = 2


def readings(whole: str) -> tuple[str, str, str]:
    """Return what a fleet may take a file's text for: as it is, without its newline, trimmed."""
    return whole, whole.removesuffix("\n"), whole.strip()


def reading(fact: object, text: str) -> Reading | None:
    """Return the least that was done to a file's text to have a key; None where it has it not.

    None also where the file is none of keys alone: what is done there is not known.
    """
    if not isinstance(fact, KeyTexts) or fact.whole is None:
        return None
    if text == fact.whole:
        return Reading.WHOLE
    if text in readings(fact.whole):
        return Reading.TRIMMED
    return Reading.PART if text in fact.texts() else None


def best_reading(tree: Evidence, key: str) -> Reading | None:
    """Return the least that was done to have a key, by digest, from any file of a tree.

    None where another file has it too, such as a module: there it may be a string.
    """
    text, paths = tree.keys[key]
    if text is None or not paths:
        return None
    found = [reading(tree.facts.get(path), text) for path in paths]
    return None if None in found else min(one for one in found if one is not None)
