"""The table of options: each has one name, as an option, a setting and a variable, and a type."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Literal

from agenix_check.errors import UsageError
from agenix_check.model.frozen import field_names, frozen
from agenix_check.model.settings import Ignore, Settings
from agenix_check.report.registry import format_names

OptionValue = bool | str | int | float | tuple[str, ...]
Kind = Literal["flag", "text", "choice", "number", "count", "list"]


_TYPE_WORDS = {
    "flag": "true or false",
    "number": "a number",
    "count": "a whole number",
    "list": "a list of strings",
}


@frozen(kw_only=False)
class OptionText:
    """The help of an option, and where it may be set besides the command line.

    An option without a help text is a setting and a variable only; `decides` says what it does.
    """

    help: str
    group: str
    metavar: str | None = None
    short: str | None = None
    in_file: bool = True
    has_variable: bool = True
    decides: str = ""


@frozen(kw_only=False)
class Option:
    """One option; `field` is its field in `Settings`, whose type gives its `kind`.

    `enum` is what a choice is a member of.
    """

    name: str
    field: str
    kind: Kind
    text: OptionText
    enum: type[StrEnum] | None = None

    @property
    def values(self) -> tuple[str, ...]:
        """The only values allowed, where there are any."""
        if self.kind != "choice":
            return ()
        return format_names() if self.enum is None else tuple(self.enum)

    @property
    def type_words(self) -> str:
        """What a value is: the only ones, or their type in words."""
        return ", ".join(self.values) or _TYPE_WORDS.get(self.kind, "a string")

    @property
    def variable(self) -> str:
        """The variable that sets it."""
        return "AGENIX_CHECK_" + self.field.upper()


_SNAPSHOT, _WHICH, _FLEET, _REPORT, _KEYS, _FAIL, _RUN = (
    "which snapshot", "which outputs", "where the fleet comes from", "reports", "with private keys",
    "what fails", "running",
)  # fmt: skip
_DEFAULT = Settings()

# `in_file`: the tree that is checked may decide what is ignored in it, but not which tree that is,
# what of it is looked at, what is shown, or what is written on this machine. `identity` has no
# variable here: AGENIX_CHECK_IDENTITY is a list of paths separated by colons, which `keys/` reads.
OPTION_TEXTS: dict[str, OptionText] = {
    "staged": OptionText("check the index against HEAD (the default)", _SNAPSHOT, in_file=False),
    "rev": OptionText(
        "check this commit against its first parent", _SNAPSHOT, "REV", in_file=False
    ),
    "worktree": OptionText("check what `git add --all` would stage", _SNAPSHOT, in_file=False),
    "from-ref": OptionText("compare with the merge base of REV", _SNAPSHOT, "REV", in_file=False),
    "to-ref": OptionText("with --from-ref: the commit to check", _SNAPSHOT, "REV", in_file=False),
    "node": OptionText("only nodes that match (repeatable)", _WHICH, "GLOB", in_file=False),
    "secret": OptionText("only secrets that match (repeatable)", _WHICH, "GLOB", in_file=False),
    "inventory": OptionText("auto: Nix if available, else the lock file, else file names", _FLEET),
    "evaluate": OptionText("when to evaluate with Nix again (CI: always)", _FLEET),
    "nix-timeout": OptionText(
        f"how long Nix may take for a node at most ({_DEFAULT.nix_timeout:g})", _FLEET, "SECONDS"
    ),
    "nix-memory": OptionText(
        "how much memory each of its processes may take (a quarter of the machine's, at most 4G)",
        _FLEET,
        "SIZE",
    ),
    "nix-jobs": OptionText(
        "how many processes may evaluate at a time (one a core, if the memory suffices)",
        _FLEET,
        "N",
    ),
    "settings": OptionText(
        "whose settings file decides (a range: that of --from-ref)",
        _FLEET,
        "REV|FILE",
        in_file=False,
    ),
    "flake": OptionText("", _FLEET, decides="the directory of the flake, if it is not the root"),
    "nodes": OptionText(
        "",
        _FLEET,
        decides="attribute paths of the flake to look for nodes at, in place of the standard ones",
    ),
    "collect-home-manager": OptionText(
        "", _FLEET, decides="whether users of home-manager on a host are nodes too"
    ),
    "rules": OptionText(
        "",
        _FLEET,
        decides="more rules files of plain agenix, besides those that are called secrets.nix",
    ),
    "format": OptionText("format of standard output (text; on GitHub Actions: github)", _REPORT),
    "output": OptionText(
        "also write a report to a file (repeatable)", _REPORT, "FORMAT=FILE", in_file=False
    ),
    "junit": OptionText("the same as --output junit=FILE", _REPORT, "FILE", in_file=False),
    "decrypt": OptionText(
        "also compare plaintexts, where the identities allow it", _KEYS, in_file=False
    ),
    "fix": OptionText("fix what can be fixed, stage it, and check again", _KEYS, in_file=False),
    "dry-run": OptionText("with --fix: only show what would be done", _KEYS),
    "identity": OptionText(
        "for --fix and --decrypt: an identity file (repeatable)",
        _KEYS,
        "FILE",
        short="i",
        in_file=False,
        has_variable=False,
    ),
    "identities": OptionText(
        "", _KEYS, decides="identity files that --fix and --decrypt take where -i names none"
    ),
    "age": OptionText("the age program, for keys that are not built in", _KEYS, "PROGRAM"),
    "update-masters": OptionText(
        "with --fix: re-encrypt sources to all master recipients", _KEYS, in_file=False
    ),
    "grant": OptionText(
        "with --fix: this node or key may have its secrets; all: every new one (repeatable)",
        _KEYS,
        "NODE|KEY",
        in_file=False,
    ),
    "exit-non-zero-on-fix": OptionText("with --fix: fail if something was fixed", _KEYS),
    "strict": OptionText("warnings fail the run", _FAIL),
    "require-verified": OptionText("outputs that cannot be verified fail the run", _FAIL),
    "fail-on": OptionText("new: old findings do not fail a commit, or a range with a base", _FAIL),
    "ignore": OptionText("switch a rule off (repeatable)", _FAIL, "RULE"),
    "new-from": OptionText(
        "report only problems that are new since REV", _FAIL, "REV", in_file=False
    ),
    "allow-empty": OptionText("do not fail when there is nothing to check", _FAIL, in_file=False),
    "exposed": OptionText("warn of secrets in use that former readers could read", _FAIL),
    "no-cache": OptionText("ignore what earlier runs remembered, remember nothing", _RUN),
    "quiet": OptionText("show only what is wrong", _RUN, short="q", in_file=False),
    "verbose": OptionText("show old findings and notes in full", _RUN, short="v"),
    "color": OptionText("when to use colours", _RUN),
    "no-progress": OptionText("hide progress", _RUN),
}

# Options that name a snapshot together: giving one of them discards the others from a source of
# lower priority.
SNAPSHOT = ("staged", "rev", "worktree", "from-ref", "to-ref")


_KINDS_BY_TYPE: dict[object, Kind] = {
    bool: "flag",
    float: "number",
    int | None: "count",
    str: "text",
    str | None: "text",
    tuple[str, ...]: "list",
    tuple[Ignore, ...]: "list",
}


def _option(field: str, type_: object) -> Option:
    """Return the option of a field. A field without a text raises `KeyError`, at import."""
    name = field.replace("_", "-")
    text = OPTION_TEXTS[name]
    if field == "format":
        return Option(name, field, "choice", text)
    if isinstance(type_, type) and issubclass(type_, StrEnum):
        return Option(name, field, "choice", text, type_)
    return Option(name, field, _KINDS_BY_TYPE[type_], text)


OPTIONS: tuple[Option, ...] = tuple(
    _option(field, Settings.__annotations__[field]) for field in field_names(Settings)
)
BY_NAME = {option.name: option for option in OPTIONS}


def plain_options(arguments: Sequence[str]) -> dict[str, OptionValue] | None:
    """Return what is given where there are only flags and choices of the gate, as nearly always.

    None means that a parser has to look: to load one and to fill it takes a hook some time.
    """
    given: dict[str, OptionValue] = {}
    words = iter(arguments)
    for word in words:
        option = BY_NAME.get(word[2:]) if word.startswith("--") else None
        if option is None or not option.text.help:
            return None
        if option.kind == "flag":
            given[option.name] = True
        elif option.kind == "choice" and (value := next(words, "")) in option.values:
            given[option.name] = value
        else:
            return None
    return given


def check_value(option: Option, value: object, place: str) -> OptionValue:
    """Return the value of an option; `UsageError` where it is of another type."""
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
    if option.kind == "count":
        return _whole_number(value, place)
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


def _whole_number(value: object, place: str) -> int:
    number = _number(value, place)
    if not number.is_integer():
        raise UsageError(f"{place} must be a whole number")
    return int(number)


def _chosen(option: Option, value: str, place: str) -> str:
    if value not in option.values:
        names = ", ".join(option.values)
        raise UsageError(f"{place} must be one of {names}, not {value!r}")
    return value if option.enum is None else option.enum(value)
