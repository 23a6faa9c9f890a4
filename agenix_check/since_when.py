"""Findings that say since when something is wrong, where only history shows that."""

from agenix_check.discover.declared.inventory import Inventory
from agenix_check.discover.tree.names import Names
from agenix_check.git.cache import Store
from agenix_check.model.findings import Report
from agenix_check.model.settings import Settings
from agenix_check.view import View


def date_findings(
    report: Report, names: Names, inventory: Inventory, view: View, settings: Settings, store: Store
) -> Report:
    """Return a report whose findings about files name the commit that began them."""
    from agenix_check.audit.broken_since import date_broken, list_broken

    broken = list_broken(report, names)
    if broken:
        from agenix_check.discover.tree.breaking_commits import find_breaking_commits

        report = date_broken(report, names, find_breaking_commits(view, broken))
    if not inventory.rules:
        return report
    from agenix_check.audit.plain_since import date_plain, is_undated
    from agenix_check.discover.declared.past_rules import RulesHistory

    if any(map(is_undated, report.findings)):
        past = RulesHistory(view, settings, store)
        report = date_plain(report, inventory.rules, past)
        past.save()
    return report
