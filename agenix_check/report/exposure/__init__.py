"""What `agenix-check exposure` prints: one file per format, imported when it is asked for."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from agenix_check.model.exposed import Exposure

# The command line's grammar asks for the names alone, in every run.

_EXPOSURE_FORMATS = {
    "text": "exposure_text",
    "json": "exposure_json",
    "markdown": "exposure_markdown",
    "html": "exposure_html",
}


def exposure_formats() -> tuple[str, ...]:
    """Return the names of the formats, the default first."""
    return tuple(_EXPOSURE_FORMATS)


def render_exposure(exposure: "Exposure", form: str, width: int) -> str:
    """Turn what could be read into text of a format; lines of `text` have so many columns."""
    if form == "text":
        from agenix_check.report.exposure import exposure_text

        return exposure_text.render(exposure, width)
    module = import_module(f"{__name__}.{_EXPOSURE_FORMATS[form]}")
    render: Callable[[Exposure], str] = module.render
    return render(exposure)
