"""What a repository knows of one of its files: an output, a source, a file of a rule, a key."""

from enum import StrEnum

from agenix_check.model.findings import Finding, JudgedFile
from agenix_check.model.frozen import frozen


class KnownKind(StrEnum):
    """What a file is to the fleet."""

    OUTPUT = "output"
    SOURCE = "source"
    PLAIN = "plain"
    KEY = "key"


@frozen
class KnownFile:
    """A file that the fleet knows.

    - `judged` are its verdict and details, if it is an output or a file of a rule; None for an
      output that no key and source explain.
    - `outputs` are those made from it, if it is a source.
    - `people` are whom it is for, by name: the masters of a source, the owners of the keys in it.
    - `secrets` are those that the keys in it can read.
    - `unread` are the rules files that could not be read and may have its rule.
    - `findings` are what is wrong with the file itself.
    """

    kind: KnownKind
    judged: JudgedFile | None = None
    outputs: tuple[JudgedFile, ...] = ()
    people: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
