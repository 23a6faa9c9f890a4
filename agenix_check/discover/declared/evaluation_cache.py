"""When Nix is asked again, and what it answered before.

An evaluation depends on everything but the content of age files, so it is remembered under that.
A commit hook must not pay for an evaluation that cannot matter; a run in CI must not trust an old
one.
"""

import re
from collections.abc import Collection, Iterator
from hashlib import sha256

from agenix_check.discover.declared.lock import read_lock, render_lock
from agenix_check.discover.declared.redaction import withhold
from agenix_check.discover.tree.evidence import Evidence, find_facts
from agenix_check.discover.tree.facts import AgeFact, LockedFact, PointerFact
from agenix_check.discover.tree.key_texts import KeyTexts
from agenix_check.discover.tree.names import Names
from agenix_check.errors import CannotCheckError
from agenix_check.git.cache import Store
from agenix_check.git.history import changed_lines
from agenix_check.git.paths import to_bytes
from agenix_check.git.repository import changes
from agenix_check.model.declaration import Declaration
from agenix_check.model.frozen import frozen, replace
from agenix_check.view import View

_STORED_EVALUATIONS = "evaluated"
_MOST_EVALUATIONS = 16
_MOST_CHARACTERS = 1 << 24  # of all evaluations together; the newest stays whatever its size

# Lines that declare secrets, nodes or keys: the design's expression.
_RELEVANT = re.compile(
    rb"^[+-].*(?:age\.(?:secrets|rekey)|rekeyFile|rekey\b|hostPubkey|masterIdentit|localStorageDir"
    rb"|storageMode|agenix|ssh-(?:ed25519|rsa) AAAA|age1[0-9a-z]{20}"
    rb"|(?:nixos|darwin|home)Configurations)",
    re.MULTILINE,
)


@frozen
class Options:
    """The settings that an evaluation depends on; `timeout` is in seconds, of a node."""

    evaluate: str
    flake: str
    nodes: tuple[str, ...]
    collect_home_manager: bool
    timeout: float
    memory: str | None = None
    jobs: int | None = None


@frozen
class Evaluated:
    """What Nix said about this tree, or about an earlier one that serves for it: `reused`.

    `declaration` is None if there is no flake, or if it failed as a whole: `failure` says why.
    `before` is what the base declared, if that is remembered and will not be asked for.
    """

    declaration: Declaration | None
    failure: str | None = None
    reused: str | None = None
    before: Declaration | None = None

    @property
    def is_whole(self) -> bool:
        """Whether no part of it failed: only such an evaluation is remembered."""
        failed = self.declaration is not None and self.declaration.failed
        return not failed and self.failure is None


# One evaluation: its tree, its options, the declaration as a lock file's text, and whether it was
# made from exactly the content that it is remembered for.
_Entry = tuple[str, str, str | None, bool]


def evaluate_view(view: View, names: Names, options: Options, store: Store) -> Evaluated:
    """Evaluate a view's flake, or return an evaluation that is still valid.

    Raises `CannotCheckError` if Nix cannot answer.
    """
    known, about = _load(store), _about(options)
    key, base = (_key(tree, options) for tree in (names.here, names.base))
    # Where Nix may be asked what the base declared, what is known of it must not depend on memory.
    before = None if options.evaluate == "always" else _parse(known.get(base))
    refused = _is_refused(view, names, options)
    evaluated = None if refused else _recall(view, names, options, known, (key, base))
    if evaluated is None:
        evaluated = _ask(view, options)
        if evaluated.is_whole and _is_rendered_whole(evaluated.declaration):
            entry = (view.snapshot.tree, about, _render(evaluated.declaration), True)
            _save(store, known, key, entry)
    elif evaluated.reused is not None and options.evaluate == "relevant" and key not in known:
        serving = next(one for one in known.values() if one[:2] == (evaluated.reused, about))
        _save(store, known, key, (*serving[:3], False))
    if before is None and key == base:
        before = evaluated  # the trees differ only in what an evaluation does not depend on
    return replace(evaluated, before=None if before is None else before.declaration)


def evaluate_base(
    view: View,
    names: Names,
    options: Options,
    store: Store,
    only: Collection[str] | None = None,
) -> Declaration | None:
    """Return what the base of a view declares; None if there is none, or Nix cannot answer at all.

    It is evaluated if it is not remembered. `only` are the nodes to evaluate; then others may be
    missing, and it is not remembered.
    """
    if view.base is None:
        return None
    before = replace(view, snapshot=view.base, base=None)
    exact = _parse(_load(store).get(_key(names.base, options)))
    if exact is not None and exact.reused is None and not _is_refused(before, names, options):
        return exact.declaration
    evaluated = _ask(before, options, only)
    if only is None and evaluated.is_whole and _is_rendered_whole(evaluated.declaration):
        entry = (view.base.tree, _about(options), _render(evaluated.declaration), True)
        _save(store, _load(store), _key(names.base, options), entry)
    return evaluated.declaration


def evaluate_exactly(view: View, names: Names, options: Options, store: Store) -> Evaluated:
    """Return what this very tree declares: remembered, or evaluated now.

    Raises `CannotCheckError` if it is not remembered and Nix may not be asked.
    """
    known, key = _load(store), _key(names.here, options)
    exact = _parse(known.get(key))
    if exact is not None and exact.reused is None and not _is_refused(view, names, options):
        return exact
    if options.evaluate == "never":
        raise CannotCheckError("it was not evaluated yet, and --evaluate never was given")
    evaluated = _ask(view, options)
    if evaluated.is_whole and _is_rendered_whole(evaluated.declaration):
        entry = (view.snapshot.tree, _about(options), _render(evaluated.declaration), True)
        _save(store, known, key, entry)
    return evaluated


def _recall(
    view: View, names: Names, options: Options, known: dict[str, _Entry], keys: tuple[str, str]
) -> Evaluated | None:
    """Return a remembered evaluation that is enough, or None: Nix must be asked."""
    if options.evaluate == "always":
        return None
    key, base = keys
    exact = _parse(known.get(key))
    if exact is not None:
        return exact
    alike = [entry for entry in known.values() if entry[1] == _about(options)]
    entry = known.get(base) or (alike[-1] if alike else None)
    reused = _parse(entry)
    if entry is None or reused is None:
        if options.evaluate == "never":
            raise CannotCheckError("nothing was evaluated yet, and --evaluate never was given")
        return None
    if options.evaluate == "relevant":
        # If the base's is missing, there are commits in between that were never evaluated.
        since = view.base.tree if view.base is not None and base in known else entry[0]
        if _is_relevant(view, names, since, reused):
            return None
    return replace(reused, reused=entry[0])


def _is_refused(view: View, names: Names, options: Options) -> bool:
    """Return whether Nix may not read inputs of this tree, whoever let it read them before."""
    path = f"{options.flake}/flake.lock".lstrip("/")
    authority, lock = view.authority, view.snapshot.files.get(path)
    if authority is None or lock is None:
        return False
    if view.base is not None and view.base.commit == authority.commit:
        before = names.base.files.get(path)
        if before is not None and before.oid == lock.oid:
            return False
    from agenix_check.discover.nix.restrictions import find_foreign, read_locks

    locks = read_locks(view.snapshot, path)
    return find_foreign(locks, lambda: read_locks(authority, path)) is not None


def evaluate_flake(
    view: View, options: Options, only: Collection[str] | None = None
) -> Declaration:
    """Ask Nix what a view's flake declares, without private keys that it may contain.

    `only` are the names of the nodes to evaluate; more may be declared, or fewer.
    Raises `CannotCheckError` if Nix cannot answer.
    """
    from agenix_check.discover.nix import evaluate

    return withhold(
        evaluate(
            view.repository,
            view.snapshot,
            flake=options.flake,
            nodes=options.nodes,
            collect_home_manager=options.collect_home_manager,
            timeout=options.timeout,
            memory=options.memory,
            jobs=options.jobs,
            only=only,
            trusted=view.authority,
        )
    )


def _ask(view: View, options: Options, only: Collection[str] | None = None) -> Evaluated:
    declaration = failure = None
    if f"{options.flake}/flake.nix".lstrip("/") in view.snapshot.files:
        try:
            declaration = evaluate_flake(view, options, only)
        except CannotCheckError as error:
            failure = str(error)
    return Evaluated(declaration=declaration, failure=failure)


def _about(options: Options) -> str:
    return repr((options.flake, options.nodes, options.collect_home_manager))


def _key(tree: Evidence, options: Options) -> str:
    """Return what an evaluation depends on, as one digest.

    Of age files it is only the names, which a configuration may list, not the contents.
    """
    parts = [_about(options)]
    for path, mode, oid in tree.files.values():
        if path not in tree.outputs:
            fact = tree.facts.get(path)
            is_age = path.endswith(".age") or isinstance(fact, AgeFact | PointerFact)
            parts.append(f"{mode} {path}" if is_age else f"{mode} {oid} {path}")
    parts.sort()
    return sha256(to_bytes("\0".join(parts))).hexdigest()


def _is_relevant(view: View, names: Names, tree: str, known: Evaluated) -> bool:
    """Return whether anything that a declaration depends on or is about changed since a tree.

    True if that tree is gone: then the change is not known.
    """
    if view.repository.git.attempt("cat-file", "-e", f"{tree}^{{tree}}")[0]:
        return True
    touched = changes(view.repository, tree, view.snapshot.tree)
    facts = find_facts(view.repository, [one.before for one in touched if one.before is not None])
    declared = {*_declared_files(known)}
    for path in (one.path for one in touched):
        if path in declared or path.rpartition("/")[2] == "flake.lock":
            return True
        if path in names.here.outputs or path in names.base.outputs or path.endswith(".age"):
            return True
        then, now = facts.get(path), names.here.facts.get(path)
        if any(isinstance(fact, AgeFact | PointerFact | LockedFact) for fact in (then, now)):
            return True
        if then != now and any(isinstance(fact, KeyTexts) for fact in (then, now)):
            return True
    lines = changed_lines(view.repository.git, tree, view.snapshot.tree)
    return lines is None or _RELEVANT.search(lines) is not None


def _declared_files(known: Evaluated) -> Iterator[str]:
    """Yield the sources and the identity files that an evaluation names."""
    for node in known.declaration.nodes if known.declaration is not None else ():
        for secret in node.secrets:
            if secret.source.path is not None:
                yield secret.source.path
        for one in node.master_identities:
            if one.identity.path is not None:
                yield one.identity.path


def _load(store: Store) -> dict[str, _Entry]:
    return store.load(_STORED_EVALUATIONS, dict[str, _Entry], of_contents=True) or {}


def remembered_declarations(store: Store) -> Iterator[Declaration]:
    """Yield what is remembered of evaluations, the newest first."""
    for entry in reversed(_load(store).values()):
        known = _parse(entry)
        if known is not None and known.declaration is not None:
            yield known.declaration


def _save(store: Store, known: dict[str, _Entry], key: str, newest: _Entry) -> None:
    """Keep the newest evaluations, as many as there is room for."""
    known.pop(key, None)
    known[key] = newest
    kept: list[tuple[str, _Entry]] = []
    room = _MOST_CHARACTERS
    for key, entry in reversed(known.items()):
        room -= len(entry[2] or "")
        if kept and (room < 0 or len(kept) == _MOST_EVALUATIONS):
            break
        kept.append((key, entry))
    store.save(_STORED_EVALUATIONS, dict(reversed(kept)), of_contents=True)


def _render(declaration: Declaration | None) -> str | None:
    return None if declaration is None else render_lock(declaration)


def _is_rendered_whole(declaration: Declaration | None) -> bool:
    """Return whether all nodes have different names: the text keeps only the last of two."""
    nodes = () if declaration is None else declaration.nodes
    return len({node.name for node in nodes}) == len(nodes)


def _parse(entry: _Entry | None) -> Evaluated | None:
    """Read a remembered evaluation; None if there is none, or it cannot be read."""
    if entry is None:
        return None
    tree, _, lock, own = entry
    try:
        declaration = None if lock is None else read_lock(lock)
    except CannotCheckError:
        return None
    return Evaluated(declaration=declaration, reused=None if own else tree)
