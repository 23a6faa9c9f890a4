"""Sources that were generated from others: which of them have to be generated again."""

import shlex
from collections.abc import Iterator, Sequence

from agenix_check.audit.commands import encrypt_to_all, from_top
from agenix_check.audit.judged import make_finding
from agenix_check.discover.declared.expected import Declared
from agenix_check.discover.declared.generated import Missing, Outdated, missing_in_order
from agenix_check.discover.tree.names import Names
from agenix_check.model.declaration import DeclaredSecret
from agenix_check.model.findings import Cause, CauseKind, Finding
from agenix_check.model.frozen import replace

_MOST_NEEDED = 3


def audit_outdated(
    names: Names, declared: Declared, outdated: tuple[Outdated, ...]
) -> Iterator[Finding]:
    """Say which generated sources a dependency has outlived."""
    for one in outdated:
        new = one.dependency in names.changed
        cause = Cause(kind=CauseKind.SOURCE_CHANGED, path=one.dependency)
        if not new:
            cause = replace(cause, commit=one.commit)
        generate = from_top(f"agenix generate -a -f -- {shlex.quote(one.source)}")
        yield make_finding(
            "source-outdated", f"generated before {one.dependency}, which it depends on, changed",
            path=one.source, source=one.source, new=new, cause=cause,
            since=None if new else one.commit,
            mend=encrypt_to_all(generate, declared.masters.known),
        )  # fmt: skip


def not_generated_yet(secret: DeclaredSecret, declared: Declared, there: Names) -> str:
    """Say that a source was not generated, by which generator, and what is needed first."""
    text = "declared with a generator, but not generated yet"
    if secret.generator:
        text = f"{text} (tags: {', '.join(secret.generator)})"
    paths = [one.path for one in secret.dependencies or () if one.path is not None]
    if not paths:
        return text
    # What is missing itself has to be generated first.
    files = {*there.here.files, *declared.on_disk}
    ordered = sorted(dict.fromkeys(paths), key=lambda path: path in files)
    shown = ", ".join(ordered[:_MOST_NEEDED])
    more = f" and {len(ordered) - _MOST_NEEDED} more" if len(ordered) > _MOST_NEEDED else ""
    needed = missing_in_order(declared.declaration, files, paths)
    first = [one for one in needed if one.path != secret.source.path]
    return f"{text}; it depends on {shown}{more}{f'; {in_order(first)} first' if first else ''}"


def in_order(missing: Sequence[Missing]) -> str:
    """Say how sources are made, in their order: what has no generator is written."""
    steps = [
        f"{'generate' if one.generated else 'write'} {one.path}" for one in missing[:_MOST_NEEDED]
    ]
    more = len(missing) - _MOST_NEEDED
    return ", then ".join([*steps, *([f"{more} more"] if more > 0 else [])])
