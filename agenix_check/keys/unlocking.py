"""The keychain of a run: the identities that it is given, and those of the fleet."""

import os
import resource
from collections.abc import Callable

from agenix_check.discover.declared.known import Inventory
from agenix_check.git.snapshot import SUBMODULE
from agenix_check.keys.identities import IdentityFile, load, load_named
from agenix_check.keys.keychain import Keychain
from agenix_check.settings import Settings
from agenix_check.view import View


class Unlocker:
    """Opens the keychain for each step of a run: files are read, and passphrases asked for, once.

    `say` is given what the user should know of the identities, `command` is what a person types to
    be asked for a passphrase.
    """

    def __init__(self, settings: Settings, say: Callable[[str], None], command: str) -> None:
        self._settings = settings
        self._say = say
        self._command = command
        self._named: tuple[IdentityFile, ...] | None = None
        self._keychains: dict[tuple[IdentityFile, ...], Keychain] = {}

    def keychain(self, view: View, inventory: Inventory) -> Keychain:
        """Return a keychain; identities of the fleet are read as they are in the snapshot.

        Raises `UsageError` for a file that was named for this run and cannot be read.
        """
        files, git = view.snapshot.files, view.repository.git

        def read_tracked(path: str) -> bytes | None:
            file = files.get(path)
            if file is None or file.mode == SUBMODULE:
                return None
            return git.run("cat-file", "blob", file.oid)

        _leave_no_core()
        if self._named is None:  # a pipe can be read only once
            self._named = load_named(self._settings.items("identity"), os.environ)
        declared = inventory.declared
        identities = load(
            named=self._named,
            settings=self._settings.items("identities"),
            declaration=None if declared is None else declared.declaration,
            environment=os.environ,
            top=view.repository.top,
            read=read_tracked,
        )
        if identities.files not in self._keychains:
            for sentence in identities.warnings:
                self._say(sentence)
            program = self._settings.text("age")
            self._keychains[identities.files] = Keychain(
                identities.files, program, command=self._command
            )
        return self._keychains[identities.files]


def _leave_no_core() -> None:
    """Write no memory to a file where this process, or a program that it starts, crashes."""
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))
