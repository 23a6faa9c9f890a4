"""A page of tables for a browser, in the looks of the report; it loads nothing and runs nothing."""

from typing import NamedTuple

from agenix_check import __version__


class TableOnPage(NamedTuple):
    """A table: its heading, the titles of its columns, and rows of cells of one or more texts."""

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], ...], ...]


class TablesPage(NamedTuple):
    """What the template prints; `state` is that of the report's pages: good, warned, unknown."""

    title: str
    state: str
    summary: str
    sentences: tuple[str, ...]
    tables: tuple[TableOnPage, ...]


def render_tables(page: TablesPage) -> str:
    """Turn a page into HTML in ASCII, which is valid in every encoding."""
    from markupsafe import Markup

    from agenix_check.report.formats.html import environment, hash_inline, read_static

    style = "".join(map(read_static, ("frame.css", "report.css")))
    text = (
        environment()
        .get_template("tables.html")
        .render(
            page=page,
            version=__version__,
            style=Markup(style),  # noqa: S704 - our own files
            style_hash=hash_inline(style),
        )
    )
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii")
