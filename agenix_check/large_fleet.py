"""Large fleets: only what is not plainly in order is judged output by output, and the rest added.

What is in order is known from an earlier look, or is seen in bulk.
"""

from agenix_check.discover.tree.in_order import leave_out_in_order
from agenix_check.discover.tree.names import Names
from agenix_check.discover.tree.settled import Rest, have_own_keys
from agenix_check.git.cache import Store
from agenix_check.kept_reports import find_the_rest
from agenix_check.model.findings import Report
from agenix_check.model.frozen import replace
from agenix_check.model.settings import Settings
from agenix_check.view import View


def leave_out(view: View, settings: Settings, store: Store) -> Rest | None:
    """Return what is left to look at of a large fleet; None where that is most of it, or all."""
    known = find_the_rest(view, settings, store)
    return leave_out_in_order(view, settings) if known is None else known


def add_the_others(report: Report, names: Names, rest: Rest, *, brief: bool) -> Report | None:
    """Return the report of all outputs, by that of the rest; `brief`: only count the others.

    None where one node's outputs may be what became of another's, so that all have to be seen.
    """
    if not have_own_keys(names):
        return None
    more, counts = len(rest.view.snapshot.left_out), report.counts
    counts = replace(counts, outputs=counts.outputs + more, ok=counts.ok + more)
    others = () if brief else rest.list_files(report.outputs)
    return replace(report, counts=counts, files=(*report.files, *others))
