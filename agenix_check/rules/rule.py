"""What a rule consists of."""

from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from inspect import cleandoc

from agenix_check.model.findings import Severity

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

    REMAKE_OUTPUT = auto()
    STAGE_OUTPUT = auto()
    STAGE_SOURCE = auto()
    REMOVE_OUTPUT = auto()
    REMOVE_LEFTOVER = auto()
    REENCRYPT_PLAIN = auto()
    REENCRYPT_SOURCE = auto()
    """Only with `--update-masters`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. `severity` is its usual severity; a finding may carry a lesser one.

    `title` is one line without a full stop; `meaning`, `why` and `mend` are short paragraphs with
    a blank line between them. A paragraph that is indented is for typing and never wrapped.
    The common indentation of a triple-quoted text is taken off.

    `about` is the kind of file that its findings name. `mended_by` is what `--fix` does about them,
    None where it cannot help. `exposure` is the CVSS 3 base score (0.1 to 10.0) where somebody can
    read what they should not, else None. `lost` says that an output which should be there is not,
    in a usable form. `unexplained` says of an output's file that no key and source of the tree
    made it; which of these rules a file breaks depends on the base, so to later runs they are one.
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

    def __post_init__(self) -> None:
        """Let the texts be declared as triple-quoted strings."""
        for field in ("meaning", "why", "mend"):
            object.__setattr__(self, field, cleandoc(getattr(self, field)))

    @property
    def is_public(self) -> bool:
        """Whether the secret lies open to everyone who can read the repository."""
        return self.exposure is not None and self.exposure >= _PUBLIC
