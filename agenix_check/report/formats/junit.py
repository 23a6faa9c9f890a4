"""The report for CI servers that read JUnit: a suite for every node, a case for every output.

Plain agenix has a suite for every rules file, and a case for every file that it names.

Its readers differ. Of two cases with equal classname and name GitLab keeps one, and it shows only
the text inside an element; others show only `message`. Jenkins refuses a whole file for one bad
character; some fail on a file without suites, or on a name that is empty after trimming. So every
name is unique, printable and without blanks around it, and every text is given twice.

mikepenz/action-junit-report annotates `file` at `line`; without a line it searches the text for a
number. A case that fails names the file that a diff shows, at its first line: it may be binary.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from agenix_check.model.findings import (
    FileKind,
    Finding,
    JudgedFile,
    Report,
    Severity,
    Verdict,
)
from agenix_check.report.escape import inert_markup, visible
from agenix_check.report.finding_places import declared_in, shown_path
from agenix_check.report.owners import assign
from agenix_check.report.registry import Format, RenderOptions
from agenix_check.report.words import already_there, cause_title, not_compared, with_doubts

_REPOSITORY = "repository"


class _TestCase(NamedTuple):
    """One test case, in the order of cases; "" where something is not to be said.

    `place` distinguishes cases with equal names. `outcome` names the element in XML, except for
    `passed`, which has none; `file` is the file to show.
    """

    suite: str
    name: str
    place: str = ""
    message: str = ""
    body: str = ""
    outcome: str = "passed"
    file: str = ""


def render(report: Report, *, require_verified: bool, strict: bool) -> str:
    """Turn a report into JUnit XML; a case fails if it fails a run with these options."""
    report = with_doubts(report)
    names = report.node_names()
    judge = _Judge(report, names, strict=strict)
    shown = [f for f in report.findings if f.is_shown]
    by_file, others = assign(shown, report.files)
    cases = []
    for number, file in enumerate(report.files):
        suite = names[file.group] if file.kind is FileKind.OUTPUT else file.group
        case = _TestCase(suite, file.name, file.path, "", "", "passed", file.path)
        found = by_file.get(number)
        if found or file.verdict is not Verdict.OK:
            case = _file_case(case, file, found or [], judge, require_verified=require_verified)
        cases.append(case)
    somewhere = declared_in(report) or ""
    of_repository = [_completeness(report, somewhere)]
    of_repository += [_repository_case(finding, judge, names, somewhere) for finding in others]
    return _to_xml(_unique([*sorted(cases), *sorted(of_repository)]))


def _completeness(report: Report, somewhere: str) -> _TestCase:
    """Return a case that always exists, so that no file is without a suite."""
    file = somewhere if report.incomplete else ""
    case = _TestCase(suite=_REPOSITORY, name="everything could be checked", file=file)
    said = [f"skipped: {visible(sentence)}" for sentence in sorted(report.skipped)]
    said += [f"not compared: {visible(sentence)}" for sentence in not_compared(report)]
    skipped = "\n".join(said)
    if not report.incomplete:
        return _with(case, "passed", "", skipped)
    sentences = [f"could not check: {visible(sentence)}" for sentence in sorted(report.incomplete)]
    return _with(case, "error", "; ".join(sentences), "\n".join([*sentences, skipped]).rstrip())


def _repository_case(
    finding: Finding, judge: "_Judge", names: Mapping[str, str], somewhere: str
) -> _TestCase:
    whose = (names[finding.node] if finding.node else None, finding.secret)
    place = finding.path or finding.source or " ".join(filter(None, whose)) or "the repository"
    case = _TestCase(suite=_REPOSITORY, name=f"{finding.rule}: {place}", file=somewhere)
    return judge.case(case, [finding])


def _file_case(
    case: _TestCase,
    file: JudgedFile,
    findings: list[Finding],
    judge: "_Judge",
    *,
    require_verified: bool,
) -> _TestCase:
    by_verdict = _by_verdict(case, file, require_verified=require_verified)
    if not findings:
        return by_verdict
    judged = judge.case(case, findings)
    if judged.outcome != "failure" and file.verdict is Verdict.UNVERIFIABLE:
        outcome = judged.outcome if by_verdict.outcome == "passed" else by_verdict.outcome
        message = f"{by_verdict.message}; {judged.message}"
        return _with(case, outcome, message, f"{by_verdict.body}\n\n{judged.body}")
    return judged


def _by_verdict(case: _TestCase, file: JudgedFile, *, require_verified: bool) -> _TestCase:
    """Return the case of a file without findings."""
    if file.verdict is Verdict.OK:
        return case
    reason = visible(file.reason or "no reason is given")
    if file.verdict is Verdict.SKIPPED:
        return _with(case, "skipped", reason, reason)
    if file.verdict is Verdict.UNVERIFIABLE:
        text = f"unverifiable: {reason}"
        return _with(case, "failure" if require_verified else "passed", text, text)
    # It is wrong, and a setting silenced its findings: the case neither fails nor passes.
    text = f"wrong ({', '.join(sorted(file.rules))}), but no finding of it is reported"
    return _with(case, "skipped", text, text)


class _Judge:
    """Decides the outcome of cases with findings, as the run does."""

    def __init__(self, report: Report, names: Mapping[str, str], *, strict: bool) -> None:
        self._names = names
        self._tolerates = report.tolerates
        self._failing = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
        self._old = already_there(report)

    def case(self, case: _TestCase, findings: list[Finding]) -> _TestCase:
        """Return the case with its outcome: one that fails only for old findings is skipped."""
        failing = [one for one in findings if one.fails and one.severity in self._failing]
        outcome = "skipped" if failing else "passed"
        if not all(map(self._tolerates, failing)):
            outcome = "failure"
        message = "; ".join(f"{f.rule}: {visible(f.message)}" for f in findings)
        if outcome == "skipped":
            message = f"{self._old}: {message}"
        body = "\n\n".join(_describe(one, self._names, self._old) for one in findings)
        case = case._replace(file=shown_path(findings[0]) or case.file)
        return _with(case, outcome, message, body)


def _describe(finding: Finding, names: Mapping[str, str], old: str) -> str:
    lines = [f"{finding.severity}[{finding.rule}]: {visible(finding.message)}"]
    for label, value in (
        ("node", finding.node and names[finding.node]),
        ("secret", finding.secret),
        ("path", finding.path),
        ("source", finding.source),
    ):
        if value:
            lines.append(f"{label}: {visible(value)}")
    if finding.cause:
        lines.append(f"cause: {cause_title(finding.cause)}")
    if not finding.new:
        lines.append(old)
    if finding.mend:
        lines.append(f"fix: {visible(finding.mend)}")
    return "\n".join(lines)


def _with(case: _TestCase, outcome: str, message: str, body: str) -> _TestCase:
    return case._replace(outcome=outcome, message=message, body=body)


def _unique(cases: Iterable[_TestCase]) -> dict[str, list[_TestCase]]:
    """Escape the names, make equal ones different, and group the cases by suite."""
    suites: dict[str, list[_TestCase]] = defaultdict(list)
    taken: set[str] = set()
    last, suite, start = None, "", ""
    for case in cases:
        if case.suite != last:
            last, suite = case.suite, visible(case.suite).strip() or "(unnamed)"
            # GitLab identifies a case by the suite, the classname and the name in one.
            start = f"{suite}_{suite}_"
        place = visible(case.place).strip()
        plain = visible(case.name).strip() or place or "(unnamed)"
        name, number = plain, 1
        if start + name in taken and place:
            name = plain = f"{plain} ({place})"
        while start + name in taken:
            number += 1
            name = f"{plain} #{number}"
        taken.add(start + name)
        _, _, _, message, body, outcome, file = case
        shown = file if file == case.place == place else visible(file)
        suites[suite].append(_TestCase(suite, name, place, message, body, outcome, shown))
    return suites


def _to_xml(suites: Mapping[str, Sequence[_TestCase]]) -> str:
    """Write what junit-xml builds, as it does, but for two passes over the text.

    One would take out characters that XML does not have: `visible` left none. The other would
    print it prettily, with ten times the memory and otherwise with each version of Python.
    """
    from xml.etree.ElementTree import Element, tostring

    from junit_xml import TestSuite

    build = _builder()
    top = Element("testsuites")
    top.extend(
        TestSuite(name, list(map(build, cases))).build_xml_doc() for name, cases in suites.items()
    )
    for number in ("disabled", "errors", "failures", "tests"):
        top.set(number, str(sum(int(suite.get(number, "0")) for suite in top)))
    top.set("time", "0.0")  # how long a case took is not known
    # A "><" stands between two tags only: in texts and attributes it is "&gt;&lt;".
    lines = tostring(top, encoding="unicode").replace("><", ">\n<")
    lines = lines.encode("ascii", "xmlcharrefreplace").decode("ascii")
    return inert_markup(f'<?xml version="1.0" encoding="UTF-8"?>\n{lines}\n')


def _builder() -> Callable[[_TestCase], object]:
    from junit_xml import TestCase

    def build(case: _TestCase) -> object:
        line = 1 if case.file else None
        built = TestCase(case.name, classname=case.suite, file=case.file, line=line)
        if case.outcome == "failure":
            built.add_failure_info(message=case.message, output=case.body)
        elif case.outcome == "error":
            built.add_error_info(message=case.message, output=case.body)
        elif case.outcome == "skipped":
            built.add_skipped_info(message=case.message, output=case.body)
        elif case.body:
            built.stdout = case.body
        return built

    return build


def _render(report: Report, options: RenderOptions) -> str:
    return render(report, require_verified=options.require_verified, strict=options.strict)


FORMAT = Format(name="junit", audience="test tabs: a case for every output", render=_render)
