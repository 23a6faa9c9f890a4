"""The rules about plain agenix, and about the files of the gate itself."""

from agenix_check.model.findings import Severity
from agenix_check.rules.rule import About, MendedBy, Newness, Rule

PLAIN: tuple[Rule, ...] = (
    Rule(
        id="plain-missing-recipient",
        severity=Severity.ERROR,
        title="a key of a rule in secrets.nix cannot read its file",
        meaning="""
            The file is not encrypted to one of the keys in the `publicKeys` of its rule. Keys of
            anonymous types (age1...) are counted, the others are recognised by their tags.
            """,
        why="""
            A host or person was added to the rules, but the file was not encrypted again. The host
            builds, and cannot decrypt the file when it starts.
            """,
        mend="""
            Run this with a key that can read the file:

                agenix-check --fix

            `agenix -r`, then git add, does this too. For a key that this clone does not know, --fix
            asks first, or wants `--grant KEY`.
            """,
        about=About.PLAIN,
        newness=Newness.BY_FILES,
        mended_by=MendedBy.REENCRYPT_PLAIN,
    ),
    Rule(
        id="plain-unknown-recipient",
        severity=Severity.ERROR,
        title="somebody who is not in its rule can read a file",
        meaning="""
            The file is encrypted to a key that its rule in secrets.nix does not name: one that was
            removed from the rule, or was never in it.
            """,
        why="""
            The host that was retired, or the colleague who left, can still read every version.
            """,
        mend="""
            Run this with a key that can read the file; and change the secret, because Git's history
            keeps the old file:

                agenix-check --fix

            `agenix -r`, then git add, encrypts it anew too.
            """,
        about=About.PLAIN,
        newness=Newness.BY_FILES,
        mended_by=MendedBy.REENCRYPT_PLAIN,
        exposure=8.1,
    ),
    Rule(
        id="plain-invalid-key",
        severity=Severity.ERROR,
        title="a rule lists a key that age cannot take, a nested list, or no key",
        meaning="""
            The `publicKeys` of a rule have a text that is no age or SSH public key that age can
            encrypt to (an ECDSA key, a line of known_hosts, a key that was cut, an ssh-ed25519 key
            with a wrong letter: every other such text is no point of its curve), an empty text, or
            a list in their list, or nothing at all. The message has the text's beginning, and where
            it is written. The other keys of the rule are still judged.
            """,
        why="""
            `agenix -r` and `agenix -e` fail for this file, and `agenix -r` stops there: the files
            after it are not rekeyed either. So those who left the rules can read them still.
            """,
        mend="""
            Correct or remove the key, or join nested lists with `++`, then:

                git add secrets.nix
                agenix-check --fix

            `agenix -r`, then git add, does the last step too.
            """,
        about=About.PLAIN,
        newness=Newness.BY_FILES,
    ),
    Rule(
        id="plain-without-rule",
        severity=Severity.WARNING,
        title="an age file that no rule and no fleet covers",
        meaning="""
            The tree has rules for other files, and none for this one; no node uses it either. If
            the rule left secrets.nix in this change while the file stayed, it is an error.
            """,
        why="""
            `agenix -r` never rekeys it: everybody who can read it now can read it after they left,
            too.
            """,
        mend="""
            Give it a rule, then:

                git add secrets.nix
                agenix-check --fix

            If its rule was only renamed, give the file that name, too:

                git mv PATH NEW

            Or, if nobody needs it any more, remove it:

                git rm PATH
            """,
        about=About.PLAIN,
        newness=Newness.BY_FILES,
    ),
    Rule(
        id="plain-missing-file",
        severity=Severity.WARNING,
        title="a rule in secrets.nix has no file",
        meaning="""
            secrets.nix has a rule for a file that is not in the tree: it was never made, or it is
            in the work tree and was not staged.
            """,
        why="""
            A configuration that uses the file does not evaluate. If none does, the rule is left
            over.
            """,
        mend="""
            Create the file, unless it is there already, and stage it:

                agenix -e PATH
                git add PATH

            If it was deleted, take it from the last commit that had it:

                git log --oneline -- PATH
                git restore --source=COMMIT~ --staged --worktree -- PATH

            If only its rule was renamed, give the file that name, too:

                git mv OLD PATH

            If the file was renamed, or nobody needs it, change or remove its rule, then git add
            secrets.nix.
            """,
        about=About.PLAIN,
        absent=True,
        newness=Newness.BY_FILES,
    ),
    Rule(
        id="lock-stale",
        severity=Severity.ERROR,
        title="the lock file agenix-check.lock does not match the tree",
        meaning="""
            The lock file contains what the flake declared when the file was written. The flake
            declares something else now; or, where Nix is not asked, a host's key or a source that
            the lock file names was changed or moved, or a node or secret left the lock file (or the
            file was removed) while its outputs, its key or its source are still in the tree. What
            left is reported until it is back, or gone from the tree too.
            """,
        why="""
            Machines without Nix, such as CI, check against the lock file: they would check
            something that is no longer declared.
            """,
        mend="""
            On a machine with Nix:

                agenix-check fleet --lock
                git add agenix-check.lock

            If a node or secret is gone for good, remove what the message names too: git rm its
            outputs and the sources that nothing else is made from, and take its key out of files.
            To keep a source all the same, say why in agenix-check.toml:

                [[ignore]]
                rule = "lock-stale"
                node = "nixos:HOST"
                reason = "its secrets are kept for its successor"

            To do without a lock file from now on, set `inventory = "names"` there.
            """,
        about=About.LOCK,
    ),
    Rule(
        id="settings-changed",
        severity=Severity.NOTE,
        title="this change edits the settings of the gate",
        meaning="""
            The change edits agenix-check.toml, or agenix-check's table in pyproject.toml. In a
            range (a pull request, a push) it is judged by the settings of what it is compared
            with, so nothing is hidden yet. The message says what would be hidden once it is
            merged; then the finding is a warning. It never fails a run.
            """,
        why="""
            Who can edit the settings can switch a rule off, or take a host out of what is checked.
            Whoever merges the change has to know.
            """,
        mend="""
            Read what the change does to the settings. If you want it, merge it:

                git diff BASE -- agenix-check.toml pyproject.toml
            """,
        about=About.FILE,
    ),
)
