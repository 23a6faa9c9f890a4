"""The rules about outputs: the files that hosts decrypt when they activate."""

from agenix_check.model.findings import Severity
from agenix_check.rules.rule import About, MendedBy, Rule

OUTPUTS: tuple[Rule, ...] = (
    Rule(
        id="output-missing",
        severity=Severity.ERROR,
        title="a secret has no output for a node that needs it",
        meaning="""
            The node is declared to have this secret, but the tree has no file that was encrypted
            for it, and none made from an older version either.

            Where only file names are known, this is a note: the output is gone while its source and
            key are still there, which nearly always means that its declaration was removed too.
            """,
        why="""
            The host cannot be built: agenix-rekey stops at the first missing output. You find out
            when you deploy, often in a hurry, and only about one secret at a time.
            """,
        mend="""
            Run this with a key that can read the source:

                agenix-check --fix

            For a host whose key this clone does not know it asks first, or wants `--grant NODE`.
            """,
        about=About.OUTPUT,
        mended_by=MendedBy.REMAKE_OUTPUT,
        lost=True,
    ),
    Rule(
        id="output-stale",
        severity=Severity.ERROR,
        title="an output is made from another version of its source or key",
        meaning="""
            The name of an output contains a hash of the host's public key and of the source file.
            The source or the key has changed since, and this output was not made again.

            The text of the key counts, not only the key: its comment and a newline at its end are
            part of the hash.
            """,
        why="""
            The host cannot be built until somebody with the master key rekeys. If the wrong half is
            rolled back, it keeps running with the old password, or with a file for a key that it no
            longer has.
            """,
        mend="""
            Run this with a key that can read the source; it stages what it writes and removes what
            it replaces:

                agenix-check --fix

            If the change of the source or key was a mistake, undo that instead:

                git restore --staged --worktree PATH
            """,
        about=About.OUTPUT,
        mended_by=MendedBy.REMAKE_OUTPUT,
        lost=True,
        unexplained=True,
    ),
    Rule(
        id="output-unstaged",
        severity=Severity.ERROR,
        title="the right output exists, but Git does not have it",
        meaning="""
            The file is in the work tree but not in the index: git add was forgotten, or .gitignore
            hides the file.
            """,
        why="""
            It works on your machine and nowhere else. Nix reads only files that Git knows, so
            everybody who pulls gets a fleet that does not build.
            """,
        mend="""
            Add the file; use -f if .gitignore hides it:

                git add PATH

            `agenix-check --fix` does this too. To prevent it, use `agenix rekey -a`, which stages
            by itself, or set AGENIX_REKEY_ADD_TO_GIT=true for `agenix rekey`.
            """,
        about=About.OUTPUT,
        mended_by=MendedBy.STAGE_OUTPUT,
        lost=True,
    ),
    Rule(
        id="output-untraceable",
        severity=Severity.ERROR,
        title="an output is made from a source or a key that was never committed",
        meaning="""
            No key and source in this tree, or in the one before, give this file its name. It was
            made from a version that was never committed: the source was encrypted again after the
            rekey, or it was not added, or the key is kept elsewhere.

            It is a warning if nothing shows that the key was ever in this repository.
            """,
        why="""
            The host looks for a file with another name, so it cannot be built. If the other version
            exists on one laptop only, that is where your secret is, too.
            """,
        mend="""
            If the source or the key that it was made from is still in your work tree, add it:

                git add SOURCE

            Otherwise make the outputs again from what is in the tree:

                agenix-check --fix
            """,
        about=About.OUTPUT,
        mended_by=MendedBy.REMAKE_OUTPUT,
        lost=True,
        unexplained=True,
    ),
    Rule(
        id="output-not-encrypted",
        severity=Severity.ERROR,
        title="an output is not an age file",
        meaning="""
            The file has the name of an output, but it is plain text, a symbolic link, or something
            else that is not an age file.
            """,
        why="""
            agenix-rekey looks only at names, so the build passes. The host cannot decrypt the file
            when it activates, and the services that read the secret do not start. And if the plain
            text is the secret, everyone who can read the repository has it.
            """,
        mend="""
            Make it again (agenix-rekey skips a file whose name exists):

                agenix-check --fix

            If it contained the secret, change the secret: Git's history keeps the old one.
            """,
        about=About.OUTPUT,
        mended_by=MendedBy.REMAKE_OUTPUT,
        exposure=9.1,
    ),
    Rule(
        id="output-lfs",
        severity=Severity.WARNING,
        title="an output is a Git LFS pointer",
        meaning="""
            Git has a pointer instead of the file. The name of the output is checked as usual, but
            not whom it is for, nor whether it is complete.
            """,
        why="""
            Nix takes what Git gives it: without LFS support it puts the pointer on the host, which
            cannot decrypt it. Age files are small, so LFS has no advantage here.
            """,
        mend="""
            Fetch the contents and take age files out of LFS, so that Git stores them itself; the
            path is the pattern in .gitattributes:

                git lfs pull
                git lfs untrack '*.age'
                git add --renormalize .
            """,
        about=About.OUTPUT,
    ),
    Rule(
        id="output-malformed",
        severity=Severity.ERROR,
        title="an output is a broken age file",
        meaning="""
            The file begins like an age file but breaks its format: it was cut off, has Git's
            conflict markers in it, or was changed on its way. The message says where and how.
            """,
        why="""
            Nothing reads an output before the host does, so the build passes. Then activation
            cannot decrypt it, and the services that need the secret stay down.
            """,
        mend="""
            Make it again (agenix-rekey skips a file whose name exists):

                agenix-check --fix

            If Git changes age files (`* text=auto` in .gitattributes), tell it to leave them alone:

                echo '*.age binary' >> .gitattributes
            """,
        about=About.OUTPUT,
        mended_by=MendedBy.REMAKE_OUTPUT,
    ),
    Rule(
        id="output-wrong-recipient",
        severity=Severity.ERROR,
        title="an output is encrypted for another key than its node's",
        meaning="""
            The name is right, but the header of the file says that it was encrypted for another
            key. Outputs were swapped by hand or in a merge, or encrypted with the wrong key.
            """,
        why="""
            The build passes, but the host cannot read its secret, and the owner of the other key
            can.
            """,
        mend="""
            Make it again (agenix-rekey skips a file whose name exists):

                agenix-check --fix

            If the owner of the other key must not have the secret, change the secret.
            """,
        about=About.OUTPUT,
        mended_by=MendedBy.REMAKE_OUTPUT,
        exposure=8.1,
    ),
    Rule(
        id="output-extra-recipient",
        severity=Severity.ERROR,
        title="an output is encrypted for somebody besides its node",
        meaning="""
            An output is for one host and nobody else, so its header has exactly one recipient. This
            one has more: it was not made by agenix-rekey.
            """,
        why="""
            The host works, so nobody notices. But whoever has the other key can read this secret in
            every clone of the repository.
            """,
        mend="""
            Make it again (agenix-rekey skips a file whose name exists):

                agenix-check --fix

            If the owner of the other key must not know the secret, change it: Git's history keeps
            the file that they can read.
            """,
        about=About.OUTPUT,
        mended_by=MendedBy.REMAKE_OUTPUT,
        exposure=8.1,
    ),
    Rule(
        id="output-dummy",
        severity=Severity.ERROR,
        title="an output holds agenix-rekey's dummy text, not the secret",
        meaning="""
            It is exactly as long as the text that agenix-rekey writes instead of a secret: with
            `--dummy`, or when it could not decrypt a source and the answer was (d) or (a). The
            source has another length.
            """,
        why="""
            The name is right, so agenix-rekey says "already rekeyed" from now on, and the build
            passes. The service starts with a password that begins "This is a dummy replacement
            value".
            """,
        mend="""
            Make it again (agenix-rekey skips a file whose name exists):

                agenix-check --fix
            """,
        about=About.OUTPUT,
        mended_by=MendedBy.REMAKE_OUTPUT,
    ),
    Rule(
        id="output-length",
        severity=Severity.ERROR,
        title="an output does not contain its source: the lengths differ",
        meaning="""
            The length of an encrypted text can be read without a key. An output contains exactly
            the bytes of its source, so both lengths must be equal. Here they are not.
            """,
        why="""
            The name is right, so the build passes; the host decrypts the file and gets something
            else: an empty text, half a certificate, another secret.
            """,
        mend="""
            Make it again (agenix-rekey skips a file whose name exists):

                agenix-check --fix
            """,
        about=About.OUTPUT,
        mended_by=MendedBy.REMAKE_OUTPUT,
    ),
    Rule(
        id="output-content",
        severity=Severity.ERROR,
        title="an output does not contain its source: the plaintexts differ",
        meaning="""
            Only a run with `--decrypt` can find this: it opened the output with the node's key and
            the source with a master key, and the texts have the same length but differ. Neither the
            texts nor the difference are ever shown.
            """,
        why="""
            Name, recipient and length are right, so nothing else notices: the build passes, and the
            host runs with another password than the one that you keep. It may be an old version
            under a new name, the value of another secret, or a text that somebody put there.
            """,
        mend="""
            Find out who made the file, then make it again:

                git log -- PATH
                agenix-check --fix --decrypt -i MASTER -i HOST_KEY
            """,
        about=About.OUTPUT,
        mended_by=MendedBy.REMAKE_OUTPUT,
    ),
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

            If the key was changed, the rekey is enough.
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
        mended_by=MendedBy.REMOVE_LEFTOVER,
    ),
)
