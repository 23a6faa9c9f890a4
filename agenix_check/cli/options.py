"""The table of options: each has one name, as an option, a setting and a variable."""

from dataclasses import Field, fields
from enum import StrEnum
from typing import Any, Literal, NamedTuple

from agenix_check.model.settings import Ignore, Settings
from agenix_check.report.registry import format_names

Value = bool | str | float | tuple[str, ...]
Kind = Literal["flag", "text", "choice", "number", "list"]


class OptionText(NamedTuple):
    """What a person reads of an option, and where else than in an option it may stand.

    One without a help text is a setting and a variable only.
    """

    help: str
    group: str
    metavar: str | None = None
    short: str | None = None
    in_file: bool = True
    has_variable: bool = True


class Option(NamedTuple):
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
    def variable(self) -> str:
        """The variable that sets it."""
        return "AGENIX_CHECK_" + self.field.upper()


_SNAPSHOT, _WHICH, _FLEET, _REPORT, _KEYS, _FAIL, _RUN = (
    "which snapshot", "which outputs", "where the fleet comes from", "reports", "with private keys",
    "what fails", "running",
)  # fmt: skip
_DEFAULT = Settings()

# A tree that is checked may say what is ignored in it, but not what to write on this machine:
# hence `in_file`. `identity` has no variable here: it is a list of paths with colons, read where
# identities are.
TEXTS: dict[str, OptionText] = {
    "staged": OptionText("check the index, against HEAD (the default)", _SNAPSHOT),
    "rev": OptionText("check this commit, against its first parent", _SNAPSHOT, "REV"),
    "worktree": OptionText("check what `git add --all` would stage", _SNAPSHOT),
    "from-ref": OptionText("compare with the commit at which it left REV", _SNAPSHOT, "REV"),
    "to-ref": OptionText("with --from-ref: the commit to check", _SNAPSHOT, "REV"),
    "node": OptionText("only nodes that match (repeatable)", _WHICH, "GLOB"),
    "secret": OptionText("only secrets that match (repeatable)", _WHICH, "GLOB"),
    "inventory": OptionText(
        "auto: Nix if it is there, else the lock file, else file names", _FLEET
    ),
    "evaluate": OptionText("when a change makes Nix evaluate anew (CI: always)", _FLEET),
    "nix-timeout": OptionText(
        f"the longest that Nix may take ({_DEFAULT.nix_timeout:g})", _FLEET, "SECONDS"
    ),
    "flake": OptionText("", _FLEET),
    "nodes": OptionText("", _FLEET),
    "collect-home-manager": OptionText("", _FLEET),
    "rules": OptionText("", _FLEET),
    "format": OptionText("what goes to standard output (text; on GitHub Actions: github)", _REPORT),
    "output": OptionText(
        "write a report besides (repeatable)", _REPORT, "FORMAT=FILE", in_file=False
    ),
    "junit": OptionText("the same as --output junit=FILE", _REPORT, "FILE", in_file=False),
    "decrypt": OptionText(
        "compare plaintexts too, where the identities allow it", _KEYS, in_file=False
    ),
    "fix": OptionText("mend what can be mended, stage it, and check again", _KEYS, in_file=False),
    "dry-run": OptionText("with --fix: only say what would be done", _KEYS),
    "identity": OptionText(
        "for --fix and --decrypt: a file with an identity (repeatable)",
        _KEYS,
        "FILE",
        short="i",
        in_file=False,
        has_variable=False,
    ),
    "identities": OptionText("", _KEYS),
    "age": OptionText("the age program, for what is not built in", _KEYS, "PROGRAM"),
    "update-masters": OptionText(
        "with --fix: encrypt sources anew to all master recipients", _KEYS, in_file=False
    ),
    "exit-non-zero-on-fix": OptionText("with --fix: fail where something was mended", _KEYS),
    "strict": OptionText("warnings fail the run", _FAIL),
    "require-verified": OptionText("outputs that cannot be verified fail the run", _FAIL),
    "ignore": OptionText("switch a rule off (repeatable)", _FAIL, "RULE"),
    "new-from": OptionText("only what was not wrong at REV", _FAIL, "REV"),
    "allow-empty": OptionText("having nothing to check is no failure", _FAIL),
    "no-cache": OptionText("neither read nor write what earlier runs learned", _RUN),
    "quiet": OptionText("say only what is wrong", _RUN, short="q"),
    "verbose": OptionText("show old findings and notes in full", _RUN, short="v"),
    "color": OptionText("when to use colours", _RUN),
    "no-progress": OptionText("do not say on the terminal how far a mend is", _RUN),
}

# Options that name a snapshot together: who gives one of them means nothing of an earlier source.
SNAPSHOT = ("staged", "rev", "worktree", "from-ref", "to-ref")


_KINDS: dict[object, Kind] = {
    bool: "flag",
    float: "number",
    str: "text",
    str | None: "text",
    tuple[str, ...]: "list",
    tuple[Ignore, ...]: "list",
}


def _option(field: "Field[Any]") -> Option:
    """Return the option of a field; one without a text raises `KeyError`, so at import."""
    name = field.name.replace("_", "-")
    text = TEXTS[name]
    if field.name == "format":
        return Option(name, field.name, "choice", text)
    if isinstance(field.type, type) and issubclass(field.type, StrEnum):
        return Option(name, field.name, "choice", text, field.type)
    return Option(name, field.name, _KINDS[field.type], text)


OPTIONS: tuple[Option, ...] = tuple(map(_option, fields(Settings)))
