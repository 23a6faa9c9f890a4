"""Making findings: the weight comes from the rule, the words of the mend from here."""

import shlex

from agenix_check.finding import Cause, Finding, Severity
from agenix_check.fleet import Output
from agenix_check.rules import RULES

REKEY = "agenix rekey -a"


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
    mend: str | None = None,
) -> Finding:
    """Return a finding of a rule; `output` fills in its node, secret, source and path."""
    if output is not None:
        node, secret = output.node, output.secret
        source = source or output.source
        path = path or output.path
    return Finding(
        rule=rule,
        severity=severity or RULES[rule].severity,
        message=message,
        path=path,
        node=node,
        secret=secret,
        source=source,
        new=new,
        cause=cause,
        mend=mend,
    )


def rekey_again(path: str) -> str:
    """Return what to type where a file's name is right and its content is not.

    agenix-rekey looks at names only, so the file has to go before it is made anew.
    """
    return f"rm {shell(path)} && {REKEY}"


def remove(path: str) -> str:
    """Return what to type to take a file out of the tree."""
    return f"git rm {shell(path)}"


def add(path: str) -> str:
    """Return what to type to stage a file, an ignored one too."""
    return f"git add -f {shell(path)}"


def shell(path: str) -> str:
    """Quote a path for a shell; `--` guards one that looks like an option."""
    quoted = shlex.quote(path)
    return f"-- {quoted}" if path.startswith("-") else quoted
