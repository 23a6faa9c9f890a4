"""The rules about files in output directories that are nobody's output."""

from agenix_check.model.findings import Severity
from agenix_check.rules.rule import Rule

STRAYS: tuple[Rule, ...] = (
    Rule(
        id="output-orphan",
        severity=Severity.WARNING,
        title="a file in an output directory that no node accounts for",
        meaning="""
            The host was removed or switched off, the secret was renamed or dropped, or the file is
            a leftover of an earlier key. agenix-rekey tidies the directories of declared hosts
            only; it never visits those of hosts that are gone.

            Where only file names are known, a rekey forgotten long ago looks the same.
            """,
        why="""
            The owner of the old key can still read the secret in it. And in a directory full of
            old files nobody sees the one that is missing.
            """,
        mend="""
            If the host is still declared, a rekey removes the file; otherwise do it yourself:

                agenix-check --fix
                git rm PATH

            A secret that a retired host could read is best changed.
            """,
    ),
    Rule(
        id="output-mixed-keys",
        severity=Severity.WARNING,
        title="the outputs of one directory are made for different keys",
        meaning="""
            One directory belongs to one node, so all its outputs are made for one key. Here either
            two nodes share the directory (often a host and its home-manager user), or the
            key was changed and some outputs are still made for the old one, whose text lives on
            elsewhere in the tree.
            """,
        why="""
            Two nodes in one directory delete each other's outputs with every rekey. And a host
            that got a new key cannot read what was made for its old one.
            """,
        mend="""
            Give every node a directory of its own, then rekey:

                age.rekey.localStorageDir =
                  ./. + "/secrets/rekeyed/${config.networking.hostName}";

                agenix-check --fix

            If the key has changed, the rekey is enough.
            """,
    ),
    Rule(
        id="output-leftover",
        severity=Severity.ERROR,
        title="an interrupted rekey left its temporary files behind",
        meaning="""
            agenix-rekey writes each output into a directory named `.tmp.agenix-rekey.*` and moves
            it into place when it is whole. Such a directory in the tree means that a rekey was
            killed, or stopped where a decryption failed, and that its remains were committed.
            """,
        why="""
            That rekey did not end: outputs after that point were not made. Its exit status does not
            say so, so a script that ran it went on.
            """,
        mend="""
            This removes the remains from a node's storage directory and makes what is missing:

                agenix-check --fix

            Remove them yourself where they lie elsewhere:

                git rm -r -f PATH
            """,
    ),
)
