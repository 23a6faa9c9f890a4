"""Outputs that the base explains and the snapshot does not: this change broke them, or left them.

The conditions are those of the contract, found by replaying public fleets commit by commit: most
outputs that lose their source or key belong to hosts and secrets that were dropped, and only the
rest is broken.
"""

import posixpath
from collections.abc import Callable
from dataclasses import dataclass

from agenix_check.audit.comparison import Comparison, place
from agenix_check.audit.findings import REKEY, REKEY_BY_NIX, make_finding, remove, shell
from agenix_check.discover.tree.evidence import OutputFile
from agenix_check.discover.tree.facts import AgeFact, Fact, PointerFact
from agenix_check.discover.tree.keys import KeyTexts
from agenix_check.discover.tree.naming import Trace
from agenix_check.git.snapshot import SYMLINK
from agenix_check.model.findings import Cause, CauseKind, Finding
from agenix_check.model.fleet import closest_to_name

_OR_FORGOTTEN = ", or it was forgotten"


@dataclass(frozen=True, slots=True)
class Broken:
    """An output that lost its source or its key, and what became of these.

    `sources` and `keys` are the files that held them at the base, `kept_sources` and `kept_keys`
    those of these paths that are still there. `source_gone` and `key_gone` tell that the content is
    in no file any more.
    """

    comparison: Comparison
    file: OutputFile
    made: Trace
    sources: tuple[str, ...]
    keys: tuple[str, ...]
    kept_sources: tuple[str, ...]
    kept_keys: tuple[str, ...]
    source_gone: bool
    key_gone: bool

    @property
    def is_alive(self) -> bool:
        """Whether its directory got new outputs, so that its host is not switched off."""
        directory = self.file.directory
        return directory in self.comparison.fresh or directory in self.comparison.names.recent

    @property
    def source(self) -> str:
        """The source that a person would name."""
        return closest_to_name(self.kept_sources or self.sources, self.file.name)


def examine(comparison: Comparison, file: OutputFile, made: Trace) -> Broken:
    """Find out what became of the source and the key that made an output at the base."""
    here, base = comparison.names.here, comparison.names.base
    sources, keys = base.sources[made.source], base.keys[made.key].paths
    return Broken(
        comparison=comparison,
        file=file,
        made=made,
        sources=sources,
        keys=keys,
        kept_sources=tuple(path for path in sources if path in here.files),
        kept_keys=tuple(path for path in keys if path in here.files),
        source_gone=made.source not in here.sources,
        key_gone=made.key not in here.keys,
    )


def judge_broken(broken: Broken) -> Finding:
    """Say that a broken output is stale or, where there is an excuse, left behind."""
    excuses = (excuse(broken) for excuse in _EXCUSES)
    excuse = next((reason for reason in excuses if reason is not None), None)
    cause = find_cause(broken)
    mend = _rekey(broken, cause)
    if excuse is not None:
        mend = REKEY
        if excuse.endswith(_OR_FORGOTTEN):
            mend = f"{REKEY_BY_NIX}  # or, where the host is gone: {remove(broken.file.path)}"
    return make_finding(
        "output-stale" if excuse is None else "output-orphan",
        _stale(cause, broken) if excuse is None else excuse,
        path=broken.file.path, node=broken.file.directory, secret=broken.file.name,
        source=broken.source, cause=cause,
        mend=mend,
    )  # fmt: skip


def find_cause(broken: Broken) -> Cause:
    """Return the edit that broke an output: of its source, if that was edited, else of its key."""
    if broken.source_gone:
        kind = CauseKind.SOURCE_CHANGED if broken.kept_sources else CauseKind.SOURCE_DELETED
        return broken.comparison.cause(kind, broken.source)
    gone = [path for path in broken.keys if path not in broken.kept_keys]
    if gone:
        return broken.comparison.cause(CauseKind.KEY_DELETED, gone[0])
    return broken.comparison.cause(_key_change(broken), broken.kept_keys[0])


def _rekey(broken: Broken, cause: Cause) -> str:
    """Return how to make an output anew: first of all from a source and a key that are whole.

    Where agenix-rekey cannot decrypt a source it offers to write a dummy in place of the output.
    """
    paths = broken.kept_sources if cause.kind is CauseKind.SOURCE_CHANGED else broken.kept_keys
    files, facts = broken.comparison.names.here.files, broken.comparison.names.here.facts
    whole = any(files[path].mode == SYMLINK or _is_usable(facts.get(path)) for path in paths)
    return f"# put {shell(cause.path)} right, then: {REKEY}" if paths and not whole else REKEY


def _is_usable(fact: Fact | None) -> bool:
    """Tell whether a source or a file with a key is one still, as far as can be seen."""
    if isinstance(fact, AgeFact):
        return fact.problem is None
    if isinstance(fact, KeyTexts):
        return bool(fact.public)
    return fact is not None


def _key_change(broken: Broken) -> CauseKind:
    """Tell a changed key from a key whose text alone changed."""
    text = broken.comparison.names.base.keys[broken.made.key].text
    fact = broken.comparison.names.here.facts.get(broken.kept_keys[0])
    if text is None or not isinstance(fact, KeyTexts):
        return CauseKind.KEY_CHANGED
    same = any(_without_comment(other) == _without_comment(text) for other in fact.public)
    return CauseKind.KEY_TEXT_CHANGED if same else CauseKind.KEY_CHANGED


def _without_comment(text: str) -> tuple[str, ...]:
    return tuple(text.split()[: 2 if text.lstrip().startswith("ssh-") else 1])


def _stale(cause: Cause, broken: Broken) -> str:
    if cause.kind is CauseKind.KEY_TEXT_CHANGED:
        return (
            f"made for the text in {cause.path} before this change; the key is still the same, "
            "but agenix-rekey hashes its comment and newline too"
        )
    if cause.kind is CauseKind.KEY_CHANGED:
        return f"encrypted to the key that {cause.path} held before: the host cannot decrypt it"
    also = "; its node's key changed too" if broken.key_gone else ""
    return f"made from the version of {cause.path} before this change{also}"


# Why a broken output may be right to be left behind. Each returns the reason, or None.


def _replaced(broken: Broken) -> str | None:
    newer = broken.comparison.explained.get(place(broken.file))
    return None if newer is None else f"left behind: {newer} has taken its place"


def _source_deleted(broken: Broken) -> str | None:
    if not broken.source_gone or broken.kept_sources:
        return None
    return f"left behind: its source {broken.source} was deleted"


def _rekeyed_for_others(broken: Broken) -> str | None:
    """agenix-rekey handles all hosts at once, so who got nothing is switched off."""
    if not broken.source_gone or broken.is_alive:
        return None
    facts = (broken.comparison.names.here.facts.get(path) for path in broken.kept_sources)
    versions = {fact.sha256 for fact in facts if isinstance(fact, AgeFact | PointerFact)}
    made = (one for traces in broken.comparison.fresh.values() for one in traces if one is not None)
    if versions.isdisjoint(one.source for one in made):
        return None
    return (
        f"{broken.source} was rekeyed for other hosts and not here: this host seems to be "
        f"switched off{_OR_FORGOTTEN}"
    )


def _key_deleted(broken: Broken) -> str | None:
    """A host that is dropped takes its key file along, whatever other file has listed its key."""
    gone = [path for path in broken.keys if path not in broken.kept_keys]
    if not broken.key_gone or not gone:
        return None
    return f"left behind: {gone[0]}, which held its key, was deleted"


def _others_rekeyed(broken: Broken) -> str | None:
    if not broken.key_gone or not broken.comparison.fresh or broken.is_alive:
        return None
    return (
        "its key is gone; other hosts were rekeyed and this one was not: it seems to be switched "
        f"off{_OR_FORGOTTEN}"
    )


def _no_longer_named(broken: Broken) -> str | None:
    name = posixpath.basename(broken.source)
    if name not in broken.comparison.names.vanished:
        return None
    return f"left behind: {name} is no longer named in any .nix file"


_EXCUSES: tuple[Callable[[Broken], str | None], ...] = (
    _replaced,
    _source_deleted,
    _rekeyed_for_others,
    _key_deleted,
    _others_rekeyed,
    _no_longer_named,
)
