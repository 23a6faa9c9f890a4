"""The verb `fleet`: what should exist, and the lock file."""

from collections.abc import Sequence

from agenix_check.audit.unmatched import unmatched_in_fleet
from agenix_check.cli.check import say_whose_settings
from agenix_check.cli.configuration import ask
from agenix_check.cli.files import write_lock
from agenix_check.cli.gate_grammar import parse_fleet
from agenix_check.cli.opening import CheckRun, open_run
from agenix_check.cli.terminal import print_out, say
from agenix_check.errors import CannotCheckError
from agenix_check.inquiries import discover_fleet, make_lock
from agenix_check.report import fleet_listing


def run_fleet(arguments: Sequence[str]) -> int:
    """Show the fleet, or write the lock file; return the exit code."""
    given = parse_fleet(arguments)
    form, lock = given.pop("format", "text"), given.pop("lock", False)
    with open_run(ask(given)) as run:
        say_whose_settings(run)
        if lock:
            return _write_lock(run)
        found, incomplete = discover_fleet(run.view, run.settings)
    asked = (run.settings.node, run.settings.secret)
    if unmatched := unmatched_in_fleet(found, asked):
        raise CannotCheckError("; ".join(unmatched))
    render = fleet_listing.render_json if form == "json" else fleet_listing.render_text
    print_out(render(fleet_listing.restrict(found, *asked)))
    for sentence in incomplete:
        say(f"could not check: {sentence}")
    return 3 if incomplete else 0


def _write_lock(run: CheckRun) -> int:
    text, left_out = make_lock(run.view, run.settings)
    write_lock(run.repository.top, text)
    for sentence in left_out:
        say(f"not in the lock file: {sentence}")
    return 0
