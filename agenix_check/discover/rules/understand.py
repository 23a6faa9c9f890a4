"""Evaluate a rules file: which files it has rules for, and whose keys they name."""

import sys
from collections.abc import Callable
from threading import Thread, stack_size
from typing import NamedTuple, TypeVar

from agenix_check.discover.rules.builtins import GLOBALS, OUTERMOST
from agenix_check.discover.rules.evaluate import HANDLERS
from agenix_check.discover.rules.machine import DEEPEST, Budget, Files, Machine
from agenix_check.discover.rules.operators import names_of, text_of
from agenix_check.discover.rules.parse import parse
from agenix_check.discover.rules.syntax import Position
from agenix_check.discover.rules.values import (
    AbsentFileError,
    BlankText,
    EvaluationError,
    RefusedError,
    Thunk,
    Value,
    ready,
)
from agenix_check.discover.rules.written import PublicKey, WrittenRule

_Result = TypeVar("_Result")

_FRAMES = 8 * DEEPEST  # of Python; one expression takes some five
_STACK = 256 << 20  # bytes; only what is used of it is taken


class Misunderstood(NamedTuple):
    """Why a rule, or where `rule` is None a whole file, could not be evaluated, and where.

    `refused` if the evaluator does not know something that Nix may know; `impure` if that is
    something of the machine, so that evaluation in a sandbox must not answer it either. `absent` is
    the file that would have been read and is not in the tree.
    """

    rule: str | None
    reason: str
    place: Position
    impure: bool
    refused: bool
    absent: str | None = None


class Understood(NamedTuple):
    """The rules of a file, sorted by name, and what of it could not be evaluated."""

    rules: tuple[WrittenRule, ...]
    failures: tuple[Misunderstood, ...]


def make_machine(files: Files, budget: Budget) -> Machine:
    """Return an evaluator for the files of a tree."""
    return Machine(
        files,
        budget,
        parse=lambda source, path: parse(source, path, GLOBALS),
        handlers=HANDLERS,
        outermost=OUTERMOST,
    )


def understand(files: Files, path: str, budget: Budget) -> Understood | None:
    """Evaluate the file at a path; None if it has no rules, so that it is no rules file."""

    def run() -> Understood | None:
        try:
            return _rules(make_machine(files, budget), path)
        except RecursionError:
            error = RefusedError("expressions that are nested too deeply")
            return Understood((), (_failure(error, None, path),))
        except EvaluationError as error:
            return Understood((), (_failure(error, None, path),))

    return with_room(run)


def _failure(error: EvaluationError, rule: str | None, path: str) -> Misunderstood:
    refused = isinstance(error, RefusedError)
    impure = isinstance(error, RefusedError) and error.impure
    place = error.place or Position(path, 1)
    absent = error.path if isinstance(error, AbsentFileError) else None
    return Misunderstood(rule, str(error), place, impure, refused, absent)


def _rules(machine: Machine, path: str) -> Understood | None:
    value = machine.import_file(path)
    if not isinstance(value, dict):
        return None
    found, failures = [], []
    for name in names_of(value):
        try:
            rule = machine.force(value[name])
            if isinstance(rule, dict) and b"publicKeys" in rule:
                keys, depth = _keys(machine, rule[b"publicKeys"])
                armor = _armor(machine, rule.get(b"armor"))
                found.append(WrittenRule(_decode(name), tuple(keys), armor, nested=depth > 1))
        except EvaluationError as error:
            error.place = error.place or value[name].place
            failures.append(_failure(error, _decode(name), path))
    return Understood(tuple(found), tuple(failures)) if found or failures else None


def _keys(machine: Machine, thunk: Thunk) -> tuple[list[PublicKey], int]:
    """Return the keys in a value, and how deep it has lists in one another."""
    try:
        value = machine.force(thunk)
        if isinstance(value, tuple):
            parts = [_keys(machine, one) for one in machine.list(thunk)]
            depth = 1 + max((deep for _, deep in parts), default=0)
            return [key for keys, _ in parts for key in keys], depth
        # All empty strings are one object, so only a file's own shows where it comes from.
        origin = machine.origin(value) if value or isinstance(value, BlankText) else None
        text = text_of(machine, ready(value), more=True)
    except EvaluationError as error:
        error.place = error.place or thunk.place
        raise
    machine.budget.spend(1 + len(text) // 16)
    place, name = (thunk.place, thunk.name) if origin is None else (origin.place, origin.name)
    return [PublicKey(_decode(text), place, None if name is None else _decode(name))], 0


def _armor(machine: Machine, thunk: Thunk | None) -> bool | None:
    value: Value = None if thunk is None else machine.force(thunk)
    if value is not None and not isinstance(value, bool):
        raise EvaluationError("`armor` that is neither true nor false")
    return value


def _decode(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")


def with_room(run: Callable[[], _Result]) -> _Result:
    """Call a function where it may call itself as deeply as a rules file may be nested."""
    results: list[_Result] = []
    errors: list[BaseException] = []

    def work() -> None:
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(max(limit, _FRAMES))
        try:
            results.append(run())
        except BaseException as error:  # noqa: BLE001 - raised again by the caller
            errors.append(error)
        finally:
            sys.setrecursionlimit(limit)

    before = stack_size(_STACK)
    try:
        worker = Thread(target=work)
        worker.start()
    finally:
        stack_size(before)
    worker.join()
    if errors:
        raise errors[0]
    return results[0]
