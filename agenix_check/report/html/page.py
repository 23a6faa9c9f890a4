"""What the page tells without its script: the verdict, the causes, and what mends them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from textwrap import dedent

from markupsafe import Markup, escape

from agenix_check.finding import Counts, Finding, Fix, PlainResult, Report, Severity, Verdict
from agenix_check.report.compared import not_compared
from agenix_check.report.escape import visible
from agenix_check.report.grouping import Block, Group, group, rule_rank
from agenix_check.report.words import cause_title, count, is_green, short_names, summary
from agenix_check.rules import RULES, Rule

_LISTED = 10  # findings of a block that are listed; the others are lines of text
_MENDS = 3
_SHORT = 12  # hexadecimal digits of an object id
_KINDS = {"index": "what is staged", "commit": "a commit", "worktree": "the work tree"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """Findings as they are shown: the first few apart, and lines of text for all the others."""

    first: tuple[Finding, ...]
    others: int
    lines: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockOnPage:
    """Findings of one rule under one headline."""

    block: Block
    items: Items


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupOnPage:
    """What follows from one cause, and what to type; `title` says what happened, if it is known."""

    title: str | None
    blocks: tuple[BlockOnPage, ...]
    mends: tuple[str, ...]
    other_mends: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One node in numbers, for who has no script."""

    node: str
    verdicts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleOnPage:
    """A rule at length: headings with their paragraphs, of which some are for typing."""

    rule: Rule
    sections: tuple[tuple[str, tuple[tuple[bool, Markup], ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """All that the template prints.

    `state` is `good`, `warned`, `failed` or `unknown` and `headline` says so; `shares` are the
    verdicts with how many outputs have them, and where they begin and end on a scale of 100.
    """

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
    notes: tuple[GroupOnPage, ...]
    rows: tuple[Row, ...]
    plain: tuple[PlainResult, ...]
    fixed: tuple[Fix, ...]
    incomplete: tuple[str, ...]
    skipped: tuple[str, ...]
    rules: tuple[RuleOnPage, ...]


def make_page(report: Report, *, strict: bool, require_verified: bool) -> Page:
    """Work out what the page says of a report."""
    state = _state(report, strict=strict, require_verified=require_verified)
    nodes = {one.node for one in report.outputs} | {one.node for one in report.findings if one.node}
    names = short_names(nodes)
    told = [one for one in report.findings if one.severity is not Severity.NOTE]
    return Page(
        state=state,
        headline=_headline(report, state),
        summary=summary(report, verbose=True),
        mend=_mend(told),
        counts=report.counts,
        shares=tuple(_shares(report.counts)),
        facts=tuple(_facts(report)),
        names=names,
        new=_groups((one for one in told if one.new), names),
        old=_groups((one for one in told if not one.new), names),
        notes=_groups((one for one in report.findings if one.severity is Severity.NOTE), names),
        rows=tuple(_rows(report, names)),
        plain=tuple(sorted(report.plain, key=lambda one: (one.rules_file, one.path))),
        fixed=tuple(sorted(report.fixed, key=lambda one: (one.node or "", one.path, one.action))),
        incomplete=tuple(sorted(report.incomplete)),
        skipped=(
            *sorted(report.skipped),
            *(f"not compared: {sentence}" for sentence in not_compared(report)),
        ),
        rules=tuple(_rules(report)),
    )


def _state(report: Report, *, strict: bool, require_verified: bool) -> str:
    counts = report.counts
    if counts.errors or (strict and counts.warnings):
        return "failed"
    if require_verified and counts.unverifiable:
        return "failed"
    if report.incomplete or not _has_any(report):
        return "unknown"
    return "good" if is_green(report) else "warned"


def _has_any(report: Report) -> bool:
    return bool(report.outputs or report.plain or report.findings)


def _headline(report: Report, state: str) -> str:
    """Say in one sentence what the run found, and no more."""
    counts = report.counts
    if not _has_any(report):
        return "There was nothing to check"
    if counts.wrong:
        said = f"{counts.wrong} of {count(counts.outputs, 'output')} {_are(counts.wrong)} wrong"
    elif counts.errors or counts.warnings:
        parts = [(counts.errors, "error"), (counts.warnings, "warning")]
        said = " and ".join(count(number, noun) for number, noun in parts if number)
    elif state == "failed":
        said = f"{count(counts.unverifiable, 'output')} cannot be verified"
    else:
        said = "Nothing is wrong"
    return f"{said}, and not everything could be checked" if report.incomplete else said


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _mend(findings: Iterable[Finding]) -> str | None:
    """Return what mends the most of what is wrong."""
    mends = Counter(one.mend for one in findings if one.mend)
    return min(mends, key=lambda mend: (-mends[mend], mend)) if mends else None


def _shares(counts: Counts) -> Iterator[tuple[str, int, float, float]]:
    done = 0
    for verdict in Verdict:
        number: int = getattr(counts, verdict.value)
        scale = 100 / max(counts.outputs, 1)
        yield verdict.value, number, round(done * scale, 3), round(number * scale, 3)
        done += number


def _facts(report: Report) -> Iterator[tuple[str, str, str | None]]:
    """Give what was judged: a name, its value, and the whole of a value that is shortened."""
    snapshot, fleet = report.snapshot, report.fleet
    yield "checked", _KINDS.get(snapshot.kind, snapshot.kind), None
    for name in ("commit", "tree", "base"):
        value: str | None = getattr(snapshot, name)
        if value:
            yield name, value[:_SHORT], value
    if fleet.inventory == "names":
        yield "known from", "file names, which do not tell all", None
    else:
        yield "known from", fleet.inventory + ("" if fleet.complete else ", not all of it"), None
    yield "nodes", str(fleet.nodes), None
    yield "secrets", str(fleet.secrets), None


def _groups(findings: Iterable[Finding], names: dict[str, str]) -> tuple[GroupOnPage, ...]:
    return tuple(_group(one, names) for one in group(findings))


def _group(one: Group, names: dict[str, str]) -> GroupOnPage:
    mends = one.mends
    return GroupOnPage(
        title=cause_title(one.cause) if one.cause else None,
        blocks=tuple(BlockOnPage(block=block, items=_items(block, names)) for block in one.blocks),
        mends=mends[:_MENDS],
        other_mends=_lines(map(visible, mends[_MENDS:])),
    )


def _items(block: Block, names: dict[str, str]) -> Items:
    others = block.findings[_LISTED:]
    return Items(
        first=block.findings[:_LISTED],
        others=len(others),
        lines=_lines(_line(one, names, shared=block.shared) for one in others),
    )


def _line(finding: Finding, names: dict[str, str], *, shared: bool) -> str:
    node = names[finding.node] if finding.node else ""
    parts = (
        node, finding.secret or "", finding.path or finding.source or "",
        "" if shared else finding.message,
    )  # fmt: skip
    return "  ".join(visible(part) for part in parts if part)


def _lines(lines: Iterable[str]) -> Markup:
    """Join lines that are printable already; a template would make their ends visible."""
    return escape("\n".join(lines))


def _rows(report: Report, names: dict[str, str]) -> Iterator[Row]:
    verdicts: dict[str, Counter[Verdict]] = {}
    for one in report.outputs:
        verdicts.setdefault(one.node, Counter())[one.verdict] += 1
    for node, numbers in sorted(verdicts.items()):
        yield Row(node=names[node], verdicts=tuple(numbers[verdict] for verdict in Verdict))


def _rules(report: Report) -> Iterator[RuleOnPage]:
    """Give the rules that the page names, to be told at length."""
    broken = {one.rule for one in report.findings}
    broken.update(rule for one in report.outputs for rule in one.rules)
    broken.update(rule for one in report.plain for rule in one.rules)
    for rule in sorted(broken & RULES.keys(), key=rule_rank):
        yield _told(RULES[rule])


def _told(rule: Rule) -> RuleOnPage:
    sections = (
        ("What it means", rule.meaning),
        ("Why it matters", rule.why),
        ("How to mend it", rule.mend),
    )
    return RuleOnPage(
        rule=rule,
        sections=tuple(
            (heading, tuple(map(_paragraph, text.split("\n\n")))) for heading, text in sections
        ),
    )


def _paragraph(text: str) -> tuple[bool, Markup]:
    """Return whether a paragraph is for typing, and its text; what is, keeps its lines."""
    is_code = text.startswith(" ")
    return is_code, escape(dedent(text) if is_code else " ".join(text.split()))
