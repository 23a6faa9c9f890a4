"""What a fix would do, as values: nothing here reads a key or writes a file."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from agenix_check.age import (
    AgeFormatError,
    Match,
    match,
    read_age,
    recipient_or_none,
)
from agenix_check.mend.admission import NOT_KNOWN, Admission, Ungranted
from agenix_check.model.findings import Finding, Report
from agenix_check.model.frozen import frozen, replace

if TYPE_CHECKING:
    from agenix_check.mend.grants import Grant


class NewOutput(NamedTuple):
    """An output to make: whose it is, for which key text, and where it belongs.

    `path` is None where its name depends on the source as this run encrypts it anew. `before` is
    the blob that the base has there, if that looks right and what is there does not hold it.
    """

    node: str
    secret: str
    storage: str
    key: str
    path: str | None
    before: str | None = None


class Touched(NamedTuple):
    """A file to stage or to remove, and whose it is."""

    path: str
    node: str | None = None
    secret: str | None = None


class Restored(NamedTuple):
    """A file to put back: which blob, and whose it is."""

    path: str
    oid: str
    node: str | None = None
    secret: str | None = None


@frozen
class Job:
    """One decryption, of the blob `oid` at `path`, and everything that is made from it.

    Where there are `recipients`, the file itself is encrypted anew to them: `armored` or not, as it
    was with None. `size` is its plaintext's length in bytes. `identity` says with which identity it
    would be decrypted, as far as its header shows.
    """

    path: str
    oid: str
    size: int
    outputs: tuple[NewOutput, ...] = ()
    recipients: tuple[str, ...] = ()
    armored: bool | None = None
    identity: str | None = None


@frozen
class Plan:
    """Everything that is to be done; `left` says what cannot be fixed, and why: a sentence each.

    `ungranted` is what is not made because its key was not admitted, `grants` what a person is
    asked for that. `withheld`: the run must fail for it; by names, a host looks switched off once
    others of its source were made. `fixed` are the findings that all this puts right.
    """

    jobs: tuple[Job, ...] = ()
    restore: tuple[Restored, ...] = ()
    stage: tuple[Touched, ...] = ()
    remove: tuple[Touched, ...] = ()
    left: tuple[str, ...] = ()
    withheld: bool = False
    ungranted: tuple[Ungranted, ...] = ()
    grants: "tuple[Grant, ...]" = ()
    fixed: frozenset[Finding] = frozenset()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.jobs or self.restore or self.stage or self.remove)

    @property
    def recipients(self) -> tuple[str, ...]:
        """Every text that something is to be encrypted to, once."""
        texts = [text for job in self.jobs for text in job.recipients]
        texts += [output.key for job in self.jobs for output in job.outputs]
        return tuple(dict.fromkeys(texts))

    @property
    def is_unverifiable(self) -> bool:
        """Whether an output is to be made whose recipient would not show."""
        outputs = (output for job in self.jobs for output in job.outputs)
        found = (recipient_or_none(output.key) for output in outputs)
        return any(one is not None and one.is_anonymous for one in found)

    @property
    def written(self) -> tuple[str, ...]:
        """The paths of all files that are written, as far as they are known."""
        paths = [one.path for one in self.restore]
        paths += [job.path for job in self.jobs if job.recipients]
        paths += [output.path for job in self.jobs for output in job.outputs if output.path]
        return tuple(dict.fromkeys(paths))


def what_remains(plan: Plan, report: Report) -> Report:
    """Return a report without the findings that a plan puts right."""
    gone = {one.path for one in plan.remove}
    left = (one for one in report.findings if one not in plan.fixed and one.path not in gone)
    return report.with_findings(left)


def prefer_disk(plan: Plan, read: Callable[[str], bytes | None], tracked: Iterable[str]) -> Plan:
    """Stage what is right in the work tree already, or put outputs back as they were.

    That is so of a file of plain agenix after `agenix -r` without `git add`. What is left is made
    anew. `read` gives a file of the work tree. A `tracked` file was edited by hand, so its header
    must also show whom it is for.
    """
    known = frozenset(tracked)
    jobs: list[Job] = []
    stage = list(plan.stage)
    restore = list(plan.restore)
    for job in plan.jobs:
        if job.armored is not None and not job.outputs and _is_reencrypted(read(job.path), job):
            stage.append(Touched(job.path))
            continue
        to_make = []
        for output in job.outputs:
            path = output.path
            content = read(path) if path is not None else None
            must_show = path in known
            if path is None:
                to_make.append(output)
            elif content and is_right(content, output.key, job.size, must_show=must_show):
                stage.append(Touched(path, output.node, output.secret))
            elif output.before is not None:
                restore.append(Restored(path, output.before, output.node, output.secret))
            else:
                to_make.append(output)
        if to_make or job.recipients:
            jobs.append(replace(job, outputs=tuple(to_make)))
    return replace(
        plan,
        jobs=tuple(jobs),
        stage=tuple(sorted(set(stage), key=str)),
        restore=tuple(sorted(set(restore))),
    )


def hold_back(plan: Plan, admission: Admission) -> Plan:
    """Leave out outputs for keys that are not admitted, and what they were to replace.

    The planner let them through because the work tree had them: it turned out to be wrong.
    """
    jobs: list[Job] = []
    refused: list[Ungranted] = []
    owners = set()
    for job in plan.jobs:
        kept = []
        for one in job.outputs:
            key = admission.canonical(one.key)
            if key is None or admission.knows(key):
                kept.append(one)
            else:
                refused.append(
                    Ungranted(one.node, key, one.path or job.path, one.secret, NOT_KNOWN)
                )
                owners.add((one.node, one.secret))
        if kept or job.recipients:
            jobs.append(replace(job, outputs=tuple(kept)))
    if not refused:
        return plan
    return replace(
        plan,
        jobs=tuple(jobs),
        remove=tuple(one for one in plan.remove if (one.node, one.secret) not in owners),
        withheld=True,
        ungranted=(*plan.ungranted, *refused),
    )


def _is_reencrypted(content: bytes | None, job: Job) -> bool:
    """Return whether a content shows to be for exactly a job's recipients, and as long."""
    recipients = {one for one in map(recipient_or_none, job.recipients) if one is not None}
    try:
        file = read_age(content or b"")
    except AgeFormatError:
        return False
    for_whom = [
        next((one for one in recipients if match(stanza, one) is Match.YES), None)
        for stanza in file.real_stanzas
    ]
    fits = set(for_whom) == recipients and len(for_whom) == len(recipients)
    return fits and file.armored is job.armored and file.plaintext_size == job.size


def is_right(content: bytes, key: str, size: int, *, must_show: bool) -> bool:
    """Return whether a content is what an output must be, as far as that shows without a key.

    With `must_show`, an anonymous stanza is not enough: the header must show the recipient.
    """
    recipient = recipient_or_none(key)
    try:
        file = read_age(content)
    except AgeFormatError:
        return False
    if recipient is None:
        return False
    matches = [match(stanza, recipient) for stanza in file.real_stanzas]
    fits = matches == [Match.YES] or (matches == [Match.UNKNOWN] and not must_show)
    return fits and not file.armored and file.plaintext_size == size


def first_and_count(names: list[str]) -> str:
    """Return the first of some names, and how many there are besides."""
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
