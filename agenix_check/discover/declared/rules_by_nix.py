"""What Nix said of rules files that only it understands, remembered by what it may have read."""

from collections.abc import Mapping, Sequence
from hashlib import sha256

from agenix_check.discover.declared.redaction import withhold_rules
from agenix_check.git.cache import Store
from agenix_check.git.paths import to_bytes
from agenix_check.git.snapshot import File, Snapshot
from agenix_check.model.declaration import PlainRule, RulesFile
from agenix_check.model.settings import Settings
from agenix_check.view import View

_ANSWERS = "rules-by-nix"
_ANSWERS_FORMAT = 1
_MOST_ANSWERED = 32  # that are remembered, a rules file in a tree each

# path, recipients, armor, repeated, nested
_FlatPlainRule = tuple[str, tuple[str, ...], bool | None, tuple[str, ...], bool]
_FlatRulesFile = tuple[str, str, tuple[_FlatPlainRule, ...]]  # path, directory, rules


def ask_once(
    view: View, paths: Sequence[str], settings: Settings, store: Store
) -> tuple[RulesFile, ...]:
    """Return what Nix says of rules files; it is started only for what it has not answered yet.

    An answer depends on every file but the content of age files. Raises `CannotCheckError` if Nix
    cannot answer.
    """
    shape = dict[str, _FlatRulesFile]
    known = store.load(_ANSWERS, shape, number=_ANSWERS_FORMAT, of_contents=True) or {}
    tree = _digest(view.snapshot)
    keys = {path: f"{tree} {path}" for path in paths}
    files = [_revive(known[key]) for key in keys.values() if key in known]
    asked = [path for path, key in keys.items() if key not in known]
    if not asked:
        return tuple(files)
    from agenix_check.discover.nix import evaluate_rules

    found = evaluate_rules(
        view.repository,
        view.snapshot,
        asked,
        timeout=settings.nix_timeout,
        memory=settings.nix_memory,
        jobs=settings.nix_jobs,
    )
    fresh = {
        keys[file.path]: _flatten(withhold_rules(file)) for file in found if file.failure is None
    }
    if fresh:
        store.save(
            _ANSWERS,
            {**known, **fresh},
            number=_ANSWERS_FORMAT,
            of_contents=True,
            most=_MOST_ANSWERED,
        )
    return (*files, *found)


def _digest(snapshot: Snapshot) -> str:
    files: Mapping[str, File] = snapshot.files
    parts = [
        f"{mode} {path}" if path.endswith(".age") else f"{mode} {oid} {path}"
        for path, mode, oid in files.values()
    ]
    return sha256(to_bytes("\0".join(sorted(parts)))).hexdigest()


def _flatten(file: RulesFile) -> _FlatRulesFile:
    rules = tuple(
        (rule.path, rule.recipients, rule.armor, rule.repeated, rule.nested) for rule in file.rules
    )
    return file.path, file.directory, rules


def _revive(flat: _FlatRulesFile) -> RulesFile:
    path, directory, rules = flat
    return RulesFile(
        path=path,
        directory=directory,
        rules=tuple(
            PlainRule(path=one, recipients=keys, armor=armor, repeated=again, nested=nested)
            for one, keys, armor, again, nested in rules
        ),
    )
