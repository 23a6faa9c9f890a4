"""Which bytes each snapshot judges."""

from typing import TYPE_CHECKING

from agenix_check.demo.workshop import Workshop

if TYPE_CHECKING:
    from tests.conftest import Run


def test_a_fleet_in_order_passes_in_silence(fleet: Workshop, run: "Run") -> None:
    for options in ((), ("--rev", "HEAD"), ("--worktree",)):
        result = run(fleet.top, *options)
        assert (result.code, result.stderr) == (0, ""), result
