"""The report for CI servers that read JUnit: a suite for every node, a case for every output.

Plain agenix has a suite for every rules file, and a case for every file that it names.

Its readers are particular. GitLab keeps one of two cases with equal classname and name and shows
only the text inside an element; others show only `message`; Jenkins refuses a whole file for one
bad character; some fail on a file without suites. So every name is unique and printable, and
every text is given twice.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from agenix_check.finding import Finding, OutputResult, PlainResult, Report, Severity, Verdict
from agenix_check.report.escape import visible
from agenix_check.report.grouping import SEVERITY_RANK, finding_key, rule_rank
from agenix_check.report.words import cause_title

_REPOSITORY = "repository"
_TAG = re.compile(r"<(?=/?testsuite|/?testcase|failure|error|skipped|system-out)")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One test case; `outcome` is the element that tells how it went, `passed` is none."""

    suite: str
    name: str
    file: str | None
    outcome: str = "passed"
    message: str = ""
    body: str = ""


def render(report: Report, *, require_verified: bool, strict: bool) -> str:
    """Turn a report into JUnit XML; what fails here is what fails the run with these options."""
    failing = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    told = [f for f in report.findings if f.severity != Severity.NOTE]
    by_output, others = _assign(told, report.outputs)
    by_plain, others = _assign_plain(others, report.plain)
    cases = [_completeness(report)]
    cases += [
        _plain_case(plain, by_plain.get(number, []), failing)
        for number, plain in enumerate(report.plain)
    ]
    cases += [_repository_case(finding, failing) for finding in others]
    for number, output in enumerate(report.outputs):
        found = by_output.get(number, [])
        cases.append(_output_case(output, found, failing, require_verified=require_verified))
    return _to_xml(_unique(sorted(cases, key=_case_key)))


def _assign(
    findings: Iterable[Finding], outputs: tuple[OutputResult, ...]
) -> tuple[dict[int, list[Finding]], list[Finding]]:
    """Give each finding to the output that breaks its rule, by its number; return the rest."""
    by_place: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, output in enumerate(outputs):
        if output.rules:
            by_place[output.node, output.secret, output.path].append(number)
            by_place[output.node, output.secret].append(number)
            by_place[output.path,].append(number)
    assigned: dict[int, list[Finding]] = defaultdict(list)
    others = []
    for finding in sorted(findings, key=_worst_first):
        node, secret, path = finding.node or "", finding.secret or "", finding.path or ""
        candidates = (
            number
            for place in ((node, secret, path), (node, secret), (path,))
            for number in by_place.get(place, ())
            if finding.rule in outputs[number].rules
        )
        owner = next(candidates, None)
        if owner is None:
            others.append(finding)
        else:
            assigned[owner].append(finding)
    return assigned, others


def _assign_plain(
    findings: Iterable[Finding], plain: tuple[PlainResult, ...]
) -> tuple[dict[int, list[Finding]], list[Finding]]:
    """Do the same for files of plain agenix; one that is in two rules files, by what is said."""
    assigned: dict[int, list[Finding]] = defaultdict(list)
    others = []
    for finding in findings:
        owners = [
            (one.rules_file not in finding.message, number)
            for number, one in enumerate(plain)
            if one.path == finding.path and finding.rule in one.rules
        ]
        if owners:
            assigned[min(owners)[1]].append(finding)
        else:
            others.append(finding)
    return assigned, others


def _completeness(report: Report) -> _Case:
    """Make the case that is always there, so that no file is without a suite."""
    case = _Case(suite=_REPOSITORY, name="everything could be checked", file=None)
    skipped = "\n".join(f"skipped: {visible(sentence)}" for sentence in sorted(report.skipped))
    if not report.incomplete:
        return _with(case, "passed", "", skipped)
    sentences = [f"could not check: {visible(sentence)}" for sentence in sorted(report.incomplete)]
    return _with(case, "error", "; ".join(sentences), "\n".join([*sentences, skipped]).rstrip())


def _repository_case(finding: Finding, failing: set[Severity]) -> _Case:
    names = (finding.node, finding.secret)
    place = finding.path or finding.source or " ".join(filter(None, names)) or "the repository"
    case = _Case(suite=_REPOSITORY, name=f"{finding.rule}: {place}", file=finding.path)
    return _judged(case, [finding], failing)


def _output_case(
    output: OutputResult, findings: list[Finding], failing: set[Severity], *, require_verified: bool
) -> _Case:
    case = _Case(suite=output.node, name=output.secret, file=output.path)
    by_verdict = _by_verdict(case, output, require_verified=require_verified)
    if not findings:
        return by_verdict
    judged = _judged(case, findings, failing)
    if judged.outcome == "passed" and output.verdict is Verdict.UNVERIFIABLE:
        message = f"{by_verdict.message}; {judged.message}"
        return _with(case, by_verdict.outcome, message, f"{by_verdict.body}\n\n{judged.body}")
    return judged


def _plain_case(plain: PlainResult, findings: list[Finding], failing: set[Severity]) -> _Case:
    case = _Case(suite=plain.rules_file, name=plain.path, file=plain.path)
    if findings:
        return _judged(case, findings, failing)
    if plain.verdict is Verdict.UNVERIFIABLE:
        text = "unverifiable: whom its stanzas are for shows in part only, or not at all"
        return _with(case, "passed", text, text)
    if plain.verdict is Verdict.OK:
        return case
    text = f"{', '.join(sorted(plain.rules))}, but no finding of it is reported"
    return _with(case, "skipped", text, text)


def _by_verdict(case: _Case, output: OutputResult, *, require_verified: bool) -> _Case:
    """Make the case of an output of which nothing is reported."""
    reason = visible(output.reason or "no reason is given")
    if output.verdict is Verdict.SKIPPED:
        return _with(case, "skipped", reason, reason)
    if output.verdict is Verdict.UNVERIFIABLE:
        text = f"unverifiable: {reason}"
        return _with(case, "failure" if require_verified else "passed", text, text)
    if output.verdict is Verdict.WRONG:
        # A setting silenced its findings: neither a failure of this run nor a pass.
        text = f"wrong ({', '.join(sorted(output.rules))}), but no finding of it is reported"
        return _with(case, "skipped", text, text)
    return case


def _judged(case: _Case, findings: list[Finding], failing: set[Severity]) -> _Case:
    outcome = "failure" if any(f.severity in failing for f in findings) else "passed"
    message = "; ".join(f"{f.rule}: {visible(f.message)}" for f in findings)
    return _with(case, outcome, message, "\n\n".join(map(_tell, findings)))


def _tell(finding: Finding) -> str:
    lines = [f"{finding.severity}[{finding.rule}]: {visible(finding.message)}"]
    for label, value in (
        ("node", finding.node),
        ("secret", finding.secret),
        ("path", finding.path),
        ("source", finding.source),
    ):
        if value:
            lines.append(f"{label}: {visible(value)}")
    if finding.cause:
        lines.append(f"cause: {cause_title(finding.cause)}")
    if not finding.new:
        lines.append("already so before this change")
    if finding.mend:
        lines.append(f"mend: {visible(finding.mend)}")
    return "\n".join(lines)


def _with(case: _Case, outcome: str, message: str, body: str) -> _Case:
    return replace(case, outcome=outcome, message=message, body=body)


def _worst_first(finding: Finding) -> tuple[int, tuple[int, str], tuple[str, ...]]:
    return (SEVERITY_RANK[finding.severity], rule_rank(finding.rule), finding_key(finding))


def _case_key(case: _Case) -> tuple[bool, str, str, str, str]:
    return (case.suite == _REPOSITORY, case.suite, case.name, case.file or "", case.message)


def _unique(cases: list[_Case]) -> dict[str, list[_Case]]:
    """Escape the names, tell equal ones apart, and gather the cases by suite."""
    suites: dict[str, list[_Case]] = defaultdict(list)
    taken: set[tuple[str, str]] = set()
    for case in cases:
        suite = visible(case.suite) or "(unnamed)"
        file = visible(case.file) if case.file else None
        plain = visible(case.name) or file or "(unnamed)"
        name, number = plain, 1
        if (suite, name) in taken and file:
            name = plain = f"{plain} ({file})"
        while (suite, name) in taken:
            number += 1
            name = f"{plain} #{number}"
        taken.add((suite, name))
        suites[suite].append(replace(case, suite=suite, name=name, file=file))
    return suites


def _to_xml(suites: dict[str, list[_Case]]) -> str:
    from junit_xml import TestSuite, to_xml_report_string

    built = [TestSuite(name, list(map(_built, cases))) for name, cases in suites.items()]
    # Its own pretty printer needs ten times the memory and depends on the version of Python.
    xml: str = to_xml_report_string(built, prettyprint=False)
    # A "<" is always a tag here: in texts and attributes it is "&lt;".
    lines = _TAG.sub("\n<", xml)
    return f'<?xml version="1.0" encoding="UTF-8"?>{lines}\n'


def _built(case: _Case) -> object:
    from junit_xml import TestCase

    built = TestCase(case.name, classname=case.suite, file=case.file)
    if case.outcome == "failure":
        built.add_failure_info(message=case.message, output=case.body)
    elif case.outcome == "error":
        built.add_error_info(message=case.message, output=case.body)
    elif case.outcome == "skipped":
        built.add_skipped_info(message=case.message, output=case.body)
    elif case.body:
        built.stdout = case.body
    return built
