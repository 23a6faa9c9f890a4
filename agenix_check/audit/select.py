"""Select the findings that count: by ignore rules, --node and --secret, and --new-from."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from agenix_check.model.findings import Counts, Finding, JudgedFile, Report, Verdict
from agenix_check.model.settings import Ignore, Settings
from agenix_check.rules import find_rule

_BrokenRule = tuple[str | None, str | None, str]  # a node, a secret, and the rule that it breaks


def select(report: Report, settings: Settings, known: Report | None = None) -> Report:
    """Return the report with only the findings that count; `known` has what was wrong before.

    Ignored findings are counted. The verdict of an output depends on the rules that are left.
    """
    restricted = settings.node or settings.secret
    if not (restricted or settings.ignore or known):
        return report
    wanted = [one for one in report.findings if is_wanted(one, settings)]
    if known is not None:
        old = {_identity(one) for one in known.findings}
        wanted = [one for one in wanted if _identity(one) not in old]
    kept = []
    silenced: dict[_BrokenRule, str] = {}
    for finding in wanted:
        rule = next((rule for rule in settings.ignore if _is_meant(finding, rule)), None)
        if rule is None:
            kept.append(finding)
        else:
            silenced[finding.node, finding.secret, finding.rule] = rule.reason
    outputs = [_without(one, silenced) for one in report.outputs if is_wanted(one, settings)]
    return replace(
        report,
        findings=tuple(kept),
        files=(*outputs, *report.plain),
        counts=Counts.of(outputs, kept, ignored=len(wanted) - len(kept)),
    )


def _without(output: JudgedFile, silenced: Mapping[_BrokenRule, str]) -> JudgedFile:
    """Remove the silenced rules from an output; if it broke no other, it is skipped."""
    where = output.node, output.secret
    rules = tuple(rule for rule in output.rules if (*where, rule) not in silenced)
    if rules == output.rules:
        return output
    if rules or output.verdict is not Verdict.WRONG:
        return output._replace(rules=rules)
    reason = silenced[*where, output.rules[0]]
    return output._replace(rules=(), verdict=Verdict.SKIPPED, reason=f"ignored: {reason}")


def is_wanted(one: Finding | JudgedFile, settings: Settings) -> bool:
    """Return whether something belongs to the nodes and secrets that the run is restricted to."""
    return is_node(one.node, settings.node) and matches(one.secret, settings.secret)


def is_node(name: str | None, globs: Sequence[str]) -> bool:
    """Match a node by its name or, if that is a directory, by a part of it, as text shows it."""
    return matches(name, globs) or (
        name is not None and any(matches(part, globs) for part in name.split("/"))
    )


def matches(name: str | None, globs: Sequence[str]) -> bool:
    """Return whether a name matches one of the globs; without globs every name does."""
    return not globs or (name is not None and any(fnmatchcase(name, glob) for glob in globs))


def is_ignored(finding: Finding, ignore: Sequence[Ignore]) -> bool:
    """Return whether an entry of `ignore` switches a finding off."""
    return any(_is_meant(finding, rule) for rule in ignore)


def _is_meant(finding: Finding, rule: Ignore) -> bool:
    return (
        finding.rule == rule.rule
        and (rule.path is None or matches(finding.path, (rule.path,)))
        and (rule.node is None or is_node(finding.node, (rule.node,)))
    )


def _identity(finding: Finding) -> tuple[str, str | None, str | None]:
    rule = "unexplained" if find_rule(finding.rule).unexplained else finding.rule
    return rule, finding.path, finding.node
