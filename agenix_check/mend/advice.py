"""What a check advises where `--fix` would ask for a grant: the command that gives it."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from agenix_check.age import DUMMY_RECIPIENT, Recipient, recipient_or_none
from agenix_check.audit.commands import REKEY
from agenix_check.audit.content import may_be_read
from agenix_check.discover.declared.inventory import Inventory
from agenix_check.discover.tree.names import Names
from agenix_check.discover.tree.naming import OutputFile
from agenix_check.git.known_keys import read_known_keys
from agenix_check.model.findings import Finding, Report
from agenix_check.model.frozen import replace
from agenix_check.rules import MendedBy, find_rule
from agenix_check.view import View, trusted_commit

if TYPE_CHECKING:
    from agenix_check.mend.admission import Admission
    from agenix_check.mend.grants import Grant
    from agenix_check.mend.plan import Plan

# Most checks with findings are about keys that are known: those need none of what plans a fix.


def advise_grants(report: Report, names: Names, inventory: Inventory, view: View) -> Report:
    """Return a report whose fixes name what is to be granted, with the condition behind a `#`."""
    fixable = [one for one in report.findings if _is_encrypting(one)]
    if not fixable:
        return report
    noted = read_known_keys(view.repository)
    keys = frozenset[str]() if noted is None else noted.keys
    trusted = trusted_commit(view) if noted is None else None
    shown = trusted is not None and view.base is not None and trusted.tree == view.base.tree
    suspects = _suspects(fixable, names, inventory, keys, shown=shown)
    if suspects and noted is None:
        from agenix_check.mend.first_use import keys_at_a_glance

        keys = keys_at_a_glance(view, names, inventory)
        suspects = _suspects(fixable, names, inventory, keys)
    if not suspects:
        return report
    from agenix_check.mend.admission import Admission
    from agenix_check.mend.grants import describe_grants

    admission = Admission(
        view.repository, names, keys, inventory=inventory, staged=view.snapshot.commit is None
    )
    ungranted = _plan(suspects, names, inventory, admission).ungranted
    if not ungranted:
        return report
    grants = {
        one.pair: one
        for one in describe_grants(view.repository, names, ungranted, report.node_names())
    }
    by_file: dict[str | None, dict[Grant, None]] = {}
    for one in ungranted:
        by_file.setdefault(one.file, {})[grants[one.node, one.key]] = None
    # By names, outputs wait for a stale one of their source that is withheld.
    by_source: dict[str | None, dict[Grant, None]] = {}
    for finding in suspects if inventory.declared is None else ():
        if finding.rule == "output-stale" and finding.source is not None:
            by_source.setdefault(finding.source, {}).update(by_file.get(finding.path, {}))
    findings = tuple(
        _advise(one, [*(by_file.get(one.path) or by_source.get(one.source, {}))])
        for one in report.findings
    )
    return replace(report, findings=findings)


def _is_made_for(names: Names, file: OutputFile, recipient: Recipient) -> bool:
    """Return whether an output of the base was made for a key, and seems to be addressed to it."""
    made = names.traces_at_base.get(file.ident)
    text = None if made is None else names.base.keys[made.key].text
    if text is None or recipient_or_none(text) != recipient or recipient.text == DUMMY_RECIPIENT:
        return False
    return may_be_read(names.base.facts.get(file.path), recipient)


def _advise(finding: Finding, grants: "list[Grant]") -> Finding:
    if not grants or finding.mend is None or not _is_encrypting(finding):
        return finding
    from agenix_check.mend.grants import with_grants

    return replace(finding, mend=with_grants(finding.mend, grants))


def _is_encrypting(finding: Finding) -> bool:
    mend = finding.mend
    return mend is not None and REKEY in mend and find_rule(finding.rule).is_encrypting


def _plan(
    findings: Iterable[Finding], names: Names, inventory: Inventory, admission: "Admission"
) -> "Plan":
    from agenix_check.errors import CannotCheckError, UsageError
    from agenix_check.mend.plan import Plan
    from agenix_check.mend.planner import make_plan

    found = tuple(findings)
    masters = any(find_rule(one.rule).mended_by is MendedBy.REENCRYPT_SOURCE for one in found)
    try:
        return make_plan(found, names, inventory, admission, update_masters=masters)
    except (UsageError, CannotCheckError):
        return Plan()  # --fix will say it


def _suspects(
    findings: Iterable[Finding],
    names: Names,
    inventory: Inventory,
    known: Collection[str],
    *,
    shown: bool = False,
) -> list[Finding]:
    """Leave out findings that show at a glance that their key is known: planning takes longer.

    `shown`: whatever key the base has an output for is known.
    """
    declared = inventory.declared
    nodes = {} if declared is None else {
        node.name: node.host_pubkey for node in declared.declaration.nodes
    }  # fmt: skip
    recipients: dict[str, Recipient] = {}
    keys: dict[str, set[str]] = {}  # digests of key texts, by directory
    if declared is None:
        for file in names.base.outputs.values():
            made = names.traces_at_base.get(file.ident)
            if made is not None:
                keys.setdefault(file.directory, set()).add(made.key)

    if inventory.lock_before is not None:  # a key that is known may get more by it alone
        return list(findings)

    def is_known(finding: Finding) -> bool:
        text = nodes.get(finding.node or "")
        file = names.base.outputs.get(finding.path or "")
        if text is None and declared is None and file is not None:
            made = names.traces_at_base.get(file.ident)
            if made is not None and keys.get(file.directory) == {made.key}:
                there = names.here.keys.get(made.key)
                # A file that no longer holds the key may show that the host has another one.
                left = set(names.base.keys[made.key].paths).difference(there.paths if there else ())
                one = file.directory, made.key
                if not left and one not in names.rotated and one not in names.maybe_rotated:
                    text = None if there is None else there.text
        recipient = None if text is None else recipients.get(text) or recipient_or_none(text)
        if text is None or recipient is None:
            return False
        recipients[text] = recipient
        if recipient.text in known:
            return True
        return shown and file is not None and _is_made_for(names, file, recipient)

    return [one for one in findings if one.path is None or not is_known(one)]
