"""Names in the report for people: hostile ones harmless, long ones short."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenix_check.model.findings import Cause, CauseKind, Verdict
from agenix_check.model.node_names import shown_names
from agenix_check.report.formats import text
from tests.report.sample import TROUBLE, finding, output, report

NAMES = st.one_of(
    st.text(st.characters(), min_size=1, max_size=30),
    st.text("#[]: \n\rerror", min_size=1, max_size=30),
    st.just("::stop-commands::x"),
    st.just("##[stop-commands]x"),
)


@given(NAMES, st.booleans())
def test_hostile_names_print_nothing_but_printable_lines(name: str, verbose: bool) -> None:
    cause = Cause(kind=CauseKind.FILE_CHANGED, path=name, commit=name)
    sample = report(
        output(name, name, Verdict.SKIPPED, reason=name),
        findings=(
            finding("output-stale", name, name, message=name, path=name, mend=name, cause=cause),
            finding("a-b", name, name, message=name, path=name, mend=name, new=False),
        ),
        skipped=(name,),
        incomplete=(name,),
    )
    lines = text.render(sample, color=False, verbose=verbose, quiet=False).split("\n")

    assert all(line.isprintable() for line in lines)
    assert not any(line.lstrip().startswith("::") or "##[" in line for line in lines)


def test_a_hostile_name_is_shown_on_its_line() -> None:
    shown = text.render(TROUBLE, color=False, verbose=False, quiet=False)
    visible_name = r'evil\x1b[31m\n\u202e<b>&"]]>::%0A\xff'

    (line,) = (line for line in shown.splitlines() if line.startswith("  nixos:alpha  evil"))
    assert line.split("  ")[2] == visible_name
    assert line.endswith(f"-{visible_name}.age")


@pytest.mark.parametrize(
    ("nodes", "short"),
    [
        ([], []),
        (["nixos:a", "nixos:b"], ["nixos:a", "nixos:b"]),
        (["secrets/rekeyed/a"], ["secrets/rekeyed/a"]),
        (["secrets/rekeyed/a", "secrets/rekeyed/b"], ["a", "b"]),
        (["secrets/a/.rekey", "secrets/b/.rekey"], ["a", "b"]),
        (["secrets/a", "secrets/a/home", "secrets/b"], ["a", "a/home", "b"]),
        (["a/x/b", "a/x/x/b"], ["b", "x/b"]),
        (["x", "secrets/a"], ["x", "secrets/a"]),
        (["/a", "/b", ""], ["/a", "/b", ""]),
    ],
)
def test_directories_are_known_by_what_tells_them_apart(nodes: list[str], short: list[str]) -> None:
    assert shown_names(nodes) == dict(zip(nodes, short, strict=True))


@given(st.lists(st.text("ab/", max_size=7), unique=True))
def test_shown_names_stay_different(nodes: list[str]) -> None:
    assert len(set(shown_names(nodes).values())) == len(nodes)
    few, others = nodes[::2], nodes[1::2]
    both = shown_names(few, others)
    assert both.keys() == {*nodes}
    assert len(set(both.values())) == len(nodes)
    assert shown_names(few).items() <= both.items()


def test_nodes_that_are_gone_change_no_name() -> None:
    nodes = ["secrets/rekeyed/a", "secrets/rekeyed/b"]
    gone = {"secrets/rekeyed/c": "c", "old/a": "old/a", "a": "./a", "c": "./c"}
    assert shown_names(nodes, gone) == dict(zip(nodes, "ab", strict=True)) | gone
