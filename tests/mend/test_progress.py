"""How far a fix is: lines and a bar on a terminal, nothing anywhere else, and no prompt spoilt."""

import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import new_identity
from tests.keys import plugin
from tests.keys.screens import Act, Desk, Seen, watch
from tests.mend.mending import ask, command, execute
from tests.pace import PATIENCE

KEY = b"key1"
QUESTION = "age-plugin-test: go on? [y: Yes, n: No]"
NAMES = ("db", "wifi")
NODES = [f"node-{number}" for number in range(7)]
LINES = [
    f"[{number}/2] {name} → node-0, node-1, node-2, node-3, node-4 and 2 more"
    for number, name in enumerate(sorted(NAMES), 1)
]


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "plugins"
    monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")
    return directory


@pytest.fixture
def slow(tmp_path: Path, plugins: Path) -> Workshop:
    """Return a fleet of stale outputs, whose master key is in a slow thing that asks each time."""
    plugin.install(plugins, "test", "pause", "confirm")
    return build(tmp_path / "fleet", NAMES, NODES, b"after\n")


@pytest.fixture
def large(tmp_path: Path, plugins: Path) -> Workshop:
    """Return a fleet of stale outputs of a large secret: encrypting it takes its time."""
    plugin.install(plugins, "test", "pause")
    return build(
        tmp_path / "fleet", ["db"], [f"n{number}" for number in range(200)], bytes(1 << 21)
    )


def build(top: Path, names: Iterable[str], nodes: Iterable[str], plaintext: bytes) -> Workshop:
    fleet = Workshop(top)
    ask(fleet, "config", "core.compression", "0")  # of what is encrypted, nothing would come
    fleet.identity, fleet.master = plugin.identity("test", KEY), plugin.recipient("test", KEY)
    for name in names:
        fleet.source(f"secrets/{name}.age", "before\n")
    for node in nodes:
        fleet.host(node, new_identity()[1])
        for name in names:
            fleet.rekey(node, name, f"secrets/{name}.age", "before\n")
    fleet.commit("Build")
    for name in names:
        fleet.source(f"secrets/{name}.age", plaintext)
    fleet.stage()
    return fleet


def yes(desk: Desk) -> None:
    desk.type("y\n")


def in_order(fleet: Workshop, seen: Seen) -> None:
    assert seen.status == 0, seen
    assert seen.echo
    assert seen.column == 0
    assert ask(fleet, "diff", "--name-only") == ""


def has_bar(seen: Seen) -> bool:
    return re.search(r"\d% .*\d/\d+", seen.raw) is not None


def test_questions_stand_alone_between_lines_and_bar(slow: Workshop) -> None:
    screens: list[list[str]] = []

    def note(desk: Desk) -> None:
        screens.append(desk.lines())
        yes(desk)

    seen = watch(command(slow), slow.top, [(QUESTION, note)] * 2, columns=100)
    in_order(slow, seen)
    assert has_bar(seen), seen.raw
    asked = [line for told in LINES for line in (told, f"{QUESTION} y")]
    assert seen.screen == asked
    for number, screen in enumerate(screens, 1):
        assert screen == [*asked[: 2 * number - 1], QUESTION]


@pytest.mark.parametrize("columns", [0, 1, 12, 40, 300])
def test_the_bar_keeps_to_one_line(slow: Workshop, columns: int) -> None:
    plugin.install(slow.top.parent / "plugins", "test", "pause")
    seen = watch(command(slow), slow.top, columns=columns)
    in_order(slow, seen)
    assert has_bar(seen) is (columns >= 20)
    for drawn in re.findall(r"\r([^\r\n]*%[^\r\n]*)", seen.raw):
        assert len(drawn) < columns, seen.raw
    shown, lines = ("".join("".join(one).split()) for one in (seen.screen, LINES))
    assert lines.endswith(shown[-20:])


def test_the_bar_follows_the_size_of_the_terminal(large: Workshop) -> None:
    def shrink(desk: Desk) -> None:
        desk.resize(60)

    seen = watch(command(large), large.top, [("outputs, ", shrink)], columns=120)
    in_order(large, seen)
    widths = [len(drawn) for drawn in re.findall(r"\r([^\r\n]*outputs, [^\r\n]*)", seen.raw)]
    assert max(widths) > 60 >= widths[-1], widths


def test_an_interrupt_leaves_the_terminal_as_it_was(large: Workshop) -> None:
    def look(desk: Desk) -> None:
        desk.lines()

    before = ask(large, "ls-files", "--stage")
    # Once the bar has moved it is there for certain.
    acts: list[tuple[str, Act]] = [
        ("outputs, ", look),
        ("outputs, ", lambda desk: desk.type("\x03")),
    ]
    seen = watch(command(large), large.top, acts)
    assert seen.status == 130
    assert seen.echo
    assert seen.column == 0
    assert seen.raw.endswith(" \r")
    assert ask(large, "ls-files", "--stage") == before


def test_an_interrupt_of_a_question_leaves_the_terminal_as_it_was(slow: Workshop) -> None:
    acts = [(QUESTION, yes), (QUESTION, lambda desk: desk.type("\x03"))]
    seen = watch(command(slow), slow.top, acts)
    assert seen.status == 130
    assert seen.echo
    assert "outputs, " not in "\n".join(seen.screen)


def test_no_colour_is_used(slow: Workshop) -> None:
    seen = watch(command(slow), slow.top, [(QUESTION, yes)] * 2, env={"NO_COLOR": "1"})
    in_order(slow, seen)
    assert has_bar(seen)
    assert "\x1b" not in seen.raw


def test_a_dumb_terminal_gets_lines_alone(slow: Workshop) -> None:
    seen = watch(command(slow), slow.top, [(QUESTION, yes)] * 2, env={"TERM": "dumb"})
    in_order(slow, seen)
    assert not has_bar(seen)
    assert "[2/2]" in seen.raw


def test_an_ascii_terminal_gets_ascii(slow: Workshop) -> None:
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    seen = watch(command(slow), slow.top, [(QUESTION, yes)] * 2, env=env)
    in_order(slow, seen)
    assert has_bar(seen)
    assert seen.raw.isascii()
    assert "[1/2] db -> node-0" in seen.raw


@pytest.mark.parametrize("option", ["--quiet", "--no-progress"])
def test_nothing_is_said_where_that_is_asked(slow: Workshop, option: str) -> None:
    seen = watch(command(slow, option), slow.top, [(QUESTION, yes)] * 2)
    in_order(slow, seen)
    assert seen.screen == [f"{QUESTION} y"] * 2


def test_nothing_is_said_without_a_terminal(slow: Workshop) -> None:
    plugin.install(slow.top.parent / "plugins", "test", "pause")
    done = execute(slow, command(slow))
    assert (done.code, done.stderr) == (0, "")


def test_a_recipient_that_speaks_does_not_speak_into_the_bar(slow: Workshop) -> None:
    for node in NODES[:3]:
        key = plugin.recipient("test", node.encode()[:4])
        slow.stage(slow.host(node, key))
    plugin.install(slow.top.parent / "plugins", "test", "pause", "wrap-message")
    seen = watch(command(slow), slow.top, columns=100)
    assert seen.screen.count("age-plugin-test: touch to encrypt") > 3
    assert not [line for line in seen.screen if "%" in line]


def test_the_library_is_imported_only_where_there_is_a_bar(slow: Workshop) -> None:
    plugin.install(slow.top.parent / "plugins", "test")
    words = command(slow)
    look = "import sys; from agenix_check.cli import main; main(sys.argv[1:]); "
    words[3:5] = ["-c", f"{look}sys.exit('tqdm' in sys.modules)"]
    assert execute(slow, words).code == 0


def test_the_program_ends_where_the_terminal_went_away(slow: Workshop) -> None:
    plugin.install(slow.top.parent / "plugins", "test", "pause")
    reader, writer = os.openpty()
    with subprocess.Popen(
        command(slow), cwd=slow.top, stderr=writer, stdout=subprocess.DEVNULL
    ) as running:
        os.close(writer)
        os.close(reader)
        assert running.wait(PATIENCE) in (0, 3, -1)
