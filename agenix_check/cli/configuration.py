"""What the user asked for: options, `AGENIX_CHECK_…` variables and the settings file, merged.

A later source wins: settings file, variable, command line. Whose file that is, `opening` decides.
"""

import os
from collections.abc import Mapping
from typing import Any

from agenix_check.cli.options import (
    BY_NAME,
    OPTIONS,
    SNAPSHOT,
    Option,
    OptionValue,
    check_value,
)
from agenix_check.cli.settings_file import FileSettings, ignore_everywhere
from agenix_check.errors import UsageError, nearest
from agenix_check.model.frozen import frozen, replace
from agenix_check.model.settings import EvaluateWhen, Settings

# What pre-commit sets where a hook runs for a range of commits (pre-push).
_HOOK = ("PRE_COMMIT_FROM_REF", "PRE_COMMIT_TO_REF")
_VARIABLE_PREFIX = "AGENIX_CHECK_"
# A list of paths, which `keys/` reads.
_ALSO_KNOWN = ("AGENIX_CHECK_IDENTITY",)


@frozen(kw_only=False)
class Asked:
    """What the command line and the variables say, and the settings of a run without a file."""

    given: Mapping[str, OptionValue]
    environment: Mapping[str, str]
    settings: Settings


def ask(given: Mapping[str, OptionValue]) -> Asked:
    """Return what is asked for by options and variables. Raises `UsageError`."""
    environment = _environment_of_run()
    settings = load_settings(None, environment, given)
    return Asked(given, environment, with_hook(settings, environment))


def merge_for(file: FileSettings, asked: Asked) -> Settings:
    """Return the settings of a run whose settings file is this one."""
    settings = load_settings(file, asked.environment, asked.given)
    return with_hook(settings, asked.environment)


def _environment_of_run() -> dict[str, str]:
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
    file: FileSettings | None, environment: Mapping[str, str], given: Mapping[str, OptionValue]
) -> Settings:
    """Merge what a settings file says, the variables and the options that were given.

    Raises `UsageError`, which names the variable or the option.
    """
    file = file or FileSettings()
    values = dict(file.values)
    ignore = list(file.ignore)
    from_variables = _from_variables(environment)
    if environment.get("CI"):
        values.setdefault("evaluate", EvaluateWhen.ALWAYS)
    if environment.get("GITHUB_ACTIONS") == "true":
        values.setdefault("format", "github")
    checked = {key: check_value(BY_NAME[key], value, f"--{key}") for key, value in given.items()}
    for later, where in ((from_variables, "AGENIX_CHECK_IGNORE"), (checked, "--ignore")):
        rules = later.pop("ignore", ())
        if isinstance(rules, tuple):
            ignore += [ignore_everywhere(rule, where) for rule in rules]
        if any(name in later for name in SNAPSHOT):
            values = {name: value for name, value in values.items() if name not in SNAPSHOT}
        values |= later
    if "to-ref" in values and "from-ref" not in values:
        raise UsageError("--to-ref needs --from-ref; --rev checks a commit against its parent")
    typed: dict[str, Any] = {BY_NAME[name].field: value for name, value in values.items()}
    return Settings(ignore=tuple(ignore), **typed)


def _from_variables(environment: Mapping[str, str]) -> dict[str, OptionValue]:
    """Return what the variables set. Raises `UsageError` for one that sets nothing."""
    known = {option.variable: option for option in OPTIONS if option.text.has_variable}
    values: dict[str, OptionValue] = {}
    for variable, text in environment.items():
        if not variable.startswith(_VARIABLE_PREFIX) or not text or variable in _ALSO_KNOWN:
            continue
        if variable not in known:
            raise UsageError(
                f"there is no variable {variable}{nearest(variable, (*known, *_ALSO_KNOWN))}"
            )
        option = known[variable]
        values[option.name] = _from_variable(option, text)
    return values


def _from_variable(option: Option, text: str) -> OptionValue:
    if option.kind == "flag":
        if text.lower() not in ("1", "true", "yes", "0", "false", "no"):
            raise UsageError(f"{option.variable} must be 1 or 0, not {text!r}")
        return text.lower() in ("1", "true", "yes")
    if option.kind == "list":
        return tuple(text.split(","))
    return check_value(option, text, option.variable)
