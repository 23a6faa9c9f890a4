"""The rules about plain agenix, and about the lock file."""

from agenix_check.model.findings import Severity
from agenix_check.rules.rule import About, MendedBy, Rule

PLAIN: tuple[Rule, ...] = (
    Rule(
        id="plain-missing-recipient",
        severity=Severity.ERROR,
        title="a key of a rule in secrets.nix cannot read its file",
        meaning="""
            `publicKeys` of this file's rule names a key that the file is not encrypted to. Keys of
            anonymous kinds (age1...) are counted, the others are known by their tags.
            """,
        why="""
            The host or person was added to the rules and the file was not encrypted anew. The host
            builds, and fails to decrypt it when it starts.
            """,
        mend="""
            With a key that can read it:

                agenix-check --fix
            """,
        about=About.PLAIN,
        mended_by=MendedBy.REENCRYPT_PLAIN,
    ),
    Rule(
        id="plain-unknown-recipient",
        severity=Severity.ERROR,
        title="somebody who is in no rule can read a file",
        meaning="""
            The file is encrypted to a key that its rule in secrets.nix does not name: one that was
            taken out, or that was never in.
            """,
        why="""
            The host that was retired, or the colleague who left, can still read every version.
            """,
        mend="""
            With a key that can read it; and change the secret, because Git's history keeps the old
            file:

                agenix-check --fix
            """,
        about=About.PLAIN,
        mended_by=MendedBy.REENCRYPT_PLAIN,
        exposure=8.1,
    ),
    Rule(
        id="plain-missing-file",
        severity=Severity.WARNING,
        title="a rule in secrets.nix has no file",
        meaning="""
            secrets.nix has a rule for a file that is not in the tree.
            """,
        why="""
            A configuration that uses it does not evaluate. If none does, the rule is left over.
            """,
        mend="""
            Write the file, or take the rule out:

                agenix -e PATH
            """,
        about=About.PLAIN,
    ),
    Rule(
        id="lock-stale",
        severity=Severity.ERROR,
        title="agenix-check.lock does not match the tree",
        meaning="""
            The lock file holds what the flake declared when it was written. The flake declares
            something else now; or, where Nix is not asked, a host's key or a source that the lock
            file names was changed or moved.
            """,
        why="""
            Machines without Nix, such as CI, check against the lock file: they would check what is
            not declared any more.
            """,
        mend="""
            Where Nix is:

                agenix-check fleet --lock
                git add agenix-check.lock
            """,
        about=About.LOCK,
    ),
)
