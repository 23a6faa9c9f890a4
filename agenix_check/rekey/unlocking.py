"""The keychain of a run: the identities that it is given, and those of the fleet."""

import os
from collections.abc import Callable

from agenix_check.discover.known import Inventory
from agenix_check.rekey.identities import load
from agenix_check.rekey.keychain import Keychain
from agenix_check.settings import Settings
from agenix_check.tree.snapshot import SUBMODULE
from agenix_check.view import View


def open_keychain(
    view: View,
    inventory: Inventory,
    settings: Settings,
    *,
    say: Callable[[str], None],
    command: str,
) -> Keychain:
    """Return a keychain; identities of the fleet are read as they are in the snapshot.

    `say` is given what the user should know of the identities, `command` is what a person types to
    be asked for a passphrase. Raises `UsageError` for a file named for this run that is unreadable.
    """
    files, git = view.snapshot.files, view.repository.git

    def read_tracked(path: str) -> bytes | None:
        file = files.get(path)
        if file is None or file.mode == SUBMODULE:
            return None
        return git.run("cat-file", "blob", file.oid)

    declared = inventory.declared
    identities = load(
        given=settings.items("identity"),
        settings=settings.items("identities"),
        declaration=None if declared is None else declared.declaration,
        environment=os.environ,
        top=view.repository.top,
        read=read_tracked,
    )
    for sentence in identities.warnings:
        say(sentence)
    return Keychain(identities.files, settings.text("age"), command=command)
