"""Which files to show for a finding: the one in the diff, related ones, and their URIs.

Most findings are about an output, which is binary and gets a new name with each rekey. What a
person edited, and a diff shows, is the source, the key or the declaration.
"""

import re
from enum import StrEnum

from agenix_check.git.paths import to_bytes
from agenix_check.model.findings import CauseKind, Finding, Report
from agenix_check.model.frozen import frozen
from agenix_check.rules import About, find_rule


class Role(StrEnum):
    """The role of a file in a finding."""

    SOURCE = "source"
    KEY = "key"
    DECLARATION = "declaration"
    OUTPUT = "output"
    FILE = "file"


@frozen
class FindingPlace:
    """A file that a finding names, with its path as in the report."""

    role: Role
    path: str


_ROLES = {
    CauseKind.SOURCE_CHANGED: Role.SOURCE,
    CauseKind.SOURCE_DELETED: Role.SOURCE,
    CauseKind.KEY_CHANGED: Role.KEY,
    CauseKind.KEY_TEXT_CHANGED: Role.KEY,
    CauseKind.KEY_DELETED: Role.KEY,
    CauseKind.DECLARATION_CHANGED: Role.DECLARATION,
    CauseKind.FILE_CHANGED: Role.DECLARATION,
    CauseKind.OUTPUT_CHANGED: Role.OUTPUT,
    CauseKind.OUTPUT_DELETED: Role.OUTPUT,
    CauseKind.OUTPUT_REPLACED: Role.OUTPUT,
}

_ORDER = {role: rank for rank, role in enumerate(Role)}

_ROLE_OF_SUBJECT = {About.OUTPUT: Role.OUTPUT, About.SOURCE: Role.SOURCE, About.KEY: Role.KEY}

# For findings that name no file: what declares a node, as far as a report knows.
_DECLARED_BY = {"lock": "agenix-check.lock"}
_FLAKE_FILE = "flake.nix"

# Surrogates that stand for no byte (PEP 383) and cannot be encoded.
_NO_BYTES = re.compile("[\ud800-\udc7f\udd00-\udfff]")


def shown_path(finding: Finding) -> str | None:
    """Return the file that a diff shows; None if the finding names no file.

    It is the file that changed, unless that is an output; else the source; else the file that the
    finding is about.
    """
    cause = finding.cause
    if cause is not None and _ROLES[cause.kind] is not Role.OUTPUT and cause.path:
        return cause.path
    return finding.source or finding.path or (cause.path if cause else None) or None


def declared_in(report: Report) -> str:
    """Return a file for findings that name none: the one that declares the fleet."""
    return _DECLARED_BY.get(report.fleet.inventory, _FLAKE_FILE)


def places(finding: Finding) -> tuple[FindingPlace, ...]:
    """Return each file that a finding names once: source, key, declaration, output, others."""
    cause = finding.cause
    named = [
        (Role.SOURCE, finding.source),
        (_ROLES[cause.kind], cause.path) if cause is not None else (Role.FILE, None),
        (_ROLE_OF_SUBJECT.get(find_rule(finding.rule).about, Role.FILE), finding.path),
    ]
    by_path: dict[str, FindingPlace] = {}
    for role, path in sorted(named, key=lambda pair: _ORDER[pair[0]]):
        if path:
            by_path.setdefault(path, FindingPlace(role=role, path=path))
    return tuple(by_path.values())


def to_uri(path: str) -> str:
    """Return a path as a relative URI reference (RFC 3986) that is never empty.

    It decodes to the bytes of the path. Everything except unreserved characters and `/` is encoded,
    and so are dots and a first slash that would lead out of the repository.
    """
    from urllib.parse import quote  # of the formats, only those with URIs pay for it

    data = to_bytes(_NO_BYTES.sub("?", path))
    segments = [_segment(quote(segment, safe="")) for segment in data.split(b"/")]
    uri = "/".join(segments)
    return f"%2F{uri[1:]}" if uri.startswith("/") else uri or "."


def _segment(quoted: str) -> str:
    return quoted.replace(".", "%2E") if quoted in {".", ".."} else quoted
