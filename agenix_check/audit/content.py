"""Judge the content of one output: an age file for its node alone, as long as its source."""

from collections.abc import Sequence

from agenix_check.age import DUMMY_RECIPIENT, Match, Recipient, Stanza, match
from agenix_check.audit.commands import REKEY, from_top
from agenix_check.audit.judged import NOT_FOR_ALL, make_finding
from agenix_check.audit.keyring import Keyring
from agenix_check.discover.tree.facts import (
    AgeFact,
    Fact,
    LinkFact,
    LockedFact,
    MissingFact,
    PointerFact,
)
from agenix_check.discover.tree.key_texts import KeyTexts
from agenix_check.git.paths import to_bytes
from agenix_check.git.snapshot import SYMLINK, File
from agenix_check.model.findings import Finding, Severity, Verdict
from agenix_check.model.fleet import Output
from agenix_check.model.frozen import frozen

# What agenix-rekey writes instead of a secret (its apps/rekey.nix), one newline at the end.
# FILE is the source's store path: /nix/store/<32 characters>-source/<path in the repository>.
_DUMMY = "This is a dummy replacement value. The actual secret age.secrets.{id}.rekeyFile ({file}) "
_DUMMIES = (
    f"{_DUMMY}was not rekeyed because --dummy was used.\n",
    f"{_DUMMY}could not be decrypted.\n",
)
_OUT_OF_LFS = from_top("git lfs pull && git lfs untrack '*.age' && git add --renormalize .")
_STORE_PATH = f"/nix/store/{'0' * 32}-source/"


@frozen(kw_only=False)
class Judgement:
    """The verdict of an output's content, what is wrong with it, and why it could not be judged."""

    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    reason: str | None = None


_OK = Judgement(Verdict.OK)
_ANONYMOUS = Judgement(
    Verdict.UNVERIFIABLE,
    (),
    "its recipient type is anonymous: the kind matches, but the file does not show whose key it is",
)


def judge_content(
    output: Output, file: File, fact: Fact | None, source: Fact | None, keyring: Keyring
) -> Judgement:
    """Judge one output by what was read of its file and of its source."""
    recipient = keyring.texts.get(output.key) if output.key is not None else None
    if _match_whole(fact, source, recipient) is Match.YES:
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
    if fact.refusal is not None:
        finding = make_finding(
            "output-malformed", fact.refusal, output=output, severity=Severity.WARNING, mend=REKEY
        )
        return Judgement(Verdict.UNVERIFIABLE, (finding,), NOT_FOR_ALL)
    if recipient is None:
        return Judgement(Verdict.UNVERIFIABLE, (), "its node's public key is unknown")
    if not isinstance(source, AgeFact) or source.plaintext_size is None:
        return Judgement(Verdict.UNVERIFIABLE, (), "its source's content cannot be read")
    return _ANONYMOUS if recipient.is_anonymous else _OK


def _judge_other(output: Output, file: File, fact: Fact | None) -> Judgement:
    """Judge an output whose content is not an age file, or is not available."""
    if isinstance(fact, PointerFact):
        finding = make_finding(
            "output-lfs", "a Git LFS pointer: its name is right, but its content is elsewhere",
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
    """Return whether a file is certainly not an age file.

    One that is a pointer, locked or not available may be an age file.
    """
    return fact is None or isinstance(fact, KeyTexts | LinkFact)


def describe_other(file: File) -> str:
    """Say what a file is that is not an age file."""
    if file.mode == SYMLINK:
        return "a symlink"
    return "an empty file" if file.is_empty else "not an age file"


def looks_right(fact: Fact | None, source: Fact | None, recipient: Recipient | None) -> bool:
    """Return whether nothing that shows without a key is wrong with an output."""
    return _match_whole(fact, source, recipient) is not Match.NO


def may_be_read(fact: Fact | None, recipient: Recipient) -> bool:
    """Return whether a file seems to be addressed to a key; of an LFS pointer nothing shows."""
    if isinstance(fact, PointerFact):
        return True
    if not isinstance(fact, AgeFact) or fact.problem is not None:
        return False
    return any(match(stanza, recipient) is not Match.NO for stanza in fact.stanzas)


def _match_whole(fact: Fact | None, source: Fact | None, recipient: Recipient | None) -> Match:
    """Return whether an output is for its node; NO where anything else about it is unusual.

    It is a quick test that nearly all outputs pass.
    """
    if (
        isinstance(fact, AgeFact)
        and isinstance(source, AgeFact)
        and recipient is not None
        and fact.problem is None
        and fact.refusal is None
        and fact.plaintext_size == source.plaintext_size is not None
        and len(fact.stanzas) == 1
    ):
        return match(fact.stanzas[0], recipient)
    return Match.NO


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
        message = f"addressed to {len(possible)} keys of type {recipient.kind}, not to one"
    return (make_finding("output-extra-recipient", message, output=output, mend=mend),)


def _judge_length(output: Output, fact: AgeFact, source: Fact | None) -> tuple[Finding, ...]:
    if not isinstance(source, AgeFact):
        return ()
    size, expected = fact.plaintext_size, source.plaintext_size
    if size is None or expected is None or size == expected:
        return ()
    mend = REKEY
    if size in dummy_sizes(output):
        message = (
            "as long as the dummy text that agenix-rekey writes instead of the secret, with "
            "--dummy or when it cannot decrypt the source"
        )
        return (make_finding("output-dummy", message, output=output, mend=mend),)
    unit = "byte" if size == 1 else "bytes"
    message = f"it holds another text than its source: {size} {unit}, not {expected}"
    return (make_finding("output-length", message, output=output, mend=mend),)


def dummy_sizes(output: Output) -> list[int]:
    """Return the lengths in bytes of agenix-rekey's dummy texts for this secret, in one order.

    If the id is unknown, it is taken to be the name: a fleet that does not set `name` has no other.
    """
    texts = (
        text.format(id=output.id or output.secret, file=_STORE_PATH + path)
        for text in _DUMMIES
        for path in output.sources
    )
    return [len(to_bytes(text)) for text in texts]


def _wrong(output: Output, rule: str, message: str) -> Judgement:
    finding = make_finding(rule, message, output=output, mend=REKEY)
    return Judgement(Verdict.WRONG, (finding,))
