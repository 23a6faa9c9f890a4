"""Names and sentences as Markdown, from which no markup, link or mention can come.

A name is always a code span: nothing in one is read as Markdown or HTML, and neither GitHub nor
GitLab looks into one for users, issues, commits or addresses (escaping does not keep them from
that: they look at what is left when escapes are gone).
"""

import re

from agenix_check.report.escape import visible

_TICKS = re.compile("`+")

# What a sentence may hold to be shown as it is; whatever means something to somebody is not in it.
_PLAIN = re.compile(r"""[^\W_](?:[^\W_]|[ ,.;:()'"/+=…·-])*""")
_LINKED = re.compile(
    r"www\.|://|mailto:|xmpp:|:[\w+-]+:|\b(?:gh|ghsa|cve)-|\b(?!ed25519\b)[0-9a-f]{7,}\b",
    re.IGNORECASE,
)


def code(name: str) -> str:
    """Return a name as a code span."""
    text = visible(name) or " "
    fence = "`" * (max(map(len, _TICKS.findall(text)), default=0) + 1)
    # A space at both ends is taken off again; without, a backtick would join the fence.
    ends = {text[0], text[-1]}
    pad = " " if "`" in ends or (ends == {" "} and text.strip()) else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def cell(name: str) -> str:
    r"""Return a name as a code span for a table, whose readers disagree on how to escape a pipe."""
    return code(name).replace("|", r"\x7c")


def prose(sentence: str) -> str:
    """Return a sentence as it is where it holds nothing but words, else as a code span.

    It must not begin a line: a number would begin a list.
    """
    if _PLAIN.fullmatch(sentence) and not _LINKED.search(sentence):
        return sentence
    return code(sentence)


def fence_for(texts: list[str]) -> str:
    """Return the fence of a code block that none of these texts closes."""
    longest = max((len(run) for text in texts for run in _TICKS.findall(text)), default=0)
    return "`" * max(3, longest + 1)
