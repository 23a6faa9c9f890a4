"""One door for all formats, each paid for only where it is used."""

import subprocess
import sys

import pytest

from agenix_check import __version__
from agenix_check.errors import UsageError
from agenix_check.report import RenderOptions, render
from agenix_check.report.formats import github, gitlab, html, json, junit, markdown, sarif, text
from agenix_check.report.registry import format_names
from tests.report.sample import TROUBLE


def test_the_formats_are_known() -> None:
    assert format_names() == (
        "text", "github", "gitlab", "html", "json", "junit", "markdown", "sarif",
    )  # fmt: skip


def test_options_reach_each_format() -> None:
    options = RenderOptions(color=True, verbose=True, strict=True, require_verified=True)

    assert render(TROUBLE, "text", options) == text.render(
        TROUBLE, color=True, verbose=True, quiet=False
    )
    assert render(TROUBLE, "text", RenderOptions(quiet=True)) == text.render(
        TROUBLE, color=False, verbose=False, quiet=True
    )
    assert render(TROUBLE, "json", options) == json.render(TROUBLE, __version__)
    assert render(TROUBLE, "gitlab", options) == gitlab.render(TROUBLE)
    assert render(TROUBLE, "sarif", options) == sarif.render(TROUBLE, __version__)
    assert render(TROUBLE, "github", options) == github.render(TROUBLE, verbose=True, quiet=False)
    assert render(TROUBLE, "github", RenderOptions(quiet=True)) == github.render(
        TROUBLE, verbose=False, quiet=True
    )
    assert render(TROUBLE, "markdown", RenderOptions(limit=500)) == markdown.render(
        TROUBLE, limit=500
    )
    assert render(TROUBLE, "markdown", options) == markdown.render(
        TROUBLE, strict=True, require_verified=True, verbose=True
    )
    assert render(TROUBLE, "junit", options) == junit.render(
        TROUBLE, require_verified=True, strict=True
    )
    assert render(TROUBLE, "html", options) == html.render(
        TROUBLE, __version__, require_verified=True, strict=True
    )


def test_an_unknown_format_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="'yaml'; known are text, github, gitlab, html, json"):
        render(TROUBLE, "yaml", RenderOptions())


@pytest.mark.parametrize(
    ("format_name", "unwanted"),
    [
        ("text", ["json", "junit_xml", "xml", "textwrap", "difflib", "jinja2"]),
        ("json", ["junit_xml", "xml", "textwrap", "difflib", "jinja2"]),
        ("github", ["json", "junit_xml", "xml", "textwrap", "difflib", "urllib.parse", "jinja2"]),
        ("gitlab", ["junit_xml", "xml", "textwrap", "difflib", "urllib.parse", "jinja2"]),
        ("sarif", ["junit_xml", "xml", "difflib", "jinja2"]),
        ("markdown", ["json", "junit_xml", "xml", "textwrap", "difflib", "html", "jinja2"]),
        ("junit", ["json", "textwrap", "difflib", "jinja2"]),
        ("html", ["junit_xml", "xml.etree", "difflib"]),
    ],
)
def test_a_format_imports_only_what_it_needs(format_name: str, unwanted: list[str]) -> None:
    program = f"""
import sys
from agenix_check.model.findings import Counts, FleetInfo, Report, SnapshotInfo
from agenix_check.report import RenderOptions, render
report = Report(
    snapshot=SnapshotInfo(kind="index", tree="", commit=None, base=None),
    fleet=FleetInfo(inventory="names", complete=False, nodes=0, secrets=0),
    counts=Counts(),
)
before = set(sys.modules)
render(report, {format_name!r}, RenderOptions())
assert not (set(sys.modules) - before) & set({unwanted!r}), sorted(set(sys.modules) - before)
"""
    subprocess.run([sys.executable, "-c", program], check=True)
