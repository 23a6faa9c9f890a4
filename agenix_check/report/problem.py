"""A finding as a problem that a server tracks from run to run: its text and its fingerprint.

Code scanning and GitLab compare two reports by fingerprints. If a fingerprint changed with each
rekey, every alert would close and open again; if two hosts shared one, the second would be hidden.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from types import MappingProxyType

from agenix_check.model.findings import Finding, Severity, finding_key
from agenix_check.report.escape import reversible, visible
from agenix_check.report.words import cause_title, subject
from agenix_check.rules import find_rule

_SAME_NODES: Mapping[str, str] = MappingProxyType({})

NOT_CHECKED = "not-checked"
"""The rule id for what could not be checked: an empty list would look as if nothing were wrong."""

_IDENT_IN_PATH = re.compile(r"(^|/)[0-9a-f]{32}-(?=[^/])")

# GitHub takes 1,024 characters: each part has a limit, so that no part pushes out another.
_LONGEST_SUBJECT = 160
_LONGEST_PROBLEM = 420
_LONGEST_CAUSE = 160
_LONGEST_MEND = 180


def describe_finding(
    finding: Finding,
    escape: Callable[[str], str] = str,
    *,
    files: str = "",
    names: Mapping[str, str] = _SAME_NODES,
) -> str:
    """Return which host and secret it is about, what is wrong, since when, and the fix.

    The first sentence makes sense alone, as some readers show no more. The command comes last,
    without a full stop. Names from the repository pass through `escape`; `files` is a sentence
    about related files, and `names` are those under which nodes are shown.
    """
    who = clip(escape(subject(finding, names)), _LONGEST_SUBJECT)
    text = f"{who}: {clip(_unended(escape(visible(finding.message))), _LONGEST_PROBLEM)}"
    if finding.cause is not None:
        text += f". {clip(escape(cause_title(finding.cause)), _LONGEST_CAUSE)}"
    if files:
        text += f". {files}"
    if not finding.mend:
        return f"{text}."
    mend = escape(visible(finding.mend))
    # A command that was cut off might do something else.
    whole = len(mend) <= _LONGEST_MEND
    return f"{text}. Fix: {mend if whole else f'see agenix-check explain {finding.rule}'}"


def describe_unchecked(sentence: str, escape: Callable[[str], str] = str) -> str:
    """Return a sentence about something that could not be checked."""
    return f"Could not check: {clip(_unended(escape(visible(sentence))), _LONGEST_PROBLEM)}."


def _unended(sentence: str) -> str:
    return sentence.removesuffix(".")


def clip(text: str, longest: int) -> str:
    """Cut a text that is longer than `longest` characters."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def with_fingerprints(findings: Iterable[Finding]) -> list[tuple[Finding, str]]:
    """Pair each finding with a fingerprint, which is unique and the same in every run.

    It is made from the rule, the node, the secret and the files; not from the message, nor from
    idents, which change with every rekey. Findings that are alike in all of these are numbered.
    """
    taken: Counter[tuple[str, ...]] = Counter()
    pairs = []
    for finding in sorted(findings, key=finding_key):
        identity = (
            finding.rule,
            finding.node or "",
            finding.secret or "",
            finding.source or "",
            _IDENT_IN_PATH.sub(r"\1", finding.path or ""),
        )
        taken[identity] += 1
        pairs.append((finding, _hash(*identity, str(taken[identity]))))
    return pairs


def fingerprint_unchecked(sentence: str) -> str:
    """Return the fingerprint of a sentence about something that could not be checked."""
    return _hash(NOT_CHECKED, sentence)


def _hash(*parts: str) -> str:
    return sha256(json.dumps([*map(reversible, parts)]).encode()).hexdigest()


def is_critical(finding: Finding) -> bool:
    """Return whether a secret is exposed."""
    return finding.severity is Severity.ERROR and find_rule(finding.rule).is_public
