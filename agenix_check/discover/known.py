"""What an inventory holds, wherever it was taken."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agenix_check.declaration import RulesFile
    from agenix_check.discover.declared import Declared


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What is known of a fleet besides the names.

    `kind` is `nix`, `lock` or `names`; `declared` is None for the last. `stale` says, a sentence
    each, in what the tree's lock file is out of date. `said` and `incomplete` are sentences for the
    report.
    """

    kind: str
    declared: "Declared | None" = None
    rules: "tuple[RulesFile, ...]" = ()
    stale: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()
