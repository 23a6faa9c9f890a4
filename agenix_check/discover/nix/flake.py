"""Ask Nix what a flake declares: the snapshot is evaluated, never the work tree."""

import posixpath
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from agenix_check.discover.nix.answer import read_node
from agenix_check.discover.nix.message import TOO_NEW, UNFETCHED, UNLOCKED, shorten
from agenix_check.discover.nix.narrow import Outcome, narrow
from agenix_check.discover.nix.reach import (
    addresses,
    memory_of,
    read_locks,
    refuse_foreign,
)
from agenix_check.discover.nix.run import Nix, NixError, NixTimeoutError, in_this_shape, require_nix
from agenix_check.discover.nix.store_paths import StorePaths
from agenix_check.discover.nix.submodules import (
    absent_submodule,
    address,
    clone_settings,
    wants_submodules,
)
from agenix_check.errors import CannotCheckError, UsageError
from agenix_check.git.export import export
from agenix_check.git.repository import Repository
from agenix_check.git.snapshot import Snapshot
from agenix_check.model.declaration import Declaration, DeclaredNode, FailedNode

_EXPRESSION = "fleet.nix"
_PREFIXES = {"nixosConfigurations": "nixos:", "darwinConfigurations": "darwin:"}
_HOMES = "homeConfigurations"
_STEP = re.compile(r'"((?:[^"\\$]|\\.|\$(?!\{))*)"|([^".\s]+)')
_PLAIN_STEP = re.compile(r"[A-Za-z_][A-Za-z0-9_'-]*")
_ABSENT_SUBMODULE = "is not in this clone; fetch it with `git submodule update --init`"
_HINTS = (
    (
        UNFETCHED,
        "; the network is not used: fetch the flake's inputs with `nix flake archive`",
    ),
    (UNLOCKED, "; flake.lock does not fit flake.nix: run `nix flake lock` and stage it"),
    (TOO_NEW, "; flake.lock was written by a newer Nix than this one"),
)


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is evaluated separately: a node, or a home-manager user in it.

    `user` is True to ask for the names of all users.
    """

    path: tuple[str, ...]
    user: str | bool | None = None

    def name(self) -> str:
        """Return agenix-rekey's own name for it, or the attribute path if it has none.

        Users whose names are not known are "*".
        """
        top, rest = self.path[0], self.path[1:]
        if len(rest) == 1 and (top == _HOMES or top in _PREFIXES):
            name = _PREFIXES.get(top, "") + rest[0]
        else:
            name = ".".join(map(_quote_step, self.path))
        if self.user is None:
            return name
        return f"host-{name}-user-{'*' if self.user is True else self.user}"


def evaluate(
    repository: Repository,
    snapshot: Snapshot,
    *,
    flake: str = "",
    nodes: Sequence[str] = (),
    collect_home_manager: bool = True,
    timeout: float = 120.0,
    memory: str | None = None,
    trusted: Snapshot | None = None,
) -> Declaration:
    """Return what the flake in a directory of the snapshot declares for agenix-rekey.

    `nodes` are attribute paths to look at instead of the standard ones. The declaration names nodes
    that do not evaluate. `memory` is the size that a process may have. Inputs on this machine are
    read where `trusted` has them too; None stands for the snapshot. Raises `CannotCheckError` if
    nothing can be said: no Nix, no flake, other inputs on this machine, or outputs that do not
    evaluate, or not within `timeout` seconds.
    """
    with _evaluation(
        repository, snapshot, flake, nodes, timeout=timeout, memory=memory, trusted=trusted
    ) as evaluation:
        return evaluation.run(users=collect_home_manager)


def evaluate_age_programs(
    repository: Repository,
    snapshot: Snapshot,
    *,
    system: str,
    flake: str = "",
    nodes: Sequence[str] = (),
    timeout: float = 120.0,
    memory: str | None = None,
    trusted: Snapshot | None = None,
) -> frozenset[str]:
    """Return the paths of the age programs that the flake names for `system`, in Nix's store.

    Nothing is built: there may be no such files. Parameters and errors are those of `evaluate`.
    """
    with _evaluation(
        repository, snapshot, flake, nodes, timeout=timeout, memory=memory, trusted=trusted
    ) as evaluation:
        return evaluation.age_programs(system)


@contextmanager
def _evaluation(
    repository: Repository,
    snapshot: Snapshot,
    flake: str,
    nodes: Sequence[str],
    *,
    timeout: float,
    memory: str | None,
    trusted: Snapshot | None,
) -> Iterator["_Evaluation"]:
    """Yield an evaluation of the snapshot's flake, whose failures end as `evaluate` says."""
    program = require_nix()
    directory = _directory(flake)
    paths = [_parse_path(node) for node in nodes] or None
    file = posixpath.join(directory, "flake.nix")
    if file not in snapshot.files:
        raise CannotCheckError(f"there is no {file} in this tree")
    lock = posixpath.join(directory, "flake.lock")
    locks = read_locks(snapshot, lock)
    refuse_foreign(locks, locks if trusted is None else read_locks(trusted, lock))
    remote = address(repository) if wants_submodules(snapshot, file) else None
    with export(repository, snapshot, remote) as exported:
        url = (
            f"git+file://{quote(str(exported.directory))}?ref={exported.ref}&rev={exported.commit}"
        )
        if directory:
            url += f"&dir={quote(directory)}"
        settings = {}
        if remote is not None:
            url += "&submodules=1"
            settings = clone_settings(repository, snapshot, remote)
        nix = Nix(
            program,
            exported.directory,
            timeout,
            settings,
            allowed=addresses(exported, locks),
            memory=memory_of(memory),
        )
        try:
            with nix:
                yield _Evaluation(nix, snapshot, {"url": url, "paths": paths, "users": False})
        except NixTimeoutError as error:
            late = f"Nix did not finish within {timeout:g} seconds; --nix-timeout gives it more"
            raise CannotCheckError(late) from error
        except NixError as error:
            reason = _say(str(error))
            if remote is not None and UNFETCHED.search(str(error)):
                path = absent_submodule(repository, snapshot)
                reason = reason if path is None else f"the submodule {path} {_ABSENT_SUBMODULE}"
            raise CannotCheckError(f"the flake cannot be evaluated: {reason}") from error


class _Evaluation:
    """One evaluation of a flake: all of it at once, and piece by piece if that fails."""

    def __init__(self, nix: Nix, snapshot: Snapshot, argument: Mapping[str, object]) -> None:
        self._nix = nix
        self._snapshot = snapshot
        self._argument = dict(argument)
        self._root = ""
        self._store = ""

    def age_programs(self, system: str) -> frozenset[str]:
        """Return the age programs that are named, as far as they lie in the store."""
        self._argument["system"] = system
        found = self._ask("age")
        with in_this_shape():
            return frozenset(one for one in found if one.startswith(f"{self._store}/"))

    def run(self, *, users: bool) -> Declaration:
        """Return what is declared; `users` says whether home-manager users in hosts count."""
        self._argument["users"] = users
        try:
            outcomes = self._run_whole()
        except NixTimeoutError:
            raise
        except NixError:
            outcomes = self._run_apart()
        paths = StorePaths(self._snapshot, self._root, self._store)
        nodes: list[DeclaredNode] = []
        for place, (unit, value, complaint) in enumerate(outcomes):
            if complaint is not None or value is None:
                continue
            try:
                nodes.append(read_node(unit.name(), value, paths))
            except NixError as error:
                outcomes[place] = Outcome(unit, None, str(error))
        # If a host fails, so do the users inside it, for the same reason.
        hosts = {
            outcome.unit.path
            for outcome in outcomes
            if outcome.complaint is not None and outcome.unit.user is None
        }
        failed = {
            FailedNode(
                name=outcome.unit.name(),
                message=_say(outcome.complaint, self._root, self._snapshot.files),
            )
            for outcome in outcomes
            if outcome.complaint is not None
            and not (outcome.unit.user and outcome.unit.path in hosts)
        }
        if len(failed) > 1 and not nodes and len({node.message for node in failed}) == 1:
            message = failed.pop().message
            raise CannotCheckError(f"no node of the flake can be evaluated: {message}")
        return Declaration(
            nodes=tuple(sorted(nodes, key=lambda node: node.name)),
            failed=tuple(sorted(failed, key=lambda node: (node.name, node.message))),
        )

    def _run_whole(self) -> list[Outcome[_Unit]]:
        """Evaluate everything in one process; evaluate again, alone, what fails there."""
        outcomes, again = [], []
        for unit, succeeded, value in self._results("fleet"):
            if succeeded:
                outcomes.append(Outcome(unit, value, None))
            else:
                again.append(unit)
        return outcomes + self._run_units(again)

    def _run_apart(self) -> list[Outcome[_Unit]]:
        found = self._ask("list")
        with in_this_shape():
            paths = [tuple(path) for path in found]
        units = [_Unit(path) for path in paths]
        if self._argument["users"]:
            units += [_Unit(path, user=True) for path in paths]
        return self._run_units(units)

    def _run_units(self, units: Sequence[_Unit]) -> list[Outcome[_Unit]]:
        """Evaluate units; where they give names of users, evaluate these users too."""
        outcomes = narrow(units, self._evaluate_units)
        inside = [
            _Unit(outcome.unit.path, user=user)
            for outcome in outcomes
            if outcome.unit.user is True and isinstance(outcome.value, list)
            for user in outcome.value
        ]
        nodes = [outcome for outcome in outcomes if not isinstance(outcome.value, list)]
        return nodes + narrow(inside, self._evaluate_units)

    def _evaluate_units(self, units: Sequence[_Unit]) -> list[tuple[_Unit, bool, object]]:
        return self._results("units", units)

    def _results(self, task: str, units: Sequence[_Unit] = ()) -> list[tuple[_Unit, bool, object]]:
        asked = [{"path": unit.path, "user": unit.user} for unit in units]
        results = self._ask(task, asked)
        with in_this_shape():
            return [
                (_Unit(tuple(result["path"]), result["user"]), result["ok"], result["value"])
                for result in results
            ]

    def _ask(self, task: str, units: Sequence[object] = ()) -> Any:
        answer: Any = self._nix.evaluate(
            _EXPRESSION, {**self._argument, "task": task, "units": units}
        )
        with in_this_shape():
            self._root, self._store = answer["root"], answer["store"]
            return answer["result"]


def _say(complaint: str, root: str = "", files: Container[str] = ()) -> str:
    message = shorten(complaint, root, files)
    return message + next((hint for sign, hint in _HINTS if sign.search(message)), "")


def _directory(flake: str) -> str:
    """Return a directory of the repository as Git names it."""
    directory = posixpath.normpath(flake) if flake else ""
    if directory.startswith(("/", "../")) or directory == "..":
        raise UsageError(f"the flake {flake!r} is not in this repository")
    return "" if directory == "." else directory


def _parse_path(text: str) -> tuple[str, ...]:
    """Read an attribute path as Nix writes it: names with dots in them are quoted."""
    steps = []
    position = 0
    while found := _STEP.match(text, position):
        quoted, plain = found.groups()
        steps.append(re.sub(r"\\(.)", r"\1", quoted) if plain is None else plain)
        position = found.end()
        if position == len(text):
            return tuple(steps)
        if text[position] != ".":
            break
        position += 1
    raise UsageError(f"nodes: {text!r} is not an attribute path")


def _quote_step(step: str) -> str:
    if _PLAIN_STEP.fullmatch(step):
        return step
    escaped = step.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
