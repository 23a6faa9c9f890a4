"""The page without its script: the verdict, the causes, and the commands that fix them."""

from collections import Counter
from collections.abc import Iterator

from markupsafe import Markup

from agenix_check.model.findings import Counts, Fix, Report, Verdict
from agenix_check.model.frozen import frozen
from agenix_check.report.access.access_html import sentences_of, tables_of
from agenix_check.report.access.access_words import ChangeInWords, change_in_words
from agenix_check.report.escape import visible
from agenix_check.report.formats.html.groups import GroupOnPage, as_lines, groups
from agenix_check.report.formats.html.plain_tables import PlainTable, plain_tables
from agenix_check.report.formats.html.rule_sections import RuleOnPage, rules_of
from agenix_check.report.formats.html.tables import TableOnPage
from agenix_check.report.formats.html.verdict import facts, headline, most_useful, shares, state_of
from agenix_check.report.words import already_there, not_compared, summary

_READERS = 60  # of one secret that are listed
_FIXED = 50  # fixes that are listed one by one


@frozen
class Row:
    """One node in numbers, for browsers without scripts."""

    node: str
    verdicts: tuple[int, ...]


@frozen
class Page:
    """Everything that the template prints."""

    state: str
    headline: str
    summary: str
    mend: str | None
    counts: Counts
    shares: tuple[tuple[str, int, float, float], ...]
    facts: tuple[tuple[str, str, str | None], ...]
    names: dict[str, str]
    new: tuple[GroupOnPage, ...]
    old: tuple[GroupOnPage, ...]
    old_title: str
    notes: tuple[GroupOnPage, ...]
    rows: tuple[Row, ...]
    plain: tuple[PlainTable, ...]
    fixed: tuple[Fix, ...]
    other_fixed: Markup
    access: tuple[ChangeInWords, ...]
    readers: tuple[TableOnPage, ...]
    readers_say: tuple[str, ...]
    incomplete: tuple[str, ...]
    skipped: tuple[str, ...]
    rules: tuple[RuleOnPage, ...]
    keyless: bool


def make_page(report: Report, *, strict: bool, require_verified: bool) -> Page:
    """Return the page of a report."""
    state = state_of(report, strict=strict, require_verified=require_verified)
    names = report.node_names()
    shown = [one for one in report.findings if one.is_shown]
    fixed = sorted(report.fixed, key=lambda one: one.order)
    return Page(
        state=state,
        headline=headline(report, state),
        summary=summary(report, verbose=True),
        mend=most_useful(shown),
        counts=report.counts,
        shares=tuple(shares(report.counts)),
        facts=tuple(facts(report)),
        names=names,
        new=groups((one for one in shown if one.new), names),
        old=groups((one for one in shown if not one.new), names),
        old_title=already_there(report).capitalize(),
        notes=groups((one for one in report.findings if not one.is_shown), names),
        rows=tuple(_rows(report, names)),
        plain=tuple(plain_tables(report.plain)),
        fixed=tuple(fixed[:_FIXED]),
        other_fixed=as_lines(visible(f"{one.action}  {one.path}") for one in fixed[_FIXED:]),
        access=tuple(change_in_words(report.access)) if report.access else (),
        readers=tables_of(report.readers, _READERS) if report.readers else (),
        readers_say=sentences_of(report.readers),
        incomplete=tuple(sorted(report.incomplete)),
        skipped=(
            *sorted(report.skipped),
            *(f"not compared: {one}" for one in not_compared(report)),
        ),
        rules=tuple(rules_of(report)),
        keyless=report.decrypted is None and not report.fixed,
    )


def _rows(report: Report, names: dict[str, str]) -> Iterator[Row]:
    verdicts: dict[str, Counter[Verdict]] = {}
    for one in report.outputs:
        verdicts.setdefault(one.node, Counter())[one.verdict] += 1
    bad = (Verdict.WRONG, Verdict.UNVERIFIABLE)
    worst_first = sorted(
        verdicts.items(), key=lambda one: (*(-one[1][verdict] for verdict in bad), one[0])
    )
    for node, numbers in worst_first:
        yield Row(node=names[node], verdicts=tuple(numbers[verdict] for verdict in Verdict))
