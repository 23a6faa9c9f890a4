"""What the user asked for: options, `AGENIX_CHECK_…` variables and the settings file, merged.

A later source wins: settings file, variable, command line.
"""

import os
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from agenix_check.cli.options import OPTIONS, SNAPSHOT, Option, Value
from agenix_check.errors import CannotCheckError, UsageError, nearest
from agenix_check.git.repository import Repository, open_repository
from agenix_check.model.settings import EvaluateWhen, Ignore, Settings

FILE = "agenix-check.toml"
# A file may name no other program: it runs with a file of the tree as input, which many programs
# would take for a script.
_AGE = ("age", "rage")
_BY_NAME = {option.name: option for option in OPTIONS}


# What pre-commit sets where a hook runs for a range of commits (pre-push).
_HOOK = ("PRE_COMMIT_FROM_REF", "PRE_COMMIT_TO_REF")


def open_here() -> Repository:
    """Return the repository of the current directory; raise `CannotCheckError` if there is none."""
    try:
        here = Path.cwd()
    except OSError as error:
        raise CannotCheckError(f"the current directory cannot be used: {error.strerror}") from error
    return open_repository(here)


def open_run(given: Mapping[str, Value]) -> tuple[Repository, Settings]:
    """Return the repository of the current directory, and the settings of a run in it."""
    repository = open_here()
    environment = environment_of_run()
    settings = load_settings(repository.top, environment, given)
    return repository, with_hook(settings, environment)


def environment_of_run() -> dict[str, str]:
    """Return the variables; a push of all history gets the branch that pre-commit names instead."""
    environment = dict(os.environ)
    if branch := environment.get("PRE_COMMIT_LOCAL_BRANCH"):
        environment.setdefault("PRE_COMMIT_TO_REF", branch)
    return environment


def with_hook(settings: Settings, environment: Mapping[str, str]) -> Settings:
    """Return the settings with the range that pre-commit gives, unless a snapshot was named."""
    if settings.names_snapshot:
        return settings
    from_ref, to_ref = (environment.get(name) or None for name in _HOOK)
    return replace(settings, from_ref=from_ref, to_ref=to_ref)


def load_settings(
    top: Path | None, environment: Mapping[str, str], given: Mapping[str, Value]
) -> Settings:
    """Merge the settings file below `top`, the variables and the options that were given.

    Raises `UsageError`, which names the file or variable and the key.
    """
    table, place = _read(top) if top is not None else ({}, FILE)
    values: dict[str, Value] = {}
    ignore: list[Ignore] = []
    for key, value in table.items():
        if key == "ignore":
            ignore += _ignore(value, place)
        else:
            option = _option(key, place)
            if not option.text.in_file:
                raise UsageError(f"{place}: {key} cannot be set in a file; use --{key}")
            values[key] = _checked(option, value, f"{place}: {key}")
            if key == "age" and values[key] not in _AGE:
                raise UsageError(f"{place}: age must be age or rage, a program on PATH")
    from_variables: dict[str, Value] = {}
    for option in OPTIONS:
        text = environment.get(option.variable)
        if text and option.text.has_variable:
            from_variables[option.name] = _from_variable(option, text)
    if environment.get("CI"):
        values.setdefault("evaluate", EvaluateWhen.ALWAYS)
    if environment.get("GITHUB_ACTIONS") == "true":
        values.setdefault("format", "github")
    checked = {key: _checked(_BY_NAME[key], value, f"--{key}") for key, value in given.items()}
    for later, where in ((from_variables, "AGENIX_CHECK_IGNORE"), (checked, "--ignore")):
        rules = later.pop("ignore", ())
        ignore += [_whole_rule(rule, where) for rule in rules] if isinstance(rules, tuple) else []
        if any(name in later for name in SNAPSHOT):
            values = {name: value for name, value in values.items() if name not in SNAPSHOT}
        values |= later
    typed: dict[str, Any] = {_BY_NAME[name].field: value for name, value in values.items()}
    return Settings(ignore=tuple(ignore), **typed)


def _read(top: Path) -> tuple[Mapping[str, object], str]:
    """Return the table of settings, and the name of the file (and table) that it comes from."""
    for name in (FILE, "pyproject.toml"):
        data = _read_file(top / name)
        if data is None or (name != FILE and b"agenix-check" not in data):
            continue
        import tomllib  # most repositories have no settings

        try:
            document: dict[str, object] = tomllib.loads(data.decode("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"{name}: {error}") from error
        if name == FILE:
            return document, name
        tool = document.get("tool")
        table = tool.get("agenix-check") if isinstance(tool, dict) else None
        if table is not None:
            if not isinstance(table, dict):
                raise UsageError(f"{name}: tool.agenix-check must be a table")
            return table, f"{name}: tool.agenix-check"
    return {}, FILE


def _read_file(path: Path) -> bytes | None:
    """Return the content of a settings file; None if there is none. A symlink is refused."""
    try:
        mode = path.lstat().st_mode
        if not stat.S_ISREG(mode):
            if path.name != FILE:
                return None
            raise UsageError(f"{path.name} is not a regular file")
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{path.name}: {os.strerror(error.errno or 0)}") from error


def _option(key: str, place: str) -> Option:
    option = _BY_NAME.get(key)
    if option is None:
        raise UsageError(f"{place}: there is no setting {key!r}{nearest(key, list(_BY_NAME))}")
    return option


def _checked(option: Option, value: object, place: str) -> Value:
    if option.kind == "flag" and isinstance(value, bool):
        return value
    if option.kind == "text" and isinstance(value, str):
        if not value and option.name == "age":
            raise UsageError(f"{place} must be the name or the path of a program")
        return value
    if option.kind == "choice" and isinstance(value, str):
        return _chosen(option, value, place)
    if option.kind == "list":
        items = list(value) if isinstance(value, list | tuple) else [value]
        texts = tuple(item for item in items if isinstance(item, str))
        if len(texts) == len(items):
            return texts
    if option.kind == "number":
        return _number(value, place)
    wanted = {"flag": "true or false", "list": "a list of strings"}
    raise UsageError(f"{place} must be {wanted.get(option.kind, 'a string')}")


def _number(value: object, place: str) -> float:
    try:
        number = float(value) if isinstance(value, int | float | str) else 0.0
    except (ValueError, OverflowError):
        number = 0.0
    if isinstance(value, bool) or not 0 < number < float("inf"):
        raise UsageError(f"{place} must be a number above 0")
    return number


def _chosen(option: Option, value: str, place: str) -> str:
    if value not in option.values:
        names = ", ".join(option.values)
        raise UsageError(f"{place} must be one of {names}, not {value!r}")
    return value if option.enum is None else option.enum(value)


def _from_variable(option: Option, text: str) -> Value:
    if option.kind == "flag":
        if text.lower() not in ("1", "true", "yes", "0", "false", "no"):
            raise UsageError(f"{option.variable} must be 1 or 0, not {text!r}")
        return text.lower() in ("1", "true", "yes")
    if option.kind == "list":
        return tuple(text.split(","))
    return _checked(option, text, option.variable)


def _ignore(value: object, place: str) -> list[Ignore]:
    entries = value if isinstance(value, list) else [value]
    return [_ignore_entry(entry, f"{place}: ignore") for entry in entries]


def _ignore_entry(entry: object, place: str) -> Ignore:
    if isinstance(entry, str):
        return _whole_rule(entry, place)
    if not isinstance(entry, dict):
        raise UsageError(f"{place} must hold rule names, or tables with rule and reason")
    fields = ("rule", "path", "node", "reason")
    texts: dict[str, str] = {}
    for key, value in entry.items():
        if key not in fields:
            raise UsageError(f"{place}: there is no key {key!r}{nearest(str(key), fields)}")
        if not isinstance(value, str):
            raise UsageError(f"{place}: {key} must be a string")
        texts[key] = value
    if "rule" not in texts:
        raise UsageError(f"{place}: an entry has no rule")
    if not texts.get("reason", "").strip():
        raise UsageError(f"{place}: the entry for {texts['rule']} has no reason")
    rule = _whole_rule(texts["rule"], place).rule
    return Ignore(rule=rule, path=texts.get("path"), node=texts.get("node"), reason=texts["reason"])


def _whole_rule(rule: str, place: str) -> Ignore:
    from agenix_check.rules import RULES

    if rule not in RULES:
        raise UsageError(f"{place}: there is no rule {rule!r}{nearest(rule, list(RULES))}")
    return Ignore(rule=rule, path=None, node=None, reason="switched off")
