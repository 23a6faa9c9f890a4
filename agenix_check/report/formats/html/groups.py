"""Findings for the page: the first few as items, all others as lines of text."""

from collections.abc import Iterable

from markupsafe import Markup, escape

from agenix_check.model.findings import Finding
from agenix_check.model.frozen import frozen
from agenix_check.report.escape import visible
from agenix_check.report.grouping import Block, Group, group
from agenix_check.report.words import cause_title

_LISTED = 10
_FIXES_ON_PAGE = 3


@frozen
class BlockOnPage:
    """Findings of one rule under one headline: the first ones, and all others as lines."""

    block: Block
    first: tuple[Finding, ...]
    others: int
    lines: Markup


@frozen
class GroupOnPage:
    """Findings with one cause, and the commands that fix them; `title` says what happened."""

    title: str | None
    blocks: tuple[BlockOnPage, ...]
    mends: tuple[str, ...]
    other_mends: Markup


def groups(findings: Iterable[Finding], names: dict[str, str]) -> tuple[GroupOnPage, ...]:
    """Group findings by cause; `names` are those under which nodes are shown."""
    return tuple(_group(one, names) for one in group(findings))


def as_lines(lines: Iterable[str]) -> Markup:
    """Join lines that are already escaped; a template would escape the line ends too."""
    return escape("\n".join(lines))


def _group(one: Group, names: dict[str, str]) -> GroupOnPage:
    return GroupOnPage(
        title=cause_title(one.cause) if one.cause else None,
        blocks=tuple(_block(block, names) for block in one.blocks),
        mends=one.mends[:_FIXES_ON_PAGE],
        other_mends=as_lines(map(visible, one.mends[_FIXES_ON_PAGE:])),
    )


def _block(block: Block, names: dict[str, str]) -> BlockOnPage:
    others = block.findings[_LISTED:]
    return BlockOnPage(
        block=block,
        first=block.findings[:_LISTED],
        others=len(others),
        lines=as_lines(_line(one, names, shared=block.shared) for one in others),
    )


def _line(finding: Finding, names: dict[str, str], *, shared: bool) -> str:
    node = names[finding.node] if finding.node else ""
    parts = (
        node, finding.secret or "", finding.path or finding.source or "",
        "" if shared else finding.message,
    )  # fmt: skip
    return "  ".join(visible(part) for part in parts if part)
