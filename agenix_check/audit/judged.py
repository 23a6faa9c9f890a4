"""What the rules give: findings, and the files that were judged.

A finding's severity comes from its rule.
"""

from typing import NamedTuple

from agenix_check.discover.tree.naming import OutputFile
from agenix_check.errors import shorten_text
from agenix_check.model.findings import Cause, Finding, JudgedFile, Severity
from agenix_check.model.fleet import Output
from agenix_check.model.frozen import frozen

# Why a file could not be judged that some programs read and others refuse.
NOT_FOR_ALL = "not every program reads its form"


@frozen(kw_only=False)
class Judged:
    """A file that should be there, with its verdict, and what is wrong with it."""

    result: JudgedFile
    findings: tuple[Finding, ...] = ()


class AboutOutput(NamedTuple):
    """A finding, and the output that it is about."""

    finding: Finding
    output: OutputFile


def make_finding(
    rule: str,
    message: str,
    *,
    path: str | None = None,
    output: Output | None = None,
    node: str | None = None,
    secret: str | None = None,
    source: str | None = None,
    severity: Severity | None = None,
    new: bool = True,
    cause: Cause | None = None,
    since: str | None = None,
    mend: str | None = None,
    fails: bool = True,
) -> Finding:
    """Return a finding of a rule; `output` fills in its node, secret, source and path."""
    from agenix_check.rules import RULES  # a tree in order breaks none

    if output is not None:
        node, secret = output.node, output.secret
        source = source or output.source
        path = path or output.path
    return Finding(
        rule=rule,
        severity=severity or RULES[rule].severity,
        message=shorten_text(message),
        path=path,
        node=node,
        secret=secret,
        source=source,
        new=new,
        cause=cause,
        since=since,
        mend=mend,
        fails=fails,
    )
