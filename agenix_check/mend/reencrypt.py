"""Files that are encrypted anew in place: those of plain agenix, and sources for all masters."""

from collections.abc import Iterable, Sequence

from agenix_check.age import RecipientError, parse_recipient
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
    """Return what mends files of plain agenix, and what is said of those that cannot be mended."""
    paths = _paths(findings, MendedBy.REENCRYPT_PLAIN)
    rules: dict[str, list[PlainRule]] = {path: [] for path in paths}
    for file in files:
        for rule in file.rules:
            if rule.path in rules:
                rules[rule.path].append(rule)
    jobs: list[Job] = []
    left: list[str] = []
    for path, its in rules.items():
        if len({(one.recipients, one.armor) for one in its}) != 1:
            left.append(f"{path}: {'two rules' if its else 'no rule'} can be kept")
            continue
        complaint = _complaint(its[0].recipients)
        if complaint is not None:
            left.append(f"{path}: its rule has a key that is no recipient ({complaint})")
            continue
        jobs += _job(names, path, its[0].recipients, armored=its[0].armor is True)
    return jobs, left


def plan_sources(
    findings: Iterable[Finding], names: Names, declared: Declared | None
) -> tuple[list[Job], list[str]]:
    """Return what encrypts sources to all masters.

    Raises `UsageError` where not every master recipient is known: somebody would be left out.
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
    jobs = [job for path in paths for job in _job(names, path, recipients, armored=False)]
    return jobs, []


def _job(names: Names, path: str, recipients: Sequence[str], *, armored: bool) -> list[Job]:
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
    """Return the files of the findings that are mended in this way."""
    return sorted(
        {
            one.path
            for one in findings
            if one.path is not None and find_rule(one.rule).mended_by is mended_by
        }
    )


def _complaint(texts: Iterable[str]) -> str | None:
    for text in texts:
        try:
            parse_recipient(text)
        except RecipientError as error:
            return str(error)
    return None
