"""What a first look loads: no more than the state of the tree asks for."""

import subprocess
import sys

from agenix_check.demo.workshop import Workshop

_LOOK = """
import sys
from agenix_check.cli import main
code = main([])
loaded = (name.removeprefix("agenix_check.") for name in sys.modules if name[:6] == "agenix")
print(code, *loaded, file=sys.stderr)
"""


def _loaded(fleet: Workshop) -> tuple[int, set[str]]:
    """Return the exit code of a look, and the modules of the program that it loaded."""
    done = subprocess.run(
        [sys.executable, "-c", _LOOK], cwd=fleet.top, capture_output=True, text=True, check=True
    )
    code, *names = done.stderr.splitlines()[-1].split()
    return int(code), set(names)


def test_a_tree_in_order_needs_no_rule_and_no_history(fleet: Workshop) -> None:
    code, loaded = _loaded(fleet)
    assert code == 0
    assert "audit.by_names" in loaded
    rooms = ("rules", "access", "mend", "keys", "decrypt", "discover.nix", "discover.rules")
    assert not {name for name in loaded if name.startswith(rooms)}
    assert not loaded & {
        "audit.relinked", "audit.select", "audit.unexplained", "cli.grammar",
        "discover.declared.from_declaration", "discover.tree.lost_since",
        "discover.tree.unreadable", "report.grouping",
    }  # fmt: skip


def test_a_stale_output_needs_no_comparison_of_readers_and_no_plan(fleet: Workshop) -> None:
    fleet.source("secrets/alpha-token.age", "another text")
    fleet.stage()
    code, loaded = _loaded(fleet)
    assert code == 1
    assert {"audit.unexplained", "discover.tree.lost_since", "mend.advice"} <= loaded
    rooms = ("access", "keys", "decrypt", "discover.nix", "discover.rules")
    assert not {name for name in loaded if name.startswith(rooms)}
    assert not loaded & {
        "audit.relinked", "audit.select", "discover.tree.spoiled", "discover.tree.unreadable",
        "mend.first_use", "mend.planner",
    }  # fmt: skip
