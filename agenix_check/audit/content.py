"""What one output's content must be: age, for its node and nobody else, as long as its source."""

from collections.abc import Sequence
from dataclasses import dataclass

from agenix_check.age import DUMMY_RECIPIENT, Match, Recipient, Stanza, match
from agenix_check.audit.findings import REKEY, make_finding
from agenix_check.audit.keyring import Keyring
from agenix_check.discover.tree.facts import AgeFact, Fact, LockedFact, MissingFact, PointerFact
from agenix_check.discover.tree.keys import KeyTexts
from agenix_check.git.paths import to_bytes
from agenix_check.git.snapshot import SYMLINK, File
from agenix_check.model.findings import Finding, Verdict
from agenix_check.model.fleet import Output

# What agenix-rekey writes in place of a secret (its apps/rekey.nix), one newline at the end.
# FILE is the source's store path: /nix/store/<32 characters>-source/<path in the repository>.
_DUMMY = "This is a dummy replacement value. The actual secret age.secrets.{id}.rekeyFile ({file}) "
_DUMMIES = (
    f"{_DUMMY}was not rekeyed because --dummy was used.\n",
    f"{_DUMMY}could not be decrypted.\n",
)
_OUT_OF_LFS = "git lfs pull && git lfs untrack '*.age' && git add --renormalize ."
_STORE = f"/nix/store/{'0' * 32}-source/"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an output's content says: the verdict, the findings, and why it could not be judged."""

    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    reason: str | None = None


_OK = Judgement(Verdict.OK)
_ANONYMOUS = Judgement(
    Verdict.UNVERIFIABLE,
    (),
    "its recipient is anonymous: the kind is right, whose key it is shows not",
)


def judge_content(
    output: Output, file: File, fact: Fact | None, source: Fact | None, keyring: Keyring
) -> Judgement:
    """Judge one output by its own fact and its source's."""
    recipient = keyring.texts.get(output.key) if output.key is not None else None
    if _is_in_order(fact, source, recipient):
        return _OK
    if recipient is not None and recipient.text == DUMMY_RECIPIENT:
        return Judgement(Verdict.SKIPPED, (), "its node has agenix-rekey's placeholder key")
    if not isinstance(fact, AgeFact):
        return _judge_other(output, file, fact)
    if fact.problem is not None:
        return _wrong(output, "output-malformed", fact.problem)
    found = _judge_length(output, fact, source)
    if recipient is not None:
        matches = [match(stanza, recipient) for stanza in fact.stanzas]
        if matches != [Match.YES]:
            found += _judge_recipients(output, fact.stanzas, matches, recipient, keyring)
    if found:
        return Judgement(Verdict.WRONG, found)
    if recipient is None:
        return Judgement(Verdict.UNVERIFIABLE, (), "its node's key is not known from the tree")
    if not isinstance(source, AgeFact) or source.plaintext_size is None:
        return Judgement(Verdict.UNVERIFIABLE, (), "its source's content cannot be read")
    return _ANONYMOUS if recipient.is_anonymous else _OK


def _judge_other(output: Output, file: File, fact: Fact | None) -> Judgement:
    """Judge an output whose content is no age file, or is not here."""
    if isinstance(fact, PointerFact):
        finding = make_finding(
            "output-lfs", "a Git LFS pointer: its name is right, its content is elsewhere",
            output=output, mend=_OUT_OF_LFS,
        )  # fmt: skip
        return Judgement(Verdict.UNVERIFIABLE, (finding,), "it is a Git LFS pointer")
    if isinstance(fact, MissingFact):
        return Judgement(Verdict.UNVERIFIABLE, (), f"it {fact.reason}")
    if isinstance(fact, LockedFact):
        return Judgement(Verdict.UNVERIFIABLE, (), f"it is encrypted with {fact.by}")
    what = describe_other(file)
    return _wrong(output, "output-not-encrypted", f"{what}: its node cannot decrypt it")


def is_other(fact: Fact | None) -> bool:
    """Tell whether a file is no age file, and cannot be one: a pointer, locked, or not here."""
    return fact is None or isinstance(fact, KeyTexts)


def describe_other(file: File) -> str:
    """Say what a file is that is no age file."""
    if file.mode == SYMLINK:
        return "a symlink"
    return "an empty file" if file.is_empty else "not an age file"


def _is_in_order(fact: Fact | None, source: Fact | None, recipient: Recipient | None) -> bool:
    """Tell at a glance what nearly all are: for their node alone, and as long as their source."""
    return (
        isinstance(fact, AgeFact)
        and isinstance(source, AgeFact)
        and recipient is not None
        and fact.problem is None
        and fact.plaintext_size == source.plaintext_size is not None
        and len(fact.stanzas) == 1
        and match(fact.stanzas[0], recipient) is Match.YES
    )


def _judge_recipients(
    output: Output,
    stanzas: Sequence[Stanza],
    matches: Sequence[Match],
    recipient: Recipient,
    keyring: Keyring,
) -> tuple[Finding, ...]:
    possible = [one for one in matches if one is not Match.NO]
    if matches and (set(matches) == {Match.YES} or len(matches) == len(possible) == 1):
        return ()
    others = [stanza for stanza, one in zip(stanzas, matches, strict=True) if one is Match.NO]
    names = ", ".join(dict.fromkeys(keyring.addressee(stanza) for stanza in others))
    mend = REKEY
    if not possible:
        message = f"addressed to {names or 'nobody'}, not to its node's key"
        return (make_finding("output-wrong-recipient", message, output=output, mend=mend),)
    if others:
        message = f"addressed to its node and also to {names}"
    else:
        message = f"addressed to {len(possible)} keys of the kind {recipient.kind}, not to one"
    return (make_finding("output-extra-recipient", message, output=output, mend=mend),)


def _judge_length(output: Output, fact: AgeFact, source: Fact | None) -> tuple[Finding, ...]:
    if not isinstance(source, AgeFact):
        return ()
    size, expected = fact.plaintext_size, source.plaintext_size
    if size is None or expected is None or size == expected:
        return ()
    mend = REKEY
    if size in _dummy_sizes(output):
        message = (
            "as long as the dummy that agenix-rekey writes in place of the secret, with --dummy or "
            "where it cannot decrypt"
        )
        return (make_finding("output-dummy", message, output=output, mend=mend),)
    unit = "byte" if size == 1 else "bytes"
    message = f"its plaintext has {size} {unit}, its source's has {expected}"
    return (make_finding("output-length", message, output=output, mend=mend),)


def _dummy_sizes(output: Output) -> set[int]:
    """Return the lengths in bytes that agenix-rekey's dummies have for this secret.

    Where the id is not known it is taken to be the name, as it is unless a fleet sets `name`.
    """
    texts = (
        text.format(id=output.id or output.secret, file=_STORE + path)
        for text in _DUMMIES
        for path in output.sources
    )
    return {len(to_bytes(text)) for text in texts}


def _wrong(output: Output, rule: str, message: str) -> Judgement:
    finding = make_finding(rule, message, output=output, mend=REKEY)
    return Judgement(Verdict.WRONG, (finding,))
