"""Links that lead elsewhere since this change, as names show it.

What a link led to is still in the tree, so its outputs are explained as before; but whoever reads
through the link reads something else now.
"""

from collections.abc import Iterator

from agenix_check.audit.commands import REKEY_BY_NIX
from agenix_check.audit.judged import make_finding
from agenix_check.discover.tree.evidence import Evidence
from agenix_check.discover.tree.facts import AgeFact, Fact, LinkFact, PointerFact
from agenix_check.discover.tree.key_texts import KeyTexts
from agenix_check.discover.tree.names import Names
from agenix_check.model.findings import Cause, CauseKind, Finding, Severity
from agenix_check.model.fleet import Fleet


def audit_relinked(names: Names, fleet: Fleet) -> Iterator[Finding]:
    """Warn where a link leads to another source or key, and outputs are made from the former."""
    used = {made.source for made in names.traces.values()}
    for link in sorted(names.changed):
        trees = (names.base, names.here)
        if not any(isinstance(tree.facts.get(link), LinkFact) for tree in trees):
            continue
        for path in _paths_through(names.base, link):
            before, now = names.base.fact(path), names.here.fact(path)
            if before is None or now is None or before == now:
                continue
            if isinstance(before, AgeFact | PointerFact):
                if before.sha256 in used and before.sha256 != _digest(now):
                    yield _other_source(names, link, path)
            elif isinstance(before, KeyTexts) and isinstance(now, KeyTexts):
                yield from _other_key(names, fleet, link, path, before.texts() - now.texts())


def _paths_through(tree: Evidence, link: str) -> Iterator[str]:
    """Yield a path, or where it leads to a directory, those of the files below it."""
    found = tree.follow(link)
    if found.path in tree.files:
        yield link
        return
    start = f"{found.path}/"
    for path in sorted(tree.files):
        if found.path and path.startswith(start):
            yield f"{link}/{path.removeprefix(start)}"


def _digest(fact: Fact) -> str | None:
    return fact.sha256 if isinstance(fact, AgeFact | PointerFact) else None


def _other_source(names: Names, link: str, path: str) -> Finding:
    former = names.base.follow(path).path
    return make_finding(
        "output-stale",
        f"{path} leads to another source now; outputs are made from {former}, to which it led "
        "before",
        path=link, source=names.here.follow(path).path, severity=Severity.WARNING,
        cause=names.cause(CauseKind.SOURCE_CHANGED, link), mend=REKEY_BY_NIX,
    )  # fmt: skip


def _other_key(
    names: Names, fleet: Fleet, link: str, path: str, former: set[str]
) -> Iterator[Finding]:
    for node in fleet.nodes:
        if former.isdisjoint(node.keys):
            continue
        cause: Cause = names.cause(CauseKind.KEY_CHANGED, link)
        yield make_finding(
            "output-mixed-keys",
            f"{path} leads to another key now, but outputs are made for the one in "
            f"{names.base.follow(path).path}, to which it led before",
            path=link, node=node.name, cause=cause,
        )  # fmt: skip
