"""What is wrong with sources, and with files that have no place in a repository at all."""

from collections.abc import Iterator

from agenix_check.audit.making import make_finding, remove, shell
from agenix_check.discover.evidence import LEFTOVER
from agenix_check.discover.facts import AgeFact, LockedFact, MissingFact, PointerFact
from agenix_check.discover.keys import KeyTexts
from agenix_check.discover.names import Names
from agenix_check.finding import Finding, Severity
from agenix_check.fleet import Fleet
from agenix_check.tree.snapshot import SUBMODULE, SYMLINK


def audit_sources(names: Names, fleet: Fleet) -> Iterator[Finding]:
    """Give the findings about sources, private keys and leftovers."""
    used = {path for output in fleet.outputs for path in output.sources}
    were_sources = {path for paths in names.base.sources.values() for path in paths}
    for path, file in sorted(names.here.files.items()):
        new = path in names.changed
        if LEFTOVER in path:
            yield make_finding(
                "output-leftover", "left by an agenix rekey that did not end", path=path,
                new=new, mend=remove(path),
            )  # fmt: skip
            continue
        if path in names.here.outputs or file.mode in (SYMLINK, SUBMODULE):
            continue
        fact = names.here.facts.get(path)
        if isinstance(fact, AgeFact):
            if path in used or path.endswith(".age") or path in were_sources:
                yield from _source(path, fact, used=path in used, new=new)
        elif not isinstance(fact, PointerFact | MissingFact | LockedFact) and (
            path.endswith(".age") or _was_used(names, path)
        ):
            yield make_finding(
                "source-not-encrypted", "not an age file: a secret in plain text?", path=path,
                source=path, new=new,
                mend="agenix edit it anew, and treat what it held as known to others",
            )  # fmt: skip
        if isinstance(fact, KeyTexts) and fact.private:
            yield from _private_key(names, path, fact)


def _source(path: str, fact: AgeFact, *, used: bool, new: bool) -> Iterator[Finding]:
    if fact.problem is not None:
        yield make_finding(
            "source-malformed", fact.problem, path=path, source=path, new=new,
            mend="restore it from a commit in which it was whole",
        )  # fmt: skip
        return
    passphrase = any(stanza.type == "scrypt" for stanza in fact.stanzas)
    if fact.plaintext_size == 0:
        yield make_finding(
            "source-empty", "its plaintext has no bytes", path=path, source=path, new=new,
        )  # fmt: skip
    if used and passphrase:
        yield make_finding(
            "source-unknown-recipient",
            "encrypted with a passphrase, not to the master recipients",
            path=path, source=path, new=new,
        )  # fmt: skip
    if not used and not passphrase:
        yield make_finding(
            "source-unused", "no output is made from it", path=path, source=path, new=new
        )


def _was_used(names: Names, path: str) -> bool:
    """Tell whether the base made outputs from this path, which is no age file any more."""
    if path not in names.changed:
        return False
    fact = names.base.facts.get(path)
    if not isinstance(fact, AgeFact | PointerFact):
        return False
    return any(
        made is not None and made.source == fact.sha256
        for made in (names.explain(names.base, file) for file in names.base.outputs.values())
    )


def _private_key(names: Names, path: str, fact: KeyTexts) -> Iterator[Finding]:
    used = {made.key for made in names.explained_here.values()}
    if used.intersection(fact.private):
        yield make_finding(
            "private-key",
            "an unencrypted private key that outputs are made for, as if it were a public one",
            path=path, new=path in names.changed,
            mend="make a new key pair, use its public key, and rekey",
        )  # fmt: skip
        return
    if path in names.changed and not _known_private(names).issuperset(fact.private):
        yield make_finding(
            "private-key", "an unencrypted private key is added to the repository", path=path,
            mend=f"git rm --cached {shell(path)}, and make a new key: readers know this one",
        )  # fmt: skip
    else:
        yield make_finding(
            "private-key", "an unencrypted private key", path=path, new=False,
            severity=Severity.NOTE,
        )  # fmt: skip


def _known_private(names: Names) -> set[str]:
    """Return the digests of the private keys that the base had already."""
    facts = names.base.facts.values()
    return {key for fact in facts if isinstance(fact, KeyTexts) for key in fact.private}
