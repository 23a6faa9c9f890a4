"""Ask Nix what a flake declares: the snapshot is evaluated, never the work tree."""

import posixpath
import re
from collections import deque
from collections.abc import Collection, Container, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import accumulate, takewhile
from urllib.parse import quote

from agenix_check.discover.nix.answer import read_node
from agenix_check.discover.nix.message import TOO_NEW, UNFETCHED, UNLOCKED, shorten
from agenix_check.discover.nix.pool import Begun, Outcome, UnitValue, evaluate_all
from agenix_check.discover.nix.restrictions import (
    addresses,
    find_foreign,
    jobs_of,
    memory_of,
    read_locks,
)
from agenix_check.discover.nix.run import Nix, NixError, in_this_shape, require_nix
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
from agenix_check.model.activity import busy, come_so_far
from agenix_check.model.declaration import Declaration, DeclaredNode, FailedNode
from agenix_check.model.frozen import frozen

_EXPRESSION = "fleet.nix"
_PREFIXES = {"nixosConfigurations": "nixos:", "darwinConfigurations": "darwin:"}
_BAR_COLUMNS = 20
_ROOM = 40_000  # characters of what is asked for, less than half of the 128 KiB of an argument
_HOMES = "homeConfigurations"
_STEP = re.compile(r'"((?:[^"\\$]|\\.|\$(?!\{))*)"|([^".\s]+)')
_PLAIN_STEP = re.compile(r"[A-Za-z_][A-Za-z0-9_'-]*")
_ABSENT_SUBMODULE = "is not in this clone; fetch it with `git submodule update --init`"
_WITHOUT_NIX = "judge by `--inventory names` or `--inventory lock` (agenix-check.lock)"
_HINTS = (
    (
        UNFETCHED,
        "; the network is not used: fetch the flake's inputs with `nix flake archive`, or "
        + _WITHOUT_NIX,
    ),
    (
        UNLOCKED,
        "; flake.lock does not fit flake.nix: run `nix flake lock` and stage it, or "
        + _WITHOUT_NIX,
    ),
    (TOO_NEW, "; flake.lock was written by a newer Nix than this one"),
)


@frozen(kw_only=False)
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
    only: Collection[str] | None = None,
    timeout: float = 120.0,
    memory: str | None = None,
    jobs: int | None = None,
    trusted: Snapshot | None = None,
) -> Declaration:
    """Return what the flake in a directory of the snapshot declares for agenix-rekey.

    `nodes` are attribute paths to look at instead of the standard ones, `only` the names of nodes
    that are asked about: more may be declared. The declaration names nodes that do not evaluate, or
    not within `timeout` seconds and a process's `memory`. At most `jobs` processes evaluate; None
    stands for as many as the machine has room for. Inputs on this machine are read where `trusted`
    has them too; None stands for the snapshot.
    Raises `CannotCheckError` if nothing can be said: no Nix, no flake, other inputs on this
    machine, or outputs that do not evaluate.
    """
    with _evaluation(
        repository, snapshot, flake, nodes,
        timeout=timeout, memory=memory, jobs=jobs, trusted=trusted,
    ) as evaluation:  # fmt: skip
        return evaluation.run(users=collect_home_manager, only=only)


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
        repository, snapshot, flake, nodes,
        timeout=timeout, memory=memory, jobs=1, trusted=trusted,
    ) as evaluation:  # fmt: skip
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
    jobs: int | None,
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
    if trusted is not None:
        refusal = find_foreign(locks, lambda: read_locks(trusted, lock))
        if refusal is not None:
            raise CannotCheckError(refusal)
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
        most = memory_of(memory)
        nix = Nix(
            program,
            exported.directory,
            timeout,
            settings,
            allowed=addresses(exported, locks),
            memory=most,
        )
        try:
            with nix:
                argument = {"url": url, "paths": paths, "users": False}
                yield _Evaluation(nix, snapshot, argument, jobs_of(jobs, most))
        except NixError as error:
            reason = _say(str(error))
            if remote is not None and UNFETCHED.search(str(error)):
                path = absent_submodule(repository, snapshot)
                reason = reason if path is None else f"the submodule {path} {_ABSENT_SUBMODULE}"
            raise CannotCheckError(f"the flake cannot be evaluated: {reason}") from error


class _Evaluation:
    """One evaluation of a flake."""

    def __init__(
        self, nix: Nix, snapshot: Snapshot, argument: Mapping[str, object], jobs: int
    ) -> None:
        self._nix = nix
        self._jobs = jobs
        self._snapshot = snapshot
        self._argument = dict(argument)
        self._root = ""
        self._store = ""

    def age_programs(self, system: str) -> frozenset[str]:
        """Return the age programs that are named, as far as they lie in the store."""
        argument = {**self._argument, "task": "age", "system": system}
        found: frozenset[str] = frozenset()
        for said, _ in self._nix.evaluate(_EXPRESSION, argument):
            with in_this_shape():
                inside = f"{said['store']}/"
                found = frozenset(one for one in said["programs"] if one.startswith(inside))
        return found

    def run(self, *, users: bool, only: Collection[str] | None) -> Declaration:
        """Return what is declared; `users` says whether home-manager users in hosts count."""
        self._argument["users"] = users
        if only is not None:
            places = sorted({path for name in only for path in _places_of(name)})
            self._argument["only"] = places if len(repr(places)) < _ROOM else None
        with busy("evaluating the flake with Nix"):
            outcomes = evaluate_all(
                self._evaluate_shard, None, lambda unit: unit.path, jobs=self._jobs, count=_count
            )
        outcomes.sort(key=lambda outcome: (outcome.unit.path, str(outcome.unit.user)))
        paths = StorePaths(self._snapshot, self._root, self._store)
        nodes: list[DeclaredNode] = []
        for place, (unit, value, complaint) in enumerate(outcomes):
            if complaint is not None or value is None or unit.user is True:
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

    def _evaluate_shard(
        self, units: Sequence[_Unit] | None
    ) -> Generator[Begun[_Unit] | UnitValue[_Unit], None, None]:
        """Evaluate a shard, as the pool wants it: another engine would take the place of this."""
        given = None if units is None else _as_many_as_fit(units)
        asked: list[dict[str, object]] | None = None
        if given is not None:
            asked = [{"path": unit.path, "user": unit.user} for unit in given]
        argument = {**self._argument, "task": "say", "units": asked}
        with closing(self._nix.evaluate(_EXPRESSION, argument)) as said:
            with in_this_shape():
                tree = next(said).value
                self._root, self._store = tree["root"], tree["store"]
                found = self._units_of(tree["paths"])
            yield Begun(found if units is None else units)
            left = deque(found if given is None else given)
            for result, is_nearly_full in said:
                with in_this_shape():
                    unit, value = _Unit(tuple(result["path"]), result["user"]), result["value"]
                    users = value if unit.user is True else ()
                    inside = [_Unit(unit.path, user=user) for user in users]
                    left.popleft()
                left.extendleft(reversed(inside))
                yield UnitValue(unit, value, inside, is_nearly_full or not left)

    def _units_of(self, paths: Sequence[Sequence[str]]) -> list[_Unit]:
        users = (None, True) if self._argument["users"] else (None,)
        return [_Unit(tuple(path), user) for path in paths for user in users]


def _as_many_as_fit(units: Sequence[_Unit]) -> Sequence[_Unit]:
    """Return the first of these units, as many as an argument of a program has room for."""
    sizes = accumulate(len(repr(unit)) for unit in units)
    return units[: max(1, sum(1 for _ in takewhile(lambda size: size < _ROOM, sizes)))]


def _count(done: int, of: int) -> None:
    drawn = _BAR_COLUMNS * done // of if of else 0
    come_so_far(f"evaluating nodes with Nix [{'#' * drawn:<{_BAR_COLUMNS}}] {done}/{of}")


def _places_of(name: str) -> Iterator[tuple[str, ...]]:
    """Yield every attribute path whose node, or a user inside it, may have a name."""
    for top, prefix in _PREFIXES.items():
        if name.startswith(prefix):
            yield top, name.removeprefix(prefix)
    yield _HOMES, name
    with suppress(UsageError):
        yield _parse_path(name)
    if name.startswith("host-"):
        inner = name.removeprefix("host-")
        for found in re.finditer("-user-", inner):
            yield from _places_of(inner[: found.start()])


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
