"""`agenix-check config`: each setting with the value that is in force here, and who set it."""

import json
import os
from collections.abc import Sequence
from typing import NamedTuple

from agenix_check.cli.check import say_whose_settings
from agenix_check.cli.configuration import ask
from agenix_check.cli.grammar import parse_config
from agenix_check.cli.opening import CheckRun, open_run
from agenix_check.cli.options import OPTIONS, Option
from agenix_check.cli.terminal import print_out
from agenix_check.errors import UsageError, nearest
from agenix_check.model.settings import Settings
from agenix_check.report.escape import inert_json, visible

_UNSET = Settings()
# What a variable sets that is not named like the option.
_BY_CI = {"evaluate": "CI", "format": "GITHUB_ACTIONS"}


class SettingInForce(NamedTuple):
    """A setting: its value as a settings file writes it, and whose that is."""

    option: Option
    value: str
    default: str
    origin: str


def run_config(arguments: Sequence[str]) -> int:
    """Print all settings, or one at length."""
    key, form = parse_config(arguments)
    with open_run(ask({})) as run:
        say_whose_settings(run)
    known = [one for one in OPTIONS if one.text.in_file or one.text.has_variable]
    if key is not None:
        found = [one for one in known if one.name == key]
        if not found:
            hint = nearest(key, [one.name for one in known])
            raise UsageError(f"there is no setting {visible(key)!r}{hint}")
        known = found
    settings = [_setting(option, run) for option in known]
    if form == "json":
        print_out(inert_json(json.dumps([_document(one) for one in settings], indent=2) + "\n"))
    elif key is None:
        print_out(_table(settings))
    else:
        print_out(_at_length(settings[0]))
    return 0


def _setting(option: Option, run: CheckRun) -> SettingInForce:
    value, default = (getattr(one, option.field) for one in (run.settings, _UNSET))
    return SettingInForce(option, write_value(value), write_value(default), _origin(option, run))


def _origin(option: Option, run: CheckRun) -> str:
    in_file = option.name in run.file.values or (option.name == "ignore" and run.file.ignore)
    set_by = [run.file.place] if in_file else []
    variable = option.variable if option.text.has_variable else ""
    if os.environ.get(variable):
        # Rules that are switched off are those of all places together.
        set_by = [*set_by, variable] if option.name == "ignore" else [variable]
    if not set_by and getattr(run.settings, option.field) != getattr(_UNSET, option.field):
        set_by = [_BY_CI.get(option.name, "the hook that runs it")]
    return " and ".join(set_by) or "default"


def write_value(value: object) -> str:
    """Return a value as TOML writes it; nothing for one that is not set."""
    if value is None or value == ():
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(_item, value))}]"
    return f"{value:g}" if isinstance(value, int | float) else json.dumps(str(value))


def _item(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(value)
    fields = ("rule", "path", "node", "reason")
    given = ((name, getattr(value, name, None)) for name in fields)
    return f"{{ {', '.join(f'{name} = {json.dumps(text)}' for name, text in given if text)} }}"


def _table(settings: Sequence[SettingInForce]) -> str:
    width = max(len(one.option.name) for one in settings)
    return "".join(
        f"{one.option.name:<{width}}  {visible(one.value) or '-'}"
        + ("" if one.origin == "default" else f"  # {visible(one.origin)}")
        + "\n"
        for one in settings
    )


def _at_length(one: SettingInForce) -> str:
    option = one.option
    lines = [f"{option.name} = {visible(one.value) or '(not set)'}"]
    lines.append(f"  {option.text.help or option.text.decides}")
    lines.append(f"  type: {option.type_words}")
    lines.append(f"  default: {one.default or '(not set)'}")
    lines.append(f"  set by: {visible(one.origin)}")
    places = ["agenix-check.toml"] if option.text.in_file else []
    places += [option.variable] if option.text.has_variable else []
    places += [f"--{option.name}"] if option.text.help else []
    lines.append(f"  can be set in: {', '.join(places)}")
    return "".join(f"{line}\n" for line in lines)


def _document(one: SettingInForce) -> dict[str, object]:
    return {
        "name": one.option.name,
        "value": one.value or None,
        "default": one.default or None,
        "origin": one.origin,
    }
