"""What mending would do, as values: nothing here reads a key or writes a file."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from agenix_check.age import (
    AgeFormatError,
    Match,
    RecipientError,
    match,
    parse_recipient,
    read_age,
)


class Target(NamedTuple):
    """An output to make: whose it is, for which key text, and where it belongs.

    `path` is None where its name follows from the source as this run encrypts it anew.
    """

    node: str
    secret: str
    storage: str
    key: str
    path: str | None


class Touched(NamedTuple):
    """A file to stage or to remove, and whose it is."""

    path: str
    node: str | None = None
    secret: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One decryption, of the blob `oid` at `path`, and all that is made of it.

    Where there are `recipients` the file itself is encrypted anew, to them: armored as it was, or
    as `armored` demands. `size` is its plaintext's length in bytes.
    """

    path: str
    oid: str
    size: int
    targets: tuple[Target, ...] = ()
    recipients: tuple[str, ...] = ()
    armored: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that is to be done; `left` says, a sentence each, what cannot be mended, and why.

    `withheld` tells that an output is among it which names do not let be made: where others of its
    source are, its host looks switched off afterwards.
    """

    jobs: tuple[Job, ...] = ()
    stage: tuple[Touched, ...] = ()
    remove: tuple[Touched, ...] = ()
    left: tuple[str, ...] = ()
    withheld: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.jobs or self.stage or self.remove)

    @property
    def recipients(self) -> tuple[str, ...]:
        """Every text that something is to be encrypted to, once."""
        texts = [text for job in self.jobs for text in job.recipients]
        texts += [target.key for job in self.jobs for target in job.targets]
        return tuple(dict.fromkeys(texts))

    @property
    def written(self) -> tuple[str, ...]:
        """The paths of all files that are written, as far as they are known."""
        paths = [job.path for job in self.jobs if job.recipients]
        paths += [target.path for job in self.jobs for target in job.targets if target.path]
        return tuple(dict.fromkeys(paths))


def prefer_disk(plan: Plan, read: Callable[[str], bytes | None], tracked: Iterable[str]) -> Plan:
    """Stage what is right already in the work tree instead of making it anew.

    `read` gives a file of the work tree. Of a file that is `tracked`, and so was edited by hand,
    more is asked: that its header shows whom it is for.
    """
    known = frozenset(tracked)
    jobs: list[Job] = []
    stage = list(plan.stage)
    for job in plan.jobs:
        wanted = []
        for target in job.targets:
            content = read(target.path) if target.path is not None else None
            path = target.path
            if path is None or content is None:
                wanted.append(target)
            elif is_right(content, target.key, job.size, sure=path in known):
                stage.append(Touched(path, target.node, target.secret))
            else:
                wanted.append(target)
        if wanted or job.recipients:
            jobs.append(replace(job, targets=tuple(wanted)))
    return replace(plan, jobs=tuple(jobs), stage=tuple(sorted(set(stage), key=str)))


def is_right(content: bytes, key: str, size: int, *, sure: bool) -> bool:
    """Tell whether a content is what an output must be, as far as that shows without a key."""
    try:
        file = read_age(content)
        recipient = parse_recipient(key)
    except (AgeFormatError, RecipientError):
        return False
    matches = [match(stanza, recipient) for stanza in file.real_stanzas]
    fits = matches == [Match.YES] or (matches == [Match.UNKNOWN] and not sure)
    return fits and not file.armored and file.plaintext_size == size
