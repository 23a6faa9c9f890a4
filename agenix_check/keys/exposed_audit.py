"""Secrets in use that former readers or everybody could read, for the gate."""

from typing import TYPE_CHECKING

from agenix_check.access.exposed_findings import audit_exposed
from agenix_check.access.exposure import only_former, published
from agenix_check.git.history import commits_since
from agenix_check.inquiries import call_past_readers, discover_past_readers, say_unseen_history
from agenix_check.keys.published import find_past_exposures
from agenix_check.model.findings import Report
from agenix_check.model.frozen import replace
from agenix_check.model.settings import Settings
from agenix_check.view import View

if TYPE_CHECKING:
    from agenix_check.discover.declared.inventory import Inventory
    from agenix_check.discover.tree.names import Names
    from agenix_check.gate import Compare


def exposer(settings: Settings) -> "Compare":
    """Return what adds to a report what all of history exposed of secrets in use."""

    def expose(report: Report, _names: "Names", _inventory: "Inventory", view: View) -> Report:
        past = discover_past_readers(view.repository, replace(settings, rev=None), ())
        found = find_past_exposures(view.repository, past)
        public = [*found.public, *published(found.keys, found.private_keys, past.chronicle)]
        commit, base = view.snapshot.commit, view.base
        new = commits_since(view.repository.git, commit, base.commit if base else None)
        former = only_former(found.keys)
        former, _ = call_past_readers(view.repository, settings, past, former)
        findings = audit_exposed(former, public, new)
        return replace(
            report.with_findings((*report.findings, *findings)),
            incomplete=(*report.incomplete, *say_unseen_history(view.repository, past)),
        )

    return expose
