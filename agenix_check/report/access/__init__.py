"""What `agenix-check access` prints: one file per format, imported when it is asked for."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenix_check.model.access import AccessListing

# The command line's grammar asks for the names alone, in every run.

_FORMATS = {
    "text": "access_text",
    "json": "access_json",
    "markdown": "access_markdown",
    "csv": "access_csv",
    "html": "access_html",
}


def access_formats() -> tuple[str, ...]:
    """Return the names of the formats, the default first."""
    return tuple(_FORMATS)


def render_access(listing: "AccessListing", form: str, width: int) -> str:
    """Turn who can read what into text of a format; `text` has so many columns."""
    if form == "text":
        from agenix_check.report.access import access_text

        return access_text.render(listing, width)
    module = import_module(f"{__name__}.{_FORMATS[form]}")
    render: Callable[[AccessListing], str] = module.render
    return render(listing)
