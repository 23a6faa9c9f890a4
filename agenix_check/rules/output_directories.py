"""The rules about what else is in an output directory."""

from agenix_check.model.findings import Severity
from agenix_check.rules.rule import About, MendedBy, Newness, Rule

OUTPUT_DIRECTORIES: tuple[Rule, ...] = (
    Rule(
        id="output-intermediary",
        severity=Severity.ERROR,
        title="an intermediary secret has an output",
        meaning="""
            `age.secrets.<id>.intermediary` says that other secrets are made from this one and that
            no host gets it. It was rekeyed for a host anyway, by a version of agenix-rekey that did
            not know the option, or before the option was set.
            """,
        why="""
            The host can read a secret that it was never meant to have, such as the key of a
            certificate authority.
            """,
        mend="""
            Remove the output, and change the secret if the host must not know it:

                git rm PATH
            """,
        about=About.OUTPUT,
    ),
    Rule(
        id="output-orphan",
        severity=Severity.WARNING,
        title="a file in an output directory belongs to no node",
        meaning="""
            The host was removed or switched off, the secret was renamed or dropped, or the file is
            left over from an earlier key. agenix-rekey cleans up the directories of declared hosts
            only, never those of hosts that are gone.

            Where only file names are known, the message says what speaks for that: another output
            has taken its place, its source or key was deleted, other hosts were rekeyed without it,
            or no `.nix` file names the secret any more.
            """,
        why="""
            The owner of the old key can still read the secret in it. And in a directory full of old
            files nobody sees the one that is missing.
            """,
        mend="""
            First make sure that no host needs it: where Nix is installed, this knows what is
            declared, rekeys that, and removes the rest.

                agenix-check --fix --inventory nix

            Only if no host needs it, remove it yourself with the command behind the `#` of the
            report. It is best to change a secret that a retired host could read.
            """,
        about=About.OUTPUT,
        mended_by=MendedBy.REMOVE_OUTPUT,
        unexplained=True,
    ),
    Rule(
        id="output-mixed-keys",
        severity=Severity.WARNING,
        title="the outputs of one directory are made for different keys",
        meaning="""
            One directory belongs to one node, so all its outputs are made for one key. Here either
            two nodes share the directory (often a host and its home-manager user), or the key was
            changed and some outputs are still made for the old one, whose text is still somewhere
            else in the tree. That is said until they are made anew.
            """,
        why="""
            Two nodes in one directory delete each other's outputs with every rekey. And a host that
            got a new key cannot read the outputs that were made for its old one.
            """,
        mend="""
            Give every node a directory of its own, then rekey:

                age.rekey.localStorageDir =
                  ./. + "/secrets/rekeyed/${config.networking.hostName}";

                agenix-check --fix

            If the key was changed, and another file still has the old one, names alone do not show
            which of the two the host has, so `agenix-check --fix` makes nothing for the old key
            unasked. With Nix, `agenix-check --fix --inventory nix` finds out. Without it, look at
            the host (`/etc/ssh/ssh_host_ed25519_key.pub`).

            If it has the new key, write that in the other file too, in place of the old one, and
            rekey:

                git add PATH
                agenix-check --fix

            If it still has the old key, put that back in the file that has the new one, `git add`
            it, and rekey. To leave the files as they are and make outputs for the old key, name the
            node: `agenix-check --fix --grant NODE`.
            """,
        about=About.OUTPUT,
    ),
    Rule(
        id="output-leftover",
        severity=Severity.ERROR,
        title="an interrupted rekey left its temporary files behind",
        meaning="""
            agenix-rekey writes each output into a directory named `.tmp.agenix-rekey.*` and moves
            it into place when it is complete. Such a directory in the tree means that a rekey was
            killed, or stopped because a decryption failed, and that its remains were committed.
            """,
        why="""
            That rekey did not finish: the outputs after that point were not made. Its exit status
            does not say so, so a script that ran it went on.
            """,
        mend="""
            This removes the remains from a node's storage directory and makes the missing outputs:

                agenix-check --fix

            Remove them yourself if they are anywhere else:

                git rm -r -f PATH
            """,
        about=About.OUTPUT,
        newness=Newness.BY_FILES,
        mended_by=MendedBy.REMOVE_LEFTOVER,
    ),
)
