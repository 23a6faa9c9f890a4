"""Whoever waits for Nix at a terminal sees how far it is, and can end it."""

import sys
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from tests.discover.nix.flakes import ENDLESS, write_flake
from tests.keys.screens import Desk, watch


def _commands() -> list[str]:
    """Return the command lines of all processes."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(file.read_bytes().decode("utf-8", "replace"))
        except OSError:
            continue  # it has ended
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")
def test_a_node_that_hangs_holds_nobody_up_and_an_interrupt_ends_all(
    workshop: Workshop, tmp_path: Path
) -> None:
    good = "".join(f"h{number} = node {{ }} {{ }};\n" for number in range(7))
    hung = f"a = node {{ hostPubkey = toString ({ENDLESS}); }} {{ }};"
    write_flake(workshop, f"nixosConfigurations = {{ {hung} {good} }};")
    workshop.stage()
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    words = [sys.executable, "-m", "agenix_check", "--inventory", "nix", "--nix-jobs", "2"]
    running: list[bool] = []

    def look() -> None:
        running.append(any(f"{scratch}/" in command for command in _commands()))

    def interrupt(desk: Desk) -> None:
        look()
        desk.type("\x03")

    seen = watch(
        words,
        workshop.top,
        [("] 7/8 (", interrupt)],
        env={"TMPDIR": str(scratch), "CI": ""},
    )
    look()
    assert running == [True, False]
    assert seen.status == 130
    assert seen.screen == []
    assert "evaluating nodes with Nix [#################   ] 7/8 (" in seen.raw
    assert [*scratch.iterdir()] == []
