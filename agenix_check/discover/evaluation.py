"""When Nix is asked, and what it said before.

An evaluation depends on everything but the content of age files, so it is remembered by that. A
commit hook must not cost an evaluation that cannot matter; a run in CI must not trust an old one.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from hashlib import sha256

from agenix_check.declaration import Declaration, PlainRule, RulesFile
from agenix_check.discover.evidence import output_file
from agenix_check.discover.keys import KeyTexts
from agenix_check.discover.lock import read_lock, render_lock
from agenix_check.discover.names import Names
from agenix_check.errors import CannotCheckError
from agenix_check.tree.history import changed_lines
from agenix_check.tree.snapshot import File
from agenix_check.tree.store import Store
from agenix_check.view import View

_NAME = "evaluations"
_MOST = 16

# Lines that declare secrets, nodes or keys: the contract's own expression.
_RELEVANT = re.compile(
    rb"^[+-].*(?:age\.(?:secrets|rekey)|rekeyFile|rekey\b|hostPubkey|masterIdentit|localStorageDir"
    rb"|storageMode|agenix|publicKeys|ssh-(?:ed25519|rsa) AAAA|age1[0-9a-z]{20}"
    rb"|(?:nixos|darwin|home)Configurations)",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What of the settings concerns an evaluation; `timeout` in seconds."""

    evaluate: str
    flake: str
    nodes: tuple[str, ...]
    collect_home_manager: bool
    rules: tuple[str, ...]
    timeout: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """What Nix said of a tree: this one, or (`reused`) an earlier one that serves for it.

    `declaration` is None where there is no flake.
    """

    declaration: Declaration | None
    rules: tuple[RulesFile, ...]
    reused: str | None = None


def evaluate_view(view: View, names: Names, options: Options, store: Store) -> Evaluated:
    """Evaluate a view's flake and rules files, or return an evaluation that holds for it.

    Raises `CannotCheckError` where Nix cannot tell.
    """
    known = _load(store)
    key = _key(names.here.files.values(), options)
    if key in known:
        return _parse(known[key])
    latest = next(reversed(known.values()), None)
    if latest is None and options.evaluate == "never":
        raise CannotCheckError("nothing was evaluated yet, and --evaluate never was given")
    if latest is not None and (
        options.evaluate == "never"
        or (options.evaluate == "relevant" and not _is_relevant(view, names))
    ):
        return _parse(latest, reused=latest[0])
    evaluated = _ask(view, options)
    failed = evaluated.declaration is not None and evaluated.declaration.failed
    if not failed and not any(file.failure for file in evaluated.rules):
        known[key] = (view.snapshot.tree, *_render(evaluated))
        store.save(_NAME, dict(list(known.items())[-_MOST:]))
    return evaluated


def _ask(view: View, options: Options) -> Evaluated:
    from agenix_check.discover.nix import evaluate, evaluate_rules, find_rules_files

    declaration = None
    if f"{options.flake}/flake.nix".lstrip("/") in view.snapshot.files:
        declaration = evaluate(
            view.repository,
            view.snapshot,
            flake=options.flake,
            nodes=options.nodes,
            collect_home_manager=options.collect_home_manager,
            timeout=options.timeout,
        )
    paths = sorted({*find_rules_files(view.snapshot), *options.rules})
    rules = evaluate_rules(view.repository, view.snapshot, paths, timeout=options.timeout)
    return Evaluated(declaration=declaration, rules=rules)


def _key(files: Iterable[File], options: Options) -> str:
    """Return what an evaluation depends on, as one digest.

    Of age files the names count, which a configuration may list, but not the contents.
    """
    parts = [repr((options.flake, options.nodes, options.collect_home_manager, options.rules))]
    for path, mode, oid in files:
        if output_file(path) is None:
            parts.append(f"{mode} {path}" if path.endswith(".age") else f"{mode} {oid} {path}")
    return sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def _is_relevant(view: View, names: Names) -> bool:
    """Tell whether a change touches what is declared, or files that declarations are about."""
    if view.base is None:
        return True
    trees = (names.here, names.base)
    sources = {path for tree in trees for paths in tree.sources.values() for path in paths}
    for path in names.changed:
        if path in sources or path.rpartition("/")[2] == "flake.lock":
            return True
        if any(path in tree.outputs for tree in trees):
            return True
        if any(isinstance(tree.facts.get(path), KeyTexts) for tree in trees):
            return True
    lines = changed_lines(view.repository.git, view.base.tree, view.snapshot.tree)
    return _RELEVANT.search(lines) is not None


_Entry = tuple[str, str | None, str]


def _load(store: Store) -> dict[str, _Entry]:
    loaded = store.load(_NAME)
    return dict(loaded) if isinstance(loaded, dict) else {}


def _render(evaluated: Evaluated) -> tuple[str | None, str]:
    declaration = evaluated.declaration
    rules = json.dumps([asdict(file) for file in evaluated.rules])
    return None if declaration is None else render_lock(declaration), rules


def _parse(entry: _Entry, reused: str | None = None) -> Evaluated:
    _, lock, rules = entry
    return Evaluated(
        declaration=None if lock is None else read_lock(lock, "the remembered evaluation"),
        rules=tuple(
            RulesFile(
                path=file["path"],
                rules=tuple(
                    PlainRule(
                        path=rule["path"],
                        recipients=tuple(rule["recipients"]),
                        armor=rule["armor"],
                    )
                    for rule in file["rules"]
                ),
            )
            for file in json.loads(rules)
        ),
        reused=reused,
    )
