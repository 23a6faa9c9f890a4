"""What `agenix-check init` proposes for a repository: hook, CI, settings, attributes.

`in_use` says what is there, `proposals` what would be written. Nothing here reads or writes
any file but the examples that come with the program.
"""

from agenix_check.init.in_use import ASKED_FILES, InUse, look_around
from agenix_check.init.proposals import CONFIG, INSTALL_HOOK, Proposal, propose

__all__ = [
    "ASKED_FILES",
    "CONFIG",
    "INSTALL_HOOK",
    "InUse",
    "Proposal",
    "look_around",
    "propose",
]
