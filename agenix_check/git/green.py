"""Remember trees that were green: the same bytes need no second look."""

from typing import cast

from agenix_check.git.cache import Store
from agenix_check.model.findings import Counts, FleetInfo, Report, SnapshotInfo

_NAME = "green"
_MOST_TREES = 200

_Entry = tuple[str, bool, int, int, int, int]


class Green:
    """What is remembered of one pair of trees, under its name.

    A report is remembered only if all its outputs are ok and all its findings are notes, and only
    as numbers.
    """

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self._name = name

    def recall(self, snapshot: SnapshotInfo) -> Report | None:
        """Return the report, without its outputs and notes, or None where it was not green."""
        entry = self._load().get(self._name)
        if entry is None:
            return None
        inventory, complete, nodes, secrets, outputs, notes = entry
        return Report(
            snapshot=snapshot,
            fleet=FleetInfo(inventory=inventory, complete=complete, nodes=nodes, secrets=secrets),
            counts=Counts(outputs=outputs, ok=outputs, notes=notes),
        )

    def keep(self, report: Report) -> None:
        """Remember a report if it is green."""
        counts, fleet = report.counts, report.fleet
        plain = counts == Counts(outputs=counts.ok, ok=counts.ok, notes=counts.notes)
        if not plain or not counts.ok or report.incomplete or report.skipped or report.plain:
            return
        entry = (
            fleet.inventory, fleet.complete, fleet.nodes, fleet.secrets, counts.outputs,
            counts.notes,
        )  # fmt: skip
        entries = self._load()
        if entries.pop(self._name, None) != entry:
            entries[self._name] = entry
            self._store.save(_NAME, dict(list(entries.items())[-_MOST_TREES:]))

    def _load(self) -> dict[str, _Entry]:
        loaded = self._store.load(_NAME)
        return cast("dict[str, _Entry]", loaded) if isinstance(loaded, dict) else {}
