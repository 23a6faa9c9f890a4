"""Files that are encrypted anew in place: those of plain agenix, and sources to all masters."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from agenix_check.age import RecipientError, parse_recipient, recipient_or_none
from agenix_check.audit.commands import pathspec
from agenix_check.audit.plain_aside import refuse_by_work_tree
from agenix_check.discover.declared.expected import Declared
from agenix_check.discover.tree.facts import AgeFact
from agenix_check.discover.tree.names import Names
from agenix_check.errors import UsageError
from agenix_check.mend.plan import Job
from agenix_check.model.declaration import PlainRule, RulesFile
from agenix_check.model.findings import Finding
from agenix_check.rules import MendedBy, find_rule


def plan_plain(
    findings: Iterable[Finding], names: Names, files: Iterable[RulesFile]
) -> tuple[list[Job], list[str]]:
    """Return what fixes files of plain agenix, and why others cannot be fixed.

    As agenix does it, a file is armored if its rule says so, and else it is not.
    """
    paths = _paths(findings, MendedBy.REENCRYPT_PLAIN)
    files = tuple(files) if paths else ()
    rules: dict[str, list[PlainRule]] = defaultdict(list)
    for rule in (rule for file in files for rule in file.rules):
        rules[rule.path].append(rule)
    # One mistake, such as a key file that is not there, may take keys from other rules in silence.
    partial = {rule.path: file.path for file in files if file.unread != () for rule in file.rules}
    jobs: list[Job] = []
    left: list[str] = []
    for path in paths:
        its = rules.get(path, [])
        if len({_asked_for(one) for one in its}) != 1:
            why = "its rules differ" if its else "no rule names it"
            left.append(f"{path}: {why}, so it is not known whom it is for")
            continue
        if path in partial:
            left.append(
                f"{path}: {partial[path]} could be read only in part, and what it says of others "
                "may be wrong too: see what could not be checked"
            )
            continue
        refused = [
            refuse_by_work_tree(names, file, its[0])
            for file in files
            if file.rule(path) is not None
        ]
        if any(refused):
            left += [f"{path}: {sentence}" for sentence in refused if sentence is not None]
            continue
        invalid = _invalid_recipient(its[0].recipients)
        if invalid is not None:
            left.append(f"{path}: its rule has a key that is not a recipient ({invalid})")
            continue
        twin = _find_twin(names, path, rules)
        if twin is not None:
            left.append(
                f"{path}: it has the same bytes as {twin}, which others read; whether they are to "
                "share a secret does not show (if so: agenix -r; if not, "
                f"git log --oneline HEAD -- {pathspec(path)} names the commits that had another)"
            )
            continue
        jobs += _job(names, path, its[0].recipients, armored=its[0].armor is True)
    return jobs, left


def _find_twin(names: Names, path: str, rules: Mapping[str, Sequence[PlainRule]]) -> str | None:
    """Return another file with the same bytes, now or before, whose rule asks for other keys.

    Who copied one secret over another would have it encrypted for those who read the other.
    """
    oid = names.here.files[path].oid if path in names.here.files else None
    asked = _asked_for(rules[path][0])
    for other, its in rules.items():
        same = any(
            tree.files[other].oid == oid for tree in (names.here, names.base) if other in tree.files
        )
        if other != path and same and any(_asked_for(one) != asked for one in its):
            return other
    return None


def plan_sources(
    findings: Iterable[Finding], names: Names, declared: Declared | None
) -> tuple[list[Job], list[str]]:
    """Return what encrypts sources to all masters, and why others cannot be fixed.

    Raises `UsageError` where a master recipient is not known: it would lose access.
    """
    if declared is None:
        raise UsageError("--update-masters needs the fleet's declaration: Nix, or a lock file")
    paths = _paths(findings, MendedBy.REENCRYPT_SOURCE)
    if paths and declared.masters.unknown:
        raise UsageError(
            f"--update-masters: the recipient of {declared.masters.unknown[0]} is not known, so "
            "sources would lose it; give its pubkey in masterIdentities"
        )
    recipients = tuple(recipient.text for recipient in declared.masters.known)
    jobs = [job for path in paths for job in _job(names, path, recipients, armored=None)]
    return jobs, []


def _job(names: Names, path: str, recipients: Sequence[str], *, armored: bool | None) -> list[Job]:
    path = names.here.follow(path).path
    fact = names.here.facts.get(path)
    if not isinstance(fact, AgeFact) or fact.plaintext_size is None:
        return []
    return [
        Job(
            path=path,
            oid=names.here.files[path].oid,
            size=fact.plaintext_size,
            recipients=tuple(recipients),
            armored=armored,
        )
    ]


def _paths(findings: Iterable[Finding], mended_by: MendedBy) -> list[str]:
    """Return the files of the findings that are fixed in this way."""
    return sorted(
        {
            one.path
            for one in findings
            if one.path is not None and find_rule(one.rule).mended_by is mended_by
        }
    )


def _asked_for(rule: PlainRule) -> tuple[frozenset[str], bool]:
    """Return what a rule asks for: its keys, whatever their order and comments, and the armor."""
    known = ((text, recipient_or_none(text)) for text in rule.recipients)
    keys = frozenset(text if one is None else one.text for text, one in known)
    return keys, rule.armor is True


def _invalid_recipient(texts: Iterable[str]) -> str | None:
    """Return what is wrong with the first text that is not a recipient, or None."""
    for text in texts:
        try:
            parse_recipient(text)
        except RecipientError as error:
            return str(error)
    return None
