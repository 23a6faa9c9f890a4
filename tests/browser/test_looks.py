"""How the page looks: in the light and in the dark, on a phone, without a script."""

import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from agenix_check.report import RenderOptions, render
from tests.browser.window import PHONE, Window
from tests.report.sample import ALL, ALPHA, TROUBLE, output, report

# What is told apart by colour has to be readable in it: the parts of every kind.
COLOURED = (
    "#matrix td.ok", "#matrix td.wrong", "#matrix td.unverifiable", "#matrix td.skipped",
    ".legend .pill.none", ".severity.error", ".choice.ok", ".choice.skipped", ".rule", ".copy",
    ".label", ".summary", "#shown", "h1", ".path", ".counts li.unverifiable",
)  # fmt: skip

_COLOURS = """
const element = document.querySelector(arguments[0]);
let behind = element;
const bare = (one) => getComputedStyle(one).backgroundColor === "rgba(0, 0, 0, 0)";
while (bare(behind)) behind = behind.parentElement;
return [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor];
"""


def contrast(first: str, second: str) -> float:
    """Return the ratio of two colours, as https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio."""
    lights = sorted(map(_luminance, (first, second)))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)]
    assert len(parts) == 3, colour
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_the_ratio_is_that_of_the_standard() -> None:
    assert contrast("rgb(0, 0, 0)", "rgb(255, 255, 255)") == pytest.approx(21)
    assert contrast("rgb(119, 119, 119)", "rgb(255, 255, 255)") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_read(window: Window, scheme: str) -> None:
    window.show(TROUBLE, scheme=scheme)
    for selector in COLOURED:
        ink, ground = window.run(_COLOURS, selector)
        assert contrast(ink, ground) >= 4.5, (selector, ink, ground)
    ground = window.run("return getComputedStyle(document.body).backgroundColor")
    assert (_luminance(ground) > 0.5) is (scheme == "light")


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("width", [320, 360, 768])
def test_the_page_itself_never_scrolls_sideways(window: Window, name: str, width: int) -> None:
    window.show(ALL[name], size=(width, 740))
    assert window.fits()


def test_on_a_phone_the_matrix_scrolls_in_its_box_under_its_heads(window: Window) -> None:
    window.show(
        report(*(output(f"nixos:n{n}", f"secret-{s}") for n in range(60) for s in range(60))),
        size=PHONE,
    )
    window.run("document.querySelector('.box').scrollTo(900, 900)")
    window.settle()
    box, head, side = (
        window.run("return arguments[0].getBoundingClientRect().toJSON()", window.find(selector))
        for selector in (
            ".box",
            "#matrix thead th:nth-child(12)",
            "#matrix tbody tr:nth-child(12) th",
        )
    )
    assert box["width"] < PHONE[0]
    assert head["top"] == pytest.approx(box["top"] + 1, abs=1)
    assert side["left"] == pytest.approx(box["left"] + 1, abs=1)


def test_there_are_words_where_there_is_room_and_marks_alone_where_not(window: Window) -> None:
    window.show(report(output(ALPHA, "db"), output(ALPHA, "wifi")))
    assert window.cell(ALPHA, "db").text == "ok"
    window.show(report(*(output(ALPHA, f"secret-{s}") for s in range(60))))
    cell = window.cell(ALPHA, "secret-0")
    assert window.run("return arguments[0].offsetWidth", cell) == 24
    assert cell.text == ""
    assert cell.accessible_name == "ok"
    assert cell.get_attribute("title") == "ok"
    assert len(cell.find_elements("css selector", "svg.mark")) == 1


def test_nothing_moves_by_itself(window: Window) -> None:
    window.show(TROUBLE)
    window.run("document.querySelector('td.wrong').click()")
    assert window.run("return document.getAnimations().length") == 0
    moving = "scrollBehavior !== 'auto' || style.transitionDuration !== '0s'"
    assert not window.run(
        "return [...document.querySelectorAll('*')].some((one) => {"
        f" const style = getComputedStyle(one); return style.{moving}; }})"
    )


def test_without_a_script_all_that_matters_is_there(window: Window) -> None:
    window.show(TROUBLE, script=False)
    told = window.text()
    assert "6 of 10 outputs are wrong, and not everything could be checked" in told
    assert "secrets/db.age changed in 1a2b3c4d5e" in told
    assert "error output-stale made from another version of its source" in told
    assert "What to type agenix-check --fix" in told
    assert "secrets/merge.age is not merged" in told
    assert "node ok wrong unverifiable skipped" in told
    assert "nixos:beta 1 2 0 0" in told
    window.run(
        "document.querySelectorAll('#readers details').forEach((one) => { one.open = true })"
    )
    told = window.text("#readers")
    assert "secrets/wifi.age evil" in told.partition("every secret nixos:alpha")[2]
    assert "nixos:alpha node 2 ssh-ed25519 SHA256:abc hosts/alpha/host.pub" in told
    assert "Copy" not in told
    assert "Show all" not in told


def test_served_by_a_server_it_asks_for_nothing_but_itself(window: Window) -> None:
    asked = []
    page = render(TROUBLE, "html", RenderOptions()).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        window.open(f"http://127.0.0.1:{server.server_port}/page")
        assert len(window.cells()) == 10
        server.shutdown()
    assert asked == ["/page"]


def test_a_long_name_keeps_its_ends(window: Window) -> None:
    nodes = [f"nixos:a-very-long-name-of-a-node-{number}" for number in range(3)]
    secrets = [f"a-secret-with-a-name-that-goes-on-and-on-{number:02}" for number in range(30)]
    window.show(report(*(output(n, s) for n in nodes for s in secrets)), size=PHONE)
    heads = [window.find(f"#matrix tbody tr:nth-child({at}) th") for at in (1, 2, 3)]
    heads += [window.find(f"#matrix thead th:nth-child({at})") for at in (2, 3, 4)]
    for head, name in zip(heads, nodes + secrets[:3], strict=True):
        first, _, last = head.find_element("class name", "name").text.partition("\u2026")
        assert name.startswith(first)
        assert name.endswith(last)
        assert first
        assert last
        assert head.accessible_name == name
        assert str(head.get_attribute("title")).startswith(f"{name}: ")
