"""What a check advises where `--fix` would ask for a grant: the command that gives it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from agenix_check.audit.commands import REKEY
from agenix_check.discover.declared.inventory import Inventory
from agenix_check.discover.tree.names import Names
from agenix_check.errors import CannotCheckError, UsageError
from agenix_check.git.known_keys import read_known_keys
from agenix_check.mend.admission import Admission
from agenix_check.mend.first_use import keys_at_a_glance
from agenix_check.mend.grants import Grant, describe_grants, with_grants
from agenix_check.mend.plan import Plan
from agenix_check.mend.planner import make_plan
from agenix_check.model.findings import Finding, Report
from agenix_check.rules import MendedBy, find_rule
from agenix_check.view import View

_ENCRYPTING = (MendedBy.REMAKE_OUTPUT, MendedBy.REENCRYPT_PLAIN, MendedBy.REENCRYPT_SOURCE)


def advise_grants(report: Report, names: Names, inventory: Inventory, view: View) -> Report:
    """Return a report whose fixes name what is to be granted, with the condition behind a `#`."""
    fixable = [one for one in report.findings if _is_encrypting(one)]
    if not fixable:
        return report
    of_commit = view.snapshot.commit is not None
    known = read_known_keys(view.repository)
    keys = known.keys if known else keys_at_a_glance(view, names, inventory)
    admission = Admission(view.repository, names, keys, staged=not of_commit)
    suspects = _suspects(fixable, names, inventory, admission)
    if not suspects:
        return report
    ungranted = _plan(suspects, names, inventory, admission).ungranted
    if not ungranted:
        return report
    grants = {one.pair: one for one in describe_grants(view.repository, names, ungranted)}
    by_file: dict[str | None, dict[Grant, None]] = defaultdict(dict)
    for one in ungranted:
        by_file[one.file][grants[one.node, one.key]] = None
    # By names, outputs wait for a stale one of their source that is withheld.
    by_source: dict[str | None, dict[Grant, None]] = defaultdict(dict)
    for finding in suspects if inventory.declared is None else ():
        if finding.rule == "output-stale" and finding.source is not None:
            by_source[finding.source] |= by_file.get(finding.path, {})
    findings = tuple(
        _advise(one, [*(by_file.get(one.path) or by_source.get(one.source, {}))])
        for one in report.findings
    )
    return replace(report, findings=findings)


def _advise(finding: Finding, grants: list[Grant]) -> Finding:
    if not grants or finding.mend is None or not _is_encrypting(finding):
        return finding
    return replace(finding, mend=with_grants(finding.mend, grants))


def _is_encrypting(finding: Finding) -> bool:
    mend = finding.mend
    return mend is not None and REKEY in mend and find_rule(finding.rule).mended_by in _ENCRYPTING


def _plan(
    findings: Iterable[Finding], names: Names, inventory: Inventory, admission: Admission
) -> Plan:
    found = tuple(findings)
    masters = any(find_rule(one.rule).mended_by is MendedBy.REENCRYPT_SOURCE for one in found)
    try:
        return make_plan(found, names, inventory, admission, update_masters=masters)
    except (UsageError, CannotCheckError):
        return Plan()  # --fix will say it


def _suspects(
    findings: Iterable[Finding], names: Names, inventory: Inventory, admission: Admission
) -> list[Finding]:
    """Leave out findings that show at a glance that their key is known: planning takes longer."""
    declared = inventory.declared
    nodes = {} if declared is None else {
        node.name: node.host_pubkey for node in declared.declaration.nodes
    }  # fmt: skip
    keys: dict[str, set[str]] = {}  # digests of key texts, by directory
    if declared is None:
        for file in names.base.outputs.values():
            made = names.traces_at_base.get(file.ident)
            if made is not None:
                keys.setdefault(file.directory, set()).add(made.key)

    def is_known(finding: Finding) -> bool:
        text = nodes.get(finding.node or "")
        file = names.base.outputs.get(finding.path or "")
        if text is None and declared is None and file is not None:
            made = names.traces_at_base.get(file.ident)
            if made is not None and keys.get(file.directory) == {made.key}:
                known = names.here.keys.get(made.key)
                text = None if known is None else known.text
        key = None if text is None else admission.canonical(text)
        return key is not None and admission.knows(key)

    return [one for one in findings if one.path is None or not is_known(one)]
