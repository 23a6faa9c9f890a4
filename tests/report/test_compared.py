"""Outputs that were not compared with their sources: every format shows the same of them."""

import pytest
from junitparser import JUnitXml

from agenix_check.model.findings import Decrypted, NotCompared, Report, Verdict
from agenix_check.model.frozen import replace
from agenix_check.report.formats import html, junit
from agenix_check.report.words import with_doubts
from tests.report.sample import ALPHA, BETA, GREEN, output, path_of, report
from tests.report.test_html import Reader

REASON = "no identity opens its source"


def sample() -> Report:
    """Return outputs of every verdict, of each of which one was compared and one was not."""
    files = [
        output(node, verdict.value, verdict, *rules, reason=reason)
        for node in (ALPHA, BETA)
        for verdict, rules, reason in (
            (Verdict.OK, (), None),
            (Verdict.WRONG, ("output-stale",), None),
            (Verdict.UNVERIFIABLE, (), "anonymous recipients"),
            (Verdict.SKIPPED, (), "it is a placeholder"),
        )
    ]
    rest = tuple(
        NotCompared(BETA, verdict.value, path_of(BETA, verdict.value), verdict, REASON)
        for verdict in Verdict
    )
    return replace(report(*files), decrypted=Decrypted(compared=4, not_compared=rest))


def test_one_that_looks_right_is_unverifiable() -> None:
    before, after = sample(), with_doubts(sample())

    changed = [
        (one.node, one.secret, one.verdict, one.reason)
        for one, other in zip(after.outputs, before.outputs, strict=True)
        if one != other
    ]
    assert changed == [(BETA, "ok", Verdict.UNVERIFIABLE, f"not compared: {REASON}")]
    assert (after.counts.ok, after.counts.unverifiable) == (1, 3)
    assert (before.counts.ok, before.counts.unverifiable) == (2, 2)


def test_without_decrypting_nothing_is_doubted() -> None:
    assert with_doubts(GREEN) is GREEN


@pytest.mark.parametrize("require_verified", [False, True])
def test_junit_and_the_page_agree(require_verified: bool) -> None:
    page = html.render(sample(), "1", strict=False, require_verified=require_verified)
    fleet = Reader(page).fleet()
    on_page = {
        (node[0], fleet["secrets"][row[0]]): (fleet["verdicts"][row[1]], fleet["about"][row[3]][4])
        for node in fleet["nodes"]
        for row in node[-1]
    }
    xml = junit.render(sample(), strict=False, require_verified=require_verified)
    in_tab = {
        (str(suite.name), str(case.name)): case
        for suite in JUnitXml.fromstring(xml.encode())
        for case in suite
        if case.name != "everything could be checked"
    }

    assert on_page.keys() == in_tab.keys()
    for place, (verdict, reason) in on_page.items():
        case = in_tab[place]
        said = (case.system_out or "") + "".join(one.text or "" for one in case.result)
        assert (verdict == "unverifiable") == ("unverifiable: " in said), place
        assert (reason or "") in said
        if require_verified:
            assert case.is_failure == (verdict == "unverifiable"), place
