"""What `--fix --dry-run` prints: what would be done, and what could not."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from agenix_check.errors import UsageError
from agenix_check.mend.plan import Plan, Restored, Touched
from agenix_check.report.escape import inert, inert_json, reversible, visible
from agenix_check.report.folding import wrap_prose
from agenix_check.report.registry import find_format
from agenix_check.report.words import quantity

PLAN_SCHEMA = "agenix-check/plan/1"
_File = TypeVar("_File", Touched, Restored)


def render(plan: Plan, format_name: str, names: Mapping[str, str], width: int) -> str:
    """Turn a plan into text or JSON, as the format wants it; one without raises `UsageError`.

    `names` are those under which nodes are shown; lines of text have `width` columns.
    """
    form = find_format(format_name).plan
    if form == "json":
        return inert_json(
            json.dumps({"schema": PLAN_SCHEMA, **_members(plan, names)}, indent=2) + "\n"
        )
    if form is None:
        raise UsageError(f"--dry-run has no format {format_name!r}; it has text and json")
    return inert("\n".join(_lines(plan, names, width)) + "\n")


def _lines(plan: Plan, names: Mapping[str, str], width: int) -> Iterator[str]:
    if plan.is_empty:
        yield "Nothing would be fixed"
    for job in plan.jobs:
        used = f" with {visible(job.identity)}" if job.identity is not None else ""
        yield from wrap_prose(f"decrypt {visible(job.path)}{used}", width)
        if job.recipients:
            count = len(job.recipients)
            yield f"  encrypt it anew to {count} recipient{'s' if count > 1 else ''}"
        for output in job.outputs:
            where = output.path or f"{output.storage}/...-{output.secret}.age"
            node = visible(names.get(output.node, output.node))
            line = f"  rekey {node} {visible(output.secret)} {visible(where)}"
            yield from wrap_prose(line, width, "      ")
    yield from (f"put back {visible(one.path)}" for one in _in_order(plan.restore))
    yield from (f"stage {visible(one.path)}" for one in _in_order(plan.stage))
    yield from (f"remove {visible(one.path)}" for one in _in_order(plan.remove))
    for one in plan.grants:
        yield from wrap_prose(f"grant {visible(one.line)}: ", width, command=visible(one.typed))
    for sentence in plan.left:
        yield from wrap_prose(f"not fixed: {visible(sentence)}", width)
    if not plan.is_empty:
        yield from wrap_prose(_summary(plan), width)


def _in_order(files: Iterable[_File]) -> list[_File]:
    """Return files by node, then secret: the names of outputs begin with a hash."""
    return sorted(files, key=lambda one: (one.node or "", one.secret or "", one.path))


def _summary(plan: Plan) -> str:
    """Return how much would be done, in one line."""
    written = sum(len(job.outputs) + bool(job.recipients) for job in plan.jobs)
    counts = (
        (
            len(plan.jobs),
            "decrypt 1 file once"
            if len(plan.jobs) == 1
            else f"decrypt {len(plan.jobs)} files, each once",
        ),
        (written, f"write {quantity(written, 'file')}"),
        (len(plan.restore), f"put back {quantity(len(plan.restore), 'file')}"),
        (len(plan.stage), f"stage {quantity(len(plan.stage), 'file')}"),
        (len(plan.remove), f"remove {quantity(len(plan.remove), 'file')}"),
        (len(plan.grants), f"wait for {quantity(len(plan.grants), 'grant')}"),
    )
    return f"--fix would {', '.join(words for count, words in counts if count)}"


def _members(plan: Plan, names: Mapping[str, str]) -> dict[str, object]:
    return {
        "decrypt": [
            {
                "path": reversible(job.path),
                "identity": job.identity and reversible(job.identity),
                "encrypt": bool(job.recipients),
                "outputs": [
                    {
                        "node": _called(output.node, names),
                        "secret": reversible(output.secret),
                        "path": None if output.path is None else reversible(output.path),
                    }
                    for output in job.outputs
                ],
            }
            for job in plan.jobs
        ],
        "restore": [
            _touched(Touched(one.path, one.node, one.secret), names) for one in plan.restore
        ],
        "stage": [_touched(one, names) for one in plan.stage],
        "remove": [_touched(one, names) for one in plan.remove],
        "grants": [
            {
                "node": _called(one.node, names),
                "key": one.key,
                "path": one.path and reversible(one.path),
                "secrets": [reversible(secret) for secret in one.secrets],
                "files": [reversible(file) for file in one.files],
                "option": reversible(one.typed),
            }
            for one in plan.grants
        ],
        "left": [reversible(sentence) for sentence in plan.left],
    }


def _touched(one: Touched, names: Mapping[str, str]) -> dict[str, str | None]:
    members = {name: value and reversible(value) for name, value in one._asdict().items()}
    return {**members, "node": _called(one.node, names)}


def _called(node: str | None, names: Mapping[str, str]) -> str | None:
    return node and reversible(names.get(node, node))
