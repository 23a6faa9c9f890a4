"""Fixes that go with the work tree: what `--fix` needs of it is staged first.

And rules of plain agenix that are judged, held against those that were not staged.
"""

from typing import TYPE_CHECKING

from agenix_check.audit.commands import REKEY, stage
from agenix_check.discover.tree.evidence import LOCK
from agenix_check.model.findings import Finding, Report
from agenix_check.model.frozen import replace
from agenix_check.model.settings import Settings
from agenix_check.rules import MendedBy, find_rule
from agenix_check.view import View

if TYPE_CHECKING:
    from agenix_check.discover.declared.inventory import Inventory
    from agenix_check.discover.tree.names import Names

# Nothing is imported or read where no reader is wrong.


def look_aside(
    report: Report, names: "Names", inventory: "Inventory", view: View, settings: Settings
) -> "tuple[Report, Inventory]":
    """Return a report whose fixes go with the work tree, and the inventory with its rules.

    What `--fix` does follows from what is staged.
    """
    if settings.worktree and any(_runs_fix(one) for one in report.findings):
        return report.with_findings(_stage_first(report, inventory, view)), inventory
    if not (inventory.rules and any(map(_encrypts, report.findings))):
        return report, inventory
    if view.snapshot.kind == "index":
        from agenix_check.audit.plain_aside import stage_rules
        from agenix_check.discover.declared.rules_aside import add_aside

        rules = add_aside(view, inventory.rules)
        wrong = [one for one in report.findings if _encrypts(one)]
        staged = stage_rules(wrong, names, rules, partial=names.unstaged.partial)
        found = [one for one in report.findings if not _encrypts(one)]
        return report.with_findings([*found, *staged]), replace(inventory, rules=rules)
    return report, inventory


def _encrypts(finding: Finding) -> bool:
    """Return whether a fix of a finding encrypts a file to those whom its rule lists."""
    return find_rule(finding.rule).mended_by is MendedBy.REENCRYPT_PLAIN


def _runs_fix(finding: Finding) -> bool:
    """Return whether a finding says to type `--fix`, which looks at the index alone."""
    return find_rule(finding.rule).mended_by is not None and (finding.mend or "").startswith(REKEY)


def _stage_first(report: Report, inventory: "Inventory", view: View) -> list[Finding]:
    """Return findings about a work tree with fixes that stage what --fix needs of it."""
    from agenix_check.discover.declared.rules_aside import list_deciding
    from agenix_check.git.repository import with_own_index
    from agenix_check.git.worktree import list_unstaged

    if view.repository.top is None:
        return list(report.findings)
    unstaged = list_unstaged(with_own_index(view.repository))
    declaring = {path for path in unstaged if _may_declare(path, inventory)}
    found = []
    for one in report.findings:
        if not _runs_fix(one):
            found.append(one)
            continue
        files = [file for file in inventory.rules if file.rule(one.path or "") is not None]
        if files:
            needed = {path for file in files for path in list_deciding(file, unstaged)}
        else:
            about = one.source, one.cause.path if one.cause is not None else None
            needed = declaring.union(
                path for path in about if path is not None and path in unstaged
            )
        needed.update({one.path or ""} & set(unstaged))
        commands = [*map(stage, sorted(needed)), one.mend or ""]
        found.append(replace(one, mend=" && ".join(commands)))
    return found


def _may_declare(path: str, inventory: "Inventory") -> bool:
    """Return whether a file may say what nodes there are: Nix reads what Git has in its index."""
    if inventory.kind == "nix":
        return path.endswith(".nix") or path == "flake.lock"
    return inventory.kind == "lock" and path == LOCK
