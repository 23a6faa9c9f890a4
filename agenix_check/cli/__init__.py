"""Arguments in, exit code out: wires the stages, writes the reports, holds no logic."""

import gc
import os
import sys
from collections.abc import Callable, Sequence
from errno import EDQUOT, EFBIG, ENOSPC, EROFS
from typing import TYPE_CHECKING

from agenix_check import __version__
from agenix_check.cli.terminal import complain, print_out, say
from agenix_check.errors import AgenixCheckError, CannotCheckError, UsageError

if TYPE_CHECKING:
    from typing import NoReturn

    from agenix_check.cli.destinations import Destination
    from agenix_check.cli.options import Value
    from agenix_check.gate import Compare
    from agenix_check.git.repository import Repository
    from agenix_check.keys.keychain import Unlocker
    from agenix_check.model.findings import Report
    from agenix_check.model.progress import Progress
    from agenix_check.model.settings import Settings

# What is rarely needed is imported where it is needed: `--version` must cost next to nothing.

INTERRUPTED = 130
_BUG = 3
_FULL = (ENOSPC, EDQUOT, EFBIG, EROFS)  # no room for what is written aside
_NOT_READ = 3  # whoever reads our output went away: what they did not see was not checked for them


def command() -> "NoReturn":
    """Be the command: run, and end at once.

    All is written by then; to take each value of a large fleet apart first would cost a fifth of
    the run.
    """
    code = main()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, AttributeError, ValueError):  # its reader is gone, or it was never there
            continue
    os._exit(code)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code; the only place that prints errors."""
    try:
        return _run(sys.argv[1:] if argv is None else list(argv))
    except AgenixCheckError as error:
        say(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return _NOT_READ
    except OSError as error:
        if error.errno not in _FULL:
            return _crash()
        say(f"cannot write: {os.strerror(error.errno or 0)}")
        return CannotCheckError.exit_code
    except Exception:  # noqa: BLE001 - a crash must not look like exit code 1, findings
        return _crash()


def _crash() -> int:
    import traceback

    complain(traceback.format_exc())
    say("this is a bug in agenix-check; nothing was checked")
    return _BUG


def _run(arguments: list[str]) -> int:
    # A run makes many small values, no cycles of them, and ends soon.
    gc.disable()
    if arguments[:1] == ["--version"]:
        print_out(f"agenix-check {__version__}\n")
        return 0
    if not arguments:
        return _check(arguments)
    from agenix_check.cli.grammar import Answer, split_verb

    verb, rest = split_verb(arguments)
    verbs: dict[str, Callable[[list[str]], int]] = {
        "check": _check,
        "fleet": _fleet,
        "inspect": _inspect,
        "explain": _explain,
        "schema": _schema,
        "demo": _demo,
    }
    try:
        return verbs[verb](rest)
    except Answer as answer:
        print_out(str(answer))
        return 0


def _check(arguments: list[str]) -> int:
    from agenix_check.cli.destinations import destinations, want_details, want_history
    from agenix_check.cli.reporting import reports_on_failure
    from agenix_check.gate import check

    given: dict[str, Value] = {}
    if arguments:
        from agenix_check.cli.grammar import parse_check

        given = parse_check(arguments)
    try:
        repository, settings = _open(given)
    except CannotCheckError:
        from agenix_check.cli.settings import load_settings

        settings = load_settings(None, _environment(), given)
        with reports_on_failure(settings, destinations(settings)):
            raise
    wanted = destinations(settings)
    if settings.fix:
        return _fix(repository, settings, wanted)
    _refuse_without_fix(settings)
    brief = not (settings.verbose or want_history(wanted))
    details = want_details(wanted)
    if not settings.decrypt:
        with reports_on_failure(settings, wanted):
            report = check(repository, settings, brief=brief, details=details)
        return _report(repository, report, settings, wanted)
    from agenix_check.keys.keychain import Unlocker
    from agenix_check.report.progress_bar import show_progress

    unlocker = Unlocker(settings, say, "agenix-check --decrypt")
    with reports_on_failure(settings, wanted), show_progress(settings, sys.stderr) as progress:
        compare = _comparer(settings, progress, unlocker)
        report = check(repository, settings, brief=brief, details=details, compare=compare)
    return _report(repository, report, settings, wanted)


def _comparer(settings: "Settings", progress: "Progress", unlocker: "Unlocker") -> "Compare | None":
    """Return what looks into outputs, where that is wanted."""
    if not settings.decrypt:
        return None
    from agenix_check.decrypt.compare import comparer

    return comparer(settings, unlocker, say, progress)


def _fix(repository: "Repository", settings: "Settings", wanted: "list[Destination]") -> int:
    from agenix_check.cli.destinations import want_details, where_staging_is_lost
    from agenix_check.cli.reporting import reports_on_failure
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


def _refuse_without_fix(settings: "Settings") -> None:
    """Refuse what means nothing without --fix, where somebody means it."""
    for name, given in (
        ("dry-run", settings.dry_run),
        ("update-masters", settings.update_masters),
        ("exit-non-zero-on-fix", settings.exit_non_zero_on_fix),
    ):
        if given:
            raise UsageError(f"--{name} goes with --fix")
    if settings.identity and not settings.decrypt:
        raise UsageError("--identity goes with --fix or --decrypt")


def _report(
    repository: "Repository",
    report: "Report",
    settings: "Settings",
    wanted: "list[Destination]",
    instead: str | None = None,
) -> int:
    """Write the reports, with another text `instead` on standard output, and return the code."""
    from agenix_check.cli.destinations import where_to_type, why_unverified_fails
    from agenix_check.cli.reporting import write_reports
    from agenix_check.gate import exit_code

    write_reports(report, settings, wanted, instead)
    for sentence in report.incomplete:
        say(f"could not check: {sentence}")
    where = where_to_type(repository.top, report, wanted)
    for hint in filter(None, (where, why_unverified_fails(report, settings))):
        say(hint)
    return exit_code(report, settings)


def _fleet(arguments: list[str]) -> int:
    from agenix_check.cli.destinations import write_lock
    from agenix_check.cli.grammar import parse_fleet
    from agenix_check.gate import discover_fleet, make_lock
    from agenix_check.report import fleet_listing

    given = parse_fleet(arguments)
    form, lock = given.pop("format", "text"), given.pop("lock", False)
    repository, settings = _open(given)
    if lock:
        write_lock(repository.top, make_lock(repository, settings))
        return 0
    found, incomplete = discover_fleet(repository, settings)
    render = fleet_listing.render_json if form == "json" else fleet_listing.render_text
    print_out(render(fleet_listing.restrict(found, settings.node, settings.secret)))
    for sentence in incomplete:
        say(f"could not look: {sentence}")
    return 3 if incomplete else 0


def _inspect(arguments: list[str]) -> int:
    from agenix_check.cli.destinations import read_input
    from agenix_check.cli.grammar import parse_inspect
    from agenix_check.report import inspection

    files, form = parse_inspect(arguments)
    found = [inspection.inspect(file, read_input(file)) for file in files]
    render = inspection.render_json if form == "json" else inspection.render_text
    print_out(render(found))
    return 0 if all(one.valid for one in found) else 1


def _explain(arguments: list[str]) -> int:
    from agenix_check.cli.grammar import parse_explain
    from agenix_check.report.explain import explain, list_rules

    rule = parse_explain(arguments)
    print_out(list_rules() if rule is None else explain(rule))
    return 0


def _schema(arguments: list[str]) -> int:
    from agenix_check.cli.grammar import parse_schema
    from agenix_check.report import schema

    print_out(schema.render(parse_schema(arguments)))
    return 0


def _demo(arguments: list[str]) -> int:
    from agenix_check.cli.destinations import use_color
    from agenix_check.cli.grammar import parse_demo
    from agenix_check.demo import run
    from agenix_check.model.settings import ColorWhen

    return run(parse_demo(arguments), print_out, color=use_color(ColorWhen.AUTO))


def _open(given: "dict[str, Value]") -> "tuple[Repository, Settings]":
    from pathlib import Path

    from agenix_check.cli.settings import load_settings, with_hook
    from agenix_check.git.repository import open_repository

    try:
        here = Path.cwd()
    except OSError as error:
        raise CannotCheckError(f"the current directory cannot be used: {error.strerror}") from error
    repository = open_repository(here)
    environment = _environment()
    settings = load_settings(repository.top, environment, given)
    return repository, with_hook(settings, environment)


def _environment() -> dict[str, str]:
    """Return the variables. Of a push of all history, pre-commit names the branch only."""
    environment = dict(os.environ)
    if branch := environment.get("PRE_COMMIT_LOCAL_BRANCH"):
        environment.setdefault("PRE_COMMIT_TO_REF", branch)
    return environment
