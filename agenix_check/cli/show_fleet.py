"""The verb `fleet`: what should exist, what of it is right, and the lock file."""

from collections.abc import Sequence

from agenix_check.audit.select import select
from agenix_check.audit.unmatched import unmatched_in_fleet
from agenix_check.cli.check import say_whose_settings
from agenix_check.cli.configuration import ask
from agenix_check.cli.files import say_written, write_lock
from agenix_check.cli.gate_grammar import parse_fleet
from agenix_check.cli.opening import CheckRun, open_run
from agenix_check.cli.terminal import can_draw, is_terminal, print_out, say, text_width, use_color
from agenix_check.errors import CannotCheckError
from agenix_check.inquiries import JudgedFleet, judge_fleet, make_lock
from agenix_check.model.fleet import Fleet
from agenix_check.model.frozen import replace
from agenix_check.model.settings import Settings
from agenix_check.report import fleet_listing
from agenix_check.report.closer_look import render_closer
from agenix_check.report.fleet_matrix import COARSE, FINE, render_matrix


def run_fleet(arguments: Sequence[str]) -> int:
    """Show the fleet, or write the lock file; return the exit code."""
    given, nodes = parse_fleet(arguments)
    form, lock = given.pop("format", "text"), given.pop("lock", False)
    with open_run(ask(given)) as run:
        say_whose_settings(run)
        if lock:
            return _write_lock(run)
        settings = replace(run.settings, node=(*run.settings.node, *nodes))
        judged = judge_fleet(run.view, settings)
    _refuse_unmatched(judged.fleet, settings)
    print_out(_as_json(judged, settings) if form == "json" else _show(judged, settings))
    for sentence in judged.report.incomplete:
        say(f"could not check: {sentence}")
    return 3 if judged.report.incomplete else 0


def _as_json(judged: JudgedFleet, settings: Settings) -> str:
    fleet = fleet_listing.with_judged(judged.fleet, judged.report)
    part = fleet_listing.restrict(fleet, settings.node, settings.secret)
    return fleet_listing.render_json(part, judged.report)


def _show(judged: JudgedFleet, settings: Settings) -> str:
    """Return the text: of some nodes or secrets all that is known, else a table or a list."""
    width, color = text_width(), use_color(settings.color)
    if settings.node or settings.secret:
        return render_closer(
            select(judged.report, settings),
            readers=judged.readers,
            by_node=bool(settings.node),
            fully=bool(settings.node and settings.secret),
            width=width,
        )
    if is_terminal() and judged.report.outputs:
        drawing = FINE if can_draw() else COARSE
        table = render_matrix(judged.report, width=width, color=color, drawing=drawing)
        return table + fleet_listing.render_masters_and_rules(judged.fleet)
    fleet = fleet_listing.with_judged(judged.fleet, judged.report)
    return fleet_listing.render_text(fleet, judged.report)


def _refuse_unmatched(fleet: Fleet, settings: Settings) -> None:
    if unmatched := unmatched_in_fleet(fleet, (settings.node, settings.secret)):
        raise CannotCheckError("; ".join(unmatched))


def _write_lock(run: CheckRun) -> int:
    made = make_lock(run.view, run.settings)
    write_lock(run.repository.top, made.text)
    say(say_written(made))
    for sentence in made.left_out:
        say(f"not in the lock file: {sentence}")
    return 0
