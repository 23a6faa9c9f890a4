"""Builtins about JSON and TOML, whose modules few rules files need: they are imported late."""

import math

from agenix_check.discover.rules.builtins.primitives import Table, primitive
from agenix_check.discover.rules.machine import Machine
from agenix_check.discover.rules.operators import coerce, names_of
from agenix_check.discover.rules.values import (
    EvaluationError,
    PlaceText,
    RefusedError,
    Thunk,
    Value,
    ready,
    type_of,
)

DATA: Table = {}

_LEAST, _MOST = -(2**63), 2**63 - 1


@primitive(DATA, "fromJSON", 1)
def _from_json(machine: Machine, value: Thunk) -> Value:
    import json

    text = _utf8(machine.text(value))
    machine.budget.spend(len(text) // 4)
    try:
        data = json.loads(text, object_pairs_hook=_pairs, parse_constant=_no_constant)
    except ValueError as error:
        raise EvaluationError(f"not valid JSON: {error}") from None
    return _value(machine, data)


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise RefusedError("JSON with a key that is given twice")
    return found


def _no_constant(name: str) -> object:
    raise EvaluationError(f"not valid JSON: {name}")


@primitive(DATA, "fromTOML", 1)
def _from_toml(machine: Machine, value: Thunk) -> Value:
    import tomllib

    text = _utf8(machine.text(value))
    machine.budget.spend(len(text) // 4)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise EvaluationError(f"not valid TOML: {error}") from None
    return _value(machine, data)


def _utf8(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise RefusedError("data that is not UTF-8") from None


def _value(machine: Machine, data: object) -> Value:
    """Return what JSON or TOML holds as a value."""
    machine.budget.spend(1)
    if isinstance(data, dict):
        return {_text(name): ready(_value(machine, one)) for name, one in data.items()}
    if isinstance(data, list):
        return tuple(ready(_value(machine, one)) for one in data)
    if isinstance(data, str):
        return _text(data)
    if isinstance(data, bool) or data is None:
        return data
    if isinstance(data, int) and _LEAST <= data <= _MOST:
        return data
    if isinstance(data, float) and math.isfinite(data):
        return data
    raise RefusedError("a number, a date or a time that not every Nix reads")


def _text(text: str) -> bytes:
    if "\0" in text:
        raise RefusedError("a NUL character")
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise RefusedError("a text that is not Unicode") from None


@primitive(DATA, "toJSON", 1)
def _to_json(machine: Machine, value: Thunk) -> Value:
    pieces: list[str] = []
    _write(machine, machine.force(value), pieces)
    text = "".join(pieces)
    machine.budget.spend(len(text) // 16)
    return text.encode()


def _write(machine: Machine, value: Value, pieces: list[str]) -> None:
    """Append a value as JSON, piece by piece."""
    import json

    machine.budget.spend(1)
    if isinstance(value, dict) and (b"__toString" in value or b"outPath" in value):
        value = coerce(machine, value)
    if isinstance(value, bytes):
        pieces.append(_quoted(value))
    elif value is None or isinstance(value, bool | int):
        pieces.append(json.dumps(value))
    elif isinstance(value, tuple):
        pieces.append("[")
        for number, one in enumerate(value):
            pieces.append("," if number else "")
            _write(machine, machine.force(one), pieces)
        pieces.append("]")
    elif isinstance(value, dict):
        pieces.append("{")
        for number, name in enumerate(names_of(value)):
            pieces.append(f"{',' if number else ''}{_quoted(name)}:")
            _write(machine, machine.force(value[name]), pieces)
        pieces.append("}")
    elif isinstance(value, PlaceText):
        raise RefusedError("a string that depends on where the repository lies", impure=True)
    else:
        raise RefusedError(f"a {type_of(value)} as JSON")


def _quoted(text: bytes) -> str:
    import json

    shown = _utf8(text)
    # Versions of Nix write other control characters in different ways.
    if any(character < " " and character not in "\n\r\t" for character in shown):
        raise RefusedError("control characters as JSON")
    return json.dumps(shown, ensure_ascii=False)
