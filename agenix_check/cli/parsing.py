"""What every parser of the command line is made of: options from their table, one-line errors."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

from agenix_check.cli.options import Option, OptionValue
from agenix_check.cli.verbs import VERBS
from agenix_check.errors import UsageError, nearest


class Accepted(NamedTuple):
    """One option or argument of a verb, as its help says: `names` are empty for an argument.

    `values` are the only ones, where there are any; `takes` is what stands for a value, None for a
    flag.
    """

    names: tuple[str, ...]
    takes: str | None
    values: tuple[str, ...]
    help: str
    group: str


class Answer(Exception):  # noqa: N818 - not an error
    """The text that was asked for: the help, or the version; of a help also what it describes."""

    def __init__(self, text: str, description: str = "", accepted: tuple[Accepted, ...] = ()):
        super().__init__(text)
        self.description, self.accepted = description, accepted


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """The same help on every Python: up to 3.12 a short option repeats its argument."""

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings or action.nargs == 0:
            return super()._format_action_invocation(action)
        argument = self._format_args(action, action.dest.upper())
        return f"{', '.join(action.option_strings)} {argument}"


class _ArgumentParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see `{self.prog} --help`")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Say what is allowed in the same words on every Python."""
        allowed = tuple(map(str, action.choices or ()))
        if allowed and value not in allowed:
            message = f"{value!r} is none of {', '.join(allowed)}{nearest(str(value), allowed)}"
            raise argparse.ArgumentError(action, message)

    def print_help(self, file: object = None) -> NoReturn:  # noqa: ARG002 - argparse passes it
        raise Answer(self.format_help(), self.description or "", tuple(self.accepted()))

    def accepted(self) -> Iterator[Accepted]:
        """Give every option and argument, in the order of the help."""
        for group in self._action_groups:
            for action in group._group_actions:  # noqa: SLF001 - argparse has no other way
                metavar = action.metavar if isinstance(action.metavar, str) else None
                takes = metavar or ("" if action.choices else action.dest.upper())
                yield Accepted(
                    names=tuple(action.option_strings),
                    takes=None if action.nargs == 0 else takes,
                    values=tuple(map(str, action.choices or ())),
                    help=action.help or "",
                    group=group.title or "",
                )


def new_parser(
    program: str, usage: str | None, description: str, epilog: str | None = None
) -> argparse.ArgumentParser:
    """Return a parser that raises: `UsageError` for wrong usage, `Answer` for `--help`."""
    return _ArgumentParser(
        prog=program,
        usage=usage,
        description=description,
        epilog=epilog,
        allow_abbrev=False,
        formatter_class=_Formatter,
    )


def add_format(parser: argparse.ArgumentParser) -> None:
    """Add `--format` of a verb that prints text or JSON."""
    parser.add_argument("--format", choices=("text", "json"), help="how to print it")


def add_options(parser: argparse.ArgumentParser, options: Sequence[Option]) -> None:
    """Add options of the table, in their groups; those without a help text are left out."""
    groups: dict[str, argparse._ArgumentGroup] = {}
    for option in options:
        text = option.text
        if not text.help:
            continue
        if text.group not in groups:
            groups[text.group] = parser.add_argument_group(text.group)
        names = [f"-{text.short}"] if text.short else []
        names.append(f"--{option.name}")
        group = groups[text.group]
        if option.kind == "flag":
            group.add_argument(*names, action="store_true", default=None, help=text.help)
        elif option.values:
            group.add_argument(*names, choices=option.values, help=text.help)
        else:
            action = "append" if option.kind == "list" else "store"
            group.add_argument(*names, action=action, metavar=text.metavar, help=text.help)


def parse_arguments(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> dict[str, Any]:
    """Return the values by name. Raises `UsageError`, which suggests what could be meant."""
    values, rest = parser.parse_known_args(arguments)
    for word in rest:
        if word.startswith("-"):
            option = word.partition("=")[0]
            if option[2:] in _formats(parser):
                raise UsageError(f"there is no option {option}; type --format {option[2:]}")
            known = [f"--{name.replace('_', '-')}" for name in (*vars(values), "help")]
            raise UsageError(f"there is no option {option}{nearest(option, known)}")
        hint = "; a verb comes first" if word in VERBS else hint_at_file(word)
        raise UsageError(f"unexpected argument {word!r}{hint}; see `{parser.prog} --help`")
    return vars(values)


def _formats(parser: argparse.ArgumentParser) -> tuple[str, ...]:
    """Return the formats that a verb has."""
    accepted = parser.accepted() if isinstance(parser, _ArgumentParser) else ()
    return next((one.values for one in accepted if "--format" in one.names), ())


def hint_at_file(word: str) -> str:
    """Return what to type for a file, where a word looks like one; else nothing."""
    if not ("/" in word or word.endswith((".age", ".pub"))):
        return ""
    from agenix_check.audit.commands import shell

    return f"; `agenix-check inspect {shell(word)}` shows a file"


def given_options(values: Mapping[str, Any]) -> dict[str, OptionValue]:
    """Return the options that were given, by their names in the table."""
    return {
        name.replace("_", "-"): tuple(value) if isinstance(value, list) else value
        for name, value in values.items()
        if value is not None
    }
