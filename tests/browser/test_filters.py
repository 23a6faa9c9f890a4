"""The filters of the matrix, each alone and together."""

import pytest
from selenium.webdriver import Keys
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select

from agenix_check.model.findings import Verdict
from tests.browser.window import Window
from tests.report.sample import ALPHA, BETA, GAMMA, TROUBLE, finding, output, report


@pytest.fixture
def page(window: Window) -> Window:
    window.show(TROUBLE)
    return window


def choose_verdict(page: Window, verdict: str, *keys: str) -> None:
    actions = ActionChains(page.driver, duration=0)
    for key in keys:
        actions.key_down(key)
    actions.click(page.find(f'button.choice[value="{verdict}"]'))
    for key in keys:
        actions.key_up(key)
    actions.perform()


def pressed(page: Window) -> set[str]:
    buttons = page.driver.find_elements(By.CSS_SELECTOR, '.choice[aria-pressed="true"]')
    return {str(one.get_attribute("value")) for one in buttons}


def test_at_first_every_output_is_shown(page: Window) -> None:
    shown = {(cell.node, cell.secret): cell.word for cell in page.cells()}
    assert len(shown) == len(TROUBLE.outputs)
    assert shown[ALPHA, "db"] == "wrong"
    assert shown[BETA, "mail"] == "ok"
    assert shown[GAMMA, "token"] == "unverifiable"
    assert shown[GAMMA, "intermediary"] == "skipped"
    assert page.text("#shown") == "10 outputs: 3 nodes, 7 secrets"


def test_by_node(page: Window) -> None:
    page.type("#filter-node", "BETA")
    assert {cell.node for cell in page.cells()} == {BETA}
    assert {cell.secret for cell in page.cells()} == {"db", "mail", "wifi"}
    assert page.text("#shown") == "3 of 10 outputs: 1 node, 3 secrets"


def test_by_secret(page: Window) -> None:
    page.type("#filter-secret", "wifi")
    assert [(cell.node, cell.secret) for cell in page.cells()] == [(BETA, "wifi"), (ALPHA, "wifi")]


def test_by_rule(page: Window) -> None:
    select = Select(page.find("#filter-rule"))
    assert "output-stale (4)" in [option.text for option in select.options]
    select.select_by_value("output-stale")
    page.settle()
    stale = {(one.node, one.secret) for one in TROUBLE.outputs if "output-stale" in one.rules}
    assert {(cell.node, cell.secret) for cell in page.cells()} == stale
    assert "filtered out" in page.run("return document.querySelector('tbody').textContent")


def test_by_a_rule_that_only_a_finding_names(window: Window) -> None:
    window.show(
        report(
            output(ALPHA, "db"),
            output(ALPHA, "wifi"),
            findings=(finding("output-mixed-keys", ALPHA, "db"),),
        )
    )
    Select(window.find("#filter-rule")).select_by_value("output-mixed-keys")
    window.settle()
    assert [cell.secret for cell in window.cells()] == ["db"]


@pytest.mark.parametrize("verdict", Verdict)
def test_by_verdict(page: Window, verdict: Verdict) -> None:
    choose_verdict(page, verdict)
    wanted = {(one.node, one.secret) for one in TROUBLE.outputs if one.verdict is verdict}
    shown = {(cell.node, cell.secret) for cell in page.cells()}
    assert len(shown) == len(wanted)
    assert {cell.word for cell in page.cells()} == {verdict}
    assert pressed(page) == {verdict}
    choose_verdict(page, verdict)
    assert len(page.cells()) == len(TROUBLE.outputs)
    assert pressed(page) == set()


def test_another_verdict_takes_the_place_of_one_or_joins_it(page: Window) -> None:
    choose_verdict(page, "wrong")
    choose_verdict(page, "skipped")
    assert pressed(page) == {"skipped"}
    choose_verdict(page, "unverifiable", Keys.CONTROL)
    assert {cell.word for cell in page.cells()} == {"unverifiable", "skipped"}
    choose_verdict(page, "skipped", Keys.CONTROL)
    assert {cell.word for cell in page.cells()} == {"unverifiable"}


def test_the_worst_come_first_and_are_counted(page: Window) -> None:
    rows = page.driver.find_elements(By.CSS_SELECTOR, "#matrix tbody th")
    assert [one.get_attribute("title") for one in rows] == [
        f"{ALPHA}: 3 of 4 wrong", f"{BETA}: 2 of 3 wrong", f"{GAMMA}: 1 of 3 wrong",
    ]  # fmt: skip
    heads = page.driver.find_elements(By.CSS_SELECTOR, "#matrix thead th:not(.corner)")
    titles = [str(one.get_attribute("title")) for one in heads]
    assert titles[0] == "db: 3 of 3 wrong"
    assert titles[-3:] == ["token: 1 output", "intermediary: 1 output", "mail: 1 output"]
    choose_verdict(page, "ok")
    rows = page.driver.find_elements(By.CSS_SELECTOR, "#matrix tbody th")
    assert [" ".join(one.text.split()) for one in rows] == ["nixos:alpha 1", "nixos:beta 1"]


def test_together_and_taken_back(page: Window) -> None:
    page.type("#filter-node", "alpha")
    page.type("#filter-secret", "db")
    choose_verdict(page, "wrong")
    Select(page.find("#filter-rule")).select_by_value("output-stale")
    page.settle()
    assert {(cell.node, cell.secret) for cell in page.cells()} == {(ALPHA, "db"), (GAMMA, "db")}
    page.find("[type=reset]").click()
    page.settle()
    assert len(page.cells()) == 10
    assert page.text("#shown") == "10 outputs: 3 nodes, 7 secrets"


def test_nothing_matches(page: Window) -> None:
    page.type("#filter-node", "no such node")
    assert page.cells() == []
    assert "No output matches these filters." in page.text(".box")
    assert page.text("#shown").startswith("0 of 10 outputs")


def test_a_submitted_form_goes_nowhere(page: Window) -> None:
    page.type("#filter-node", "beta\n")
    assert {cell.node for cell in page.cells()} == {BETA}


def test_filters_are_used_with_the_keyboard(page: Window) -> None:
    page.find("#filter-rule").send_keys("\t")
    page.press(" ")
    assert {cell.word for cell in page.cells()} == {"ok"}
    assert page.run("return document.activeElement.value") == "ok"
