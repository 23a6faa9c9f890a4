"""Plain agenix: rules that were edited in the work tree and not staged, beside those judged."""

from collections.abc import Iterable

from agenix_check.age import Recipient
from agenix_check.audit.commands import REKEY, record, stage
from agenix_check.audit.plain_people import call_key
from agenix_check.audit.plain_recipients import RuleRecipients
from agenix_check.discover.tree.facts import AgeFact
from agenix_check.discover.tree.names import Names
from agenix_check.model.declaration import PlainRule, RulesAside, RulesFile
from agenix_check.model.findings import Finding
from agenix_check.model.frozen import replace


def refuse_by_work_tree(names: Names, file: RulesFile, rule: PlainRule) -> str | None:
    """Return why a file must not be encrypted by a staged rule: the work tree takes it back.

    Whom an edit of the rules removes would get back what was taken from them; and whom it adds
    would lose a file that is for them already.
    """
    aside = file.aside
    if aside is None:
        return None
    if aside.failure is not None:
        return (
            f"{_name(aside)} was edited and not staged, and what the work tree's {file.path} says "
            f"is not known: {aside.failure}"
        )
    gone = _list_withdrawn(aside, rule)
    if not gone:
        there = aside.rule(rule.path)
        adds = there is not None and set(RuleRecipients(there).texts) > set(
            RuleRecipients(rule).texts
        )
        if adds and _fits(names, aside, rule.path):
            return f"it is for those whom the work tree's {file.path} lists, and that is not staged"
        return None
    read = RuleRecipients(rule)
    called = ", ".join(call_key(one, read.texts[one][0], read.origin(one)) for one in gone)
    return f"the work tree's {file.path} no longer lists {called}, and that is not staged"


def stage_rules(
    findings: Iterable[Finding], names: Names, files: Iterable[RulesFile], *, partial: bool
) -> tuple[Finding, ...]:
    """Return findings about readers; where the work tree's rules lack some, their fix stages these.

    `partial` says that this is `git commit PATH`.
    """
    files = tuple(file for file in files if file.aside is not None)
    return tuple(_stage_rules(finding, names, files, partial=partial) for finding in findings)


def _stage_rules(
    finding: Finding, names: Names, files: Iterable[RulesFile], *, partial: bool
) -> Finding:
    for file in files:
        rule = file.rule(finding.path or "")
        why = None if rule is None else refuse_by_work_tree(names, file, rule)
        if rule is None or why is None or file.aside is None:
            continue
        commands = " && ".join(map(stage, file.aside.edited))
        if file.aside.failure is not None:
            commands = f"# put that right, then: {commands} && {REKEY}"
        elif not _fits(names, file.aside, rule.path):
            commands = f"{commands} && {REKEY}"
        return replace(
            finding, message=f"{finding.message}; {why}", mend=record(commands, partial=partial)
        )
    return finding


def _list_withdrawn(aside: RulesAside, rule: PlainRule) -> list[Recipient]:
    """Return the recipients of a rule whom the work tree's rule for its file does not list."""
    there = aside.rule(rule.path)
    listed = RuleRecipients(there).texts if there is not None else {}
    return [one for one in RuleRecipients(rule).texts if one not in listed]


def _fits(names: Names, aside: RulesAside, path: str) -> bool:
    """Return whether a file is for those whom the work tree's rule lists, or for nobody there."""
    rule, fact = aside.rule(path), names.here.fact(path)
    if rule is None or not isinstance(fact, AgeFact):
        return True
    difference = RuleRecipients(rule).compare(fact)
    return not (difference.missing or difference.unknown)


def _name(aside: RulesAside) -> str:
    return " and ".join(aside.edited)
