"""Names that somebody chose to do harm: they are text, and break nothing."""

import pytest

from agenix_check.model.findings import Verdict
from tests.browser.window import DESKTOP, PHONE, Window
from tests.report.sample import HOSTILE, SOURCE_EDIT, finding, output, report

NAMES = {
    "script": "<script>window.harm = 1</script>",
    "end-of-script": "</script><script>window.harm = 1</script>",
    "handler": '"><img src=x onerror="window.harm = 1">',
    "quote": "' onfocus='window.harm = 1' autofocus='",
    "comment": "<!-- <script> --!>",
    "template": "{{ 7 * 7 }}{% raw %}",
    "control": "bell\x07 escape\x1b[31m null\x00",
    "reversed": "\u202egnp.exe",
    "lines": "a\u2028b\u2029c\nd\re",
    "not-utf-8": "caf\udce9",
    "address": "javascript:window.harm = 1",
    "url": "https://example.org/x.png",
    "long": "very-" * 60 + "long",
    "wide": "\U0001f600" * 40,
    "all": HOSTILE,
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_name_is_text(window: Window, name: str, size: tuple[int, int]) -> None:
    one = output(name, name, Verdict.WRONG, "output-stale", reason=name)
    told = finding(
        "output-stale", name, name, message=name, path=one.path, mend=name,
        cause=type(SOURCE_EDIT)(kind=SOURCE_EDIT.kind, path=name),
    )  # fmt: skip
    orphan = finding("output-orphan", path=name, message=name)
    other = output("nixos:alpha", "db")
    window.show(
        report(one, other, findings=(told, orphan), incomplete=(name,), skipped=(name,)), size=size
    )
    window.run("document.querySelector('td.wrong').click()")
    shown = window.run("return document.querySelector('#panel').textContent")
    assert "output-stale" in shown
    assert window.run("return document.images.length + document.scripts.length") == 2
    assert window.run("return document.querySelectorAll('iframe, object, embed, b').length") == 0
    assert window.run("return window.harm ?? null") is None
    assert window.fits()
    unseen = r"/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]/"
    assert not window.run(f"return {unseen}.test(document.body.innerText)")


def test_what_cannot_be_printed_is_written_as_an_escape(window: Window) -> None:
    window.show(report(output(NAMES["reversed"], NAMES["not-utf-8"])))
    (cell,) = window.cells()
    assert cell == (r"\u202egnp.exe", r"caf\xe9", "ok")
