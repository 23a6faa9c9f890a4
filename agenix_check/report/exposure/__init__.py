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


def render_exposure(exposure: "Exposure", form: str) -> str:
    """Turn what could be read into text of a format."""
    module = import_module(f"{__name__}.{_EXPOSURE_FORMATS[form]}")
    render: Callable[[Exposure], str] = module.render
    return render(exposure)
