"""Where reports go and what is read by name: the command line's own input and output."""

import errno
import os
import stat
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from agenix_check.errors import CannotCheckError, UsageError
from agenix_check.model.settings import ColorWhen, Settings
from agenix_check.report import RenderOptions, render
from agenix_check.report.registry import Format, Summary, find_format

if TYPE_CHECKING:
    from agenix_check.model.findings import Report

LARGEST = 1 << 28  # bytes of a file that `inspect` reads


@dataclass(frozen=True, slots=True)
class Destination:
    """One report to write: its format, and its file (None: standard output)."""

    format: Format
    path: Path | None

    @property
    def is_terminal(self) -> bool:
        """Whether who typed the command reads it."""
        return self.path is None and self.format.terminal


def destinations(settings: Settings) -> list[Destination]:
    """Return the reports that the settings ask for, standard output last: its reader may go away.

    Raises `UsageError` before anything is run.
    """
    pairs = [_pair(text) for text in settings.output]
    if settings.junit:
        pairs.append((find_format("junit"), settings.junit))
    wanted = [Destination(form, _file(file)) for form, file in pairs]
    _refuse_shared_files(wanted)
    return [*wanted, Destination(find_format(settings.format), None)]


def want_details(wanted: list[Destination]) -> bool:
    """Return whether a format shows more of an output than its verdict."""
    return any(one.format.details for one in wanted)


def want_history(wanted: list[Destination]) -> bool:
    """Return whether a format says since when something is wrong, or a summary beside it does."""
    return any(one.format.history for one in wanted) or find_summary(wanted) is not None


def options_for(destination: Destination, settings: Settings) -> RenderOptions:
    """Return what the format of a destination is to heed."""
    return RenderOptions(
        color=destination.path is None and use_color(settings.color),
        verbose=settings.verbose,
        quiet=settings.quiet,
        strict=settings.strict,
        require_verified=settings.require_verified,
    )


def where_to_type(top: Path | None, report: "Report", wanted: list[Destination]) -> str | None:
    """Say from where commands name their files, to somebody who reads them elsewhere; else None."""
    if top is None or not any(one.is_terminal for one in wanted) or top.samefile(os.curdir):
        return None
    mends = (finding.mend for finding in report.findings if finding.mend)
    if all(mend.startswith("agenix-check ") and not {"#", "&"} & {*mend} for mend in mends):
        return None
    from agenix_check.audit.findings import shell

    return f"paths are those from the top of the repository: cd {shell(os.path.relpath(top))}"


def where_staging_is_lost() -> str | None:
    """Return what to type where Git drops what this run staged if the hook fails; else None."""
    from agenix_check.git.repository import is_commit_of_all

    if not is_commit_of_all():
        return None
    return (
        "`git commit -a` drops what its hooks staged if one of them fails: type "
        "`git add --update`, then `git commit`; if a hook fixes that commit, type it once more"
    )


def why_unverified_fails(report: "Report", settings: Settings) -> str | None:
    """Say that outputs of which nothing wrong was found fail the run, where they do; else None."""
    count = report.counts.unverifiable
    if not count or not settings.require_verified:
        return None
    outputs = "1 output is" if count == 1 else f"{count} outputs are"
    told = "" if settings.verbose else " (-v tells which, and why)"
    return f"{outputs} unverifiable, and --require-verified lets none pass{told}"


def write_file(path: Path, text: str) -> None:
    """Write a report in one step, so that nobody reads half of it."""
    try:
        number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(number, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(text)
            mask = os.umask(0)
            os.umask(mask)
            Path(name).chmod(0o666 & ~mask)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise CannotCheckError(f"cannot write {path}: {error.strerror}") from error


def find_summary(wanted: list[Destination]) -> tuple[Summary, str] | None:
    """Return the summary that is shown beside standard output, and its file; None without one."""
    for one in wanted:
        summary = one.format.summary
        if one.path is None and summary and (file := os.environ.get(summary.variable)):
            return summary, file
    return None


def append_summary(
    summary: Summary, file: str, report: "Report", options: RenderOptions
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
            text = render(report, summary.format, replace(options, limit=room))
            if not text:
                return f"{file} is full"
            stream.write(apart + text.encode())
    except OSError as error:
        return f"{file}: {error.strerror}"
    return None


def write_lock(top: Path | None, text: str) -> None:
    """Write the lock file at the top of the work tree."""
    from agenix_check.discover.tree.evidence import LOCK

    if top is None:
        raise UsageError("a bare repository has no place for a lock file")
    if (top / LOCK).is_symlink():
        raise UsageError(f"{LOCK} is a symlink; remove it")
    write_file(top / LOCK, text)


def read_input(file: str) -> bytes:
    """Return a file's content; `-` is standard input.

    Raises `UsageError` where it cannot be read, `CannotCheckError` where it is too large.
    """
    try:
        if file == "-":
            if sys.stdin is None:
                raise UsageError("-: standard input is closed")
            data = sys.stdin.buffer.read(LARGEST + 1)
        else:
            with Path(file).open("rb") as stream:
                data = stream.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        raise UsageError(f"{file}: {_reason(error)}") from error
    if len(data) > LARGEST:
        raise CannotCheckError(f"{file}: larger than {LARGEST >> 20} MiB")
    return data


def _pair(text: str) -> tuple[Format, str]:
    name, found, file = text.partition("=")
    if not found or not file:
        raise UsageError(f"--output takes FORMAT=FILE, not {text!r}")
    if file == "-":
        raise UsageError(f"--output takes a file; for standard output there is --format {name}")
    try:
        return find_format(name), file
    except UsageError as error:
        raise UsageError(f"--output: {error}") from None


def _file(name: str) -> Path:
    """Return where a report can be written. What is there is replaced if it is a regular file."""
    path = Path(name)
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise UsageError(f"cannot write {name}: there is no directory {path.parent}") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot write {name}: {_reason(error)}") from error
    else:
        if stat.S_ISDIR(mode):
            raise UsageError(f"cannot write a report to {name}: it is a directory")
        if not stat.S_ISREG(mode):
            raise UsageError(f"cannot write a report to {name}: it is not a regular file")
    if not os.access(path.parent, os.W_OK):
        raise UsageError(f"cannot write {name}: {os.strerror(errno.EACCES)}")
    return path


def _refuse_shared_files(wanted: list[Destination]) -> None:
    """Refuse two reports in one file: the second would take the place of the first."""
    taken: dict[Path, str] = {}
    for one in wanted:
        if one.path is not None:
            first = taken.setdefault(one.path.resolve(), one.format.name)
            if first != one.format.name:
                raise UsageError(f"{first} and {one.format.name} cannot both go to {one.path}")


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def use_color(when: ColorWhen) -> bool:
    """Tell whether to use colours; https://no-color.org."""
    if when is not ColorWhen.AUTO:
        return when is ColorWhen.ALWAYS
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return not plain and sys.stdout is not None and sys.stdout.isatty()
