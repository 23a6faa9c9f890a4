"""Findings in the order that people read: by cause, the worst first."""

import re
from collections import defaultdict
from collections.abc import Iterable

from agenix_check.model.findings import Cause, Finding, Severity, finding_key
from agenix_check.model.frozen import frozen
from agenix_check.rules import RULES

SEVERITY_RANK = {severity: rank for rank, severity in enumerate(Severity)}
# A command about one file, which is a plain word or fully quoted.
_ONE_FILE = re.compile(
    r"(?P<command>([^#]+  # [^:]+: )?git (rm|rm -f|rm -r -f|add|add -f|"
    r"restore --source=[0-9a-f]+ --staged --worktree) --) "
    r"(?P<file>(?!-)[\w@%+=:,./-]+|'[^']*'|\$'(?:[^'\\]|\\.)*')"
)
_FILES_IN_COMMAND = 10  # that one command names
_RULE_RANK = {rule: rank for rank, rule in enumerate(RULES)}


@frozen
class Block:
    """Findings of one rule and severity under one headline.

    `shared` says that the headline is the message of all of them; otherwise it is the title of the
    rule, and each finding shows its own message.
    """

    rule: str
    severity: Severity
    headline: str
    shared: bool
    findings: tuple[Finding, ...]


@frozen
class Group:
    """Findings with one cause or, if no cause is known, of one rule."""

    cause: Cause | None
    blocks: tuple[Block, ...]
    mends: tuple[str, ...]


def importance(finding: Finding) -> tuple[int, bool, tuple[int, str], tuple[str, ...]]:
    """Sort key for readers that show only the first few: errors first, new before old."""
    severity = SEVERITY_RANK[finding.severity]
    return (severity, not finding.new, rule_rank(finding.rule), finding_key(finding))


def rule_rank(rule: str) -> tuple[int, str]:
    """Sort key of a rule: the order of the catalogue; unknown rules come last, by name."""
    return (_RULE_RANK.get(rule, len(_RULE_RANK)), rule)


def group(findings: Iterable[Finding]) -> list[Group]:
    """Group findings by cause, or by rule if there is no cause; errors first."""
    by_cause: dict[Cause | str, list[Finding]] = defaultdict(list)
    for finding in sorted(findings, key=finding_key):
        by_cause[finding.cause or finding.rule].append(finding)
    groups = [_group(members) for members in by_cause.values()]
    return sorted(groups, key=_group_key)


def _group(findings: list[Finding]) -> Group:
    by_rule: dict[tuple[Severity, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        by_rule[finding.severity, finding.rule].append(finding)
    blocks = [block for members in by_rule.values() for block in _blocks(members)]
    return Group(
        cause=findings[0].cause,
        blocks=tuple(sorted(blocks, key=_block_key)),
        mends=gather_mends(finding.mend for finding in findings),
    )


def gather_mends(mends: Iterable[str | None]) -> tuple[str, ...]:
    """Return each fix once; join those that remove or add one file.

    A command names up to `_FILES_IN_COMMAND` files.
    """
    places: dict[str, list[list[str]]] = defaultdict(list)
    shown: list[str | list[str]] = []
    for mend in dict.fromkeys(filter(None, mends)):
        known = _ONE_FILE.fullmatch(mend)
        if known is None:
            shown.append(mend)
            continue
        rows = places[known["command"]]
        if not rows or len(rows[-1]) > _FILES_IN_COMMAND:
            rows.append([known["command"]])
            shown.append(rows[-1])
        rows[-1].append(known["file"])
    return tuple(one if isinstance(one, str) else " ".join(one) for one in shown)


def _blocks(findings: list[Finding]) -> list[Block]:
    by_message: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_message[finding.message].append(finding)
    # Use a headline for every message only if that is shorter than a message for every finding.
    if len(by_message) == 1 or 2 * len(by_message) <= len(findings):
        return [_block(members, message) for message, members in by_message.items()]
    return [_block(findings, None)]


def _block(findings: list[Finding], message: str | None) -> Block:
    first = findings[0]
    known = RULES.get(first.rule)
    return Block(
        rule=first.rule,
        severity=first.severity,
        headline=message or (known.title if known else first.rule),
        shared=message is not None,
        findings=tuple(findings),
    )


def _block_key(block: Block) -> tuple[int, tuple[int, str], str]:
    return (SEVERITY_RANK[block.severity], rule_rank(block.rule), block.headline)


def _group_key(group: Group) -> tuple[int, int, tuple[int, str], str, str, str, str]:
    worst = group.blocks[0]
    severity = SEVERITY_RANK[worst.severity]
    if group.cause is None:
        return (severity, 1, rule_rank(worst.rule), "", "", "", "")
    cause = group.cause
    return (severity, 0, (0, ""), cause.path, cause.kind, cause.commit or "", cause.binding or "")
