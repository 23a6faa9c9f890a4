"""The rules about whether an output is there, and of which version it is."""

from agenix_check.model.findings import Severity
from agenix_check.rules.rule import About, MendedBy, Newness, Rule

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

            `agenix rekey -a` makes it too. For a host whose key this clone does not know, --fix
            asks first, or wants `--grant NODE`.
            """,
        about=About.OUTPUT,
        newness=Newness.BY_NODE,
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

            `agenix rekey -a` does this too. If the change of the source or key was a mistake, undo
            that instead:

                git restore --staged --worktree PATH
            """,
        about=About.OUTPUT,
        newness=Newness.BY_NODE,
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
        newness=Newness.BY_NODE,
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
)
