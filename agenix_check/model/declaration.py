"""What a repository declares, before it is held against any file: frozen values, no logic.

Nix or the lock file gives it; `discover/` turns it into the outputs that should be.
"""

from agenix_check.model.frozen import frozen

# Replaces a text that holds a private key: that gets into no report, cache or lock file.
WITHHELD = "(a private key)"
WITHHELD_TEXT = "(a text of {} characters)"
FAILED = "could not be evaluated"  # in sentences, behind the names of nodes


def is_withheld(text: str) -> bool:
    """Return whether a text stands for one that is not shown."""
    return text == WITHHELD or text.startswith(WITHHELD_TEXT.partition("{")[0])


@frozen
class DeclaredPath:
    """A file or directory that a configuration names.

    `path` is relative to the repository's root ("" is the root itself); None if it lies outside:
    then `outside` says where, as Nix prints it.
    """

    path: str | None
    outside: str | None = None


@frozen
class MasterIdentity:
    """An entry of `masterIdentities`: its file, and its public key if that is given.

    A key given as a file of the repository is that file's text; a file elsewhere is its path.
    """

    identity: DeclaredPath
    pubkey: str | None


@frozen
class DeclaredSecret:
    """One `age.secrets.<id>` with a `rekeyFile`.

    `generator` are the tags of its generator, None if it has none, and `dependencies` the sources
    that this one is generated from; None if a lock file does not say.
    """

    id: str
    name: str
    source: DeclaredPath
    intermediary: bool
    generator: tuple[str, ...] | None
    dependencies: tuple[DeclaredPath, ...] | None = ()


@frozen
class DeclaredNode:
    """One evaluated configuration that uses agenix-rekey, under agenix-rekey's own name for it.

    `host_pubkey` is the exact configured text, or `WITHHELD`. `storage` is None in derivation mode.
    `extra_recipients` given as files of the repository are their texts; files elsewhere are paths.
    """

    name: str
    host_pubkey: str
    storage_mode: str
    storage: DeclaredPath | None
    secrets: tuple[DeclaredSecret, ...]
    master_identities: tuple[MasterIdentity, ...]
    extra_recipients: tuple[str, ...]


@frozen
class FailedNode:
    """A node that could not be evaluated, and Nix's message, shortened."""

    name: str
    message: str


@frozen
class Declaration:
    """All that a flake declares; sorted by name."""

    nodes: tuple[DeclaredNode, ...]
    failed: tuple[FailedNode, ...] = ()


@frozen
class KeyOrigin:
    """Where a rule's key is written: its file and line, and what it is bound to there.

    `name` is that of a variable or attribute; None where there is none.
    """

    path: str
    line: int
    name: str | None = None


@frozen
class PlainRule:
    """One rule of a plain agenix rules file: a file and who must be able to read it.

    `path` is relative to the repository's root, `recipients` are the texts of `publicKeys`, nested
    lists flattened, duplicates removed; `repeated` has each of them for every further time that it
    is listed, since age writes a stanza each time. `armor` is None if the rule does not say,
    `nested` says that there are lists in its list. `origins` has an entry for each recipient, or
    none at all; None stands for one whose place is not known.
    """

    path: str
    recipients: tuple[str, ...]
    armor: bool | None
    repeated: tuple[str, ...] = ()
    nested: bool = False
    origins: tuple[KeyOrigin | None, ...] = ()

    def origin(self, recipient: str) -> KeyOrigin | None:
        """Return where a recipient is written, if that is known."""
        if not self.origins:
            return None
        return self.origins[self.recipients.index(recipient)]


@frozen
class RulesAside:
    """What the work tree's version of a rules file says.

    `edited` are the files that decide it and differ from the index; `failure` says why the `rules`
    are not known.
    """

    edited: tuple[str, ...]
    rules: tuple[PlainRule, ...] = ()
    failure: str | None = None

    def rule(self, path: str) -> PlainRule | None:
        """Return the rule for a file, if there is one."""
        return next((one for one in self.rules if one.path == path), None)


@frozen
class RulesFile:
    """A plain agenix rules file (`secrets.nix`).

    `failure` says why it, or a part of it, could not be read; `rules` are those that could, and
    `unread` the paths of files whose rules could not, None if these are not known. `read` are the
    files and directories that it takes keys from, as far as that is known. The names of its rules
    are relative to `directory`: its own, or the one that agenix is run in. `unstaged` are the paths
    of its rules whose file is in the work tree, and not in the index that is judged. `aside` is the
    work tree's version, if that differs and was looked at.
    """

    path: str
    rules: tuple[PlainRule, ...]
    failure: str | None = None
    read: tuple[str, ...] = ()
    unread: tuple[str, ...] | None = ()
    directory: str = ""
    unstaged: tuple[str, ...] = ()
    aside: RulesAside | None = None

    def rule(self, path: str) -> PlainRule | None:
        """Return the rule for a file, if there is one."""
        return next((one for one in self.rules if one.path == path), None)
