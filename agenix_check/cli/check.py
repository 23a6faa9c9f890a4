"""The verb `check`: the gate, with `--fix` and `--decrypt`."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from agenix_check.cli.destinations import (
    Destination,
    destinations,
    reports_on_failure,
    want_details,
    want_history,
    write_reports,
)
from agenix_check.cli.hints import (
    where_staging_is_lost,
    where_to_type,
    why_fix_is_refused,
    why_unverified_fails,
)
from agenix_check.cli.settings import environment_of_run, load_settings, open_run
from agenix_check.cli.terminal import say
from agenix_check.errors import CannotCheckError, UsageError
from agenix_check.gate import check, exit_code
from agenix_check.git.repository import Repository
from agenix_check.model.settings import Settings

if TYPE_CHECKING:
    from agenix_check.cli.options import Value
    from agenix_check.gate import Compare
    from agenix_check.keys.keychain import Unlocker
    from agenix_check.model.findings import Report
    from agenix_check.model.progress import Progress

# What only --fix, --decrypt or an option needs is imported where it is needed.


def run_check(arguments: Sequence[str]) -> int:
    """Check the tree that the arguments name, write the reports, return the exit code."""
    given: dict[str, Value] = {}
    if arguments:
        from agenix_check.cli.grammar import parse_check

        given = parse_check(arguments)
    try:
        repository, settings = open_run(given)
    except CannotCheckError:
        settings = load_settings(None, environment_of_run(), given)
        with reports_on_failure(settings, destinations(settings)):
            raise
    wanted = destinations(settings)
    if settings.fix:
        return _fix(repository, settings, wanted)
    _refuse_without_fix(settings)
    if not settings.decrypt:
        return check_and_report(repository, settings, wanted)
    from agenix_check.keys.keychain import Unlocker
    from agenix_check.report.progress_bar import show_progress

    unlocker = Unlocker(settings, say, "agenix-check --decrypt")
    with reports_on_failure(settings, wanted), show_progress(settings, sys.stderr) as progress:
        compare = _comparer(settings, progress, unlocker)
        report = check(repository, settings, details=want_details(wanted), compare=compare)
    return _report(repository, report, settings, wanted)


def check_and_report(repository: Repository, settings: Settings, wanted: list[Destination]) -> int:
    """Check without any key, write the reports that are wanted, and return the exit code."""
    brief = not (settings.verbose or want_history(wanted))
    with reports_on_failure(settings, wanted):
        report = check(repository, settings, brief=brief, details=want_details(wanted))
    return _report(repository, report, settings, wanted)


def _comparer(settings: Settings, progress: "Progress", unlocker: "Unlocker") -> "Compare | None":
    """Return what compares plaintexts, if --decrypt is given."""
    if not settings.decrypt:
        return None
    from agenix_check.decrypt.compare import comparer

    return comparer(settings, unlocker, say, progress)


def _fix(repository: Repository, settings: Settings, wanted: list[Destination]) -> int:
    from agenix_check.keys.keychain import Unlocker
    from agenix_check.mend.fix import fix_tree, plan_fix
    from agenix_check.report.progress_bar import show_progress

    unlocker = Unlocker(settings, say, "agenix-check --fix")
    details = want_details(wanted)

    if settings.dry_run:
        from agenix_check.report import plan_listing

        with reports_on_failure(settings, wanted), show_progress(settings, sys.stderr) as progress:
            compare = _comparer(settings, progress, unlocker)
            plan, report = plan_fix(repository, settings, compare, details=details)
        text = plan_listing.render(plan, settings.format)
        return _report(repository, report, settings, wanted, instead=text)
    with reports_on_failure(settings, wanted), show_progress(settings, sys.stderr) as progress:
        compare = _comparer(settings, progress, unlocker)
        done = fix_tree(
            repository,
            settings,
            unlocker=unlocker,
            progress=progress,
            compare=compare,
            details=details,
        )
    for sentence in done.left:
        say(f"not fixed: {sentence}")
    fixed = bool(done.report.fixed)
    code = _report(repository, done.report, settings, wanted)
    code = code or int(done.withheld or (settings.exit_non_zero_on_fix and fixed))
    if code and fixed and (hint := where_staging_is_lost()):
        say(hint)
    return code


def _refuse_without_fix(settings: Settings) -> None:
    """Refuse options that mean nothing without --fix."""
    for name, given in (
        ("dry-run", settings.dry_run),
        ("update-masters", settings.update_masters),
        ("exit-non-zero-on-fix", settings.exit_non_zero_on_fix),
    ):
        if given:
            raise UsageError(f"--{name} needs --fix")
    if settings.identity and not settings.decrypt:
        raise UsageError("--identity needs --fix or --decrypt")


def _report(
    repository: Repository,
    report: "Report",
    settings: Settings,
    wanted: list[Destination],
    instead: str | None = None,
) -> int:
    """Write the reports, with another text `instead` on standard output, and return the code."""
    write_reports(report, settings, wanted, instead)
    for sentence in report.incomplete:
        say(f"could not check: {sentence}")
    hints = (
        where_to_type(repository.top, report, wanted),
        why_unverified_fails(report, settings),
        why_fix_is_refused(report),
    )
    for hint in filter(None, hints):
        say(hint)
    return exit_code(report, settings)
