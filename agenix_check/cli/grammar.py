"""The command line's grammar, made from the table of options."""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

from agenix_check import __version__
from agenix_check.cli.options import OPTIONS, SNAPSHOT, Option, OptionValue
from agenix_check.cli.verbs import VERBS
from agenix_check.errors import UsageError, nearest
from agenix_check.report.registry import all_formats, format_names

EXIT_CODES = {
    "0": "nothing wrong",
    "1": "findings",
    "2": "wrong usage or configuration",
    "3": "could not check",
    "130": "interrupted",
}

_ALSO_FOR_FLEET = (
    *SNAPSHOT, "node", "secret", "inventory", "evaluate", "nix-timeout", "nix-memory", "settings",
    "no-cache",
)  # fmt: skip

_ALSO_FOR_EXPOSURE = ("rev", "decrypt", "identity", "age", "no-cache")

_ALSO_FOR_HOOK = (
    "inventory", "evaluate", "nix-timeout", "nix-memory", "strict", "require-verified", "fail-on",
    "ignore", "allow-empty", "no-cache", "quiet", "verbose", "color",
)  # fmt: skip


class Answer(Exception):  # noqa: N818 - not an error
    """The text that was asked for: the help, or the version."""


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

    def print_help(self, file: object = None) -> NoReturn:  # noqa: ARG002 - argparse passes it
        raise Answer(self.format_help())


def split_verb(argv: Sequence[str]) -> tuple[str, list[str]]:
    """Return the verb and the other arguments; it may stand after options.

    Raises `UsageError` for an unknown verb.
    """
    place = _place_of_verb(argv)
    if place is None:
        return "check", list(argv)
    verb = argv[place]
    if verb not in VERBS:
        raise UsageError(_no_such_verb(verb))
    return verb, [*argv[:place], *argv[place + 1 :]]


def _place_of_verb(argv: Sequence[str]) -> int | None:
    """Return where the first argument is that is neither an option nor the value of one."""
    with_value = {f"--{option.name}" for option in OPTIONS if option.kind != "flag"}
    with_value |= {f"-{one.text.short}" for one in OPTIONS if one.kind != "flag" and one.text.short}
    is_value = False
    for place, word in enumerate(argv):
        if is_value or (word.startswith("-") and word != "-"):
            is_value = not is_value and word in with_value
            continue
        return place
    return None


def _no_such_verb(word: str) -> str:
    if "/" in word or word.endswith((".age", ".pub")):
        return (
            f"{word!r} is no verb: the whole repository is checked; "
            "`agenix-check inspect FILE` shows what one age file says"
        )
    return f"there is no verb {word!r}{nearest(word, list(VERBS))}"


def parse_check(arguments: Sequence[str]) -> dict[str, OptionValue]:
    """Return the options given to the gate, by name."""
    parser = _parser(
        "agenix-check",
        "agenix-check [check] [options]\n       agenix-check VERB --help",
        "Check, without any private key, that each host of a NixOS fleet\n"
        f"can read exactly its secrets.\n\nverbs:\n{_verbs()}",
        _end_of_help() if {"-h", "--help"} & {*arguments} else None,
    )
    parser.add_argument("-V", "--version", action="store_true", help="print the version and exit")
    _add_options(parser, OPTIONS)
    values = _parse(parser, arguments)
    if values.pop("version"):
        raise Answer(f"agenix-check {__version__}\n")
    return _given(values)


def _verbs() -> str:
    return _list({name: verb.help for name, verb in VERBS.items()})


def _end_of_help() -> str:
    """Return the lists below the options. Every format is imported to say whom it is for."""
    lists = {
        "formats": {one.name: one.audience for one in all_formats()},
        "exit codes": EXIT_CODES,
    }
    return "\n\n".join(f"{title}:\n{_list(entries)}" for title, entries in lists.items())


def _list(entries: Mapping[str, str]) -> str:
    from textwrap import fill

    lines = (f"  {name:<10}{text}" for name, text in entries.items())
    indent = " " * 12
    return "\n".join(
        fill(line, 80, subsequent_indent=indent, break_on_hyphens=False) for line in lines
    )


def parse_fleet(arguments: Sequence[str]) -> dict[str, OptionValue]:
    """Return the options given to `fleet`, by name."""
    parser = _parser(
        "agenix-check fleet", None,
        "Show the nodes, secrets, sources and outputs that were found.",
    )  # fmt: skip
    options = [option for option in OPTIONS if option.name in _ALSO_FOR_FLEET]
    _add_options(parser, options)
    _add_format(parser)
    parser.add_argument(
        "--lock",
        action="store_true",
        default=None,
        help="write agenix-check.lock, for CI without Nix",
    )
    return _given(_parse(parser, arguments))


def parse_access(
    arguments: Sequence[str],
) -> tuple[dict[str, OptionValue], str, tuple[str, ...]]:
    """Return the options given to `access`, by name, the format, and which readers are wanted."""
    parser = _parser(
        "agenix-check access", None,
        "Show who can read what: every key and the secrets that are encrypted to it. With\n"
        "--from-ref: who gains, who loses, and whose key was replaced.",
    )  # fmt: skip
    _add_options(parser, [option for option in OPTIONS if option.name in _ALSO_FOR_FLEET])
    parser.add_argument(
        "--reader", metavar="GLOB", action="append", default=[],
        help="only readers whose name, key, fingerprint or file matches (repeatable)",
    )  # fmt: skip
    from agenix_check.report.access import access_formats

    parser.add_argument("--format", choices=access_formats(), help="how to print it")
    values = _parse(parser, arguments)
    readers = tuple(values.pop("reader"))
    form = str(values.pop("format") or "text")
    return _given(values), form, readers


class AskedExposure(NamedTuple):
    """What `exposure` is asked: of which nodes, keys and secrets, and how to print it."""

    nodes: tuple[str, ...]
    keys: tuple[str, ...]
    secrets: tuple[str, ...]
    form: str


def parse_exposure(arguments: Sequence[str]) -> tuple[dict[str, OptionValue], AskedExposure]:
    """Return the options given to `exposure`, by name, and what it is asked."""
    parser = _parser(
        "agenix-check exposure", None,
        "Show what keys could ever read, from the whole history at hand: by default the keys that\n"
        "can read nothing any more, and what of theirs is still in use, so must be rotated.",
    )  # fmt: skip
    _add_options(parser, [option for option in OPTIONS if option.name in _ALSO_FOR_EXPOSURE])
    for name, metavar, text in (
        ("key", "FILE|TEXT", "only this key: its file, its text or its fingerprint (repeatable)"),
        ("node", "GLOB", "only keys of nodes that match (repeatable)"),
        ("secret", "GLOB", "only secrets that match (repeatable)"),
    ):
        parser.add_argument(f"--{name}", metavar=metavar, action="append", default=[], help=text)
    from agenix_check.report.exposure import exposure_formats

    parser.add_argument("--format", choices=exposure_formats(), help="how to print it")
    values = _parse(parser, arguments)
    nodes, keys, secrets = (tuple(values.pop(name)) for name in ("node", "key", "secret"))
    form = str(values.pop("format") or "text")
    return _given(values), AskedExposure(nodes, keys, secrets, form)


def parse_hook(arguments: Sequence[str]) -> tuple[dict[str, OptionValue], str]:
    """Return the options given to `hook`, by name, and the remote that is pushed to."""
    parser = _parser(
        "agenix-check hook", "agenix-check hook pre-push [options] REMOTE [URL]",
        "Judge every ref that is pushed, against what the remote has of it. Git calls it:\n"
        "standard input has a line for each ref, as githooks(5) says. Problems that the remote\n"
        "has already do not stop a push, unless --fail-on all is given.",
    )  # fmt: skip
    parser.add_argument("stage", metavar="pre-push", choices=("pre-push",), help="the only stage")
    parser.add_argument("remote", metavar="REMOTE", help="the name of the remote, or its URL")
    parser.add_argument("url", metavar="URL", nargs="?", help="where it is; not used")
    _add_options(parser, [option for option in OPTIONS if option.name in _ALSO_FOR_HOOK])
    values = _parse(parser, arguments)
    for name in ("stage", "url"):
        del values[name]
    remote = str(values.pop("remote"))
    return _given(values), remote


def parse_inspect(arguments: Sequence[str]) -> tuple[list[str], str]:
    """Return the files to inspect and the format, `text` or `json`."""
    parser = _parser(
        "agenix-check inspect", None,
        "Show what age files say without a key: who they are for, how long their plaintext is.",
    )  # fmt: skip
    parser.add_argument("file", metavar="FILE", nargs="+", help="an age file; - is standard input")
    _add_format(parser)
    values = _parse(parser, arguments)
    return list(values["file"]), str(values["format"] or "text")


def parse_explain(arguments: Sequence[str]) -> str | None:
    """Return the rule to explain; None stands for a list of all."""
    parser = _parser(
        "agenix-check explain", None, "Explain a rule: what it means, and how to fix it."
    )
    parser.add_argument(
        "rule", metavar="RULE", nargs="?", help="the id of a rule; without it: list all rules"
    )
    rule = _parse(parser, arguments)["rule"]
    return None if rule is None else str(rule)


def parse_driver(arguments: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return what Git asks for, `diff` or `merge`, and the files that it names."""
    parser = _parser(
        "agenix-check driver",
        "agenix-check driver diff FILE\n       agenix-check driver merge BASE OURS THEIRS PATH",
        "Show an age file as text for `git diff`, or merge two. Git calls it, where\n"
        ".gitattributes and its configuration say so; `agenix-check init` writes both.",
    )
    parser.add_argument("task", choices=("diff", "merge"), help="what Git asks for")
    parser.add_argument("files", metavar="FILE", nargs="+", help="as Git names them")
    values = _parse(parser, arguments)
    task, files = str(values["task"]), tuple(map(str, values["files"]))
    if len(files) != {"diff": 1, "merge": 4}[task]:
        raise UsageError(
            f"driver {task}: Git names {'one file' if task == 'diff' else 'four files'}"
        )
    return task, files


def parse_init(arguments: Sequence[str]) -> argparse.Namespace:
    """Return `yes` and `dry_run`."""
    parser = _parser(
        "agenix-check init", None,
        "Look at the repository, and show the files that a hook, CI and settings need. They are\n"
        "written if you agree. Nothing that is there is changed; run again, it changes nothing.",
    )  # fmt: skip
    parser.add_argument("-y", "--yes", action="store_true", help="write the files without asking")
    parser.add_argument("--dry-run", action="store_true", help="only show them")
    values = _parse(parser, arguments)
    return argparse.Namespace(**values)


def parse_config(arguments: Sequence[str]) -> tuple[str | None, str]:
    """Return the setting to show, None for all, and the format, `text` or `json`."""
    parser = _parser(
        "agenix-check config", None, "Show the settings in force here, and who set them."
    )
    parser.add_argument("key", metavar="KEY", nargs="?", help="one setting, at length")
    _add_format(parser)
    values = _parse(parser, arguments)
    return values["key"], str(values["format"] or "text")


def parse_rules(arguments: Sequence[str]) -> None:
    """Accept no arguments."""
    _parse(_parser("agenix-check rules", None, "List all rules: id, severity, title."), arguments)


def parse_version(arguments: Sequence[str]) -> None:
    """Accept no arguments."""
    _parse(_parser("agenix-check version", None, "Print the version."), arguments)


def parse_help(arguments: Sequence[str]) -> str:
    """Return the verb whose help is asked for. Raises `UsageError` for an unknown verb."""
    parser = _parser("agenix-check help", None, "Show the help of a verb, or all options.")
    parser.add_argument(
        "verb", metavar="VERB", nargs="?", default="check", help="check if not given"
    )
    verb = str(_parse(parser, arguments)["verb"])
    if verb not in VERBS:
        raise UsageError(_no_such_verb(verb))
    return verb


def parse_demo(arguments: Sequence[str]) -> str | None:
    """Return the directory for the demo; None stands for a temporary one."""
    parser = _parser(
        "agenix-check demo", None,
        "Build a small fleet with real encryption, break it in many ways, and show what the gate "
        "says of each.",
    )  # fmt: skip
    parser.add_argument("directory", metavar="DIR", nargs="?", help="an empty or new directory")
    directory = _parse(parser, arguments)["directory"]
    return None if directory is None else str(directory)


def parse_schema(arguments: Sequence[str]) -> str:
    """Return which schema to print."""
    parser = _parser(
        "agenix-check schema", None,
        "Print the JSON Schema of the report, of the lock file, or of what a verb prints.",
    )  # fmt: skip
    parser.add_argument(
        "of",
        metavar="{report,lock,access,exposure}",
        nargs="?",
        choices=("report", "lock", "access", "exposure"),
        default="report",
        help="report if not given",
    )
    return str(_parse(parser, arguments)["of"])


def _parser(
    program: str, usage: str | None, description: str, epilog: str | None = None
) -> argparse.ArgumentParser:
    return _ArgumentParser(
        prog=program,
        usage=usage,
        description=description,
        epilog=epilog,
        allow_abbrev=False,
        formatter_class=_Formatter,
    )


def _add_format(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=("text", "json"), help="how to print it")


def _add_options(parser: argparse.ArgumentParser, options: Sequence[Option]) -> None:
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


def _parse(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> dict[str, Any]:
    values, rest = parser.parse_known_args(arguments)
    for word in rest:
        if word.startswith("-"):
            option = word.partition("=")[0]
            if option[2:] in format_names():
                raise UsageError(f"there is no option {option}; type --format {option[2:]}")
            known = [f"--{name.replace('_', '-')}" for name in (*vars(values), "help")]
            raise UsageError(f"there is no option {option}{nearest(option, known)}")
        hint = "; a verb comes first" if word in VERBS else ""
        raise UsageError(f"unexpected argument {word!r}{hint}; see `{parser.prog} --help`")
    return vars(values)


def _given(values: Mapping[str, Any]) -> dict[str, OptionValue]:
    return {
        name.replace("_", "-"): tuple(value) if isinstance(value, list) else value
        for name, value in values.items()
        if value is not None
    }
