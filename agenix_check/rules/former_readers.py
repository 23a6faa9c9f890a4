"""The rule about what history gave away."""

from agenix_check.model.findings import Severity
from agenix_check.rules.rule import About, Rule

FORMER_READERS: tuple[Rule, ...] = (
    Rule(
        id="secret-exposed",
        severity=Severity.WARNING,
        title="a former reader could read the present version of a secret",
        meaning="""
            With --exposed, or the setting of that name: somewhere in history a file was encrypted
            to a key that nothing in HEAD, or in a branch or tag that is not merged, is encrypted to
            any more, and the secret in it is still in use, or was encrypted anew with the same
            length. Or a commit had it in plain text, or a private key that opens it.
            `agenix-check exposure` says which key, and from which commit to which.
            """,
        why="""
            Whoever has the key of a host that was sold, or of a colleague who left, and any copy of
            the repository, can read the secret. To encrypt it anew does not help: its value must
            change.
            """,
        mend="""
            Change the secret where it is used (a password, a token, a certificate), then here:

                agenix edit PATH
                agenix-check --fix

            With plain agenix:

                agenix -e PATH

            If it was changed by a text of the same length, that is not visible without a key:

                agenix-check exposure --decrypt -i FILE
            """,
        about=About.SOURCE,
    ),
)
