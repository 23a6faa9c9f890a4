"""For who reads with a keyboard or a screen reader: axe-core's rules, and what they do not see."""

from functools import cache
from pathlib import Path

import pytest

from tests.browser.window import DESKTOP, PHONE, Window
from tests.report.sample import ALL, GREEN, TROUBLE

_AXE = Path(__file__).parents[2] / ".cache" / "axe-core" / "4.14.1" / "package" / "axe.min.js"
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@cache
def _axe() -> str:
    if not _AXE.is_file():
        pytest.fail("axe-core is missing: run make test (it fetches it)")
    return _AXE.read_text("utf-8")


def violations(window: Window) -> list[str]:
    window.run(_axe())
    found = window.driver.execute_async_script(
        "const done = arguments[1];"
        "axe.run({runOnly: arguments[0]}).then((found) => done(found.violations.map((one) =>"
        " `${one.id}: ${one.nodes.map((node) => node.html).join(' ')}`)));",
        _TAGS,
    )
    return [str(one) for one in found]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(window: Window, name: str, scheme: str) -> None:
    window.show(ALL[name], scheme=scheme)
    assert violations(window) == []


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_with_all_unfolded(
    window: Window, size: tuple[int, int], scheme: str
) -> None:
    window.show(TROUBLE, scheme=scheme, size=size)
    window.run(
        "document.querySelector('td.wrong').click();"
        "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
    )
    assert violations(window) == []


def test_axe_would_find_something(window: Window) -> None:
    window.show(GREEN)
    window.run("document.documentElement.lang = ''")
    assert [one for one in violations(window) if one.startswith("html-has-lang")]


def test_the_matrix_is_a_table_with_heads(window: Window) -> None:
    window.show(TROUBLE)
    table = window.find("#matrix table")
    assert table.aria_role == "grid"
    assert table.accessible_name == "Nodes and their secrets"
    assert table.get_attribute("aria-rowcount") == "4"
    assert table.get_attribute("aria-colcount") == "8"
    assert window.find("#matrix thead th:nth-child(2)").aria_role == "columnheader"
    assert window.find("#matrix tbody th").aria_role == "rowheader"
    cell = window.find("#matrix td.wrong")
    assert cell.aria_role == "gridcell"
    assert cell.accessible_name == "wrong"


def test_every_control_has_a_name(window: Window) -> None:
    window.show(TROUBLE)
    for selector, name in {
        "#filter-node": "Node",
        "#filter-secret": "Secret",
        "#filter-rule": "Rule",
        'button[value="ok"]': "ok 2",
        "[type=reset]": "Show all",
        "fieldset": "Verdict",
        "#panel": "Details",
    }.items():
        assert window.find(selector).accessible_name == name


def test_the_first_stop_skips_to_the_verdict(window: Window) -> None:
    window.show(TROUBLE)
    window.press("\t")
    assert window.run("return document.activeElement.textContent") == "Skip to the verdict"
    assert window.run("return document.activeElement.getBoundingClientRect().top") >= 0
    window.press("\n")
    assert window.run("return document.activeElement.id") == "main"


def test_what_changes_is_announced(window: Window) -> None:
    window.show(TROUBLE)
    for selector in ("#shown", "#said"):
        assert window.find(selector).aria_role == "status"
