"""Judge sources, and find files that do not belong in a repository at all."""

from collections.abc import Collection, Iterable, Iterator

from agenix_check.age import SCRYPT, Recipient
from agenix_check.audit.commands import (
    REKEY,
    REKEY_BY_NIX,
    REPLACE_KEY,
    bring_back,
    choose_side,
    pathspec,
    remove,
    restore,
    shell,
    take_out_blanks,
    write_anew,
)
from agenix_check.audit.judged import make_finding
from agenix_check.discover.tree.evidence import Evidence
from agenix_check.discover.tree.facts import (
    AgeFact,
    Fact,
    LockedFact,
    MissingFact,
    PointerFact,
    is_torn,
)
from agenix_check.discover.tree.key_texts import KeyTexts
from agenix_check.discover.tree.names import Names
from agenix_check.discover.tree.naming import LEFTOVER, Trace
from agenix_check.git.snapshot import SUBMODULE, SYMLINK, File
from agenix_check.model.findings import Cause, CauseKind, Finding, Severity
from agenix_check.model.fleet import Fleet


def audit_sources(
    names: Names, fleet: Fleet, masters: Collection[Recipient] = ()
) -> Iterator[Finding]:
    """Yield the findings about sources, private keys and leftovers.

    `masters` are the recipients of sources, where these are declared.
    """
    used = {path for output in fleet.outputs for path in output.sources}
    same = names.quiet and names.base is names.here
    used_before = used if same else _sources(names.base, names.made_at_base.values())
    awaited = set() if names.quiet else _awaited(names)
    exposed = _exposed(names, fleet)
    for path in sorted(names.here.files.keys() - names.here.outputs.keys()):
        new = path in names.changed
        if LEFTOVER in path:
            yield make_finding(
                "output-leftover", "left behind by an agenix rekey that did not finish", path=path,
                new=new, mend=REKEY if _in_storage(path, fleet) else remove(path, staged=new),
            )  # fmt: skip
        if LEFTOVER in path or names.here.files[path].mode in (SYMLINK, SUBMODULE):
            continue
        fact = names.here.facts.get(path)
        needed = path in used or path in awaited
        is_source = path.endswith(".age") and (path in used_before or not is_of_keys(fact))
        if needed or is_source:
            yield from _content(names, names.here.files[path], fact, masters, new=new)
            if not needed and path in used_before and (twin := _twin(names, path)) is not None:
                yield _hidden_edit(names, path, twin)
                continue
            dropped = path in used_before and path not in names.sources_used
            yield from _purpose(path, fact, needed=needed, new=new or dropped)
        if isinstance(fact, KeyTexts) and fact.private:
            yield _private_key(names, path, fact, exposed=path in exposed)


def audit_dangling(names: Names) -> Iterator[Finding]:
    """Warn of declarations of secrets that this change moved.

    Names do not know whether any node takes them in.
    """
    for module, line, path, left_for in names.dangling:
        yield make_finding(
            "source-missing",
            f"{module}:{line} declares it here, but this change moved it to {left_for}",
            path=path, source=path, severity=Severity.WARNING,
            cause=names.cause(CauseKind.SOURCE_CHANGED, path),
            mend=f"# write its new place in {shell(module)}, line {line}, and git add that",
        )  # fmt: skip


def is_of_keys(fact: Fact | None) -> bool:
    """Return whether a file has only identities, handles of them or public keys: no secret."""
    return isinstance(fact, KeyTexts) and (fact.is_identity or fact.whole is not None)


def _restore(names: Names, path: str) -> str:
    """Return how to get a good version back: the base's, if that is one.

    What a merge left with conflict markers has two good ones, and the base is one side alone.
    """
    before = names.base.facts.get(path)
    if is_torn(names.here.facts.get(path)):
        return choose_side(path)
    if isinstance(before, AgeFact) and before.problem is None:
        return bring_back(path, names.commits.get(path), at_base=True)
    return restore(path)


def _in_storage(path: str, fleet: Fleet) -> bool:
    """Return whether a file is in the output directory of a node."""
    return any(path.startswith(f"{node.storage}/") for node in fleet.nodes)


def _sources(tree: Evidence, made: Iterable[Trace]) -> set[str]:
    """Return the files that something was made from."""
    return {path for source in {one.source for one in made} for path in tree.sources[source]}


def _awaited(names: Names) -> set[str]:
    """Return the sources whose current version still needs an output.

    Outputs of theirs are lost and needed; or they exist, but only in the work tree.
    """
    broken = (one.sources for one in names.lost.values() if one.excuse is None)
    waiting = (one.made for one in names.unstaged.outputs.values())
    return _sources(names.here, waiting).union(*broken)


def _content(
    names: Names, file: File, fact: Fact | None, masters: Collection[Recipient], *, new: bool
) -> Iterator[Finding]:
    path = file.path
    if isinstance(fact, PointerFact | MissingFact | LockedFact):
        return
    if not isinstance(fact, AgeFact):
        yield make_finding(
            "source-not-encrypted",
            "an empty file" if file.is_empty else "not an age file: a secret in plain text?",
            path=path, source=path, new=new,
            mend=_write_anew(names, file, masters),
        )  # fmt: skip
    elif fact.problem is not None:
        yield make_finding(
            "source-malformed", fact.problem, path=path, source=path, new=new,
            mend=_restore(names, path),
        )  # fmt: skip
    elif fact.plaintext_size == 0:
        yield make_finding(
            "source-empty", "its plaintext is empty", path=path, source=path, new=new,
        )  # fmt: skip
    if isinstance(fact, AgeFact) and fact.refusal is not None:
        yield make_finding(
            "source-malformed", fact.refusal, path=path, source=path, severity=Severity.WARNING,
            new=new, mend=take_out_blanks(path),
        )  # fmt: skip


def _write_anew(names: Names, file: File, masters: Collection[Recipient]) -> str:
    """Return how to replace a source that is not an age file; an emptied one is taken back."""
    before = names.base.facts.get(file.path)
    if file.is_empty and isinstance(before, AgeFact) and before.problem is None:
        return bring_back(file.path, names.commits.get(file.path), at_base=True)
    return write_anew(file.path, empty=file.is_empty, masters=masters)


def _purpose(path: str, fact: Fact | None, *, needed: bool, new: bool) -> Iterator[Finding]:
    """Compare who can read a source with who uses it; `needed` says that outputs need it."""
    if not isinstance(fact, AgeFact) or fact.problem is not None:
        return
    locked = any(stanza.type == SCRYPT for stanza in fact.stanzas)
    if locked and needed:
        yield make_finding(
            "source-unknown-recipient",
            "encrypted with a passphrase, not to the master recipients",
            path=path, source=path, new=new,
        )  # fmt: skip
    elif not locked and not needed:
        yield make_finding(
            "source-unused", "no output is made from it", path=path, source=path, new=new
        )


def _twin(names: Names, path: str) -> str | None:
    """Return another file with an edited source's former content, if that explains outputs."""
    before, now = names.base.facts.get(path), names.here.facts.get(path)
    if path not in names.changed or not isinstance(before, AgeFact | PointerFact):
        return None
    if not isinstance(now, AgeFact | PointerFact):
        return None
    if not any(made.source == before.sha256 for made in names.traces.values()):
        return None
    return next((one for one in names.here.sources.get(before.sha256, ()) if one != path), None)


def _hidden_edit(names: Names, path: str, twin: str) -> Finding:
    """Report that a copy of an edited source may hide that its outputs are stale."""
    cause = Cause(kind=CauseKind.SOURCE_CHANGED, path=path, commit=names.commits.get(path))
    return make_finding(
        "output-stale",
        f"no output is made from {path} as it is now; outputs are made from its former content, "
        f"which is still in {twin}",
        path=path, source=path, severity=Severity.WARNING, cause=cause, mend=REKEY_BY_NIX,
    )  # fmt: skip


def _exposed(names: Names, fleet: Fleet) -> set[str]:
    """Return the files with a private key that is used as if it were a public one."""
    made = (names.traces[output.ident] for output in fleet.outputs if output.key is None)
    return {path for one in made for path in names.here.keys[one.key].paths}


def _private_key(names: Names, path: str, fact: KeyTexts, *, exposed: bool) -> Finding:
    if exposed:
        return make_finding(
            "private-key",
            "an unencrypted private key, used as if it were a public key: outputs are made for it",
            path=path, new=path in names.changed,
            mend=REPLACE_KEY,
        )  # fmt: skip
    if path in names.changed and not _known_private(names).issuperset(fact.private):
        # A file that was there before stays: only what this change added must be removed.
        out = "git restore --staged" if path in names.base.files else "git rm --cached"
        return make_finding(
            "private-key", "an unencrypted private key is added to the repository", path=path,
            mend=f"{out} {pathspec(path)}  # and make a new key if others had it already",
        )  # fmt: skip
    return make_finding(
        "private-key", "an unencrypted private key", path=path, new=False, severity=Severity.NOTE
    )


def _known_private(names: Names) -> set[str]:
    """Return the digests of the private keys that the base already had."""
    facts = names.base.facts.values()
    return {key for fact in facts if isinstance(fact, KeyTexts) for key in fact.private}
