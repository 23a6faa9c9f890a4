"""Writes each report of a run to its place, also of a run that comes to nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

from agenix_check.cli.destinations import (
    Target,
    append_summary,
    options_for,
    step_summary,
    write_file,
)
from agenix_check.cli.terminal import print_out, say
from agenix_check.errors import AgenixCheckError, CannotCheckError
from agenix_check.model.findings import Counts, FleetInfo, Report, SnapshotInfo
from agenix_check.model.settings import Settings
from agenix_check.report import render

_NO_TREE = "0" * 40


def write_reports(
    report: Report, settings: Settings, wanted: list[Target], instead: str | None = None
) -> None:
    """Write the reports, with another text `instead` on standard output."""
    for target in wanted:
        if target.path is None and instead is not None:
            print_out(instead)
            continue
        options = options_for(target, settings)
        text = render(report, target.format, options)
        if target.path is not None:
            write_file(target.path, text)
            continue
        summary = step_summary(wanted)
        if summary and (why := append_summary(summary, report, options)):
            say(f"the summary of this step could not be written: {why}")
        print_out(text)


@contextmanager
def reports_on_failure(settings: Settings, wanted: list[Target]) -> Iterator[None]:
    """Write reports where the run ends with 3 before there is one: readers would find an older one.

    On a terminal, the one line that says why is enough.
    """
    try:
        yield
    except AgenixCheckError as error:
        if error.exit_code == CannotCheckError.exit_code:
            told = [one for one in wanted if (one.format, one.path) != ("text", None)]
            try:
                write_reports(_nothing_checked(settings, str(error)), settings, told)
            except AgenixCheckError as another:
                say(str(another))
        raise


def _nothing_checked(settings: Settings, why: str) -> Report:
    named = settings.rev or settings.to_ref
    inventory = settings.inventory
    return Report(
        snapshot=SnapshotInfo(
            kind="commit" if named else "worktree" if settings.worktree else "index",
            tree=_NO_TREE,
            commit=None,
            base=None,
        ),
        fleet=FleetInfo(
            inventory=inventory if inventory in ("nix", "lock") else "names",
            complete=False,
            nodes=0,
            secrets=0,
        ),
        counts=Counts(),
        incomplete=(why,),
    )
