"""Decide whether this change caused a finding about a declared fleet, or it was there before.

It was there before if the base, judged the same way, breaks the same rule at the same place with
the same content. Where the base cannot be judged, what a finding depends on decides.
"""

from collections.abc import Collection, Iterable, Sequence

from agenix_check.audit.key_files import KeyFiles
from agenix_check.discover.tree.evidence import LOCK, Evidence
from agenix_check.discover.tree.names import Names
from agenix_check.model.declaration import DeclaredNode
from agenix_check.model.findings import Finding
from agenix_check.model.frozen import frozen, replace
from agenix_check.rules import About, MendedBy, find_rule

_DECLARING = (".nix", ".toml", ".json", "flake.lock", LOCK)


@frozen(kw_only=False)
class Dependencies:
    """What decides where the base cannot be judged: the files that a finding depends on."""

    names: Names
    key_files: KeyFiles

    def touches(self, *paths: str | None) -> bool:
        """Return whether the change touches one of these files."""
        return not self.names.changed.isdisjoint(path for path in paths if path is not None)

    def gives_key(self, node: DeclaredNode) -> bool:
        """Return whether the change may have given a node another key."""
        return self.may_declare() or self.key_files.changed(node) is not None

    def may_declare(self) -> bool:
        """Return whether the change touches a file that may declare something."""
        return any(path.endswith(_DECLARING) for path in self.names.changed)


def mark_new(
    findings: Iterable[Finding], names: Names, at_base: Sequence[Finding], unjudged: Collection[str]
) -> list[Finding]:
    """Say of each finding whether the base was free of it.

    `at_base` is what is wrong with the base, `unjudged` the nodes that could not be judged there:
    of these, and of the whole fleet while there are any, dependencies have decided.
    """
    old = {_identity(one, names.base) for one in at_base}
    lacking = {(one.node, one.secret) for one in at_base if _lacks(one)}
    marked = []
    for one in findings:
        if one.node in unjudged or (one.node is None and unjudged):
            marked.append(one)
            continue
        # What waits to be staged is what the base lacked.
        waits = find_rule(one.rule).mended_by in (MendedBy.STAGE_OUTPUT, MendedBy.STAGE_SOURCE)
        was = _identity(one, names.here) in old or (waits and (one.node, one.secret) in lacking)
        marked.append(replace(one, new=not was))
    return marked


def _lacks(finding: Finding) -> bool:
    """Return whether a finding says that an output or a source is not there as it should be."""
    rule = find_rule(finding.rule)
    return rule.lost or rule.about is About.SOURCE


def _identity(finding: Finding, tree: Evidence) -> tuple[object, ...]:
    """Return what makes two findings the same: rule, place, and content."""
    file = tree.files.get(finding.path or "")
    is_output = find_rule(finding.rule).about is About.OUTPUT
    message = None if is_output else finding.message
    return finding.rule, finding.node, finding.secret, finding.path, file and file.oid, message
