"""The age files beside rules files that no rule and no node covers: nobody rekeys them."""

import posixpath
from collections.abc import Collection, Container, Iterable, Sequence
from typing import TYPE_CHECKING

from agenix_check.age import SCRYPT
from agenix_check.discover.rules.relative import correct
from agenix_check.discover.tree.facts import AgeFact
from agenix_check.discover.tree.names import Names
from agenix_check.model.declaration import RulesFile

if TYPE_CHECKING:
    from agenix_check.discover.declared.expected import Declared


def list_unruled(
    names: Names,
    rules: Collection[RulesFile],
    before: Iterable[RulesFile],
    declared: "Declared | None",
    left_out: Iterable[str],
) -> tuple[str, ...]:
    """Return the age files that neither a rule nor a node covers, sorted.

    Rules that could not be read, and those of rules files that are `left_out`, may cover some: of
    these nothing is said. What only a passphrase opens is an identity.
    """
    if any(file.unread is None for file in rules):
        return ()
    used = {rule.path for file in rules for rule in file.rules}
    used.update(path for file in rules for path in file.unread or ())
    used |= {names.here.follow(path).path for path in used}
    used |= names.sources_used | names.here.outputs.keys()
    if declared is not None:
        nodes = declared.declaration.nodes
        used.update(one.source.path for node in nodes for one in node.secrets if one.source.path)
        used.update(
            one.identity.path
            for node in nodes
            for one in node.master_identities
            if one.identity.path
        )
    ruled_before = {rule.path for file in before for rule in file.rules}
    apart = {posixpath.dirname(path) for path in left_out}
    return tuple(
        path
        for path, fact in sorted(names.here.facts.items())
        if isinstance(fact, AgeFact)
        and path not in used
        and (path.endswith(".age") or path in ruled_before)
        and not any(stanza.type == SCRYPT for stanza in fact.stanzas)
        and not any(not place or path.startswith(f"{place}/") for place in apart)
    )


def say_no_rules(before: Sequence[str], ruled: Sequence[str], here: Container[str]) -> str:
    """Say that rules files of the base have no rule any more, and what to do.

    `ruled` are files that they named, `here` the paths of the tree.
    """
    files = f"{ruled[0]}{f' and {len(ruled) - 1} more' if ruled[1:] else ''}"
    said = f"{', '.join(before)} said who may read {files}"
    emptied = next((path for path in before if path in here), None)
    if emptied is None:
        return (
            f"{said}, and no rules file is left: bring it back, or name the one that took its "
            "place under `rules` in agenix-check.toml"
        )
    return f"{said}, and no attribute of {emptied} has publicKeys now; {correct(emptied)}"
