"""What is chosen in the matrix, with the mouse and with keys, and what is told of it."""

from pathlib import Path

import pytest
from selenium.webdriver import Keys

from agenix_check.demo.workshop import Workshop
from agenix_check.model.findings import JudgedFile, MadeFrom, OutputDetail, Verdict
from agenix_check.model.frozen import replace
from tests.audit.scenes import DB, old_output
from tests.browser.window import PHONE, Window
from tests.conftest import Run
from tests.report.sample import ALPHA, BETA, GAMMA, TROUBLE, finding, output, path_of, report


@pytest.fixture
def page(window: Window) -> Window:
    window.show(TROUBLE)
    return window


def test_a_click_tells_all_that_is_known(window: Window) -> None:
    detail = OutputDetail(
        addressed_to=("an SSH Ed25519 key with tag AbCdEf, in hosts/beta/host.pub",),
        plaintext_size=12,
        source_size=4096,
        source=MadeFrom(path="secrets/db.age", current=False, until="1a2b3c4d5e6f"),
        key=MadeFrom(path="hosts/alpha/host.pub"),
    )
    one = output(ALPHA, "db", Verdict.WRONG, "output-length")._replace(detail=detail)
    window.show(report(one, output(BETA, "db")))
    window.cell(ALPHA, "db").click()
    told = window.text("#panel")
    assert told.startswith(f"db Close on {ALPHA} wrong")
    assert f"file {path_of(ALPHA, 'db')} source secrets/db.age" in told
    assert "made from secrets/db.age, as it was until 1a2b3c4d5e" in told
    assert "made for the key in hosts/alpha/host.pub, as it is" in told
    assert "addressed to an SSH Ed25519 key with tag AbCdEf, in hosts/beta/host.pub" in told
    assert "plaintext 12 bytes; its source's has 4,096" in told


def test_a_click_tells_the_findings_and_the_rule(page: Window) -> None:
    page.cell(ALPHA, "db").click()
    told = page.text("#panel")
    assert "error output-stale made from another version of its source" in told
    assert "secrets/db.age changed in 1a2b3c4d5e" in told
    assert "agenix-check --fix" in told
    page.find("#panel details summary").click()
    assert "What it means" in page.text("#panel")
    assert page.text("#said") == f"db on {ALPHA}: wrong, output-stale"
    assert page.cell(ALPHA, "db").get_attribute("aria-selected") == "true"


def test_why_an_output_was_not_judged(page: Window) -> None:
    page.cell(GAMMA, "token").click()
    assert "unverifiable anonymous recipients" in page.text("#panel")
    page.cell(BETA, "token").click()
    assert "This node does not have this secret." in page.text("#panel")
    assert page.text("#said") == f"token on {BETA}: none"


def test_every_output_of_a_cell_is_told(window: Window) -> None:
    first, second = (output(ALPHA, "db")._replace(path=f"rekeyed/{one}.age") for one in "ab")
    window.show(report(first, second, output(BETA, "db")))
    cell = window.cell(ALPHA, "db")
    assert cell.text == "ok (2 outputs)"
    cell.click()
    assert "rekeyed/a.age" in window.text("#panel")
    assert "rekeyed/b.age" in window.text("#panel")


def test_arrows_move_enter_opens_and_escape_leads_back(page: Window) -> None:
    page.run("document.querySelector('td[tabindex=\"0\"]').focus()")
    assert page.focused() == (ALPHA, "db")
    page.press(Keys.ARROW_DOWN, Keys.ARROW_RIGHT)
    assert page.focused() == (BETA, "backup/key")
    page.press(Keys.ARROW_LEFT, Keys.ENTER)
    assert page.text("#panel").startswith("db Close")
    assert page.run("return document.activeElement.id") == "panel"
    page.press(Keys.ESCAPE)
    assert page.focused() == (BETA, "db")
    assert "Choose an output" in page.text("#panel")
    page.press(" ")
    assert page.text("#panel").startswith("db Close")


def test_keys_lead_to_the_ends_and_no_further(page: Window) -> None:
    page.cell(ALPHA, "db").click()
    page.press(Keys.END)
    assert page.focused() == (ALPHA, "mail")
    page.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert page.focused() == (ALPHA, "mail")
    page.press(Keys.HOME)
    assert page.focused() == (ALPHA, "db")
    page.press(Keys.END, control=True)
    assert page.focused() == (GAMMA, "mail")
    page.press(Keys.HOME, control=True)
    assert page.focused() == (ALPHA, "db")
    page.press(Keys.PAGE_DOWN)
    assert page.focused() == (GAMMA, "db")
    page.press(Keys.PAGE_UP)
    assert page.focused() == (ALPHA, "db")
    page.press(Keys.ARROW_UP)
    assert page.run("return document.activeElement.dataset.name") == "db"
    page.press(Keys.ARROW_LEFT, Keys.ARROW_UP)
    assert page.run("return document.activeElement.dataset.name") == "db"
    page.press(Keys.PAGE_UP, Keys.ARROW_DOWN)
    assert page.focused() == (ALPHA, "db")


def test_the_head_of_a_row_shows_its_node(window: Window) -> None:
    own, stranger = "a key in hosts/alpha/host.pub", "a key in hosts/beta/host.pub"

    def addressed(one: JudgedFile, *names: str) -> JudgedFile:
        return one._replace(detail=OutputDetail(addressed_to=names))

    window.show(
        report(
            addressed(output(ALPHA, "db"), own),
            addressed(
                output(ALPHA, "wifi", Verdict.WRONG, "output-extra-recipient"), own, stranger
            ),
            addressed(output(BETA, "wifi"), stranger),
        )
    )
    head = f'th[data-name="{ALPHA}"]'
    window.find(head).click()
    told = window.text("#panel")
    assert told.startswith(f"{ALPHA} Close node 1 wrong 1 ok What it has wrong wifi ok db")
    assert told.endswith(f"Addressed to {own}: 2 outputs {stranger}: 1 output")
    assert window.text("#said") == f"{ALPHA}: 1 wrong, 1 ok"
    assert window.find(head).get_attribute("aria-selected") == "true"
    window.press(Keys.ESCAPE)  # nothing: the focus is in the matrix
    window.find("#panel .place").click()
    assert window.text("#panel").startswith(f"wifi Close on {ALPHA} wrong")
    assert window.focused() == (ALPHA, "wifi")


def test_the_head_of_a_column_shows_its_secret_with_keys_too(page: Window) -> None:
    page.cell(ALPHA, "wifi").click()
    page.press(Keys.ARROW_UP, Keys.ENTER)
    told = page.text("#panel")
    assert told.startswith(
        "wifi Close secret 1 wrong 1 ok Source secrets/wifi.age Who has it wrong"
    )
    page.press(Keys.ESCAPE)
    assert page.run("return document.activeElement.dataset.name") == "wifi"


def test_what_is_wrong_with_all_of_a_node_or_a_secret_stands_there(window: Window) -> None:
    key = finding("node-placeholder-key", ALPHA, message="its key is the placeholder")
    source = finding("source-malformed", message="it ends inside its header")
    source = replace(source, source="secrets/db.age")
    window.show(report(output(ALPHA, "db"), output(ALPHA, "wifi"), findings=(key, source)))
    said = {ALPHA: "its key is the placeholder", "db": "it ends inside its header", "wifi": ""}
    for name, message in said.items():
        window.find(f'th[data-name="{name}"]').click()
        found = window.driver.find_elements("css selector", "#panel .finding")
        assert [message in one.text for one in found] == [True] * bool(message)


def test_a_link_shows_the_same_again(page: Window, window: Window) -> None:
    page.type("#filter-node", "alpha")
    page.find("#filter-rule").send_keys("output-stale")
    page.find('button.choice[value="wrong"]').click()
    page.cell(GAMMA, "db").click()
    address, shown = page.driver.current_url, page.cells()
    assert len(shown) == 2
    page.open("about:blank")
    window.open(address)
    window.settle()
    assert window.cells() == shown
    assert window.text("#panel").startswith(f"db Close on {GAMMA} wrong")
    assert window.find('button.choice[value="wrong"]').get_attribute("aria-pressed") == "true"
    window.find("[type=reset]").click()
    window.find("#panel .close").click()
    assert window.driver.current_url.partition("#")[2] == "fleet"
    window.find(".counts a").click()
    window.settle()
    assert {cell.word for cell in window.cells()} == {"ok"}


@pytest.mark.parametrize(
    "fragment", ["%", "fleet?open-node=gone&verdict=%&rule=no-rule", "fleet?&&=;open-secret"]
)
def test_a_link_that_asks_for_what_is_not_there(
    page: Window, window: Window, fragment: str
) -> None:
    address = page.driver.current_url
    page.open("about:blank")
    window.allowed.add(address)
    window.open(f"{address}#{fragment}")
    assert "Choose an output" in window.text("#panel")


def test_one_cell_is_reached_with_the_tabulator(page: Window) -> None:
    page.cell(ALPHA, "wifi").click()
    reached = page.run("return document.querySelectorAll('td[tabindex=\"0\"]').length")
    assert reached == 1
    page.press(Keys.ARROW_DOWN)
    assert page.cell(BETA, "wifi").get_attribute("tabindex") == "0"
    assert page.run("return document.querySelectorAll('td[tabindex=\"0\"]').length") == 1


def test_the_focus_can_be_seen(page: Window) -> None:
    page.run("document.querySelector('td[tabindex=\"0\"]').focus()")
    page.press(Keys.ARROW_DOWN)
    style = "return getComputedStyle(document.activeElement)"
    assert page.run(f"{style}.outlineStyle") == "solid"
    assert page.run(f"{style}.outlineWidth") == "2px"


def test_a_finding_leads_to_its_cell(page: Window) -> None:
    page.type("#filter-node", "alpha")
    page.run(
        "[...document.querySelectorAll('#findings li')].find((item) =>"
        " item.dataset.node === arguments[0] && item.dataset.secret === 'wifi')"
        ".querySelector('button').click()",
        BETA,
    )
    page.settle()
    assert page.text("#panel").startswith(f"wifi Close on {BETA} wrong")
    assert page.focused() == (BETA, "wifi")


def test_on_a_phone_the_details_come_into_sight(window: Window) -> None:
    window.show(TROUBLE, size=PHONE)
    window.cell(ALPHA, "db").click()
    top = window.run("return document.querySelector('#panel h3').getBoundingClientRect().bottom")
    assert 0 < top <= 0.6 * PHONE[1]


def test_a_command_can_be_copied(page: Window) -> None:
    button = page.find(".first-aid .copy")
    button.click()
    page.settle()
    assert button.text in ("Copied", "Selected")
    assert page.text("#said") == button.text


def test_a_link_to_a_rule_unfolds_it(page: Window) -> None:
    page.find('#findings a[href="#rule-output-stale"]').click()
    page.settle()
    assert page.run("return document.getElementById('rule-output-stale').open")


def test_the_page_of_a_real_fleet(
    fleet: Workshop, run: Run, window: Window, tmp_path: Path
) -> None:
    fleet.source(DB, "another\n")
    fleet.stage()
    file = tmp_path / "fleet.html"
    result = run(fleet.top, "--output", f"html={file}")
    assert result.code == 1, result.stderr
    window.open(file.as_uri())
    assert window.text("h1") == "4 of 9 outputs are wrong"
    facts = window.text(".facts")
    branch = fleet.git.run("symbolic-ref", "--short", "HEAD").decode().strip()
    assert facts.startswith(
        f"repository {fleet.top.name} branch {branch} checked what is staged on"
    )
    subject = fleet.git.run("log", "-1", "--format=%s").decode().strip()
    assert f" subject {subject} tree " in facts
    node = "secrets/rekeyed/alpha"
    window.cell(node, "db").click()
    told = window.text("#panel")
    assert told.startswith("db Close on alpha wrong error output-stale")
    assert old_output(fleet, "alpha", "db") in told
    assert f"made from {DB}, as it was before this change" in told
    assert "made for the key in hosts/alpha/host.pub, as it is" in told
    assert "in hosts/alpha/host.pub plaintext 14 bytes; its source's has 8" in told
