"""What a rule consists of."""

from enum import Enum, StrEnum, auto

from agenix_check.model.findings import Severity
from agenix_check.model.frozen import frozen

_PUBLIC = 9.0  # the score from which CVSS 3 calls a vulnerability critical


class About(StrEnum):
    """What kind of file the findings of a rule are about; reports show it as that."""

    OUTPUT = "output"
    SOURCE = "source"
    KEY = "key"
    STORAGE = "storage"
    NODE = "node"
    PLAIN = "plain"
    LOCK = "lock"
    FILE = "file"


class MendedBy(Enum):
    """What `--fix` does about a finding."""

    REMAKE_OUTPUT = auto()  # encrypt it again, or put back the right one that the base has
    REWRITE_OUTPUT = auto()  # encrypt it again in any case: only keys show that it is wrong
    RESTORE_OUTPUT = auto()  # put back the one that the base has
    STAGE_OUTPUT = auto()  # it is right, but only in the work tree
    STAGE_SOURCE = auto()
    REMOVE_OUTPUT = auto()  # if nobody can need it
    REMOVE_LEFTOVER = auto()  # of a rekey that did not finish
    REENCRYPT_PLAIN = auto()  # in place, to the recipients of its rule
    REENCRYPT_SOURCE = auto()  # in place, to all masters; only with `--update-masters`


class Newness(Enum):
    """What a declared fleet must declare at the base to show that a finding was there before."""

    BY_FLEET = auto()  # all nodes
    BY_NODE = auto()  # the node of the finding
    BY_FILES = auto()  # nothing: the files show it


_ENCRYPTING = (
    MendedBy.REMAKE_OUTPUT,
    MendedBy.REWRITE_OUTPUT,
    MendedBy.REENCRYPT_PLAIN,
    MendedBy.REENCRYPT_SOURCE,
)


@frozen
class Rule:
    """One rule: all that the project knows about it.

    - `severity` is the usual severity; a finding may have another one.
    - `title` is one line without a full stop; `meaning`, `why` and `mend` are short paragraphs with
      a blank line between them. An indented paragraph is to be typed and is never wrapped. They
      are indented as they stand in the code; `unindented` gives them without that.
    - `about` is the kind of file that its findings name.
    - `mended_by` is what `--fix` does about its findings; None if it can do nothing.
    - `exposure` is the CVSS 3 base score (0.1 to 10.0) if somebody can read a secret who should
      not; else None.
    - `lost` says that an output that should be there is not there in a usable form.
    - `unexplained` says that no key and source of the tree made an output that is there. Which of
      these rules it breaks depends on the base, so for `--new-from` they are one.
    - `unreadable` says that its file is no source that anybody can decrypt.
    - `is_doubt` says that a comparison of plaintexts settles it.
    - `absent` says that its file is not in the tree, so that the work tree may have it.
    - `newness` says what of the base shows whether its findings are new, beside its files.
    """

    id: str
    severity: Severity
    title: str
    meaning: str
    why: str
    mend: str
    about: About
    mended_by: MendedBy | None = None
    exposure: float | None = None
    lost: bool = False
    unexplained: bool = False
    unreadable: bool = False
    is_doubt: bool = False
    absent: bool = False
    newness: Newness = Newness.BY_FLEET

    @property
    def is_encrypting(self) -> bool:
        """Whether `--fix` encrypts something about its findings: to keys that it must know."""
        return self.mended_by in _ENCRYPTING

    @property
    def is_public(self) -> bool:
        """Whether everyone who can read the repository can read the secret."""
        return self.exposure is not None and self.exposure >= _PUBLIC


def unindented(text: str) -> str:
    """Return a text of a rule without the indentation that it has in the code."""
    from inspect import cleandoc  # loads Python's own parser, and few runs explain a rule

    return cleandoc(text)
