"""The report for a terminal: what changed, which hosts it affects, and what to type.

It is for somebody in a hurry: each cause is one heading, a line starts with node and secret, paths
are complete because people copy them, and the last line sums up.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from agenix_check.model.findings import (
    Finding,
    Fix,
    JudgedFile,
    Report,
    Severity,
    Verdict,
    finding_key,
)
from agenix_check.report.escape import BOLD, CYAN, GREEN, RED, inert, paint, visible
from agenix_check.report.registry import DEFAULT_WIDTH, Format, RenderOptions
from agenix_check.report.words import (
    already_there,
    cause_title,
    is_green,
    not_compared,
    subject,
    summary,
    with_doubts,
)

if TYPE_CHECKING:
    from agenix_check.report.grouping import Block, Group

# What orders findings is imported where there are some: a tree in order has none.

_WIDEST_COLUMN = 28
_FOLDED_SUBJECTS = 3
_UNFOLDED_FIXES = 20
_UNFOLDED_FINDINGS = 20  # of a block
_FIXES_IN_TEXT = 3
_NOT_SHOWN_BY_NAMES = (
    "not shown by names: secrets that are declared and were never rekeyed (--inventory nix knows)"
)

_SEVERITY_COLOR = {Severity.ERROR: RED, Severity.WARNING: "1;33", Severity.NOTE: "1;36"}


def render(
    report: Report,
    *,
    color: bool,
    verbose: bool,
    quiet: bool,
    failing: bool = False,
    said_apart: bool = False,
    width: int = DEFAULT_WIDTH,
) -> str:
    """Turn a report into text; `quiet` leaves errors and warnings only, so maybe nothing.

    `failing`: the run fails, maybe for what is no finding, so nothing may look green. `said_apart`:
    what could not be checked stands elsewhere. `width` is how many columns a sentence may have.
    """
    writer = _TextWriter(report, color=color, verbose=verbose, failing=failing, width=width)
    incomplete = [] if said_apart else writer.incomplete()
    sections = [*writer.findings(), incomplete]
    if not quiet:
        sections[:0] = [writer.fixed()]
        sections[-1:] = [
            writer.unjudged(), writer.skipped(), writer.not_compared(), incomplete,
            writer.access(), writer.explained(), writer.summary(),
        ]  # fmt: skip
    filled = [section for section in sections if section]
    if not filled:
        return ""
    # A blank line separates sections, but not the single lines at the end.
    text = filled[0]
    for before, section in pairwise(filled):
        loose = len(before) > 1 or len(section) > 1
        text = [*text, *([""] if loose else []), *section]
    return inert("\n".join(text) + "\n")


class _TextWriter:
    """Each method returns the lines of one section."""

    def __init__(
        self, report: Report, *, color: bool, verbose: bool, failing: bool, width: int
    ) -> None:
        self._report = report
        self._width = width
        self._failing = failing
        self._color = color
        self._verbose = verbose

    @cached_property
    def _names(self) -> Mapping[str, str]:
        """What the nodes are called."""
        return self._report.node_names()

    def findings(self) -> Iterator[list[str]]:
        """What this change broke, in full; then what was wrong before, folded.

        Without a change there is nothing to tell it from, so all is shown in full.
        """
        shown = [f for f in self._report.findings if self._verbose or f.is_shown]
        if not shown:
            return
        from agenix_check.report.grouping import group

        if not self._report.snapshot.has_change:
            yield from map(self._group, group(shown))
            return
        yield from map(self._group, group(f for f in shown if f.new))
        old = [f for f in shown if not f.new]
        if not old:
            return
        heading = self._paint(already_there(self._report).capitalize(), BOLD)
        if self._verbose:
            yield [heading]
            yield from map(self._group, group(old))
        else:
            yield [heading, *self._folded(old)]

    def fixed(self) -> list[str]:
        """What was fixed."""
        if not self._report.fixed:
            return []
        fixed = sorted(self._report.fixed, key=lambda fix: fix.order)
        folds = len(fixed) > _UNFOLDED_FIXES and not self._verbose
        rows = self._fixes_by_secret(fixed) if folds else [
            (fix.action, self._node(fix.node), visible(fix.secret or ""), visible(fix.path))
            for fix in fixed
        ]  # fmt: skip
        widths = _widths(rows)
        heading = self._paint("Fixed", GREEN) + (" (-v unfolds)" if folds else "")
        return [heading, *(f"  {_row(row, widths)}" for row in rows)]

    def _fixes_by_secret(self, fixed: Iterable[Fix]) -> list[tuple[str, ...]]:
        """Fold the fixes: a row for each secret, or for each file without a node."""
        nodes: dict[tuple[str, str], list[str]] = defaultdict(list)
        for fix in fixed:
            nodes[fix.action, fix.secret or fix.path].append(self._node(fix.node))
        return [
            (action, visible(name), str(len(shown)), _several(list(filter(None, shown))))
            for (action, name), shown in sorted(nodes.items())
        ]

    def unjudged(self) -> list[str]:
        """With -v, the outputs that could not be verified or were skipped, and why."""
        if not self._verbose:
            return []
        by_reason: dict[tuple[str, str], list[JudgedFile]] = defaultdict(list)
        for output in self._report.outputs:
            if output.verdict in (Verdict.UNVERIFIABLE, Verdict.SKIPPED):
                by_reason[output.verdict, output.reason or ""].append(output)
        lines = []
        for (verdict, reason), outputs in sorted(by_reason.items()):
            lines.append(self._paint(verdict, BOLD) + (f": {visible(reason)}" if reason else ""))
            rows = sorted((self._node(o.node), visible(o.secret), visible(o.path)) for o in outputs)
            widths = _widths(rows)
            lines += [f"  {_row(row, widths)}" for row in rows]
        plain = [one for one in self._report.plain if one.verdict is Verdict.UNVERIFIABLE]
        for reason in sorted({one.reason or "" for one in plain}):
            why = f": {visible(reason)}" if reason else ""
            lines.append(self._paint(Verdict.UNVERIFIABLE, BOLD) + why)
            lines += [
                f"  {visible(one.path)}  {visible(one.group)}"
                for one in plain
                if (one.reason or "") == reason
            ]
        return lines

    def skipped(self) -> list[str]:
        """What was skipped on purpose; with -v, what names alone cannot show."""
        lines = [f"skipped: {visible(sentence)}" for sentence in sorted(self._report.skipped)]
        fleet = self._report.fleet
        if self._verbose and fleet.inventory == "names" and self._report.counts.outputs:
            lines.append(_NOT_SHOWN_BY_NAMES)
        return lines

    def not_compared(self) -> list[str]:
        """Which plaintexts were not compared."""
        return [f"not compared: {visible(sentence)}" for sentence in not_compared(self._report)]

    def incomplete(self) -> list[str]:
        """What could not be checked."""
        label = self._paint("could not check", RED)
        return [f"{label}: {visible(sentence)}" for sentence in sorted(self._report.incomplete)]

    def access(self) -> list[str]:
        """What the change does to who can read what, in one line."""
        change = self._report.access
        if change is None or change.is_empty:
            return []
        from agenix_check.report.access.access_words import change_in_line

        return [f"{self._paint('access', CYAN)}: {visible(change_in_line(change))}"]

    def explained(self) -> list[str]:
        """Where each rule that is shown is explained."""
        shown = {one.rule for one in self._report.findings if self._verbose or one.is_shown}
        if not shown:
            return []
        from agenix_check.report.grouping import rule_rank

        label = self._paint("read more", CYAN)
        return [f"{label}: agenix-check explain {rule}" for rule in sorted(shown, key=rule_rank)]

    def summary(self) -> list[str]:
        """The last line."""
        # An output that was to be compared and was not fails the run as an unverifiable one does.
        report = with_doubts(self._report) if self._failing else self._report
        text = " · ".join([summary(report, verbose=self._verbose), *self._fixable()])
        good = is_green(report) and not self._failing
        return [self._paint(text, GREEN if good else BOLD)]

    def _fixable(self) -> list[str]:
        """How many findings one command fixes; nothing where every fix says that it does."""
        shown = [one for one in self._report.findings if one.severity is not Severity.NOTE]
        if not shown:
            return []
        from agenix_check.audit.commands import is_fix

        fixable = [one.mend or "" for one in shown if self._is_fixable(one)]
        if not fixable or (len(fixable) == len(shown) and all(map(is_fix, fixable))):
            return []
        return [f"{len(fixable)} of {len(shown)} can be fixed with --fix"]

    def _is_fixable(self, finding: Finding) -> bool:
        """Return whether --fix does it as the run is, and before a person has done anything."""
        from agenix_check.audit.commands import REKEY_BY_NIX, is_fix
        from agenix_check.rules import MendedBy, find_rule

        mend = finding.mend or "#"
        if mend.startswith("#") or (REKEY_BY_NIX in mend and self._report.fleet.inventory != "nix"):
            return False
        staged = (MendedBy.STAGE_OUTPUT, MendedBy.STAGE_SOURCE)
        return is_fix(mend) or find_rule(finding.rule).mended_by in staged

    def _group(self, group: "Group") -> list[str]:
        indent, lines = "", []
        if group.cause:
            indent, lines = "  ", [self._paint(cause_title(group.cause), BOLD)]
        widths = _widths(self._cells(f) for block in group.blocks for f in block.findings)
        for block in group.blocks:
            lines += self._block(block, indent, widths)
        return lines + self._mends(group.mends)

    def _block(self, block: "Block", indent: str, widths: list[int]) -> list[str]:
        from agenix_check.report.folding import wrap_words  # a green run has nothing to wrap

        label = f"{indent}{block.severity}[{block.rule}]"
        lines = wrap_words(f"{label}: {visible(block.headline)}", self._width, f"{indent}  ")
        lines[0] = indent + self._label(block) + lines[0][len(label) :]
        if block.shared and len(block.findings) > _UNFOLDED_FINDINGS and not self._verbose:
            return lines + self._folded_places(block.findings, f"{indent}  ")
        for finding in block.findings:
            place = _row(self._cells(finding), widths)
            if place:
                lines.append(f"{indent}  {place}")
            if not block.shared:
                message = visible(finding.message)
                lines += wrap_words(f"{indent}    {message}", self._width, f"{indent}    ")
        return lines

    def _folded_places(self, findings: Iterable[Finding], indent: str) -> list[str]:
        """A line for each secret with its nodes, or for each node with its secrets."""
        from agenix_check.report.folding import all_or_names, wrap_words

        places = [(visible(one.secret or one.path or ""), self._node(one.node)) for one in findings]
        secrets, nodes = (set(side) for side in zip(*places, strict=True))
        by_node = len(nodes) < len(secrets)
        rows: dict[str, list[str]] = defaultdict(list)
        for secret, node in places:
            rows[node if by_node else secret].append(secret if by_node else node)
        everyone = () if by_node else {visible(name) for name in self._names.values()}
        noun = "secret" if by_node else "node"
        width = min(max(map(len, rows)), _WIDEST_COLUMN)
        lines = []
        for name, others in rows.items():
            said = all_or_names(others, everyone, noun)
            if said.count(", ") >= _FOLDED_SUBJECTS and not said.endswith(")"):
                said = f"{len(others)} {noun}s: {_several(others)}"
            lines += wrap_words(f"{indent}{name:<{width}}  {said}", self._width, f"{indent}    ")
        return [*lines, f"{indent}(-v shows each with its path)"]

    def _label(self, block: "Block") -> str:
        return self._paint(block.severity, _SEVERITY_COLOR[block.severity]) + f"[{block.rule}]"

    def _mends(self, mends: tuple[str, ...]) -> list[str]:
        shown = mends if self._verbose or len(mends) <= _FIXES_IN_TEXT else mends[:1]
        lines = [f"  {self._paint('fix', CYAN)}: {visible(mend)}" for mend in shown]
        if len(shown) < len(mends):
            lines.append(f"       and {len(mends) - len(shown)} more like it (-v shows them)")
        return lines

    def _folded(self, findings: list[Finding]) -> list[str]:
        from agenix_check.report.grouping import SEVERITY_RANK, gather_mends, rule_rank

        by_rule: dict[tuple[int, tuple[int, str]], list[Finding]] = defaultdict(list)
        for finding in sorted(findings, key=finding_key):
            key = (SEVERITY_RANK[finding.severity], rule_rank(finding.rule))
            by_rule[key].append(finding)
        lines = []
        for _, members in sorted(by_rule.items()):
            first = members[0]
            shown = _several(list(dict.fromkeys(subject(f, self._names) for f in members)))
            severity = self._paint(first.severity, _SEVERITY_COLOR[first.severity])
            lines.append(f"  {severity}[{first.rule}] {len(members)}: {shown} (-v unfolds)")
            mends = gather_mends(one.mend for one in members)
            lines += [f"  {line}" for line in self._mends(mends)]
        return lines

    def _cells(self, finding: Finding) -> tuple[str, ...]:
        place = finding.path or finding.source or ""
        return (self._node(finding.node), visible(finding.secret or ""), visible(place))

    def _node(self, node: str | None) -> str:
        return visible(self._names.get(node, node)) if node else ""

    def _paint(self, text: str, code: str) -> str:
        return paint(text, code) if self._color else text


def _several(names: list[str]) -> str:
    shown = ", ".join(names[:_FOLDED_SUBJECTS])
    return f"{shown}, …" if len(names) > _FOLDED_SUBJECTS else shown


def _widths(rows: Iterable[tuple[str, ...]]) -> list[int]:
    """Measure the columns; one very long name must not push all others off the screen."""
    return [min(max(map(len, column)), _WIDEST_COLUMN) for column in zip(*rows, strict=True)]


def _row(cells: tuple[str, ...], widths: list[int]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True) if width]
    return "  ".join(padded).rstrip()


def _render(report: Report, options: RenderOptions) -> str:
    return render(
        report,
        color=options.color,
        verbose=options.verbose,
        quiet=options.quiet,
        failing=report.fail(strict=options.strict, require_verified=options.require_verified),
        said_apart=options.said_apart,
        width=options.width,
    )


FORMAT = Format(
    name="text",
    audience="people, on a terminal; the default",
    render=_render,
    terminal=True,
    history=False,
    plan="text",
)
