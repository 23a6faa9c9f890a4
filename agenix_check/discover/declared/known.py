"""What an inventory holds, wherever it was taken."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agenix_check.discover.declared.expected import Declared
    from agenix_check.model.declaration import RulesFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What is known of a fleet besides the names.

    `kind` is `nix`, `lock` or `names`; `declared` is None for the last. `stale` says, a sentence
    each, in what the tree's lock file is out of date; `stale_at_base` in what that of the base was,
    None where that is not known. `notices` and `incomplete` are sentences for
    the report.
    """

    kind: str
    declared: "Declared | None" = None
    rules: "tuple[RulesFile, ...]" = ()
    stale: tuple[str, ...] = ()
    stale_at_base: frozenset[str] | None = None
    notices: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()
