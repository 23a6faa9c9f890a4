"""The report as SARIF 2.1.0, as GitHub's code scanning and other readers take it.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html and, for what GitHub does with it,
https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
"""

import json
import re
from collections.abc import Mapping, Sequence

from agenix_check import __version__
from agenix_check.model.findings import Finding, Report, Severity
from agenix_check.report.addresses import HOME
from agenix_check.report.escape import inert_json, visible
from agenix_check.report.finding_places import declared_in, places, shown_path, to_uri
from agenix_check.report.grouping import importance
from agenix_check.report.problem import (
    NOT_CHECKED,
    describe_finding,
    describe_unchecked,
    fingerprint_unchecked,
    with_fingerprints,
)
from agenix_check.report.registry import Format, RenderOptions
from agenix_check.report.sarif_rules import INDEX, SarifValue, descriptors
from agenix_check.report.words import not_compared, subject

MOST_RESULTS = 25_000
"""GitHub refuses a file with more."""

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_ROOT_ID = "%SRCROOT%"

_PLACEHOLDER = re.compile(r"\{(\d+)\}")
_MARKED = re.compile(r"[\\\[\]]")

_encode = json.JSONEncoder().encode


def render(report: Report, version: str) -> str:
    """Turn a report into a SARIF log with one run, the most important results first."""
    results, cut = _results(report)
    driver = {
        "name": "agenix-check",
        "informationUri": HOME,
        "semanticVersion": version,
    }
    rules = _lines(map(_encode, descriptors()))
    # One result at a time, each on its own line: one tree of all would need far more memory.
    return inert_json(
        f'{{"$schema": "{_SCHEMA}", "version": "2.1.0", "runs": [{{\n'
        f'"tool": {{"driver": {_encode(driver)[:-1]}, "rules": [{rules}]}}}},\n'
        f'"invocations": [{_encode(_invocation(report, cut))}],\n'
        f'"originalUriBaseIds": {_encode({_ROOT_ID: _text_member("description", _ROOT_IS)})},\n'
        f'"columnKind": "unicodeCodePoints",\n'
        f'"properties": {_encode(_snapshot(report))},\n'
        f'"results": [{_lines(results)}]\n'
        "}]}\n"
    )


_ROOT_IS = "the root of the repository"


def _results(report: Report) -> tuple[list[str], int]:
    """Return the results and how many did not fit."""
    known = report.snapshot.base is not None
    somewhere = declared_in(report)
    results = [
        _unchecked(sentence, somewhere, known=known) for sentence in sorted(set(report.incomplete))
    ]
    names = report.node_names()
    pairs = with_fingerprints(report.findings)
    pairs.sort(key=lambda pair: importance(pair[0]))
    results += [
        _result(
            finding, fingerprint, somewhere, names, known=known, tolerated=report.tolerates(finding)
        )
        for finding, fingerprint in pairs[: max(0, MOST_RESULTS - len(results))]
    ]
    total = len(pairs) + len(set(report.incomplete))
    return results[:MOST_RESULTS], max(0, total - MOST_RESULTS)


def _result(
    finding: Finding,
    fingerprint: str,
    somewhere: str,
    names: Mapping[str, str],
    *,
    known: bool,
    tolerated: bool,
) -> str:
    named = places(finding)
    # GitHub shows those related locations that a message links to.
    links = ", ".join(f"[{place.role}]({number})" for number, place in enumerate(named, 1))
    related = [
        {"id": number, **_text_member("message", place.role), **_location(place.path)}
        for number, place in enumerate(named, 1)
    ]
    return _shared(
        finding.rule,
        level=Severity.NOTE if tolerated else finding.severity,
        text=describe_finding(finding, _literal, files=links and f"Files: {links}", names=names),
        path=shown_path(finding) or somewhere,
        about=subject(finding, names),
        fingerprint=fingerprint,
        new=finding.new if known else None,
        related=related,
    )


def _unchecked(sentence: str, somewhere: str, *, known: bool) -> str:
    # Code scanning shows results only: without one, alerts would close as if they were fixed.
    return _shared(
        NOT_CHECKED,
        level=Severity.ERROR,
        text=describe_unchecked(sentence, _literal),
        path=somewhere,
        fingerprint=fingerprint_unchecked(sentence),
        new=True if known else None,
        related=[],
    )


def _shared(
    rule: str,
    *,
    level: Severity,
    text: str,
    path: str,
    about: str = "",
    fingerprint: str,
    new: bool | None,
    related: Sequence[Mapping[str, SarifValue]],
) -> str:
    result: dict[str, SarifValue] = {"ruleId": rule}
    if rule in INDEX:
        result["ruleIndex"] = INDEX[rule]
    result |= {
        "level": level,
        **_text_member("message", text),
        "locations": [_location(path) | _logical(about)],
    }
    if related:
        result["relatedLocations"] = related
    # GitHub reads this key only. Without it, it would hash the first line of the file: the same for
    # all hosts that use a source, and another one after each edit.
    result["partialFingerprints"] = {"primaryLocationLineHash": fingerprint}
    if new is not None:
        result["baselineState"] = "new" if new else "unchanged"
    return _encode(result)


def _location(path: str) -> dict[str, SarifValue]:
    # A file that is binary or gone has no known line, but code scanning needs one.
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": to_uri(path), "uriBaseId": _ROOT_ID},
            "region": {"startLine": 1},
        }
    }


def _logical(about: str) -> dict[str, SarifValue]:
    # Microsoft's match-results-forward takes results of one rule in one place for the same result,
    # whatever their fingerprints. To it this name is part of the place; GitHub passes it over.
    return {"logicalLocations": [{"name": about, "fullyQualifiedName": about}]} if about else {}


def _invocation(report: Report, cut: int) -> dict[str, SarifValue]:
    shown = [("error", f"could not check: {visible(one)}") for one in sorted(report.incomplete)]
    if cut:
        shown.append(("warning", f"{cut} more findings, the least important, are left out here"))
    shown += [("note", f"skipped: {visible(one)}") for one in sorted(report.skipped)]
    shown += [("note", f"not compared: {visible(one)}") for one in not_compared(report)]
    return {
        "executionSuccessful": not report.incomplete,
        "toolExecutionNotifications": [
            {"level": level, **_text_member("message", _literal(text))} for level, text in shown
        ],
    }


def _snapshot(report: Report) -> dict[str, SarifValue]:
    """Return what was checked; all values are hexadecimal or words of our own."""
    taken = report.snapshot
    return {
        "snapshot": {
            "kind": taken.kind,
            "tree": taken.tree,
            "commit": taken.commit,
            "base": taken.base,
        }
    }


def _literal(text: str) -> str:
    """Escape a name so that it is no placeholder and no link (sections 3.11.5 and 3.11.6)."""
    text = _PLACEHOLDER.sub(r"{{\1}}", text)
    return _MARKED.sub(r"\\\g<0>", text) if "](" in text else text


def _text_member(name: str, text: str) -> dict[str, SarifValue]:
    return {name: {"text": text}}


def _lines(items: "map[str] | list[str]") -> str:
    text = ",\n".join(items)
    return f"\n{text}\n" if text else ""


def _render(report: Report, _: RenderOptions) -> str:
    return render(report, __version__)


FORMAT = Format(name="sarif", audience="code scanning", render=_render)
