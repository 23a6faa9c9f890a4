"""Who a file must be for against who it is for, as far as its header tells."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from agenix_check.age import Match, Recipient, Stanza, match
from agenix_check.audit.expected_outputs import Bench
from agenix_check.audit.findings import UPDATE_MASTERS, make_finding
from agenix_check.discover.tree.facts import AgeFact
from agenix_check.discover.tree.names import Names
from agenix_check.model.findings import Cause, CauseKind, Finding


@dataclass(frozen=True, slots=True)
class Difference:
    """Recipients that a file lacks, and stanzas for nobody who is declared.

    Of anonymous kinds only the number can be compared: a lack stands for as many recipients as
    there are stanzas too few.
    """

    missing: tuple[Recipient, ...]
    unknown: tuple[Stanza, ...]


def compare(stanzas: Sequence[Stanza], recipients: Sequence[Recipient]) -> Difference:
    """Hold a file's stanzas against its declared recipients.

    Each stanza is for one recipient: first those whose tag tells are paired, then anonymous ones by
    kind, and last those of plugins, which may make any kind.
    """
    left = list(stanzas)
    missing = []
    for recipient in sorted(recipients, key=lambda one: (one.is_anonymous, one.kind == "plugin")):
        wanted = Match.UNKNOWN if recipient.is_anonymous else Match.YES
        found = next((one for one in left if match(one, recipient) is wanted), None)
        if found is None:
            missing.append(recipient)
        else:
            left.remove(found)
    return Difference(tuple(missing), tuple(left))


def audit_masters(bench: Bench) -> Iterator[Finding]:
    """Compare every declared source with the master recipients.

    Where an identity's recipient is not known, one stanza more than the others need may be its:
    nothing is said of strangers then.
    """
    names, declared, masters = bench.names, bench.declared, bench.declared.masters
    if not masters.known:
        return
    changed = bench.changes.of_masters(declared.declaration)
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
        difference = compare(fact.stanzas, tuple(masters.known))
        new = changed or bench.changes.touches(path, *masters.known.values())
        if difference.missing:
            yield make_finding(
                "source-missing-recipient",
                f"not encrypted to {_places(difference.missing, masters.known)}",
                path=path, source=path, new=new,
                cause=_cause(names, difference.missing, masters.known),
                mend=UPDATE_MASTERS,
            )  # fmt: skip
        # A passphrase is told of as such, whoever the masters are.
        unknown = [one for one in difference.unknown if one.type != "scrypt"]
        if unknown and not masters.unknown:
            strangers = ", ".join(dict.fromkeys(bench.keyring.addressee(one) for one in unknown))
            yield make_finding(
                "source-unknown-recipient",
                f"also encrypted to {strangers}, which no node declares",
                path=path, source=path, new=new,
                mend=UPDATE_MASTERS,
            )  # fmt: skip


def _cause(
    names: Names, missing: Sequence[Recipient], places: Mapping[Recipient, str]
) -> Cause | None:
    """Return the identity file that brought a recipient in, so that its sources stand together."""
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
