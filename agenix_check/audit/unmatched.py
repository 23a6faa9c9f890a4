"""What --node and --secret name and the fleet does not have: said, with what it has."""

from collections.abc import Iterable, Sequence

from agenix_check.audit.select import is_node, is_secret, matches
from agenix_check.discover.declared.inventory import Inventory
from agenix_check.errors import nearest
from agenix_check.model.findings import Report
from agenix_check.model.fleet import Fleet
from agenix_check.model.node_names import short_names

_MOST_OFFERED = 20


def say_unmatched(
    nodes: Iterable[str],
    secrets: Iterable[str],
    files: Iterable[str],
    asked: tuple[Sequence[str], Sequence[str]],
) -> tuple[str, ...]:
    """Say which globs match nothing, and what there is; `asked` are those of nodes and secrets.

    `files` are the paths of plain agenix, which are secrets too.
    """
    by_node, by_secret = asked
    known_nodes, known_secrets, known_files = {*nodes} - {""}, {*secrets} - {""}, {*files}
    names = sorted(short_names(known_nodes).values())
    found = [
        _say("node", glob, names)
        for glob in by_node
        if not any(is_node(one, (glob,)) for one in known_nodes)
    ]
    return (*found, *_secrets(by_secret, known_secrets, known_files))


def _secrets(globs: Sequence[str], secrets: set[str], files: set[str]) -> Iterable[str]:
    for glob in globs:
        if not any(matches(one, (glob,)) for one in secrets) and not any(
            is_secret(one, (glob,)) for one in files
        ):
            yield _say("secret", glob, sorted(secrets | files))


def unmatched_in_report(
    report: Report, inventory: Inventory, asked: tuple[Sequence[str], Sequence[str]]
) -> tuple[str, ...]:
    """Say which globs match nothing that an unrestricted report is about, or that is declared."""
    plain = {one.path for one in report.plain}
    findings = [one for one in report.findings if one.path not in plain]
    declared: list[str] = []
    if inventory.declared is not None:
        declaration = inventory.declared.declaration
        declared += [one.name for one in declaration.nodes]
        declared += [one.name for one in declaration.failed]
    return say_unmatched(
        [*declared, *(one.node for one in report.outputs), *(one.node or "" for one in findings)],
        [*(one.secret for one in report.outputs), *(one.secret or "" for one in findings)],
        plain,
        asked,
    )


def unmatched_in_fleet(fleet: Fleet, asked: tuple[Sequence[str], Sequence[str]]) -> tuple[str, ...]:
    """Say which globs match nothing in a fleet."""
    return say_unmatched(
        fleet.every_node,
        fleet.every_secret,
        (rule.path for file in fleet.rules for rule in file.rules),
        asked,
    )


def _say(what: str, glob: str, names: Sequence[str]) -> str:
    if not names:
        return f"--{what} {glob}: there is no {what} here"
    shown = ", ".join(names[:_MOST_OFFERED])
    more = f" and {len(names) - _MOST_OFFERED} more" if len(names) > _MOST_OFFERED else ""
    return f"--{what} {glob} matches no {what}{nearest(glob, names)}; there are {shown}{more}"
