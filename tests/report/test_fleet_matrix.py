"""The table of `fleet` on a terminal: it fits the width, and folds what is alike."""

import re

from agenix_check.model.findings import Report, Verdict
from agenix_check.report.fleet_matrix import COARSE, render_matrix
from tests.report.sample import HOSTILE, output, report


def _lines(sample: Report, width: int) -> list[str]:
    return render_matrix(sample, width=width, color=False, drawing=COARSE).splitlines()


def test_rows_that_are_alike_are_folded_where_there_are_many() -> None:
    nodes = [f"host{number:02}" for number in range(40)]
    files = [output(node, secret) for node in nodes for secret in ("db", "wifi")]
    files[0] = files[0]._replace(verdict=Verdict.WRONG)
    lines = _lines(report(*files), 80)
    assert lines[:4] == [
        " " * 22 + ", db",
        " " * 22 + "| , wifi",
        "host00                x +",
        "host01 and 38 like it + +",
    ]
    assert lines[-2] == "+ ok  x wrong  . does not have it"
    assert lines[-1].startswith("80 outputs on 40 nodes: 79 ok, 1 wrong")


def test_columns_that_do_not_fit_are_folded_then_go_on_below() -> None:
    alike = [output(f"n{row}", f"s{column:02}") for row in range(70) for column in range(60)]
    lines = _lines(report(*alike), 60)
    assert lines[0].endswith(", 60 secrets: s00, s01, s02, s03, s04, s0…")
    assert max(map(len, lines[:-1])) <= 60
    # Every secret has other nodes, so nothing folds.
    ragged = [output(f"n{row:02}", f"s{column:02}") for row in range(70) for column in range(60)
              if row >= column]  # fmt: skip
    lines = _lines(report(*ragged), 60)
    assert max(map(len, lines[:-1])) <= 60
    heads = [re.sub(r"[ |,]", "", line) for line in lines if ", s" in line]
    assert len(heads) == 60
    assert sum(line.startswith("n00 ") for line in lines) > 1


def test_fewer_nodes_than_secrets_are_columns() -> None:
    lines = _lines(report(*(output("a", name) for name in ("x", "y", "z")), output("b", "x")), 80)
    assert lines[:5] == ["  , a", "  | , b", "x + +", "y + .", "z + ."]


def test_names_are_made_visible() -> None:
    table = render_matrix(report(output(HOSTILE, HOSTILE)), width=80, color=False)
    assert "\x1b" not in table
    assert render_matrix(report(), width=80, color=True) == ""
