"""What a change of the settings would hide, as the settings of its base see it."""

from collections.abc import Iterator

from agenix_check.audit.judged import make_finding
from agenix_check.audit.select import is_ignored, is_wanted
from agenix_check.model.findings import Finding, JudgedFile, Report, Severity, Verdict
from agenix_check.model.frozen import frozen
from agenix_check.model.settings import FailOn, Settings, SettingsChange

_MOST_NAMED = 5  # things named in the message
_LONGEST_ONE = 120  # characters of one of them


@frozen(kw_only=False)
class Seen:
    """What the audit finds with some settings.

    `findings` include those that the settings hide. `report` is None where nothing could be looked
    at, and `why_not` says why.
    """

    settings: Settings
    findings: tuple[Finding, ...] = ()
    report: Report | None = None
    why_not: str | None = None

    @property
    def files(self) -> frozenset[tuple[str, str]]:
        """Every file that is judged, by what it belongs to."""
        return frozenset(
            (one.group, one.name) for one in (self.report.files if self.report else ())
        )

    def shown(self) -> Iterator[Finding]:
        """Yield the findings that these settings show."""
        for one in self.findings:
            if is_wanted(one, self.settings) and not is_ignored(one, self.settings.ignore):
                yield one

    def fails(self, finding: Finding) -> bool:
        """Return whether these settings let a finding fail the run."""
        if finding.severity is Severity.NOTE or not finding.fails:
            return False
        if finding.severity is Severity.WARNING and not self.settings.strict:
            return False
        return finding.new or self.settings.fail_on is not FailOn.NEW

    def unverifiable(self) -> Iterator[JudgedFile]:
        """Yield the files that fail because they cannot be verified."""
        if self.report is not None and self.settings.require_verified:
            yield from (f for f in self.report.files if f.verdict is Verdict.UNVERIFIABLE)


def judge_change(change: SettingsChange, now: Seen, then: Seen) -> Finding:
    """Return the finding about a change of the settings: a warning where it would hide something.

    It never fails a run: what is hidden is shown, so that whoever merges it can decide.
    """
    what = f"this change edits {', '.join(change.keys)}"
    hidden = list(dict.fromkeys(_hidden(now, then)))
    if not hidden:
        message, severity = f"{what}; that hides nothing that is wrong here", Severity.NOTE
    else:
        named = "; ".join(
            one if len(one) <= _LONGEST_ONE else f"{one[:_LONGEST_ONE]}…"
            for one in hidden[:_MOST_NAMED]
        )
        more = f"; and {len(hidden) - _MOST_NAMED} more" if len(hidden) > _MOST_NAMED else ""
        message, severity = f"{what}; that hides: {named}{more}", Severity.WARNING
    return make_finding(
        "settings-changed", message, path=change.path, severity=severity, fails=False
    )


def _hidden(now: Seen, then: Seen) -> Iterator[str]:
    if then.why_not is not None:
        yield f"everything, because nothing could be checked: {then.why_not}"
        return
    shown = {_identity(one): one for one in then.shown()}
    for one in now.shown():
        still = shown.get(_identity(one))
        place = " ".join(filter(None, (one.rule, one.path or one.node)))
        if still is None:
            yield place
        elif now.fails(one) and not then.fails(still):
            yield f"{place}, which would not fail"
    if unseen := now.files - then.files:
        yield f"{len(unseen)} of {len(now.files)} files, which would not be judged"
    spared = sum(1 for _ in now.unverifiable()) - sum(1 for _ in then.unverifiable())
    if spared > 0:
        yield f"{spared} unverifiable outputs, which would not fail"
    if now.report is not None and then.report is not None:
        for sentence in now.report.incomplete:
            if sentence not in then.report.incomplete:
                yield f"that something could not be checked: {sentence}"


def _identity(finding: Finding) -> tuple[str, str | None, str | None, str | None]:
    return finding.rule, finding.path, finding.node, finding.secret
