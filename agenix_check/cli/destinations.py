"""Where the reports of a run go, also if the run fails before there is one."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from agenix_check.cli.files import writable_file, write_file
from agenix_check.cli.terminal import print_out, say, text_width, use_color
from agenix_check.errors import AgenixCheckError, CannotCheckError, UsageError, say_unusable
from agenix_check.model.findings import Counts, FleetInfo, Report, SnapshotInfo
from agenix_check.model.frozen import frozen
from agenix_check.model.settings import Settings
from agenix_check.report import RenderOptions, render
from agenix_check.report.registry import DEFAULT_WIDTH, Format, Summary, find_format

if TYPE_CHECKING:
    from agenix_check.cli.rendering import Renderer

_NO_TREE = "0" * 40


@frozen(kw_only=False)
class Destination:
    """One report to write: its format, and its file (None: standard output)."""

    format: Format
    path: Path | None

    @property
    def is_terminal(self) -> bool:
        """Whether the person who typed the command reads it."""
        return self.path is None and self.format.terminal


def destinations(settings: Settings) -> list[Destination]:
    """Return where the settings want reports, standard output last: its reader may go away.

    Raises `UsageError` before anything is run.
    """
    pairs = [_pair(text) for text in settings.output]
    if settings.junit:
        pairs.append((find_format("junit"), settings.junit))
    wanted = [Destination(form, writable_file(file)) for form, file in pairs]
    _refuse_shared_files(wanted)
    return [*wanted, Destination(find_format(settings.format), None)]


def want_details(wanted: list[Destination]) -> bool:
    """Return whether a format shows more of an output than its verdict."""
    return any(one.format.details for one in wanted)


def want_history(wanted: list[Destination]) -> bool:
    """Return whether a format, or the summary beside it, says since when something is wrong."""
    return any(one.format.history for one in wanted) or find_summary(wanted) is not None


def options_for(destination: Destination, settings: Settings) -> RenderOptions:
    """Return the options for rendering to a destination."""
    return RenderOptions(
        color=destination.path is None and use_color(settings.color),
        verbose=settings.verbose,
        quiet=settings.quiet,
        strict=settings.strict,
        require_verified=settings.require_verified,
        said_apart=destination.path is None,
        width=text_width() if destination.path is None else DEFAULT_WIDTH,
    )


def write_reports(
    report: Report,
    settings: Settings,
    wanted: list[Destination],
    instead: str | None = None,
    renderer: "Renderer | None" = None,
) -> None:
    """Write the reports, with another text `instead` on standard output."""
    render = renderer.render if renderer is not None else _render_anew
    for one in wanted:
        if one.path is None and instead is not None:
            print_out(instead)
            continue
        options = options_for(one, settings)
        text = render(report, one.format, options)
        if one.path is not None:
            write_file(one.path, text)
            continue
        summary = find_summary(wanted)
        if summary and (why := append_summary(*summary, report, options)):
            say(f"the summary of this step could not be written: {why}")
        print_out(text)


def can_recall(
    renderer: "Renderer", report: Report, settings: Settings, wanted: list[Destination]
) -> bool:
    """Return whether every text that is wanted of a remembered report is remembered too."""
    return find_summary(wanted) is None and all(
        renderer.recalls(report, one.format, options_for(one, settings)) for one in wanted
    )


def _render_anew(report: Report, form: Format, options: RenderOptions) -> str:
    return form.render(report, options)


@contextmanager
def reports_on_failure(settings: Settings, wanted: list[Destination]) -> Iterator[None]:
    """Write reports if the run ends with 3 before it has one: otherwise an older report would stay.

    On a terminal, the one line that says why is enough.
    """
    try:
        with _in_one_line():
            yield
    except AgenixCheckError as error:
        if error.exit_code == CannotCheckError.exit_code:
            shown = [one for one in wanted if not one.is_terminal]
            try:
                write_reports(_nothing_checked(settings, str(error)), settings, shown)
            except AgenixCheckError as another:
                say(str(another))
        raise


@contextmanager
def whole_document(render: "Callable[[str], str] | None") -> Iterator[None]:
    """Print a document also where a verb ends with 3 before it has one; None: none is wanted.

    `render` makes it of the sentence that says why.
    """
    try:
        yield
    except AgenixCheckError as error:
        if render is not None and error.exit_code == CannotCheckError.exit_code:
            print_out(render(str(error)))
        raise


@contextmanager
def _in_one_line() -> Iterator[None]:
    """Turn a failure of the machine that nobody expected into an error that names the file."""
    try:
        yield
    except OSError as error:
        unusable = say_unusable(error)
        if unusable is None:
            raise
        raise unusable from error


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


def find_summary(wanted: list[Destination]) -> tuple[Summary, str] | None:
    """Return the summary that goes with standard output, and its file; None if there is none."""
    for one in wanted:
        summary = one.format.summary
        if one.path is None and summary and (file := os.environ.get(summary.variable)):
            return summary, file
    return None


def append_summary(
    summary: Summary, file: str, report: Report, options: RenderOptions
) -> str | None:
    """Append a report to the summary of a step; return why that could not be done.

    The summary repeats what the log says, so the verdict of a run does not hang on it.
    """
    try:
        # Where it is a pipe, nobody may ever read it.
        number = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK, 0o666)
        with os.fdopen(number, "ab") as stream:
            status = os.fstat(number)
            if not stat.S_ISREG(status.st_mode):
                return f"{file} is not a regular file"
            apart = b"\n\n" if status.st_size else b""
            room = min(summary.most, summary.whole - status.st_size) - len(apart)
            text = render(report, summary.format, options._replace(limit=room))
            if not text:
                return f"{file} is full"
            stream.write(apart + text.encode())
    except OSError as error:
        return f"{file}: {error.strerror}"
    return None


def _pair(text: str) -> tuple[Format, str]:
    name, found, file = text.partition("=")
    if not found or not file:
        raise UsageError(f"--output takes FORMAT=FILE, not {text!r}")
    if file == "-":
        raise UsageError(f"--output takes a file; for standard output, use --format {name}")
    try:
        return find_format(name), file
    except UsageError as error:
        raise UsageError(f"--output: {error}") from None


def _refuse_shared_files(wanted: list[Destination]) -> None:
    """Refuse two reports in one file: the second would replace the first."""
    taken: dict[Path, str] = {}
    for one in wanted:
        if one.path is not None:
            first = taken.setdefault(one.path.resolve(), one.format.name)
            if first != one.format.name:
                raise UsageError(f"{first} and {one.format.name} cannot both go to {one.path}")
