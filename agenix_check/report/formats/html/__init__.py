"""The report as one page for a browser, which loads nothing from the network.

Jinja2 escapes every value, and a Content-Security-Policy allows only the style and the script of
this page, by their hashes. The script gets the outputs as JSON and draws the matrix; all other
parts work without it.
"""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import TYPE_CHECKING

from agenix_check import __version__
from agenix_check.model.findings import Report
from agenix_check.report.escape import inert_markup, visible
from agenix_check.report.registry import Format, RenderOptions

if TYPE_CHECKING:
    from jinja2 import Environment

# Everything else is imported when a page is made: --help imports this file for `FORMAT` only.

_STYLES = ("frame.css", "report.css", "matrix.css")
_SCRIPTS = (
    "elements.js", "address.js", "fleet.js", "overviews.js", "details.js", "cells.js", "map.js",
    "matrix.js", "filters.js", "start.js",
)  # fmt: skip


def render(report: Report, version: str, *, strict: bool, require_verified: bool) -> str:
    """Turn a report into HTML in ASCII, which is valid in every encoding.

    `strict` and `require_verified` decide what fails the run.
    """
    from markupsafe import Markup

    from agenix_check.report.formats.html.fleet_data import fleet_json
    from agenix_check.report.formats.html.page import make_page
    from agenix_check.report.words import with_doubts

    report = with_doubts(report)
    style = "".join(map(read_static, _STYLES))
    script = f'"use strict";\n(() => {{\n{"".join(map(read_static, _SCRIPTS))}}})();\n'
    template = environment().get_template("page.html")
    page = template.render(
        page=make_page(report, strict=strict, require_verified=require_verified),
        fleet=Markup(fleet_json(report)),  # noqa: S704 - made for a script element
        version=version,
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own files
        style_hash=hash_inline(style),
        script_hash=hash_inline(script),
    )
    return inert_markup(page.encode("ascii", "xmlcharrefreplace").decode("ascii"))


@cache
def environment() -> "Environment":
    """Return what makes pages of the templates, in which every value is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader(__package__, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _finalize(value: object) -> object:
    """Escape every text that a template prints to one line of printable characters."""
    from markupsafe import Markup

    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def read_static(name: str) -> str:
    """Return one of our own styles or scripts."""
    return resources.files(__package__).joinpath("static", name).read_text("utf-8")


def hash_inline(text: str) -> str:
    """Return the hash by which a Content-Security-Policy names an inline element."""
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode()


def _render(report: Report, options: RenderOptions) -> str:
    return render(
        report,
        __version__,
        strict=options.strict,
        require_verified=options.require_verified,
    )


FORMAT = Format(
    name="html",
    audience="the whole fleet as one page, to be opened from disk",
    render=_render,
    details=True,
)
