"""Compare whom a file must be encrypted to with its header."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from agenix_check.age import PLUGIN, SCRYPT, Match, Recipient, Stanza, match
from agenix_check.audit.commands import UPDATE_MASTERS, encrypt_to_all
from agenix_check.audit.judged import make_finding
from agenix_check.discover.tree.facts import AgeFact
from agenix_check.model.findings import Cause, CauseKind, Finding
from agenix_check.model.frozen import frozen

if TYPE_CHECKING:
    from agenix_check.audit.expected_outputs import Bench
    from agenix_check.discover.tree.names import Names


@frozen(kw_only=False)
class Difference:
    """Declared recipients that a file lacks, and stanzas for somebody who is not declared.

    Of anonymous types only the number can be compared: `missing` has as many recipients of the
    type as stanzas are missing.
    """

    missing: tuple[Recipient, ...]
    unknown: tuple[Stanza, ...]


def compare(stanzas: Sequence[Stanza], recipients: Sequence[Recipient]) -> Difference:
    """Compare a file's stanzas with its declared recipients.

    Each stanza is for one recipient: recipients with a tag are paired first, then anonymous ones by
    type, and last those of plugins, whose stanzas may have any type. age and rage write a stanza
    for each mention of a recipient, so one that is declared several times may have as many.
    """
    left = list(stanzas)
    missing = []
    declared = Counter(recipients)
    for recipient in sorted(declared, key=lambda one: (one.is_anonymous, one.kind == PLUGIN)):
        wanted = Match.UNKNOWN if recipient.is_anonymous else Match.YES
        found = next((one for one in left if match(one, recipient) is wanted), None)
        if found is None:
            missing.append(recipient)
        else:
            left.remove(found)
    if left:
        left = _without_repeated(left, declared)
    return Difference(tuple(missing), tuple(left))


def _without_repeated(stanzas: list[Stanza], declared: Mapping[Recipient, int]) -> list[Stanza]:
    """Return those of more stanzas than recipients that are not for one of these once more."""
    left = [
        stanza
        for stanza in stanzas
        if all(match(stanza, recipient) is not Match.YES for recipient in declared)
    ]
    for recipient, mentions in declared.items():
        like = [one for one in left if match(one, recipient) is Match.UNKNOWN]
        for stanza in like[: mentions - 1]:
            left.remove(stanza)
    return left


def audit_masters(bench: "Bench") -> Iterator[Finding]:
    """Compare every declared source with the master recipients.

    If the recipient of an identity is unknown, an additional stanza may be its own: then nothing
    is said about unknown recipients.
    """
    names, declared, masters = bench.names, bench.declared, bench.declared.masters
    if not masters.known:
        return
    changed = bench.depends.may_declare()
    mend = encrypt_to_all(UPDATE_MASTERS, masters.known)
    sources = sorted({
        secret.source.path
        for node in declared.declaration.nodes
        for secret in node.secrets
        if secret.source.path
    })  # fmt: skip
    for path in sources:
        fact = names.here.facts.get(path)
        if not isinstance(fact, AgeFact) or fact.problem is not None:
            continue
        difference = compare(fact.stanzas, masters.mentions)
        new = changed or bench.depends.touches(path, *masters.known.values())
        if difference.missing:
            yield make_finding(
                "source-missing-recipient",
                f"not encrypted to {_places(difference.missing, masters.known)}",
                path=path, source=path, new=new,
                cause=_cause(names, difference.missing, masters.known),
                mend=mend,
            )  # fmt: skip
        # A passphrase is reported as such, whoever the masters are.
        unknown = [one for one in difference.unknown if one.type != SCRYPT]
        if unknown and not masters.unknown:
            strangers = ", ".join(dict.fromkeys(bench.keyring.addressee(one) for one in unknown))
            yield make_finding(
                "source-unknown-recipient",
                f"also encrypted to {strangers}, which no node declares",
                path=path, source=path, new=new,
                mend=mend,
            )  # fmt: skip


def _cause(
    names: "Names", missing: Sequence[Recipient], places: Mapping[Recipient, str]
) -> Cause | None:
    """Return the identity file that brought a recipient: its sources are reported together."""
    files = sorted({places[one] for one in missing} & names.here.files.keys())
    if not files:
        return None
    return Cause(kind=CauseKind.KEY_CHANGED, path=files[0], commit=names.commits.get(files[0]))


def _places(missing: Sequence[Recipient], places: Mapping[Recipient, str]) -> str:
    kinds = Counter((places[one], one.kind) for one in missing)
    return ", ".join(
        f"the {kind} recipient of {place}"
        if number == 1
        else f"{number} {kind} recipients of {place}"
        for (place, kind), number in kinds.items()
    )
