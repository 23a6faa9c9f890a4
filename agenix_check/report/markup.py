"""Names and sentences as Markdown, without any markup, link or mention of their own.

A name is always a code span: nothing in it is read as Markdown or HTML, and neither GitHub nor
GitLab searches it for users, issues, commits or addresses. Escaping would not prevent that: they
search the text after the escapes are removed.
"""

import re

from agenix_check.report.escape import visible

_TICKS = re.compile("`+")

# Characters that a sentence may have to stay unchanged: none that any Markdown reader treats.
_PLAIN = re.compile(r"""[^\W_](?:[^\W_]|[ ,.;:()'"/+=…·-])*""")
_LINKED = re.compile(
    r"www\.|://|mailto:|xmpp:|:[\w+-]+:|\b(?:gh|ghsa|cve)-|\b(?!ed25519\b)[0-9a-f]{7,}\b",
    re.IGNORECASE,
)


def code(name: str) -> str:
    """Return a name as a code span."""
    text = visible(name) or " "
    fence = "`" * (max(map(len, _TICKS.findall(text)), default=0) + 1)
    # Readers strip one space at both ends; without it, a backtick would join the fence.
    ends = {text[0], text[-1]}
    pad = " " if "`" in ends or (ends == {" "} and text.strip()) else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def cell(name: str) -> str:
    r"""Return a name as a code span for a table; readers disagree on how to escape a pipe."""
    return code(name).replace("|", r"\x7c")


def prose(sentence: str) -> str:
    """Return a sentence unchanged if it consists of words only, else as a code span.

    Do not put it at the start of a line: a number there would start a list.
    """
    if _PLAIN.fullmatch(sentence) and not _LINKED.search(sentence):
        return sentence
    return code(sentence)


def fence_for(texts: list[str]) -> str:
    """Return the fence of a code block that none of these texts closes."""
    longest = max((len(run) for text in texts for run in _TICKS.findall(text)), default=0)
    return "`" * max(3, longest + 1)
