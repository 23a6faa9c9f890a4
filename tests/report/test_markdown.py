"""The Markdown report, read by GitHub's own parser: no name becomes markup, no size is exceeded."""

import re
from html.parser import HTMLParser

import pytest
from cmarkgfm import github_flavored_markdown_to_html
from cmarkgfm.cmark import Options
from hypothesis import given
from hypothesis import strategies as st

from agenix_check.model.findings import Cause, CauseKind, Fix, Report, Severity, Verdict
from agenix_check.model.frozen import replace
from agenix_check.report.escape import visible
from agenix_check.report.formats import markdown
from agenix_check.report.markup import prose
from tests.pace import cpu_seconds
from tests.report.sample import (
    ALL,
    GREEN,
    HOSTILE,
    PLAIN_AGENIX,
    TROUBLE,
    finding,
    output,
    plain,
    report,
)

# What no name may bring about: users, issues, commits, addresses, markup, HTML, broken tables.
NASTY = [
    HOSTILE,
    "@octocat",
    "a@b.example",
    "https://evil.example/x",
    "www.evil.example",
    "[text](https://evil.example)",
    "![](https://evil.example/x.png)",
    "<https://evil.example>",
    "<script>alert(1)</script>",
    "<!-- ",
    "</details>",
    "&lt;b&gt;",
    "`",
    "``` ``",
    "`@octocat`",
    " ` ",
    "~~~",
    "a|b",
    "a\\|b",
    "a\\",
    "|",
    "**b** _i_ ~~s~~",
    "# heading",
    "- item",
    "1. item",
    "\n\n# heading",
    "\r\n```\n",
    "#1",
    "GH-1",
    "octocat/repo#1",
    "0123456789abcdef0123456789abcdef01234567",
    ":tada:",
    "$x$",
    " ",
    "\x00\x07\x1b]8;;https://evil.example\x07",
    "\u202e\u200b\ud800\udcff",
]

_OURS = {
    "h3", "h4", "p", "ul", "li", "code", "strong", "details", "summary", "pre",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
names = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.characters(), min_size=1, max_size=12),
    st.text("`|\\@ #<>&*_-\n", min_size=1, max_size=12),
)


class Page(HTMLParser):
    """What a browser would make of it: elements, text in code, text beside code, rows."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.plain = ""
        self.codes: list[str] = []
        self.blocks: list[str] = []
        self.rows: list[int] = []
        # Raw HTML is let through here, where GitHub filters it: ours is all there may be.
        self.feed(github_flavored_markdown_to_html(text, Options.CMARK_OPT_UNSAFE))
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.open.append(tag)
        if tag == "tr":
            self.rows.append(0)
        elif tag in ("td", "th"):
            self.rows[-1] += 1
        elif tag == "code":
            (self.blocks if "pre" in self.open else self.codes).append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "code" not in self.open:
            self.plain += data
        elif "pre" in self.open:
            self.blocks[-1] += data
        else:
            self.codes[-1] += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


def everywhere(name: str) -> Report:
    """Return a report that has a name wherever one can be."""
    cause = Cause(kind=CauseKind.FILE_CHANGED, path=name, commit=name)
    return replace(
        report(
            output(name, name, Verdict.WRONG, "output-stale"),
            output(name, "x", Verdict.SKIPPED, reason=name),
            output(name, "y", Verdict.UNVERIFIABLE, reason=name),
            findings=(
                finding(
                    "output-stale", name, name, message=name, path=name, mend=name, cause=cause
                ),
                finding("output-length", name, name, message="one", path=name),
                finding("output-length", name, name, message=name, path=name),
                finding("a-b", name, message=name, path=name, mend=name, new=False),
                *(finding("private-key", message="old", path=name) for _ in range(7)),
            ),
            skipped=(name,),
            incomplete=(name,),
            fixed=(Fix(action="rekeyed", path=name, node=name, secret=name),),
        ),
        files=(plain(name, Verdict.OK, rules_file=name),),
    )


def check(text: str) -> Page:
    page = Page(text)
    assert page.tags <= _OURS
    assert page.attributes <= {"align", "lang"}
    assert set(page.rows) <= {6}
    assert all(line.isprintable() for line in text.split("\n"))
    return page


@given(names)
def test_no_name_becomes_markup(name: str) -> None:
    page = check(markdown.render(everywhere(name), limit=1 << 20))
    shown = visible(name)

    # Nothing is left of it outside of code but plain words.
    assert not re.search(r"[@#<>`*_\\|\[\]~$]", page.plain)
    assert not re.search(r"www\.|://|:[\w+-]+:|\bGH-", page.plain, re.IGNORECASE)
    # Inside of code it is whole.
    assert page.codes.count(shown) >= 7
    assert shown in page.blocks[0].split("\n")


@pytest.mark.parametrize("name", NASTY)
def test_a_table_keeps_its_columns(name: str) -> None:
    page = check(markdown.render(report(output(name, "db"), output("b", "db"))))

    assert page.rows == [6, 6, 6]
    assert visible(name).replace("|", r"\x7c") in page.codes


@pytest.mark.parametrize("name", ALL)
def test_it_is_what_it_looks_like(name: str) -> None:
    check(markdown.render(ALL[name]))


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("made from the version of secrets/db.age before this change", None),
        ("cannot be read by ssh-ed25519 …2nh+Te of more/secrets.nix", None),
        ("addressed to the key of nixos:beta (hosts/beta/host.pub)", None),
        ("written by @octocat", "`written by @octocat`"),
        ("see www.evil.example", "`see www.evil.example`"),
        ("see http://x", "`see http://x`"),
        ("in 1a2b3c4d5e", "`in 1a2b3c4d5e`"),
        ("a :tada:", "`a :tada:`"),
        ("cve-2020-1", "`cve-2020-1`"),
        ("a `b`", "`` a `b` ``"),
        ("- a", "`- a`"),
        ("", "` `"),
    ],
)
def test_only_plain_words_are_no_code(sentence: str, shown: str | None) -> None:
    assert prose(sentence) == (sentence if shown is None else shown)


def first_line(text: str) -> str:
    return text.partition("\n")[0]


def test_the_first_line_is_the_verdict() -> None:
    warned = report(findings=(finding("output-orphan", severity=Severity.WARNING, path="x"),))
    vague = report(output("a", "b", Verdict.UNVERIFIABLE))
    said = "### ✅ agenix-check passed: "

    assert first_line(markdown.render(GREEN)).startswith(said)
    assert "4 outputs on 2 nodes" in first_line(markdown.render(GREEN))
    assert first_line(markdown.render(warned)).startswith(said)
    assert "❌ agenix-check failed: " in first_line(markdown.render(warned, strict=True))
    assert first_line(markdown.render(vague)).startswith(said)
    assert "❌ agenix-check failed: " in first_line(markdown.render(vague, require_verified=True))
    assert "❌ agenix-check failed: " in first_line(markdown.render(PLAIN_AGENIX))
    assert "❌ agenix-check failed, and could not check everything: " in first_line(
        markdown.render(TROUBLE)
    )
    assert "⚠️ agenix-check could not check everything: " in first_line(
        markdown.render(replace(GREEN, incomplete=("it is not merged",)))
    )


def test_notes_are_for_those_who_ask() -> None:
    assert "secrets/old.age" not in markdown.render(TROUBLE)
    assert "secrets/old.age" in markdown.render(TROUBLE, verbose=True)


def test_long_lists_are_folded() -> None:
    many = report(
        *(output(f"n{number:02}", "db", Verdict.WRONG, "output-stale") for number in range(40)),
        findings=tuple(finding("output-stale", f"n{number:02}", "db") for number in range(40)),
    )
    text = markdown.render(many)

    assert text.count("<details>") == text.count("</details>") == 2
    assert "<summary>40 findings</summary>" in text
    assert "<summary>40 nodes</summary>" in text
    check(text)


def test_what_is_wrong_leads_the_table() -> None:
    text = markdown.render(
        report(output("a", "db"), output("b", "db", Verdict.WRONG), output("c", "db"))
    )
    rows = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| `")]

    assert rows == ["`b`", "`a`", "`c`"]


# Size.


def wide(outputs: int, nodes: int) -> Report:
    """Return a fleet where half of all is wrong, of many causes."""
    cells = [(f"nixos:n{number % nodes}", f"s{number // nodes}") for number in range(outputs)]
    causes = [Cause(kind=CauseKind.SOURCE_CHANGED, path=f"secrets/s{n}.age") for n in range(50)]
    return report(
        *(
            output(node, secret, Verdict.WRONG if number % 2 else Verdict.OK, "output-stale")
            for number, (node, secret) in enumerate(cells)
        ),
        findings=tuple(
            finding(
                "output-stale", node, secret, cause=causes[number % 50], mend=f"git rm -- :/{node}"
            )
            for number, (node, secret) in enumerate(cells)
            if number % 2
        ),
        incomplete=tuple(f"{number} could not be read" for number in range(300)),
        skipped=tuple(f"vendor/{number} is a submodule" for number in range(300)),
        fixed=tuple(Fix(action="removed", path=f"x/{number}") for number in range(300)),
    )


WIDE = wide(4000, 400)


@given(st.one_of(st.integers(0, 3000), st.integers(0, 400_000)))
def test_no_limit_is_exceeded(limit: int) -> None:
    text = markdown.render(WIDE, limit=limit)
    whole = first_line(markdown.render(WIDE)) + "\n"

    assert len(text.encode()) <= limit
    assert text.startswith(whole) or (text == "" and limit < len(whole.encode()))
    check(text)


@given(st.integers(0, 4000), names)
def test_no_limit_is_exceeded_by_hostile_names(limit: int, name: str) -> None:
    text = markdown.render(everywhere(name), limit=limit)

    assert len(text.encode()) <= limit
    check(text)


def test_what_is_left_out_is_counted() -> None:
    text = markdown.render(WIDE, limit=20_000)
    last = text.splitlines()[-1]
    words = re.findall(r"(\d+) ([a-z ]+?)s?(?=[,.])", last)
    numbers = {noun: int(number) for number, noun in words}
    rows = sum(line.startswith("| `") for line in text.splitlines())
    findings = sum(line.startswith("- `nixos:") for line in text.splitlines())

    assert last.startswith("Not shown here: ")
    assert numbers["node"] == 400 - rows > 0
    assert numbers["finding"] == 2000 - findings > 0
    for word in ("could not check", "To fix", "#### Fixed", "| node |", "#### `secrets/s"):
        assert word in text


def test_a_report_that_fits_lacks_nothing() -> None:
    for one in ALL.values():
        assert "Not shown here" not in markdown.render(one)


def test_the_cost_of_a_huge_fleet_is_linear() -> None:
    small, huge = wide(5_000, 1000), wide(50_000, 1000)

    assert len(markdown.render(huge).encode()) <= markdown.LIMIT
    assert cpu_seconds(markdown.render, huge) < 30 * cpu_seconds(markdown.render, small)
