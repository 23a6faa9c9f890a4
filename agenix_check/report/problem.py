"""A finding as a problem that a server keeps track of from run to run: what it says, who it is.

Code scanning and GitLab compare two reports by fingerprints. One that changed with each rekey
would close every alert and open it anew; one that two hosts share would hide the second.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from hashlib import sha256

from agenix_check.model.findings import Finding, Severity, finding_key
from agenix_check.report.escape import reversible, visible
from agenix_check.report.words import cause_title, subject
from agenix_check.rules import find_rule

NOT_CHECKED = "not-checked"
"""The rule of what could not be looked at: an empty list would read as if all were well."""

_IDENT = re.compile(r"(^|/)[0-9a-f]{32}-(?=[^/])")

# GitHub takes 1,024 characters: every part keeps some of them, however long the others are.
_LONGEST_SUBJECT = 160
_LONGEST_MESSAGE = 420
_LONGEST_CAUSE = 160
_LONGEST_MEND = 180


def describe_finding(
    finding: Finding, escape: Callable[[str], str] = str, *, files: str = ""
) -> str:
    """Say which host and secret it is about, what is wrong, since when, and what to type.

    The first sentence stands for itself where there is room for no more; the command comes last,
    so that no full stop gets into it. What a repository named passes through `escape`; `files` is
    what else there is to say of the files.
    """
    who = clip(escape(subject(finding, {})), _LONGEST_SUBJECT)
    text = f"{who}: {clip(_unended(escape(visible(finding.message))), _LONGEST_MESSAGE)}"
    if finding.cause is not None:
        text += f". {clip(escape(cause_title(finding.cause)), _LONGEST_CAUSE)}"
    if files:
        text += f". {files}"
    if not finding.mend:
        return f"{text}."
    mend = escape(visible(finding.mend))
    # A command that is cut short may do something else.
    whole = len(mend) <= _LONGEST_MEND
    return f"{text}. Mend: {mend if whole else f'see agenix-check explain {finding.rule}'}"


def describe_unchecked(sentence: str, escape: Callable[[str], str] = str) -> str:
    """Say what could not be looked at."""
    return f"Could not check: {clip(_unended(escape(visible(sentence))), _LONGEST_MESSAGE)}."


def _unended(sentence: str) -> str:
    return sentence.removesuffix(".")


def clip(text: str, longest: int) -> str:
    """Cut what is longer than this many characters."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def with_fingerprints(findings: Iterable[Finding]) -> list[tuple[Finding, str]]:
    """Pair each finding with what identifies it in every run; no two are the same.

    Neither idents, which change with every rekey, nor what is said go in: the rule, the node, the
    secret and the files do. Findings that are alike in these are numbered.
    """
    taken: Counter[tuple[str, ...]] = Counter()
    pairs = []
    for finding in sorted(findings, key=finding_key):
        identity = (
            finding.rule,
            finding.node or "",
            finding.secret or "",
            finding.source or "",
            _IDENT.sub(r"\1", finding.path or ""),
        )
        taken[identity] += 1
        pairs.append((finding, _hash(*identity, str(taken[identity]))))
    return pairs


def fingerprint_unchecked(sentence: str) -> str:
    """Return what identifies a sentence about what could not be looked at."""
    return _hash(NOT_CHECKED, sentence)


def _hash(*parts: str) -> str:
    return sha256(json.dumps([*map(reversible, parts)]).encode()).hexdigest()


def is_critical(finding: Finding) -> bool:
    """Return whether a secret lies open."""
    return finding.severity is Severity.ERROR and find_rule(finding.rule).is_public
