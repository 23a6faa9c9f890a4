"""How far a long mend is, on a terminal only."""

from typing import TextIO

from agenix_check.rekey.making import Progress
from agenix_check.rekey.plan import Job
from agenix_check.report.escape import visible
from agenix_check.settings import Settings

_SHOWN = 5  # nodes that a line names


def progress_for(settings: Settings, stream: TextIO | None) -> Progress | None:
    """Return what says `[1/3] db -> alpha, beta`, or None where nobody would read it."""
    if stream is None or settings.flag("no-progress") or settings.flag("quiet"):
        return None
    if not stream.isatty():
        return None
    arrow = _arrow(stream)

    def show(number: int, total: int, job: Job) -> None:
        stream.write(f"[{number}/{total}] {_describe(job, arrow)}\n")
        stream.flush()

    return show


def _describe(job: Job, arrow: str) -> str:
    names = list(dict.fromkeys(target.secret for target in job.targets)) or [job.path]
    nodes = list(dict.fromkeys(target.node.rpartition("/")[2] for target in job.targets))
    more = f" and {len(nodes) - _SHOWN} more" if len(nodes) > _SHOWN else ""
    whom = ", ".join(nodes[:_SHOWN]) + more or "its recipients"
    return visible(f"{', '.join(names)} {arrow} {whom}")


def _arrow(stream: TextIO) -> str:
    try:
        "\u2192".encode(stream.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return "->"
    return "\u2192"
