"""Writes each report of a run to its place, also of a run that comes to nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

from agenix_check.cli.destinations import (
    Destination,
    append_summary,
    find_summary,
    options_for,
    write_file,
)
from agenix_check.cli.terminal import print_out, say
from agenix_check.errors import AgenixCheckError, CannotCheckError
from agenix_check.model.findings import Counts, FleetInfo, Report, SnapshotInfo
from agenix_check.model.settings import Settings

_NO_TREE = "0" * 40


def write_reports(
    report: Report, settings: Settings, wanted: list[Destination], instead: str | None = None
) -> None:
    """Write the reports, with another text `instead` on standard output."""
    for one in wanted:
        if one.path is None and instead is not None:
            print_out(instead)
            continue
        options = options_for(one, settings)
        text = one.format.render(report, options)
        if one.path is not None:
            write_file(one.path, text)
            continue
        summary = find_summary(wanted)
        if summary and (why := append_summary(*summary, report, options)):
            say(f"the summary of this step could not be written: {why}")
        print_out(text)


@contextmanager
def reports_on_failure(settings: Settings, wanted: list[Destination]) -> Iterator[None]:
    """Write reports where the run ends with 3 before there is one: readers would find an older one.

    On a terminal, the one line that says why is enough.
    """
    try:
        yield
    except AgenixCheckError as error:
        if error.exit_code == CannotCheckError.exit_code:
            told = [one for one in wanted if not one.is_terminal]
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
