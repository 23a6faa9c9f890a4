"""The rules about what an output holds and whom it is for."""

from agenix_check.model.findings import Severity
from agenix_check.rules.rule import About, MendedBy, Newness, Rule

OUTPUT_CONTENTS: tuple[Rule, ...] = (
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
        newness=Newness.BY_NODE,
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
        newness=Newness.BY_NODE,
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

                echo '*.age -text' >> .gitattributes
            """,
        about=About.OUTPUT,
        newness=Newness.BY_NODE,
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
        newness=Newness.BY_NODE,
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
        newness=Newness.BY_NODE,
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
        mended_by=MendedBy.REWRITE_OUTPUT,
    ),
    Rule(
        id="output-copied",
        severity=Severity.ERROR,
        title="one file stands as two outputs that cannot be the same",
        meaning="""
            Every output is encrypted on its own, so no two are the same file, byte for byte, unless
            they are made for the same key from the same source. This one is a copy of another, or
            another is a copy of it: at least one of the two is not what its name says. Outputs were
            copied by hand, or in a merge, or an old one was given the name of the new one.

            A copy that its header or its length shows to be wrong is reported as that; then the
            other one is in order.
            """,
        why="""
            agenix-rekey looks only at names, so the build passes. The service starts with an old
            password or with that of another service, or the host cannot read the file at all.
            """,
        mend="""
            Make them again (agenix-rekey skips a file whose name exists):

                agenix-check --fix

            A file that this change did not touch is left alone: it is the one that was copied.
            """,
        about=About.OUTPUT,
        mended_by=MendedBy.REMAKE_OUTPUT,
    ),
    Rule(
        id="output-rewritten",
        severity=Severity.WARNING,
        title="the bytes of an output changed although its name did not",
        meaning="""
            The name of an output contains a hash of the host's key and of the source. Neither
            changed, and the file was in order before; yet it is another file now, for the same key
            and of the same length. Only a forced rekey does that, or somebody who wrote a file by
            hand.
            """,
        why="""
            Nothing shows without a key whether the new file still holds the secret: whoever knows
            the host's public key can make a file that looks like it. A forced rekey that nobody
            asked for also makes a change of a hundred files in which nobody sees that one.
            """,
        mend="""
            If you did not force a rekey, put the file back that was there before:

                agenix-check --fix

            For a change that is committed already, the report gives the command. If you can read
            the secret, this proves whether the file holds it:

                agenix-check --decrypt -i MASTER -i HOST_KEY
            """,
        about=About.OUTPUT,
        mended_by=MendedBy.RESTORE_OUTPUT,
        is_doubt=True,
    ),
)
