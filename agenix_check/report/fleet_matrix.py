"""What `agenix-check fleet` shows on a terminal: nodes and secrets as a table of verdicts."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from agenix_check.model.findings import JudgedFile, Report, Verdict
from agenix_check.report.escape import BOLD, GREEN, RED, inert, paint, visible
from agenix_check.report.words import summary

_UNFOLDED_ROWS = 24
_LONGEST_LABEL = 26
_SHORTEST_LABEL = 6
_FAINT = "2"
_WORST = (Verdict.WRONG, Verdict.UNVERIFIABLE, Verdict.SKIPPED, Verdict.OK)
_COLORS = {
    Verdict.OK: GREEN,
    Verdict.WRONG: RED,
    Verdict.UNVERIFIABLE: "33",
    Verdict.SKIPPED: _FAINT,
}

_Square = Verdict | None


class Drawing(NamedTuple):
    """What a table is drawn with: a mark a verdict, one for nothing, and the lines of headings."""

    marks: Mapping[Verdict, str]
    nothing: str
    corner: str
    line: str


FINE = Drawing(
    marks={
        Verdict.OK: "✓",
        Verdict.WRONG: "✗",
        Verdict.UNVERIFIABLE: "?",
        Verdict.SKIPPED: "-",
    },
    nothing="·",
    corner="┌",
    line="│",
)
COARSE = Drawing(
    marks={
        Verdict.OK: "+",
        Verdict.WRONG: "x",
        Verdict.UNVERIFIABLE: "?",
        Verdict.SKIPPED: "-",
    },
    nothing=".",
    corner=",",
    line="|",
)


class _Line(NamedTuple):
    """A row or a column: what it is called, and its cells."""

    label: str
    cells: tuple[_Square, ...]


def render_matrix(report: Report, *, width: int, color: bool, drawing: Drawing = FINE) -> str:
    """Turn the outputs of a report into a table of this many columns, with a legend.

    The fewer are its columns. Equal columns are folded where it would be too wide, equal rows where
    there are many; what is too wide still goes on below.
    """
    names = report.node_names()
    cells = _cells(report.outputs, names)
    if not cells:
        return ""
    nodes = sorted({node for node, _ in cells})
    secrets = sorted({secret for _, secret in cells})
    across = len(nodes) < len(secrets)
    ups, sides = (nodes, secrets) if across else (secrets, nodes)
    nouns = ("node", "secret") if across else ("secret", "node")

    def cell(side: str, up: str) -> _Square:
        return cells.get((up, side) if across else (side, up))

    rows = [_Line(side, tuple(cell(side, up) for up in ups)) for side in sides]
    columns = [_Line(up, tuple(cell(side, up) for side in sides)) for up in ups]
    label = min(max(map(len, sides)), _LONGEST_LABEL)
    if label + 2 * len(columns) > width:
        columns = _fold(columns, nouns[0], named=True)
        rows = [
            _Line(row.label, tuple(column.cells[place] for column in columns))
            for place, row in enumerate(rows)
        ]
    if len(rows) > _UNFOLDED_ROWS:
        rows = _fold(rows, nouns[1])
        label = min(max(len(row.label) for row in rows), _LONGEST_LABEL + 10)
    pen = _Pen(drawing, label, width, colored=color)
    lines: list[str] = []
    for start in range(0, len(columns), pen.room):
        part = slice(start, start + pen.room)
        lines += [*pen.head([one.label for one in columns[part]]), *pen.body(rows, part), ""]
    lines.append(pen.legend({*cells.values()}))
    text = summary(report, verbose=True)
    lines.append(paint(text, BOLD) if color else text)
    return inert("\n".join(lines) + "\n")


def _cells(
    outputs: Sequence[JudgedFile], names: Mapping[str, str]
) -> dict[tuple[str, str], Verdict]:
    """Return the worst verdict for each node and secret."""
    cells: dict[tuple[str, str], Verdict] = {}
    for one in outputs:
        place = (visible(names.get(one.node, one.node)), visible(one.secret))
        known = cells.get(place, one.verdict)
        cells[place] = min(known, one.verdict, key=_WORST.index)
    return cells


def _fold(lines: Sequence[_Line], noun: str, *, named: bool = False) -> list[_Line]:
    """Put equal lines together, where the first of them stands; `named`: with all their names."""
    groups: dict[tuple[_Square, ...], list[str]] = {}
    for line in lines:
        groups.setdefault(line.cells, []).append(line.label)
    folded = []
    for cells, labels in groups.items():
        more = len(labels) - 1
        label = labels[0]
        if more and named:
            label = f"{len(labels)} {noun}s: {', '.join(labels)}"
        elif more:
            both = ", ".join(labels)
            label = both if len(both) <= _LONGEST_LABEL else f"{label} and {more} like it"
        folded.append(_Line(label, cells))
    return folded


class _Pen:
    """Draws parts of a table, each row with its label before it."""

    def __init__(self, drawing: Drawing, label: int, width: int, *, colored: bool) -> None:
        self._drawing, self._label, self._width, self._colored = drawing, label, width, colored
        # The last heading of a part still has room for a short name.
        self.room = max((width - label - _SHORTEST_LABEL) // 2, 4)

    def head(self, labels: Sequence[str]) -> Iterator[str]:
        """A line for each column, with its name above it."""
        for place, label in enumerate(labels):
            before = " " * (self._label + 1) + f"{self._drawing.line} " * place
            yield before + _cut(f"{self._drawing.corner} {label}", self._width - len(before))

    def body(self, rows: Iterable[_Line], part: slice) -> Iterator[str]:
        """A line for each row, with some of its cells."""
        for row in rows:
            marks = " ".join(map(self._mark, row.cells[part]))
            yield f"{_cut(row.label, self._label):<{self._label}} {marks}"

    def legend(self, used: Collection[Verdict]) -> str:
        """What the marks stand for."""
        said = [f"{self._mark(one)} {one}" for one in reversed(_WORST) if one in used]
        return "  ".join([*said, f"{self._mark(None)} does not have it"])

    def _mark(self, cell: _Square) -> str:
        mark = self._drawing.nothing if cell is None else self._drawing.marks[cell]
        if not self._colored:
            return mark
        return paint(mark, _FAINT if cell is None else _COLORS[cell])


def _cut(text: str, room: int) -> str:
    room = max(room, _SHORTEST_LABEL)
    return text if len(text) <= room else f"{text[: room - 1]}…"
