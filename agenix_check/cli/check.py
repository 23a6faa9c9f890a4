"""The verb `check`: the gate, with `--fix` and `--decrypt`; and hints on what to type next."""

import os
import re
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from agenix_check.cli.configuration import ask
from agenix_check.cli.destinations import (
    Destination,
    can_recall,
    destinations,
    reports_on_failure,
    want_details,
    want_history,
    write_reports,
)
from agenix_check.cli.opening import CheckRun, open_run
from agenix_check.cli.options import plain_options
from agenix_check.cli.terminal import is_terminal, line_width, say, show_progress
from agenix_check.errors import UsageError
from agenix_check.gate import check_view, exit_code, open_store, recall_view
from agenix_check.git.repository import Repository, is_by_hand
from agenix_check.model.frozen import replace
from agenix_check.model.settings import InventoryChoice, Settings

if TYPE_CHECKING:
    from agenix_check.cli.rendering import Renderer
    from agenix_check.discover.declared.inventory import Inventory
    from agenix_check.discover.tree.names import Names
    from agenix_check.gate import Compare
    from agenix_check.keys.keychain import Unlocker
    from agenix_check.model.findings import Report
    from agenix_check.model.progress import Progress
    from agenix_check.view import View

# Commands can be typed in any directory; only what a person is to put right is named from the top.
_FROM_TOP = re.compile(r"# put \S+ right")
_MOST_INDEX = 1 << 21  # bytes of Git's index: some 15,000 files

# What only --fix, --decrypt or an option needs is imported where it is needed.


def run_check(arguments: Sequence[str]) -> int:
    """Check the tree that the arguments name, write the reports, return the exit code."""
    given = plain_options(arguments)
    if given is None:
        from agenix_check.cli.gate_grammar import parse_check

        given = parse_check(arguments)
    asked = ask(given)
    with ExitStack() as opened:
        with reports_on_failure(asked.settings, destinations(asked.settings)):
            run = opened.enter_context(open_run(asked))
        if not run.settings.fix:
            return _check(run)
    return _fix(run, destinations(run.settings))


def _check(run: CheckRun) -> int:
    settings, wanted = run.settings, destinations(run.settings)
    _refuse_without_fix(settings)
    if not settings.decrypt:
        return check_and_report(run, wanted)
    from agenix_check.keys.keychain import Unlocker

    say_whose_settings(run)
    unlocker = Unlocker(settings, say, "agenix-check --decrypt")
    with reports_on_failure(settings, wanted), show_progress(settings) as progress:
        compare = _comparer(settings, progress, unlocker)
        details = want_details(wanted)
        report = check_view(
            run.view, settings, run.origin, details=details, compare=compare, advise=_advise
        )
    return _report(run.repository, report, settings, wanted)


def check_and_report(run: CheckRun, wanted: list[Destination]) -> int:
    """Check without any key, write the reports that are wanted, and return the exit code."""
    settings = run.settings
    say_whose_settings(run)
    brief, details = not (settings.verbose or want_history(wanted)), want_details(wanted)
    renderer, known = None, None
    with reports_on_failure(settings, wanted):
        if not brief:
            from agenix_check.cli.rendering import Renderer

            renderer = Renderer(settings, open_store(run.view.repository, settings))
            known = recall_view(run.view, settings, run.origin, details=details)
            if known is not None and not can_recall(renderer, known, settings, wanted):
                known = None
        report = known or check_view(
            run.view, settings, run.origin,
            brief=brief, details=details, compare=_exposer(settings), advise=_advise,
        )  # fmt: skip
    return _report(run.repository, report, settings, wanted, renderer=renderer)


def say_whose_settings(run: CheckRun) -> None:
    """Say whose settings decide, where nobody named them and they are not those of this tree."""
    if run.origin.label is not None:
        say(
            f"the settings of {run.origin.label} decide, which does not have this branch; "
            "--settings HEAD takes those of the branch"
        )


def _advise(report: "Report", names: "Names", inventory: "Inventory", view: "View") -> "Report":
    """Name the grants in the fixes of a report that has findings."""
    from agenix_check.mend.advice import advise_grants

    return advise_grants(report, names, inventory, view)


def _comparer(settings: Settings, progress: "Progress", unlocker: "Unlocker") -> "Compare | None":
    """Return what compares plaintexts, if --decrypt is given, and what --exposed asks for."""
    expose = _exposer(settings)
    if not settings.decrypt:
        return expose
    from agenix_check.decrypt.compare import comparer

    compare = comparer(settings, unlocker, say, progress)
    if expose is None:
        return compare
    return lambda report, *seen: compare(expose(report, *seen), *seen)


def _exposer(settings: Settings) -> "Compare | None":
    """Return what adds secrets that history exposed, if --exposed is given."""
    if not settings.exposed:
        return None
    from agenix_check.keys.exposed_audit import exposer

    return exposer(settings)


def _fix(run: CheckRun, wanted: list[Destination]) -> int:
    from agenix_check.audit.commands import shell
    from agenix_check.cli.asking import agrees_to_keys
    from agenix_check.git.repository import stage_all
    from agenix_check.keys.keychain import Unlocker
    from agenix_check.mend.consent import Consent
    from agenix_check.mend.fix import fix_tree, plan_fix
    from agenix_check.mend.refusals import refuse_snapshot
    from agenix_check.view import commits_work_tree

    repository, settings = run.repository, run.settings
    say_whose_settings(run)
    masters = ["--update-masters"] if settings.update_masters else []
    words = ["agenix-check --fix", *_options_to_repeat(settings), *masters]
    grants = [f"--grant {shell(one)}" for one in settings.grant]
    unlocker = Unlocker(settings, say, " ".join([*words, *grants]))
    details = want_details(wanted)
    ask = None if settings.dry_run else agrees_to_keys
    consent = Consent(settings.grant, say, ask, options=" ".join(words[1:]))

    if not settings.dry_run and commits_work_tree(repository, settings):
        refuse_snapshot(repository, settings)
        stage_all(repository)
        settings = replace(settings, staged=True)
        say("staged the work tree, which Jujutsu will commit")
    if settings.dry_run:
        from agenix_check.mend.plan import what_remains
        from agenix_check.report import plan_listing
        from agenix_check.report.words import quantity

        with reports_on_failure(settings, wanted), show_progress(settings) as progress:
            compare = _comparer(settings, progress, unlocker)
            plan, report = plan_fix(
                repository,
                settings,
                compare,
                consent=consent,
                unlocker=unlocker,
                origin=run.origin,
                details=details,
            )
        text = plan_listing.render(plan, settings.format, report.node_names(), line_width())
        _report(repository, report, settings, wanted, instead=text)
        fails = (
            plan.withheld
            or any(job.identity is None for job in plan.jobs)
            or (settings.require_verified and plan.is_unverifiable)
        )
        remains = what_remains(plan, report)
        code = exit_code(remains, settings)
        if code == 1:
            what = quantity(remains.counts.errors + remains.counts.warnings, "finding")
            say(f"{what} would be left; agenix-check without --fix says what to type for them")
        return code or int(fails)
    with reports_on_failure(settings, wanted), show_progress(settings) as progress:
        compare = _comparer(settings, progress, unlocker)
        done = fix_tree(
            repository,
            settings,
            unlocker=unlocker,
            progress=progress,
            consent=consent,
            compare=compare,
            origin=run.origin,
            details=details,
        )
    for sentence in done.left:
        say(f"not fixed: {sentence}")
    fixed = bool(done.report.fixed)
    code = _report(repository, done.report, settings, wanted)
    code = code or int(done.withheld or (settings.exit_non_zero_on_fix and fixed))
    if code and fixed and (hint := _where_staging_is_lost()):
        say(hint)
    return code


def _options_to_repeat(settings: Settings) -> list[str]:
    """Return the options, quoted, without which a fix that is printed would be another run."""
    from agenix_check.audit.commands import shell

    words = []
    if settings.inventory is not InventoryChoice.AUTO:
        words.append(f"--inventory {settings.inventory}")
    if settings.age is not None:
        words.append(f"--age {shell(settings.age)}")
    return words


def _to_type(report: "Report", settings: Settings, top: Path | None) -> "Report":
    """Repeat such options in the fixes of a report, and name what can be typed in a shell here."""
    options = _options_to_repeat(settings) if report.findings else []
    if not report.findings or not (options or "PRE_COMMIT" in os.environ):
        return report
    from agenix_check.audit.commands import repeat
    from agenix_check.cli.only_hook import as_typed_here

    printed = {one.mend for one in report.findings if one.mend is not None}
    typed = {fix: as_typed_here(repeat(fix, options), top) for fix in printed}
    findings = tuple(
        one if one.mend is None else replace(one, mend=typed[one.mend]) for one in report.findings
    )
    return replace(report, findings=findings)


def _refuse_without_fix(settings: Settings) -> None:
    """Refuse options that mean nothing without --fix."""
    for name, given in (
        ("dry-run", settings.dry_run),
        ("update-masters", settings.update_masters),
        ("grant", bool(settings.grant)),
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
    renderer: "Renderer | None" = None,
) -> int:
    """Write the reports, with another text `instead` on standard output, and return the code."""
    report = _to_type(report, settings, repository.top)
    write_reports(report, settings, wanted, instead, renderer)
    for sentence in report.incomplete:
        say(f"could not check: {sentence}")
    hints = (
        _where_to_type(repository.top, report, wanted),
        _why_unverified_fails(report, settings),
        _why_fix_is_refused(report),
        _how_to_get_it(report),
        _what_is_unstaged(repository, report, wanted),
    )
    for hint in filter(None, hints):
        say(hint)
    return exit_code(report, settings)


def _where_to_type(top: Path | None, report: "Report", wanted: list[Destination]) -> str | None:
    """Return a hint to `cd` to the top, if printed paths are not valid from here; else None."""
    if top is None or not any(one.is_terminal for one in wanted) or top.samefile(os.curdir):
        return None
    mends = (finding.mend for finding in report.findings if finding.mend)
    if not any(_FROM_TOP.search(mend) for mend in mends):
        return None
    from agenix_check.audit.commands import shell

    return f"paths are relative to the top of the repository: cd {shell(os.path.relpath(top))}"


def _what_is_unstaged(
    repository: Repository, report: "Report", wanted: list[Destination]
) -> str | None:
    """Return which secrets, keys or rules somebody at a terminal edited and did not stage; or None.

    Not in a large repository, where to ask takes longer than to judge.
    """
    by_hand = is_by_hand() and is_terminal() and any(one.is_terminal for one in wanted)
    if not by_hand or report.snapshot.kind != "index" or repository.top is None:
        return None
    with suppress(OSError):
        if (repository.git_dir / "index").stat().st_size > _MOST_INDEX:
            return None
    from agenix_check.git.worktree import list_edited
    from agenix_check.model.fleet import RULES_FILE
    from agenix_check.report.escape import visible

    ends, said = (".age", ".pub", RULES_FILE), {one.path for one in report.findings}
    edited = [path for path in list_edited(repository) if path.endswith(ends) and path not in said]
    if not edited:
        return None
    more = f" and {len(edited) - 1} more have" if len(edited) > 1 else " has"
    return f"{visible(edited[0])}{more} edits that are not staged; --worktree judges them"


def _how_to_get_it(report: "Report") -> str | None:
    """Return how to have the program that fixes name, where only a hook is there; else None."""
    if "PRE_COMMIT" not in os.environ:
        return None
    from agenix_check.cli.only_hook import how_to_get_it

    return how_to_get_it(one.mend for one in report.findings)


def _why_fix_is_refused(report: "Report") -> str | None:
    """Return what --fix would say where a report advises it in a partial commit; else None."""
    from agenix_check.git.repository import is_partial_commit

    if not is_partial_commit():
        return None
    from agenix_check.audit.commands import NOT_IN_PARTIAL_COMMIT, is_fix

    advised = any(one.mend is not None and is_fix(one.mend) for one in report.findings)
    return NOT_IN_PARTIAL_COMMIT if advised else None


def _where_staging_is_lost() -> str | None:
    """Return what to type where Git drops what this run staged if the hook fails; else None."""
    from agenix_check.git.repository import is_commit_of_all

    if not is_commit_of_all():
        return None
    return (
        "`git commit -a` drops what its hooks staged if one of them fails: type "
        "`git add --update`, then `git commit`; if a hook fixes that commit, type it once more"
    )


def _why_unverified_fails(report: "Report", settings: Settings) -> str | None:
    """Return why files without findings fail the run, if they do; else None."""
    if not settings.require_verified:
        return None
    from agenix_check.model.findings import Verdict
    from agenix_check.report.words import quantity, with_doubts

    outputs = with_doubts(report).counts.unverifiable
    plain = report.plain_verdicts[Verdict.UNVERIFIABLE]
    counts = ((outputs, "output"), (plain, "plain agenix file"))
    found = [quantity(count, noun) for count, noun in counts if count]
    if not found:
        return None
    what = f"{' and '.join(found)} {'is' if outputs + plain == 1 else 'are'}"
    hint = "" if settings.verbose else " (-v shows which, and why)"
    return f"{what} unverifiable, which --require-verified does not allow{hint}"
