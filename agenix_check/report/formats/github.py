"""The report for the log of GitHub Actions: annotations on what a diff shows, then the usual text.

The runner makes annotations of lines like `::error file=…,line=1,title=…::…`; how it reads them is
in actions/runner, ActionCommand.cs. Of each kind a step shows ten.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from agenix_check.model.findings import Cause, Finding, Report, Severity, finding_key
from agenix_check.model.frozen import frozen
from agenix_check.report.escape import inert, visible
from agenix_check.report.finding_places import shown_path
from agenix_check.report.formats import text
from agenix_check.report.grouping import rule_rank
from agenix_check.report.registry import Format, RenderOptions, Summary
from agenix_check.report.words import already_there, cause_title, subject
from agenix_check.rules import RULES, find_rule

_LEVELS = ("error", "warning", "notice")
_SHOWN_ANNOTATIONS = 10  # annotations of a kind that GitHub shows for a step
_PLACES = 3  # findings of one rule without a cause: up to this number, each is shown at its file
_SUBJECTS = 20
_LONGEST_ANNOTATION = 3900  # characters of a message: the runner cuts at 4096
_LONGEST_END = 1000  # of these, for how to fix it
_LONGEST_TITLE = 250  # of 255
_FIXES_IN_ANNOTATION = 3


@frozen
class _Note:
    """The findings of one annotation: of one rule, with one cause or at one file."""

    cause: Cause | None
    findings: tuple[Finding, ...]


def render(report: Report, *, verbose: bool, quiet: bool, said_apart: bool = False) -> str:
    """Turn a report into a log; its only commands are annotations."""
    names = report.node_names()
    lines = list(_incomplete(report.incomplete))
    end_of_old = already_there(report)
    for kind in _LEVELS:
        notes = _notes(finding for finding in report.findings if _kind(report, finding) == kind)
        room = _SHOWN_ANNOTATIONS - (len(lines) if kind == "error" else 0)
        lines += [_annotation(kind, note, names, end_of_old) for note in notes[:room]]
    log = text.render(report, color=False, verbose=verbose, quiet=quiet, said_apart=said_apart)
    return "".join(f"{line}\n" for line in lines) + log


def _kind(report: Report, finding: Finding) -> str | None:
    """Return the kind of annotation for a finding; notes have none, unless they must be seen."""
    if not finding.is_shown:
        return None
    is_notice = finding.severity is Severity.NOTE or report.tolerates(finding)
    return "notice" if is_notice else finding.severity.value


def _incomplete(sentences: Iterable[str]) -> Iterator[str]:
    """Make one error of everything that could not be checked."""
    shown = [visible(sentence) for sentence in sorted(sentences)]
    if shown:
        title = "agenix-check could not check everything"
        yield _command("error", None, title, _cut("\n".join(_some(shown)), _LONGEST_ANNOTATION))


def _notes(findings: Iterable[Finding]) -> list[_Note]:
    """Group findings into annotations, the most important first."""
    by_rule: dict[tuple[bool, str, Cause | None], list[Finding]] = defaultdict(list)
    for finding in sorted(findings, key=finding_key):
        by_rule[finding.new, finding.rule, _visible_cause(finding)].append(finding)
    notes = []
    for (_, _, cause), members in by_rule.items():
        by_place: dict[str | None, list[Finding]] = defaultdict(list)
        for finding in members:
            by_place[shown_path(finding)].append(finding)
        apart = by_place.values() if len(by_place) <= _PLACES else [members]
        notes += [_Note(cause=cause, findings=tuple(one)) for one in apart]
    return sorted(notes, key=_by_severity)


def _visible_cause(finding: Finding) -> Cause | None:
    """Return the cause, unless it is a changed output, which no diff shows."""
    cause = finding.cause
    return cause if cause is not None and cause.path == shown_path(finding) else None


def _by_severity(note: _Note) -> tuple[bool, bool, int, tuple[int, str], str]:
    first = note.findings[0]
    # A secret that strangers can read comes before one that a host cannot read.
    exposed = find_rule(first.rule).is_public
    place = shown_path(first) or ""
    return (not first.new, not exposed, -len(note.findings), rule_rank(first.rule), place)


def _annotation(kind: str, note: _Note, names: dict[str, str], end_of_old: str) -> str:
    first = note.findings[0]
    if note.cause is not None:
        about = cause_title(note.cause)
    else:
        about = RULES[first.rule].title if first.rule in RULES else "it is not as it should be"
    last = [] if first.new else [end_of_old]
    mends = list(dict.fromkeys(f.mend for f in note.findings if f.mend))
    last += [f"fix: {visible(mend)}" for mend in mends[:_FIXES_IN_ANNOTATION]]
    end = "".join(f"\n{line}" for line in last)[:_LONGEST_END]
    message = _cut("\n".join(_message(note.findings, names)), _LONGEST_ANNOTATION - len(end)) + end
    return _command(kind, shown_path(first), f"{first.rule}: {about}", message)


def _message(findings: tuple[Finding, ...], names: dict[str, str]) -> list[str]:
    """Return what is wrong, and where; a message that all findings share comes once."""
    messages = {finding.message for finding in findings}
    if len(messages) > 1:
        return _some([f"{subject(f, names)}: {visible(f.message)}" for f in findings])
    subjects = _some(list(dict.fromkeys(subject(f, names) for f in findings)))
    return [visible(messages.pop()), ", ".join(subjects)]


def _some(shown: list[str]) -> list[str]:
    more = len(shown) - _SUBJECTS
    return [*shown[:_SUBJECTS], f"and {more} more"] if more > 0 else shown


def _command(name: str, file: str | None, title: str, message: str) -> str:
    place = f"file={_property(visible(file))},line=1," if file else ""
    return (
        f"::{name} {place}title={_property(_cut(title, _LONGEST_TITLE))}::{_data(inert(message))}"
    )


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text.replace("##[", r"\x23#[")).replace(":", "%3A").replace(",", "%2C")


def _render(report: Report, options: RenderOptions) -> str:
    return render(
        report, verbose=options.verbose, quiet=options.quiet, said_apart=options.said_apart
    )


FORMAT = Format(
    name="github",
    audience="the log of GitHub Actions, where it is the default: annotations in the diff, "
    "and `markdown` on the page of the run",
    render=_render,
    history=False,
    plan="text",  # github is the default there: whoever asks for a plan did not ask for annotations
    summary=Summary(
        variable="GITHUB_STEP_SUMMARY",
        format="markdown",
        most=250_000,
        whole=1_000_000,  # GitHub shows none over 1 MiB
    ),
)
