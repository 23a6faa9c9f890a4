"""Where reports go and what is read by name: the command line's own input and output."""

import errno
import os
import stat
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from agenix_check.cli.options import FORMATS
from agenix_check.errors import CannotCheckError, UsageError, nearest
from agenix_check.model.settings import ColorWhen, Settings
from agenix_check.report import Options, render

if TYPE_CHECKING:
    from agenix_check.model.findings import Report

LARGEST = 1 << 28  # bytes of a file that `inspect` reads
_SUMMARY = 250_000  # bytes that we add to a step's summary
_SUMMARY_FULL = 1_000_000  # bytes of a whole one: GitHub shows none over 1 MiB


@dataclass(frozen=True, slots=True)
class Target:
    """One report to write: its format, and its file (None: standard output)."""

    format: str
    path: Path | None


def targets(settings: Settings) -> list[Target]:
    """Return the reports that the settings ask for, standard output last: its reader may go away.

    Raises `UsageError` before anything is run.
    """
    pairs = [_pair(text) for text in settings.output]
    if settings.junit:
        pairs.append(("junit", settings.junit))
    wanted = [Target(name, _file(file)) for name, file in pairs]
    _tell_apart(wanted)
    return [*wanted, Target(settings.format, None)]


def options_for(target: Target, settings: Settings) -> Options:
    """Return what a target's format is to heed."""
    return Options(
        color=target.path is None and use_color(settings.color),
        verbose=settings.verbose,
        quiet=settings.quiet,
        strict=settings.strict,
        require_verified=settings.require_verified,
    )


def where_to_type(top: Path | None, report: "Report", wanted: list[Target]) -> str | None:
    """Say from where commands name their files, to somebody who reads them elsewhere; else None."""
    if Target("text", None) not in wanted or top is None or top.samefile(os.curdir):
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


def step_summary(wanted: list[Target]) -> str | None:
    """Return the file that GitHub Actions shows beside a log that is for it, None where none is."""
    if Target("github", None) not in wanted:
        return None
    return os.environ.get("GITHUB_STEP_SUMMARY") or None


def append_summary(file: str, report: "Report", options: Options) -> str | None:
    """Append the report as Markdown to a step's summary; return why that could not be done.

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
            room = min(_SUMMARY, _SUMMARY_FULL - status.st_size) - len(apart)
            text = render(report, "markdown", replace(options, limit=room))
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


def _pair(text: str) -> tuple[str, str]:
    name, found, file = text.partition("=")
    if not found or not file:
        raise UsageError(f"--output takes FORMAT=FILE, not {text!r}")
    if file == "-":
        raise UsageError(f"--output takes a file; for standard output there is --format {name}")
    if name not in FORMATS:
        raise UsageError(f"--output: there is no format {name!r}{nearest(name, FORMATS)}")
    return name, file


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


def _tell_apart(wanted: list[Target]) -> None:
    """Refuse two reports in one file: the second would take the place of the first."""
    taken: dict[Path, str] = {}
    for target in wanted:
        if target.path is not None:
            first = taken.setdefault(target.path.resolve(), target.format)
            if first != target.format:
                raise UsageError(f"{first} and {target.format} cannot both go to {target.path}")


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def use_color(when: ColorWhen) -> bool:
    """Tell whether to use colours; https://no-color.org."""
    if when is not ColorWhen.AUTO:
        return when is ColorWhen.ALWAYS
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return not plain and sys.stdout is not None and sys.stdout.isatty()
