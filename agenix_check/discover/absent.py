"""What is not in this clone, and what names cannot tell for want of it."""

from collections.abc import Collection

from agenix_check.discover.evidence import Evidence
from agenix_check.discover.facts import MissingFact


def say_absent(here: Evidence) -> tuple[str, ...]:
    """Say which outputs and sources cannot be read, a sentence for each reason."""
    paths: dict[str, list[str]] = {}
    for path, reason in sorted(_missing(here).items()):
        if path in here.outputs or path.endswith(".age"):
            paths.setdefault(reason, []).append(path)
    return tuple(
        f"{found[0]} {reason}" + (f", and {len(found) - 1} more" if len(found) > 1 else "")
        for reason, found in paths.items()
    )


def say_undecided(
    here: Evidence, base: Evidence, changed: Collection[str], *, lost: int, new: int, cut_off: bool
) -> tuple[str, ...]:
    """Say what is not in this clone, where names alone cannot tell without it.

    A missing file of the snapshot might explain an output that is new or newly lost, one of the
    base any output that is lost.
    """
    old = _missing(base)
    suspects = _missing(here) if new else {}
    if lost:
        suspects |= {path: old[path] for path in old if path in changed}
    said = [
        f"{lost} outputs are not explained, and {path}, which may do so, {reason}"
        for path, reason in sorted(suspects.items())[:1]
    ]
    if lost and cut_off:
        said.append(
            f"{lost} outputs are not explained, and the parent that would tell whether this "
            "commit broke them is not in this shallow clone; fetch one commit more "
            "(`git fetch --deepen=1`, or fetch-depth: 2)"
        )
    return tuple(said)


def _missing(evidence: Evidence) -> dict[str, str]:
    return {
        path: fact.reason for path, fact in evidence.facts.items() if isinstance(fact, MissingFact)
    }
