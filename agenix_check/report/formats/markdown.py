"""The report for the summary of a CI job, or a comment on a pull request.

The most important parts come first. A report that would be too long is cut at the end of an item:
the services that it is posted to refuse a text that is too long.
"""

from collections import Counter
from collections.abc import Iterable

from agenix_check.model.access import AccessChange
from agenix_check.model.findings import Finding, Report, Verdict
from agenix_check.report.access.access_words import change_in_words
from agenix_check.report.bounded_text import BoundedText, Section
from agenix_check.report.escape import visible
from agenix_check.report.grouping import Block, Group, group
from agenix_check.report.markup import cell, code, fence_for, prose
from agenix_check.report.registry import Format, RenderOptions
from agenix_check.report.words import (
    already_there,
    cause_title,
    not_compared,
    quantity,
    summary,
)
from agenix_check.rules import RULES

LIMIT = 60_000  # bytes: GitHub takes 65,536 characters for a comment

_OPEN = 5  # entries of one list that are not folded
_MOST_LISTED = 100  # entries of one list that are there at all
_FIXES_IN_MARKDOWN = 10


def render(
    report: Report,
    *,
    strict: bool = False,
    require_verified: bool = False,
    verbose: bool = False,
    limit: int = LIMIT,
) -> str:
    """Turn a report into Markdown of at most `limit` bytes of UTF-8.

    The verdict is that of a run with these options; `verbose` adds notes.
    """
    failed = report.fail(strict=strict, require_verified=require_verified)
    page = BoundedText(_verdict(report, failed=failed), limit)
    writer = _MarkdownWriter(report, verbose=verbose)
    # Filled in order of importance: each section takes at most its share of the room left.
    incomplete = page.section(1 / 4, writer.incomplete)
    access = page.section(1 / 4, writer.access)
    mends = page.section(1 / 8, writer.mends)
    fixed = page.section(1 / 8, writer.fixed)
    skipped = page.section(1 / 8, writer.skipped)
    tables = page.section(1 / 3, writer.tables)
    findings = page.section(1, writer.findings)
    return page.text(incomplete, access, findings, mends, fixed, tables, skipped)


def _verdict(report: Report, *, failed: bool) -> str:
    if report.incomplete:
        words = "could not check everything"
        words = f"❌ agenix-check failed, and {words}" if failed else f"⚠️ agenix-check {words}"
    else:
        words = "❌ agenix-check failed" if failed else "✅ agenix-check passed"
    return f"### {words}: {prose(summary(report, verbose=True))}\n"


class _MarkdownWriter:
    """Each method fills one section."""

    def __init__(self, report: Report, *, verbose: bool) -> None:
        self._report = report
        self._names = report.node_names()
        self._old_title = already_there(report).capitalize()
        shown = [f for f in report.findings if verbose or f.is_shown]
        self._new = group(f for f in shown if f.new)
        self._old = group(f for f in shown if not f.new)

    def incomplete(self, section: Section) -> None:
        """What could not be checked."""
        sentences = sorted(self._report.incomplete)
        lines = (f"- could not check: {prose(sentence)}\n" for sentence in sentences)
        head, tail = _fold(len(sentences), f"Could not check {len(sentences)} things")
        section.add(lines, len(sentences), "sentence", head=head, tail=tail, most=_MOST_LISTED)

    def access(self, section: Section) -> None:
        """Who gains and who loses what: a review begins there, whatever the verdict is."""
        for one in change_in_words(self._report.access or AccessChange()):
            lines = (
                f"- {code(name)}: {', '.join(map(code, secrets))}\n"
                for name, secrets in one.readers
            )
            total = len(one.readers)
            head, tail = _fold(total, quantity(total, "reader"))
            head = f"\n#### {one.title}\n{head}"
            section.add(lines, total, "reader", head=head, tail=tail, most=_MOST_LISTED)

    def findings(self, section: Section) -> None:
        """What this change broke; then what was wrong before, folded."""
        self._groups(section, self._new)
        if self._old:
            total = sum(len(block.findings) for one in self._old for block in one.blocks)
            head, tail = _folded(f"{self._old_title}: {quantity(total, 'finding')}")
            section.enclose(head[:-1], lambda inner: self._groups(inner, self._old), tail)

    def mends(self, section: Section) -> None:
        """What to type, as one block to copy."""
        mends = list(dict.fromkeys(m for one in (*self._new, *self._old) for m in one.mends))
        lines = [f"{visible(mend)}\n" for mend in mends[:_FIXES_IN_MARKDOWN]]
        fence = fence_for(lines)
        head, tail, more = f"\nTo fix:\n\n{fence}sh\n", f"{fence}\n", "# and {} more like these\n"
        section.add(lines, len(mends), "command", head=head, tail=tail, more=more)

    def fixed(self, section: Section) -> None:
        """What was fixed."""
        fixed = sorted(self._report.fixed, key=lambda fix: fix.order)
        lines = (
            f"- {fix.action} {self._names_of(fix.node, fix.secret, fix.path)}\n" for fix in fixed
        )
        head, tail = _fold(len(fixed), quantity(len(fixed), "file"))
        head = f"\n#### Fixed\n{head}"
        section.add(lines, len(fixed), "fixed file", head=head, tail=tail, most=_MOST_LISTED)

    def tables(self, section: Section) -> None:
        """How many outputs of each node, and files of each rules file, have which verdict."""
        outputs = ((self._names[output.node], output.verdict) for output in self._report.outputs)
        plain = ((one.group, one.verdict) for one in self._report.plain)
        _table(section, "node", "outputs", outputs)
        _table(section, "rules file", "files", plain)

    def skipped(self, section: Section) -> None:
        """What was skipped on purpose, and what could not be verified."""
        unjudged = Counter(
            (output.verdict, output.reason or "no reason is given")
            for output in self._report.outputs
            if output.verdict in (Verdict.SKIPPED, Verdict.UNVERIFIABLE)
        )
        lines = [f"- skipped: {prose(sentence)}\n" for sentence in sorted(self._report.skipped)]
        rest = not_compared(self._report)
        lines += [f"- not compared: {prose(sentence)}\n" for sentence in rest]
        lines += [
            f"- {quantity(number, 'output')} {verdict}: {prose(reason)}\n"
            for (verdict, reason), number in sorted(unjudged.items())
        ]
        head, tail = _fold(len(lines), f"Skipped or unverifiable for {len(lines)} reasons")
        section.add(lines, len(lines), "sentence", head=head, tail=tail, most=_MOST_LISTED)

    def _groups(self, section: Section, groups: Iterable[Group]) -> None:
        for one in groups:
            rule = one.blocks[0].rule
            title = RULES[rule].title if rule in RULES else rule
            about = cause_title(one.cause, code) if one.cause else prose(title)
            heading = f"\n#### {about}\n"
            for block in one.blocks:
                self._block(section, block, heading)
                heading = ""

    def _block(self, section: Section, block: Block, heading: str) -> None:
        lines = (self._finding(finding, block) for finding in block.findings)
        total = len(block.findings)
        head, tail = _fold(total, quantity(total, "finding"))
        label = f"**{block.severity}** {code(block.rule)}: {prose(block.headline)}"
        head = f"{heading}\n{label}\n{head}"
        section.add(lines, total, "finding", head=head, tail=tail, most=_MOST_LISTED)

    def _finding(self, finding: Finding, block: Block) -> str:
        names = self._names_of(finding.node, finding.secret, finding.path or finding.source)
        if block.shared:
            return f"- {names}\n" if names else ""
        return f"- {names or 'the fleet'}: {prose(finding.message)}\n"

    def _names_of(self, node: str | None, secret: str | None, path: str | None) -> str:
        names = (self._names.get(node, node) if node else None, secret, path)
        return " · ".join(code(name) for name in names if name)


def _fold(total: int, title: str) -> tuple[str, str]:
    """Return what goes before and after a list; a long one is folded."""
    return _folded(title) if total > _OPEN else ("\n", "")


def _folded(title: str) -> tuple[str, str]:
    """Return what goes before and after folded Markdown."""
    return f"\n<details><summary>{title}</summary>\n\n", "\n</details>\n"


def _table(
    section: Section, first: str, second: str, verdicts: Iterable[tuple[str, Verdict]]
) -> None:
    """Add a table with a row for each name, those with what is wrong first."""
    counted = Counter(verdicts)
    rows: dict[str, Counter[Verdict]] = {}
    for (name, verdict), number in counted.items():
        rows.setdefault(name, Counter())[verdict] = number
    names = sorted(rows, key=lambda name: (not rows[name][Verdict.WRONG], name))
    lines = (
        f"| {' | '.join([cell(name or '.'), *map(str, _numbers(rows[name]))])} |\n"
        for name in names
    )
    titles = (first, second, *Verdict)
    head, tail = _fold(len(names), quantity(len(names), first))
    head += f"| {' | '.join(titles)} |\n| --- |{' ---: |' * (len(titles) - 1)}\n"
    section.add(lines, len(names), first, head=head, tail=tail, more="\nand {} more\n")


def _numbers(verdicts: Counter[Verdict]) -> list[int]:
    return [verdicts.total(), *(verdicts[verdict] for verdict in Verdict)]


def _render(report: Report, options: RenderOptions) -> str:
    return render(
        report,
        strict=options.strict,
        require_verified=options.require_verified,
        verbose=options.verbose,
        limit=LIMIT if options.limit is None else options.limit,
    )


FORMAT = Format(name="markdown", audience="a summary, a comment", render=_render)
