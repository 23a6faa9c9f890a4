"""Nodes and secrets that are asked for and not there: said, with those that are."""

from collections.abc import Iterable, Mapping, Sequence

from agenix_check.audit.select import is_node, is_secret, matches
from agenix_check.errors import nearest
from agenix_check.model.findings import Report
from agenix_check.model.fleet import Fleet

_MOST_OFFERED = 20
_NO_NODES = (
    "plain agenix has none: --secret chooses files, `agenix-check access --reader NAME` shows what "
    "somebody can read"
)


def say_unmatched(
    nodes: Mapping[str, str],
    secrets: Iterable[str],
    files: Iterable[str],
    asked: tuple[Sequence[str], Sequence[str]],
) -> tuple[str, ...]:
    """Say which globs match nothing, and what there is; `asked` are those of nodes and secrets.

    `nodes` are given with their shown names; `files` are the paths of plain agenix, which are
    secrets too.
    """
    by_node, by_secret = asked
    known_secrets, known_files = {*secrets} - {""}, {*files}
    names = sorted({*nodes.values()} - {""})
    none = _NO_NODES if known_files else "there is none here"
    found = [
        _say("node", glob, names, none)
        for glob in by_node
        if not any(is_node(one, (glob,)) for one in nodes)
    ]
    return (*found, *_secrets(by_secret, known_secrets, known_files))


def _secrets(globs: Sequence[str], secrets: set[str], files: set[str]) -> Iterable[str]:
    for glob in globs:
        if not any(matches(one, (glob,)) for one in secrets) and not any(
            is_secret(one, (glob,)) for one in files
        ):
            yield _say("secret", glob, sorted(secrets | files), "there is none here")


def unmatched_in_report(
    report: Report, asked: tuple[Sequence[str], Sequence[str]]
) -> tuple[str, ...]:
    """Say which globs match nothing that an unrestricted report is about, or that is declared."""
    plain = {one.path for one in report.plain}
    findings = [one for one in report.findings if one.path not in plain]
    return say_unmatched(
        report.node_names(),
        [*(one.secret for one in report.outputs), *(one.secret or "" for one in findings)],
        plain,
        asked,
    )


def unmatched_in_fleet(fleet: Fleet, asked: tuple[Sequence[str], Sequence[str]]) -> tuple[str, ...]:
    """Say which globs match nothing in a fleet."""
    return say_unmatched(
        fleet.node_names(),
        fleet.every_secret,
        (rule.path for file in fleet.rules for rule in file.rules),
        asked,
    )


def _say(what: str, glob: str, names: Sequence[str], none: str) -> str:
    if not names:
        return f"no {what} matches {glob}: {none}"
    shown = ", ".join(names[:_MOST_OFFERED])
    more = f" and {len(names) - _MOST_OFFERED} more" if len(names) > _MOST_OFFERED else ""
    return f"no {what} matches {glob}{nearest(glob, names)}; there are {shown}{more}"
