"""The report of one run in every format."""

from pathlib import Path

from agenix_check.report.registry import format_names


def options_for(directory: Path) -> list[str]:
    """Return options that let a run write its report into a new directory in every format."""
    directory.mkdir()
    return [f"--output={form}={directory / form}" for form in format_names()]


def read_reports(directory: Path) -> dict[str, str]:
    """Return what was written, by format."""
    return {form: (directory / form).read_text() for form in format_names()}
