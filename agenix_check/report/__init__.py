"""Formatters: each turns a report into a string; the caller writes it.

A new format is one file in `formats/`: the command line, its help and README find it there.
"""

from agenix_check.model.findings import Report
from agenix_check.report.registry import RenderOptions, find_format

__all__ = ["RenderOptions", "render"]


def render(report: Report, format_name: str, options: RenderOptions) -> str:
    """Turn a report into the text of one format; an unknown name raises `UsageError`."""
    return find_format(format_name).render(report, options)
