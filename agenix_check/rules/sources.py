"""The rules about sources: the age files that are encrypted to the master recipients."""

from agenix_check.model.findings import Severity
from agenix_check.rules.rule import About, MendedBy, Newness, Rule

SOURCES: tuple[Rule, ...] = (
    Rule(
        id="source-missing",
        severity=Severity.ERROR,
        title="a declared source is not in the tree",
        meaning="""
            A node declares a secret whose `rekeyFile` does not exist in this tree.
            """,
        why="""
            The node does not evaluate: nothing can be built for it until the file is there.
            """,
        mend="""
            Create it. If the secret has a generator:

                agenix generate -a

            Otherwise write it:

                agenix edit PATH
                git add PATH

            Then rekey:

                agenix-check --fix
            """,
        about=About.SOURCE,
        newness=Newness.BY_NODE,
    ),
    Rule(
        id="source-unstaged",
        severity=Severity.ERROR,
        title="a source exists, but Git does not have it",
        meaning="""
            The outputs are made from a version of the source that is in the work tree but not in
            the index: git add was forgotten, or .gitignore hides the file.
            """,
        why="""
            Nix reads only files that Git knows. Nobody else's checkout can be built, and the only
            copy of this secret is on your disk.
            """,
        mend="""
            Add the file; use -f if .gitignore hides it:

                git add PATH

            `agenix-check --fix` does this too.
            """,
        about=About.SOURCE,
        newness=Newness.BY_NODE,
        mended_by=MendedBy.STAGE_SOURCE,
        lost=True,
    ),
    Rule(
        id="source-not-encrypted",
        severity=Severity.ERROR,
        title="a file that should be an age file is not an age file",
        meaning="""
            A source is encrypted to the master recipients. This file is plain text, or something
            else that is not an age file.
            """,
        why="""
            It may be the secret itself, in the open: in the repository, in every clone, and in the
            world-readable Nix store of every machine that builds the fleet. It is useless as a
            source, because no rekey can decrypt it.
            """,
        mend="""
            Do not push. Encrypt it; `agenix edit -i` does not overwrite, so move it aside first:

                mv PATH PATH.plain
                agenix edit -i PATH.plain PATH
                shred -u PATH.plain
                git add PATH
                agenix-check --fix

            If it was committed before, change the secret: Git's history keeps the old one.
            """,
        about=About.SOURCE,
        newness=Newness.BY_FILES,
        unreadable=True,
        exposure=9.1,
    ),
    Rule(
        id="source-malformed",
        severity=Severity.ERROR,
        title="a source is a broken age file",
        meaning="""
            The file begins like an age file but breaks its format: it was cut off, has Git's
            conflict markers in it, or was changed on its way. The message says where and how.

            Or it has the header of an earlier version and a content of another length.
            Each encryption makes a new header, so something changed the file afterwards: a hook for
            text files such as end-of-file-fixer, which takes some short secrets for text.
            """,
        why="""
            Nobody can decrypt it any more, not even with the master key. The hosts run on outputs
            that were made earlier, until a key changes and a rekey needs the source: then the
            secret is lost.
            """,
        mend="""
            Take the last good version from history and rekey:

                git log --oneline -- PATH
                git restore --source=COMMIT --staged --worktree -- PATH
                agenix-check --fix

            If there is no good version, remove the file and enter the secret again:

                rm PATH
                agenix edit PATH
                git add PATH
                agenix-check --fix

            If Git changes age files (`* text=auto` in .gitattributes), tell it to leave them alone:

                echo '*.age -text' >> .gitattributes

            If a hook of pre-commit or prek changes them, put `exclude: \\.age$` at the top of its
            configuration, or into that hook.
            """,
        about=About.SOURCE,
        newness=Newness.BY_FILES,
        unreadable=True,
    ),
    Rule(
        id="source-empty",
        severity=Severity.WARNING,
        title="a source is empty: the secret has no bytes",
        meaning="""
            The secret in it has a length of zero. Usually a generator failed, or an editor was
            closed without saving.
            """,
        why="""
            Everything works, but with an empty password. Some services refuse to start with one;
            the ones that do start are worse.
            """,
        mend="""
            Enter the secret and rekey:

                agenix edit PATH
                git add PATH
                agenix-check --fix

            If it has a generator, let that make it again:

                agenix generate -f -a PATH
                agenix-check --fix
            """,
        about=About.SOURCE,
        newness=Newness.BY_FILES,
    ),
    Rule(
        id="source-missing-recipient",
        severity=Severity.ERROR,
        title="a declared master recipient cannot read a source",
        meaning="""
            Sources are encrypted to every identity in `age.rekey.masterIdentities` and every key in
            `extraEncryptionPubkeys` of all nodes. Some of them are missing from the header of this
            one: it was encrypted before they were added. Keys of anonymous types (age1...) are
            counted, the others are recognised by their tags.
            """,
        why="""
            agenix-rekey does not notice. Somebody who has only the new key cannot rekey, and when
            the old key is lost, the secret is lost.
            """,
        mend="""
            Encrypt every source again, which needs one of the old keys; the outputs follow:

                agenix-check --fix --update-masters

            For a recipient that this clone does not know it asks first, or wants `--grant KEY`.
            """,
        about=About.SOURCE,
        mended_by=MendedBy.REENCRYPT_SOURCE,
    ),
    Rule(
        id="source-unknown-recipient",
        severity=Severity.WARNING,
        title="a source is encrypted to somebody who is not declared",
        meaning="""
            Its header names a recipient that is neither a master identity nor an extra encryption
            key. Where only file names are known, only one case can be seen: a source that is
            encrypted with a passphrase instead of to a key.
            """,
        why="""
            Somebody who is not declared can read the secret: a colleague who left, the finder of a
            lost token. And a rekey cannot decrypt a source that needs a passphrase, so it stops
            there, or writes a dummy, the next time the source or a host key changes.
            """,
        mend="""
            Encrypt it again for the declared master recipients:

                agenix edit -f PATH
                git add PATH
                agenix-check --fix

            If it is encrypted with a passphrase, decrypt it first:

                age -d -o PATH.plain PATH
                rm PATH
                agenix edit -i PATH.plain PATH
                shred -u PATH.plain
                git add PATH
                agenix-check --fix

            If the other recipient must not know the secret, change it.
            """,
        about=About.SOURCE,
        mended_by=MendedBy.REENCRYPT_SOURCE,
        exposure=6.5,
    ),
    Rule(
        id="source-outdated",
        severity=Severity.WARNING,
        title="a generated source is older than a source that it depends on",
        meaning="""
            The secret has a generator with `dependencies`, and one of them changed in a later
            commit than this source did. `agenix generate` compares the times of files, which Git
            does not keep: in a fresh clone it sees nothing to do.
            """,
        why="""
            The secret still holds what was made from the old dependency: a certificate of an old
            authority, the hash of an old password.
            """,
        mend="""
            Generate it again, then rekey:

                agenix generate -a -f PATH
                agenix-check --fix

            If the dependency was encrypted anew and is the same secret, commit the source again,
            or leave it out:

                # agenix-check.toml
                ignore = [{ rule = "source-outdated", path = "PATH", reason = "WHY" }]
            """,
        about=About.SOURCE,
        newness=Newness.BY_FILES,
    ),
    Rule(
        id="source-unused",
        severity=Severity.NOTE,
        title="no output is made from this source",
        meaning="""
            The file is encrypted to the master recipients, and no output is made from it. Often
            that is intended: the secret is only used by a generator, is read at evaluation, or is
            an identity.
            """,
        why="""
            Nothing breaks. But nobody changes a secret that nobody uses.
            """,
        mend="""
            If it is no longer needed:

                git rm PATH
            """,
        about=About.SOURCE,
        newness=Newness.BY_FILES,
    ),
)
