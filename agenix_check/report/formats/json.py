"""The report for programs: versioned, sorted, without times, the same bytes for the same tree.

`report/schema.py` describes it. The text is pure ASCII and therefore valid in any encoding.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from agenix_check import __version__
from agenix_check.model.access import AccessChange
from agenix_check.model.findings import (
    Cause,
    Counts,
    Decrypted,
    Finding,
    Fix,
    JudgedFile,
    NotCompared,
    Report,
    finding_key,
)
from agenix_check.model.frozen import field_names
from agenix_check.report.access.access_json import change_document
from agenix_check.report.escape import inert_json, reversible
from agenix_check.report.registry import Format, RenderOptions

REPORT_SCHEMA = "agenix-check/report/1"

_encode = json.JSONEncoder(indent=2).encode
_compact = json.JSONEncoder().encode
_quote = json.encoder.encode_basestring_ascii

_Value = str | int | bool | Sequence[str] | Mapping[str, str | None] | None


def render(report: Report, version: str) -> str:
    """Turn a report into a JSON document."""
    names = report.node_names()
    members = {
        "schema": _encode(REPORT_SCHEMA),
        "tool": _object({"name": "agenix-check", "version": version}, depth=1),
        "snapshot": _fields(report.snapshot, "kind", "tree", "commit", "base"),
        "fleet": _fields(report.fleet, "inventory", "complete", "nodes", "secrets", "plain"),
        "counts": _fields(report.counts, *field_names(Counts)),
        "outputs": _array(
            map(partial(_output, names=names), sorted(report.outputs, key=_output_key))
        ),
        "plain": _array(map(_plain, sorted(report.plain, key=_plain_key))),
        "findings": _array(
            map(partial(_finding, names=names), sorted(report.findings, key=finding_key))
        ),
        "fixed": _array(map(partial(_fix, names=names), sorted(report.fixed, key=_fix_key))),
        "incomplete": _strings(report.incomplete),
        "skipped": _strings(report.skipped),
        "decrypted": _decrypted(report.decrypted, names),
        "access": _access(report.access),
    }
    lines = ",\n  ".join([f'"{k}": {text}' for k, text in members.items()])
    return inert_json(f"{{\n  {lines}\n}}\n")


def _output(output: JudgedFile, names: Mapping[str, str]) -> dict[str, _Value]:
    return {
        "node": names.get(output.group, output.group),
        "secret": output.secret,
        "source": output.source,
        "path": output.path,
        "verdict": output.verdict,
        "rules": output.rules and tuple(sorted(output.rules)),
        "reason": output.reason,
    }


def _plain(plain: JudgedFile) -> dict[str, _Value]:
    return {
        "path": plain.path,
        "rules_file": plain.group,
        "verdict": plain.verdict,
        "rules": tuple(sorted(plain.rules)),
        "reason": plain.reason,
    }


def _decrypted(decrypted: Decrypted | None, names: Mapping[str, str]) -> str:
    if decrypted is None:
        return "null"
    rest = _array(map(partial(_not_compared, names=names), sorted(decrypted.not_compared))).replace(
        "\n", "\n  "
    )
    return f'{{\n    "compared": {decrypted.compared},\n    "not_compared": {rest}\n  }}'


def _access(change: AccessChange | None) -> str:
    return "null" if change is None else _encode(change_document(change)).replace("\n", "\n  ")


def _not_compared(one: NotCompared, names: Mapping[str, str]) -> dict[str, _Value]:
    return {
        "node": names.get(one.node, one.node),
        "secret": one.secret,
        "path": one.path,
        "verdict": one.verdict,
        "reason": one.reason,
    }


def _finding(finding: Finding, names: Mapping[str, str]) -> dict[str, _Value]:
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "node": finding.node and names[finding.node],
        "secret": finding.secret,
        "path": finding.path,
        "source": finding.source,
        "message": finding.message,
        "new": finding.new,
        "cause": _cause(finding.cause),
        "since": finding.since,
        "mend": finding.mend,
    }


def _cause(cause: Cause | None) -> dict[str, str | None] | None:
    if cause is None:
        return None
    shown = {"kind": cause.kind, "path": cause.path, "commit": cause.commit}
    return shown if cause.binding is None else {**shown, "binding": cause.binding}


def _fix(fix: Fix, names: Mapping[str, str]) -> dict[str, _Value]:
    node = fix.node and names[fix.node]
    return {"action": fix.action, "path": fix.path, "node": node, "secret": fix.secret}


def _output_key(output: JudgedFile) -> tuple[str, ...]:
    rules = " ".join(sorted(output.rules)) if output.rules else ""
    return (output.node, output.secret, output.path, output.source or "", output.verdict, rules)


def _plain_key(plain: JudgedFile) -> tuple[str, ...]:
    return (plain.group, plain.path, plain.verdict)


def _fix_key(fix: Fix) -> tuple[str, ...]:
    return (fix.node or "", fix.path, fix.action, fix.secret or "")


def _fields(value: object, *names: str) -> str:
    return _object({name: getattr(value, name) for name in names}, depth=1)


def _array(items: Iterable[Mapping[str, _Value]]) -> str:
    # One object at a time: 200,000 outputs as one tree of dictionaries would need 200 MiB more.
    texts = ",\n    ".join([_object(item, depth=2) for item in items])
    return f"[\n    {texts}\n  ]" if texts else "[]"


def _object(item: Mapping[str, _Value], *, depth: int) -> str:
    pad = "\n" + "  " * (depth + 1)
    pairs = f",{pad}".join([f'"{name}": {_text(value, pad)}' for name, value in item.items()])
    return f"{{{pad}{pairs}{pad[:-2]}}}"


def _text(value: _Value, pad: str) -> str:
    # The standard encoder indents in Python. Nearly all values are text or null, which its C parts
    # write in a third of the time.
    if isinstance(value, str):
        return _quote(reversible(value))
    if value is None:
        return "null"
    if value == ():
        return "[]"
    if not value:
        return _compact(value)
    return _encode(_safe(value)).replace("\n", pad)


def _strings(sentences: Iterable[str]) -> str:
    return _encode([reversible(sentence) for sentence in sorted(sentences)]).replace("\n", "\n  ")


def _safe(value: _Value) -> _Value:
    if isinstance(value, Mapping):
        return {name: each and reversible(each) for name, each in value.items()}
    return value


def _render(report: Report, _: RenderOptions) -> str:
    return render(report, __version__)


FORMAT = Format(
    name="json",
    audience="programs; `agenix-check schema` describes it",
    render=_render,
    plan="json",
)
