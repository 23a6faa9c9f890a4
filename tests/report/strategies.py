"""Reports that nobody would write by hand."""

from hypothesis import strategies as st

from agenix_check.model.findings import Cause, CauseKind, Finding, Report, Severity, Verdict
from agenix_check.rules import RULES
from tests.report.sample import output, report

NAMES = st.one_of(
    st.text(st.characters(), max_size=20),
    st.text(
        alphabet="./:%#?'\"<>&[](){}0\\\x00\x1b\n\r\t\u202e\udcff\ud800é\U0001f511 ", max_size=12
    ),
    st.binary(max_size=20).map(lambda raw: raw.decode("utf-8", "surrogateescape")),
    st.just("a" * 3000),
)

FINDINGS = st.builds(
    Finding,
    rule=st.sampled_from([*RULES, "not-in-the-catalogue"]),
    severity=st.sampled_from(Severity),
    message=NAMES,
    path=st.none() | NAMES,
    node=st.none() | NAMES,
    secret=st.none() | NAMES,
    source=st.none() | NAMES,
    new=st.booleans(),
    cause=st.none()
    | st.builds(
        Cause, kind=st.sampled_from(CauseKind), path=NAMES, commit=st.none() | st.just("1a" * 20)
    ),
    mend=st.none() | NAMES,
)


def _report(
    findings: list[Finding], incomplete: list[str], skipped: list[str], names: list[str]
) -> Report:
    outputs = [
        output(node, secret, verdict, "output-stale", reason=node)
        for node, secret, verdict in zip(names, names[::-1], list(Verdict) * 2, strict=False)
    ]
    return report(
        *outputs,
        findings=tuple(findings),
        incomplete=tuple(incomplete),
        skipped=tuple(skipped),
    )


REPORTS = st.builds(
    _report,
    st.lists(FINDINGS, max_size=4),
    st.lists(NAMES, max_size=2),
    st.lists(NAMES, max_size=2),
    st.lists(NAMES, max_size=4),
)
