"""The page as text: complete, escaped, self-contained, and the same bytes each time.

What it does in a browser is tested in `tests/browser/`.
"""

import json
import re
import subprocess
import sys
from base64 import b64encode
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenix_check.model import access
from agenix_check.model.findings import (
    Decrypted,
    Fix,
    NotCompared,
    OutputDetail,
    Report,
    Severity,
    Verdict,
)
from agenix_check.model.frozen import replace
from agenix_check.report.addresses import rule_uri
from agenix_check.report.formats import html
from tests.report.sample import (
    ALL,
    ALPHA,
    GREEN,
    HOSTILE,
    NAMES,
    PLAIN_AGENIX,
    SOURCE_EDIT,
    TROUBLE,
    finding,
    output,
    report,
)


def render(sample: Report, *, strict: bool = False, require_verified: bool = False) -> str:
    return html.render(sample, "1.2.3", strict=strict, require_verified=require_verified)


class Reader(HTMLParser):
    """Collects the tags, their attributes, and the text of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.raw: list[tuple[dict[str, str | None], str]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] in ("script", "style") and self.cdata_elem:
            self.raw.append((self.tags[-1][1], data))
        else:
            self.text += f"{data} "

    def fleet(self) -> dict[str, Any]:
        (data,) = (text for attrs, text in self.raw if attrs.get("id") == "fleet-data")
        return cast("dict[str, Any]", json.loads(data))


def words(page: str) -> str:
    return " ".join(Reader(page).text.split())


def headline(sample: Report, *, strict: bool = False, require_verified: bool = False) -> str:
    page = render(sample, strict=strict, require_verified=require_verified)
    state = re.search(r'data-state="(\w+)"', page)
    title = re.search(r'<h1 id="verdict">(.*?)</h1>', page)
    assert state is not None
    assert title is not None
    assert f"<title>{title[1]} &#183; agenix-check</title>" in page
    return f"{state[1]}: {unescape(title[1])}"


@pytest.mark.parametrize("name", ALL)
def test_the_same_report_gives_the_same_page(name: str) -> None:
    page = render(ALL[name])
    assert page == render(ALL[name])
    assert page.endswith("</html>\n")
    assert page.isascii()


def test_what_is_hashed_is_ascii_by_itself() -> None:
    for _, text in Reader(render(replace(TROUBLE, skipped=("\u00fcber",)))).raw:
        assert text.isascii()
        assert "&#" not in text


@pytest.mark.parametrize("name", ALL)
def test_it_asks_for_nothing_from_anywhere(name: str) -> None:
    reader = Reader(render(ALL[name]))
    links = [
        value
        for _, attributes in reader.tags
        for attribute, value in attributes.items()
        if attribute in ("src", "srcset", "href", "action", "data", "poster") and value
    ]
    # The pages of rules are links to follow; they are not loaded.
    pages = rule_uri("").removesuffix(".md")
    assert all(link.startswith(("#", "data:image/svg+xml,", pages)) for link in links)
    loaded = ("src", "srcset", "data", "poster")
    assert not any(pages in (a.get(one) or "") for _, a in reader.tags for one in loaded)
    assert not any(name.startswith("on") or name == "style" for _, a in reader.tags for name in a)
    assert "@import" not in str(reader.raw)
    assert "url(" not in str(reader.raw)


def test_the_policy_allows_its_own_style_and_script_alone() -> None:
    reader = Reader(render(TROUBLE))
    (policy,) = (
        attributes["content"]
        for tag, attributes in reader.tags
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    )
    style, data, script = (text for _, text in reader.raw)

    def digest(text: str) -> str:
        return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"

    assert policy == (
        f"default-src 'none'; style-src {digest(style)}; script-src {digest(script)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert data.startswith("{")


def test_every_finding_is_shown_with_what_fixes_it() -> None:
    told = words(render(TROUBLE))
    for one in TROUBLE.findings:
        assert one.rule in told
        assert one.severity in told
        assert (one.secret or "") == HOSTILE or (one.secret or "") in told
        if one.mend is not None:  # commands for one file each are told as one
            assert one.mend.removeprefix("git rm -- ") in told
    for sentence in (*TROUBLE.incomplete, *TROUBLE.skipped):
        assert sentence in told
    assert "secrets/db.age changed in 1a2b3c4d5e" in told


def test_a_rule_that_is_named_is_told_at_length() -> None:
    told = words(render(TROUBLE))
    assert "What it means" in told
    tags = Reader(render(TROUBLE)).tags
    anchors = {f"#{attributes['id']}" for _, attributes in tags if "id" in attributes}
    links = {a["href"] for _, a in tags if str(a.get("href", "")).startswith("#")}
    assert "#rule-output-stale" in links
    assert links <= anchors


def test_ids_are_unique() -> None:
    for sample in ALL.values():
        ids = [a["id"] for _, a in Reader(render(sample)).tags if "id" in a]
        assert len(ids) == len(set(ids))


def test_hostile_names_become_text() -> None:
    page = render(TROUBLE)
    assert "<b>" not in page
    assert not set(page) & set("\x1b\u202e\udcff\r")
    assert r"evil\x1b[31m\n\u202e&lt;b&gt;&amp;" in page
    secrets = Reader(page).fleet()["secrets"]
    assert r'evil\x1b[31m\n\u202e<b>&"]]>::%0A\xff' in secrets


def _tags(name: str, path: str) -> list[str]:
    sample = report(
        output(name, path, Verdict.SKIPPED, reason=path),
        findings=(
            finding(
                "a-b", name or "n", path or "p", message=path, mend=name or "m",
                cause=replace(SOURCE_EDIT, path=path),
            ),
        ),
        skipped=(name,),
        incomplete=(path,),
    )  # fmt: skip
    page = render(sample)
    assert page.isascii()
    return [tag for tag, _ in Reader(page).tags]


_HARMLESS = _tags("node", "secret")


@given(st.text(st.characters(), max_size=30), st.text(st.characters(), max_size=30))
def test_no_text_becomes_markup(name: str, path: str) -> None:
    assert _tags(name, path) == _HARMLESS


def test_the_script_is_given_every_output() -> None:
    detail = OutputDetail(addressed_to=("an SSH key",), plaintext_size=7, source_size=8)
    wanted = output(ALPHA, "db", Verdict.WRONG, "output-length")._replace(detail=detail)
    own = "elsewhere.age"
    told = finding("output-length", ALPHA, "db", message="too short", mend="agenix-check --fix")
    odd = output(ALPHA, "odd")._replace(path=own)
    fleet = Reader(render(report(wanted, odd, findings=(told,)))).fleet()

    assert fleet["secrets"] == ["db", "odd"]
    ((name, short, start, outputs),) = fleet["nodes"]
    assert (name, short, start) == (ALPHA, ALPHA, "secrets/rekeyed/alpha/")
    (secret, verdict, middle, about, addressees, length), (*_, elsewhere, _, _, _) = outputs
    assert (secret, fleet["verdicts"][verdict], length) == (0, "wrong", 7)
    assert f"{start}{middle}-db.age" == wanted.path
    assert elsewhere == [own]
    finding_told = ["output-length", "error", "too short", "agenix-check --fix", None, True]
    assert fleet["about"][about] == [
        "secrets/db.age", 8, None, ["output-length"], None, [finding_told],
    ]  # fmt: skip
    assert fleet["addressees"][addressees] == [["an SSH key"], None]


def test_of_two_outputs_in_one_cell_each_has_its_own_findings() -> None:
    first, second = (
        output(ALPHA, "db", Verdict.WRONG, "output-length")._replace(path=f"a/{one}-db.age")
        for one in ("1", "2")
    )
    told = tuple(
        finding("output-length", ALPHA, "db", message=one.path, path=one.path)
        for one in (first, second)
    )
    fleet = Reader(render(report(first, second, findings=told))).fleet()
    messages = [about[-1][0][2] for about in fleet["about"]]
    assert messages == ["a/1-db.age", "a/2-db.age"]


def test_nothing_is_cut() -> None:
    many = tuple(
        finding("output-orphan", f"n{number}", "db", mend=f"git rm -- :/{number}", message="old")
        for number in range(300)
    )
    page = render(report(findings=many))
    told = words(page)
    assert "and 290 more" in told
    for one in many:
        assert str(one.path) in told
        assert str(one.mend).removeprefix("git rm -- ") in told
    assert r"\n" not in page.partition("<script>")[0]


def test_what_is_no_news_is_folded_where_it_is_in_the_way() -> None:
    old = [
        finding(
            "output-stale", ALPHA, "db", new=False, cause=replace(SOURCE_EDIT, path=f"{number}")
        )
        for number in range(20)
    ]
    fold = "<summary><h3>Already there before this change</h3></summary>"
    assert fold not in render(report(*STALE, findings=tuple(old[:3])))
    assert fold in render(report(*STALE, findings=tuple(old)))
    assert fold in render(report(*STALE, findings=(finding("output-stale", ALPHA, "db"), old[0])))


def test_everything_that_was_fixed_is_shown() -> None:
    fixed = tuple(Fix(action="rekeyed", path=f"rekeyed/{number}.age") for number in range(300))
    told = words(render(replace(GREEN, fixed=fixed)))
    for one in fixed:
        assert f"rekeyed {one.path}" in told


STALE = (output(ALPHA, "db", Verdict.WRONG, "output-stale"), output(ALPHA, "wifi"))
WARNING = finding("output-orphan", severity=Severity.WARNING, path="a.age")
UNVERIFIABLE = report(output(ALPHA, "db", Verdict.UNVERIFIABLE))


def test_the_first_line_is_the_verdict() -> None:
    error = finding("output-stale", ALPHA, "db")
    assert headline(GREEN) == "good: Nothing is wrong"
    assert headline(report(*STALE, findings=(error,))) == "failed: 1 of 2 outputs is wrong"
    assert headline(TROUBLE) == (
        "failed: 6 of 10 outputs are wrong, and not everything could be checked"
    )
    assert headline(report(output(ALPHA, "db"), findings=(WARNING,))) == "warned: 1 warning"
    strict = headline(report(output(ALPHA, "db"), findings=(WARNING,)), strict=True)
    assert strict == "failed: 1 warning"
    assert headline(UNVERIFIABLE) == "good: Nothing wrong was found"
    verified = headline(UNVERIFIABLE, require_verified=True)
    assert verified == "failed: 1 output cannot be verified"
    assert headline(report()) == "unknown: There was nothing to check"
    note = finding("source-unused", severity=Severity.NOTE, path="a.age")
    nothing = report(findings=(note,), incomplete=("nothing to check",))
    assert headline(nothing) == "unknown: There was nothing to check"
    assert headline(PLAIN_AGENIX) == "failed: 2 errors and 1 warning"
    cut = report(output(ALPHA, "db"), incomplete=("a node failed",))
    assert headline(cut) == "unknown: Nothing is wrong, and not everything could be checked"


def test_what_was_to_be_compared_and_was_not_is_told() -> None:
    one, other = output(ALPHA, "db"), output(ALPHA, "wifi")
    rest = NotCompared(ALPHA, "db", one.path, Verdict.OK, "no identity opens its source")
    sample = replace(report(one, other), decrypted=Decrypted(compared=1, not_compared=(rest,)))
    assert headline(sample) == "good: Nothing is wrong"
    verified = headline(sample, require_verified=True)
    assert verified == "failed: 1 output could not be compared"
    assert "not compared: 1 output of nixos:alpha: no identity opens" in words(render(sample))
    fleet = Reader(render(sample)).fleet()
    reasons = [fleet["about"][row[3]][4] for row in fleet["nodes"][0][-1]]
    assert reasons == ["not compared: no identity opens its source", None]


def test_it_says_that_no_key_was_used_only_where_that_is_so() -> None:
    assert "without any private key" in words(render(GREEN))
    compared = replace(GREEN, decrypted=Decrypted(compared=1))
    assert "private key" not in words(render(compared))
    mended = replace(GREEN, fixed=(Fix(action="rekeyed", path="rekeyed/1.age"),))
    assert "private key" not in words(render(mended))


def test_the_most_useful_command_is_at_the_top() -> None:
    top = render(TROUBLE).partition('class="counts"')[0]
    assert "<code>agenix-check --fix</code>" in top


def test_only_a_command_has_a_button_that_copies_it() -> None:
    mends = ("# put its rule right, then: agenix-check --fix", "agenix -r  # then git add")
    page = render(
        report(
            findings=tuple(
                finding("plain-invalid-key", path=f"{number}.age", message="", mend=mend)
                for number, mend in enumerate(mends)
            )
        )
    )
    shown = [page.partition(f"<code>{one}</code>")[2].partition("</div>")[0] for one in mends]
    assert ["Copy" in button for button in shown] == [False, True]


def test_plain_agenix_has_a_table() -> None:
    told = words(render(PLAIN_AGENIX))
    for one in PLAIN_AGENIX.plain:
        assert f"{one.verdict} {one.path}" in told
        assert one.group in told


def test_a_report_without_outputs_has_no_matrix() -> None:
    assert 'id="matrix"' not in render(report())
    assert 'id="matrix"' in render(GREEN)


# Of a process that was just started, getrusage() tells the peak of who started it.
_MANY = """
import re
from pathlib import Path
from agenix_check.model.frozen import replace
from tests.report.sample import GREEN, SOURCE_EDIT, Verdict, finding, output
from agenix_check.report import RenderOptions, render
cells = [(f"n{node}", f"s{secret}") for node in range(1000) for secret in range(200)]
outputs = tuple(output(*cell, Verdict.WRONG, "output-stale") for cell in cells)
findings = tuple(finding("output-stale", *cell, cause=SOURCE_EDIT) for cell in cells)
print(render(replace(GREEN, files=outputs, findings=findings), "html", RenderOptions()))
print(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""


def test_two_hundred_thousand_wrong_outputs_fit_into_a_gibibyte() -> None:
    done = subprocess.run([sys.executable, "-c", _MANY], stdout=subprocess.PIPE, check=True)
    page, _, peak = done.stdout.decode().rstrip().rpartition("\n")
    data = page.partition('id="fleet-data">')[2].partition("</script>")[0]
    assert sum(len(node[-1]) for node in json.loads(data)["nodes"]) == 200_000
    assert "and 199990 more" in page
    assert int(peak) < 1024 * 1024  # KiB


def test_it_says_what_was_judged_and_by_what() -> None:
    told = words(render(GREEN))
    assert "checked what is staged tree 5f5f5f5f5f5f base ba5eba5eba5e known from nix" in told
    assert "known from file names, which do not show everything" in words(render(NAMES))


def test_of_many_readers_of_a_secret_some_are_named() -> None:
    readers = tuple(
        access.Reader(
            access.ReaderKind.NODE, f"nixos:n{number:03}", f"age1{number}", f"age1{number}", None,
            (access.Readable("secrets/db.age", access.Shown.ADDRESSED),),
        )
        for number in range(100)
    )  # fmt: skip
    told = words(render(replace(GREEN, readers=readers)))
    assert "secrets/db.age nixos:n000 nixos:n001" in told
    assert "nixos:n059 and 40 more: agenix-check access lists them" in told
