"""Formatters: each turns a report into a string; who calls them writes it somewhere.

A new format is one file with a `render` and one line here. Formats are imported when they are
asked for, so that a run that prints text pays for nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass

from agenix_check import __version__
from agenix_check.errors import UsageError
from agenix_check.model.findings import Report

__all__ = ["FORMATS", "Options", "render"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a format may heed: `color`, `verbose`, `quiet` for people, the others for verdicts.

    `limit` is in bytes, for a format that can be cut; None is its own.
    """

    color: bool = False
    verbose: bool = False
    quiet: bool = False
    strict: bool = False
    require_verified: bool = False
    limit: int | None = None


def render(report: Report, format_name: str, options: Options) -> str:
    """Turn a report into the text of one format; an unknown name raises `UsageError`."""
    renderer = _RENDERERS.get(format_name)
    if renderer is None:
        raise UsageError(f"there is no format {format_name!r}; known are {', '.join(FORMATS)}")
    return renderer(report, options)


def _text(report: Report, options: Options) -> str:
    from agenix_check.report import text

    return text.render(report, color=options.color, verbose=options.verbose, quiet=options.quiet)


def _json(report: Report, _: Options) -> str:
    from agenix_check.report import json

    return json.render(report, __version__)


def _github(report: Report, options: Options) -> str:
    from agenix_check.report import github

    return github.render(report, verbose=options.verbose, quiet=options.quiet)


def _markdown(report: Report, options: Options) -> str:
    from agenix_check.report import markdown

    return markdown.render(
        report,
        strict=options.strict,
        require_verified=options.require_verified,
        verbose=options.verbose,
        limit=markdown.LIMIT if options.limit is None else options.limit,
    )


def _junit(report: Report, options: Options) -> str:
    from agenix_check.report import junit

    return junit.render(report, require_verified=options.require_verified, strict=options.strict)


def _gitlab(report: Report, _: Options) -> str:
    from agenix_check.report import gitlab

    return gitlab.render(report)


def _sarif(report: Report, _: Options) -> str:
    from agenix_check.report import sarif

    return sarif.render(report, __version__)


def _html(report: Report, options: Options) -> str:
    from agenix_check.report import html

    return html.render(
        report,
        __version__,
        strict=options.strict,
        require_verified=options.require_verified,
    )


_RENDERERS: dict[str, Callable[[Report, Options], str]] = {
    "text": _text,
    "json": _json,
    "github": _github,
    "gitlab": _gitlab,
    "sarif": _sarif,
    "markdown": _markdown,
    "html": _html,
    "junit": _junit,
}

FORMATS = tuple(_RENDERERS)
