"""What renders the reports of a run: texts of a report that is remembered are not made again."""

from agenix_check.git.cache import Store
from agenix_check.git.documents import Documents
from agenix_check.model.findings import Report
from agenix_check.model.settings import Settings
from agenix_check.report import RenderOptions
from agenix_check.report.registry import Format


class Renderer:
    """Renders reports, and remembers the texts of those that are remembered."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._store = store
        self._documents = Documents(store)
        # What is repeated in fixes, as far as a report is not remembered by it.
        self._repeated = settings.age
        self._recalled: dict[tuple[str, str], str] = {}

    def recalls(self, report: Report, form: Format, options: RenderOptions) -> bool:
        """Return whether there is a text of a report that was remembered without its outputs."""
        key = self._key(report, form, options)
        if key is None:
            return False
        text = self._store.without_foreign(
            lambda: self._documents.recall(form.name, key, report.snapshot)
        )
        if text is not None:
            self._recalled[form.name, key] = text
        return text is not None

    def render(self, report: Report, form: Format, options: RenderOptions) -> str:
        """Return the text of a report: as it was recalled, or made and remembered."""
        key = self._key(report, form, options)
        if key is None:
            return form.render(report, options)
        recalled = self._recalled.pop((form.name, key), None)
        if recalled is not None:
            return recalled
        return self._store.without_foreign(
            lambda: self._documents.render(
                form.name, key, report, lambda one: form.render(one, options), whole=form.details
            )
        )

    def _key(self, report: Report, form: Format, options: RenderOptions) -> str | None:
        """Return what a text follows from; None where it is not to be remembered.

        What shows details says more of where the snapshot is from than the ids of objects.
        """
        if report.known_as is None:
            return None
        shown = report.snapshot if form.details else report.snapshot.has_change
        return f"{report.known_as} {shown} {report.only_new_fails} {options} {self._repeated}"
