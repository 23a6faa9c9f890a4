"""The rules: what the fleet should be against what the snapshot holds. No input or output.

`audit_fleet` judges by the declaration or by names, and plain agenix beside.
"""

from agenix_check.audit.by_names import audit_names
from agenix_check.discover.declared.inventory import Inventory
from agenix_check.discover.tree.names import Names, fleet_of
from agenix_check.model.activity import busy
from agenix_check.model.findings import Report, SnapshotInfo
from agenix_check.model.frozen import replace

__all__ = ["audit_fleet", "every_node", "refuse_emptied"]

# The audit of declarations is imported only when it is needed: many trees declare nothing.


@busy("judging what was found")
def audit_fleet(names: Names, inventory: Inventory, snapshot: SnapshotInfo) -> Report:
    """Judge everything that an inventory knows, and return what is wrong."""

    def by_names() -> Report:
        return audit_names(names, fleet_of(names), snapshot)

    if inventory.declared is None:
        report = by_names()
        if inventory.stale or inventory.left:
            report = _with_lock(names, inventory, report)
    else:
        from agenix_check.audit.by_declaration import audit_declared

        report = audit_declared(names, inventory, inventory.declared, snapshot, by_names)
    if inventory.rules:
        report = _with_plain(names, inventory, report)
    elif inventory.unruled:  # that is said, and that no output is made from them says nothing
        report = report.with_findings(
            one
            for one in report.findings
            if one.rule != "source-unused" or one.path not in inventory.unruled
        )
    return replace(
        report,
        incomplete=(*report.incomplete, *inventory.incomplete),
        skipped=(*report.skipped, *inventory.notices),
        fleet_nodes=every_node(names, inventory),
    )


def every_node(names: Names, inventory: Inventory) -> tuple[str, ...]:
    """Return all nodes of a tree: declared ones, else the directories of outputs."""
    if inventory.declared is None:
        return tuple(sorted({one.directory for one in names.here.outputs.values()}))
    declaration = inventory.declared.declaration
    evaluated = {one.name for one in declaration.nodes}
    return tuple(sorted(evaluated | {one.name for one in declaration.failed}))


def refuse_emptied(report: Report, names: Names) -> Report:
    """Say that a change took all outputs away: names cannot tell that none is needed."""
    count = len(names.base.outputs)
    if report.fleet.inventory != "names" or names.here.outputs or not count:
        return report
    what = "the only output" if count == 1 else f"all {count} outputs"
    sentence = (
        f"this change takes {what} away, and nothing is left to check; --allow-empty lets that pass"
    )
    return replace(report, incomplete=(*report.incomplete, sentence))


def _with_lock(names: Names, inventory: Inventory, report: Report) -> Report:
    from agenix_check.audit.by_declaration import audit_lock

    return report.with_findings((*report.findings, *audit_lock(names, inventory)))


def _with_plain(names: Names, inventory: Inventory, report: Report) -> Report:
    from agenix_check.audit.plain import (
        audit_plain,
        audit_rules_files,
        audit_without_rule,
        say_hidden,
        write_by_agenix,
    )
    from agenix_check.audit.plain_people import People
    from agenix_check.audit.plain_recipients import PlainBench
    from agenix_check.audit.plain_renames import find_renames
    from agenix_check.rules import find_rule

    files, at_base = inventory.rules, inventory.rules_at_base
    people = People(files, at_base, inventory.strangers)
    bench = PlainBench(
        names=names,
        files=files,
        at_base=at_base,
        people=people,
        written=inventory.written,
        reported=frozenset(
            finding.path for finding in report.findings if find_rule(finding.rule).unreadable
        ),
    )
    renames = find_renames(bench, inventory.unruled)
    judged = list(audit_plain(bench, renames))
    by_rule = {one.result.path for one in judged}
    by_rule |= {names.here.follow(path).path for path in by_rule}
    unread = (path for file in files for path in file.unread or ())
    ruled = by_rule.union(inventory.unruled, unread)
    if any(file.unread is None for file in files):  # rules that could not be read may name any
        ruled.update(finding.path for finding in report.findings if finding.path is not None)
    findings = [
        write_by_agenix(bench, finding) if finding.path in by_rule else finding
        for finding in report.findings
        if finding.rule != "source-unused" or finding.path not in ruled
    ]
    findings += [finding for one in judged for finding in one.findings]
    findings += audit_rules_files(names, files)
    findings += audit_without_rule(bench, inventory.unruled, renames)
    return replace(
        report.with_findings(findings),
        fleet=replace(report.fleet, plain=len(judged)),
        files=(*report.files, *(one.result for one in judged)),
        incomplete=tuple(dict.fromkeys((*report.incomplete, *say_hidden(names, judged)))),
    )
