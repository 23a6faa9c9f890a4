"""Ask Nix for the rules in plain agenix rules files (`secrets.nix`) of a snapshot."""

import posixpath
import re
from collections.abc import Generator, Sequence
from contextlib import closing
from typing import Any
from urllib.parse import quote

from agenix_check.discover.nix.message import shorten
from agenix_check.discover.nix.pool import Begun, Outcome, UnitValue, evaluate_all
from agenix_check.discover.nix.restrictions import addresses, jobs_of, memory_of
from agenix_check.discover.nix.run import Nix, in_this_shape, require_nix
from agenix_check.discover.rules.relative import correct, make_rules_file
from agenix_check.discover.rules.written import PublicKey, WrittenRule
from agenix_check.git.export import Export, export
from agenix_check.git.objects import read_blobs
from agenix_check.git.repository import Repository
from agenix_check.git.snapshot import Snapshot
from agenix_check.model.declaration import RulesFile
from agenix_check.model.fleet import RULES_FILE

_MARK = b"publicKeys"
_LAST_PLACE = re.compile(r"\(([^()]+):\d+\)$")  # at the end of Nix's sentence


def evaluate_rules(
    repository: Repository,
    snapshot: Snapshot,
    paths: Sequence[str],
    *,
    timeout: float = 120.0,
    memory: str | None = None,
    jobs: int | None = None,
) -> tuple[RulesFile, ...]:
    """Return the rules files at these paths of the snapshot, sorted; other files are left out.

    A file that cannot be evaluated is returned with the reason, if it looks like a rules file or
    has another name than agenix's own, so that a user must have named it.
    """
    wanted = sorted(set(paths))
    here = [path for path in wanted if path in snapshot.files and path.isprintable()]
    found = [
        _failure(path, "it is not in this tree" if path.isprintable() else "Nix cannot name it")
        for path in wanted
        if path not in here
    ]
    if here:
        program = require_nix()
        most = memory_of(memory)
        likely = _likely(snapshot, here)
        with (
            export(repository, snapshot) as exported,
            Nix(
                program,
                exported.directory,
                timeout,
                allowed=addresses(exported, {}),
                memory=most,
            ) as nix,
        ):
            outcomes = evaluate_all(
                lambda shard: _evaluate_shard(nix, exported, here if shard is None else shard),
                here,
                lambda path: path,
                jobs=jobs_of(jobs, most),
            )
        files = [file for outcome in outcomes if (file := _read(outcome, snapshot)) is not None]
        found += [
            file for file in files if file.failure is None or file.rules or file.path in likely
        ]
    return tuple(sorted(found, key=lambda file: file.path))


def _likely(snapshot: Snapshot, paths: Sequence[str]) -> set[str]:
    """Return the paths that a user named, or whose text mentions rules."""
    by_oid = {snapshot.files[path].oid: path for path in paths}
    marked = {blob.oid for blob in read_blobs(snapshot.git, list(by_oid)) if _MARK in blob.data}
    return {
        path
        for path in paths
        if posixpath.basename(path) != RULES_FILE or snapshot.files[path].oid in marked
    }


def _evaluate_shard(
    nix: Nix, exported: Export, paths: Sequence[str]
) -> Generator[Begun[str] | UnitValue[str], None, None]:
    url = f"file://{quote(str(exported.directory))}"
    argument = {"url": url, "rev": exported.commit, "paths": paths}
    with closing(nix.evaluate("rules.nix", argument)) as said:
        for _ in said:
            yield Begun(paths)
            break
        for result, is_nearly_full in said:
            with in_this_shape():
                path, value = result["path"], result["value"]
            yield UnitValue(path, value, is_last=is_nearly_full)


def _read(outcome: Outcome[str], snapshot: Snapshot) -> RulesFile | None:
    """Return an evaluated rules file, or None if it is not a rules file."""
    path = outcome.unit
    if outcome.complaint is not None:
        sentence = shorten(outcome.complaint, "", snapshot.files)
        place = _LAST_PLACE.search(sentence)
        advice = f"; {correct(place[1])}" if place and place[1] in snapshot.files else ""
        return _failure(path, sentence + advice)
    if not isinstance(outcome.value, list):
        if posixpath.basename(path) == RULES_FILE:
            return None
        return _failure(path, "it has no rules: no attribute of it has publicKeys")
    return make_rules_file(path, list(map(_written, outcome.value)), files=snapshot.files)


def _written(rule: dict[str, Any]) -> WrittenRule:
    keys = tuple(map(PublicKey, rule["publicKeys"]))
    return WrittenRule(rule["name"], keys, rule["armor"], rule["nested"])


def _failure(path: str, sentence: str) -> RulesFile:
    return RulesFile(path=path, rules=(), failure=sentence, unread=None)
