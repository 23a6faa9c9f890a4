"""The settings file: what it may set, and what one says that cannot be used."""

import re
from collections.abc import Iterator, Mapping

from agenix_check.cli.options import BY_NAME, Option, OptionValue, check_value
from agenix_check.errors import UsageError, nearest
from agenix_check.model.frozen import frozen
from agenix_check.model.settings import EVERY_RULE, Ignore

FILE = "agenix-check.toml"
PYPROJECT = "pyproject.toml"
FILES = (FILE, PYPROJECT)  # the first that has settings counts
_LARGEST_SETTINGS = 1 << 20  # bytes
# A file may name no other program: it runs with a file of the tree as input, which many programs
# would take for a script.
_MOST_STEPS = 100  # names in a key, which costs the square of their number
_LONG_KEY = rf"""(?<![\w.-])(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){{{_MOST_STEPS}}}"""
_AGE_PROGRAMS = ("age", "rage")


@frozen(kw_only=False)
class FileSettings:
    """What a settings file says.

    `name` is the file's; `place` names it, and the table, in a message. `left_out` says in
    sentences what was not taken from it.
    """

    name: str = FILE
    place: str = FILE
    values: Mapping[str, OptionValue] = {}
    ignore: tuple[Ignore, ...] = ()
    left_out: tuple[str, ...] = ()


def parse_file(
    name: str, data: bytes, place: str | None = None, *, lenient: bool = False
) -> FileSettings | None:
    """Read a settings file; None for a `pyproject.toml` without settings.

    `place` names it in messages. `lenient` is for the file that a change is judged by: what can
    be set in no file, or is not known, is left out of it, so that the change can put it right.
    Raises `UsageError`, which names the key.
    """
    place = place or name
    if len(data) > _LARGEST_SETTINGS:
        raise UsageError(f"{place} is larger than {_LARGEST_SETTINGS >> 20} MiB")
    if name == PYPROJECT and b"agenix-check" not in data:
        return None
    table = _table(name, data, place)
    if table is None:
        return None
    if name == PYPROJECT:
        place = f"{place}: tool.agenix-check"
    values: dict[str, OptionValue] = {}
    ignore: list[Ignore] = []
    left_out: list[str] = []

    for key, value in _entries(table):
        try:
            if key == "ignore":
                ignore.append(_ignore_entry(value, f"{place}: ignore"))
                continue
            option = _option(key, place)
        except UsageError as error:
            if not lenient:
                raise
            left_out.append(f"{error}; it is left out")
            continue
        values[key] = _value(option, value, place)
    return FileSettings(name, place, values, tuple(ignore), tuple(left_out))


def _table(name: str, data: bytes, place: str) -> Mapping[str, object] | None:
    import tomllib  # most repositories have no settings

    try:
        text = data.decode("utf-8")
        if (long := re.search(_LONG_KEY, text)) is not None:
            line = text.count("\n", 0, long.start()) + 1
            raise UsageError(f"{place}: a key has more than {_MOST_STEPS} names (line {line})")
        document: dict[str, object] = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{place}: {error}") from error
    except ValueError as error:  # Python reads no integer of thousands of digits
        raise UsageError(f"{place} has a number that is too long") from error
    except RecursionError:
        raise UsageError(f"{place} is nested too deeply") from None
    if name != PYPROJECT:
        return document
    tool = document.get("tool")
    table = tool.get("agenix-check") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise UsageError(f"{place}: tool.agenix-check must be a table")
    return table


def _entries(table: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Yield the keys with their values, each entry of `ignore` by itself."""
    for key, value in table.items():
        if key == "ignore" and isinstance(value, list):
            yield from ((key, entry) for entry in value)
        else:
            yield key, value


def _option(key: str, place: str) -> Option:
    option = BY_NAME.get(key)
    if option is None:
        raise UsageError(f"{place}: there is no setting {key!r}{nearest(key, list(BY_NAME))}")
    if not option.text.in_file:
        raise UsageError(f"{place}: {key} cannot be set in a file; use --{key}")
    return option


def _value(option: Option, value: object, place: str) -> OptionValue:
    checked = check_value(option, value, f"{place}: {option.name}")
    if option.name == "age" and checked not in _AGE_PROGRAMS:
        raise UsageError(f"{place}: age must be age or rage, a program on PATH")
    return checked


def _ignore_entry(entry: object, place: str) -> Ignore:
    if isinstance(entry, str):
        return ignore_everywhere(entry, place)
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
    rule = texts["rule"]
    if rule != EVERY_RULE:
        rule = ignore_everywhere(rule, place).rule
    elif "path" not in texts or "node" in texts:
        raise UsageError(f'{place}: rule = "*" leaves out the rules file of a path: give its path')
    return Ignore(rule=rule, path=texts.get("path"), node=texts.get("node"), reason=texts["reason"])


def ignore_everywhere(rule: str, place: str) -> Ignore:
    """Return the entry that switches a whole rule off; `UsageError` where there is none."""
    from agenix_check.rules import RULES

    if rule not in RULES:
        raise UsageError(f"{place}: there is no rule {rule!r}{nearest(rule, list(RULES))}")
    return Ignore(rule=rule, path=None, node=None, reason="switched off")
