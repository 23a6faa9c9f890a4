"""The grammar of the verbs that take options of the gate: which of them, and what else."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from agenix_check import __version__
from agenix_check.cli.options import OPTIONS, SNAPSHOT, OptionValue
from agenix_check.cli.parsing import (
    Answer,
    add_format,
    add_options,
    given_options,
    new_parser,
    parse_arguments,
)
from agenix_check.cli.verbs import VERBS
from agenix_check.report.registry import all_formats

EXIT_CODES = {
    "0": "nothing wrong",
    "1": "findings",
    "2": "wrong usage or configuration",
    "3": "could not check",
    "130": "interrupted",
}

_ALSO_FOR_FLEET = (
    *SNAPSHOT, "node", "secret", "inventory", "evaluate", "nix-timeout", "nix-memory", "nix-jobs",
    "settings", "no-cache",
)  # fmt: skip

_ALSO_FOR_EXPOSURE = ("rev", "decrypt", "identity", "age", "no-cache")

_ALSO_FOR_HOOK = (
    "inventory", "evaluate", "nix-timeout", "nix-memory", "nix-jobs", "strict", "require-verified",
    "fail-on", "ignore", "allow-empty", "no-cache", "quiet", "verbose", "color",
)  # fmt: skip


def parse_check(arguments: Sequence[str]) -> dict[str, OptionValue]:
    """Return the options given to the gate, by name."""
    helps = not {"-h", "--help"}.isdisjoint(arguments)
    parser = new_parser(
        "agenix-check",
        "agenix-check [check] [options]\n       agenix-check VERB --help",
        "Check, without any private key, that each host of a NixOS fleet\n"
        f"can read exactly its secrets.\n\nverbs:\n{_verbs() if helps else ''}",
        _end_of_help() if helps else None,
    )
    parser.add_argument("-V", "--version", action="store_true", help="print the version and exit")
    add_options(parser, OPTIONS)
    values = parse_arguments(parser, arguments)
    if values.pop("version"):
        raise Answer(f"agenix-check {__version__}\n")
    return given_options(values)


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

    lines = (f"  {name:<11}{text}" for name, text in entries.items())
    indent = " " * 13
    return "\n".join(
        fill(line, 80, subsequent_indent=indent, break_on_hyphens=False) for line in lines
    )


def parse_fleet(arguments: Sequence[str]) -> tuple[dict[str, OptionValue], tuple[str, ...]]:
    """Return the options given to `fleet`, by name, and the nodes to look at closely."""
    parser = new_parser(
        "agenix-check fleet", None,
        "Show the nodes, secrets, sources and outputs that were found; of NODE, or of what\n"
        "--secret names, all that is known: made from what, for which key, what is wrong.",
    )  # fmt: skip
    parser.add_argument("nodes", metavar="NODE", nargs="*", help="look closer; the same as --node")
    options = [option for option in OPTIONS if option.name in _ALSO_FOR_FLEET]
    add_options(parser, options)
    add_format(parser)
    parser.add_argument(
        "--lock",
        action="store_true",
        default=None,
        help="write agenix-check.lock, for CI without Nix",
    )
    values = parse_arguments(parser, arguments)
    nodes = tuple(values.pop("nodes"))
    return given_options(values), nodes


def parse_access(
    arguments: Sequence[str],
) -> tuple[dict[str, OptionValue], str, tuple[str, ...]]:
    """Return the options given to `access`, by name, the format, and which readers are wanted."""
    parser = new_parser(
        "agenix-check access", None,
        "Show who can read what: every key and the secrets that are encrypted to it. With\n"
        "--from-ref: who gains, who loses, and whose key was replaced.",
    )  # fmt: skip
    add_options(parser, [option for option in OPTIONS if option.name in _ALSO_FOR_FLEET])
    parser.add_argument(
        "--reader", metavar="GLOB", action="append", default=[],
        help="only readers whose name, key, fingerprint or file matches (repeatable)",
    )  # fmt: skip
    from agenix_check.report.access import access_formats

    parser.add_argument("--format", choices=access_formats(), help="how to print it")
    values = parse_arguments(parser, arguments)
    readers = tuple(values.pop("reader"))
    form = str(values.pop("format") or "text")
    return given_options(values), form, readers


class AskedExposure(NamedTuple):
    """What `exposure` is asked: of which nodes, keys and secrets, and how to print it."""

    nodes: tuple[str, ...]
    keys: tuple[str, ...]
    secrets: tuple[str, ...]
    form: str


def parse_exposure(arguments: Sequence[str]) -> tuple[dict[str, OptionValue], AskedExposure]:
    """Return the options given to `exposure`, by name, and what it is asked."""
    parser = new_parser(
        "agenix-check exposure", None,
        "Show what keys could ever read, from the whole history at hand: by default the keys that\n"
        "can read nothing any more, and what of theirs is still in use, so must be rotated.",
    )  # fmt: skip
    add_options(parser, [option for option in OPTIONS if option.name in _ALSO_FOR_EXPOSURE])
    for name, metavar, text in (
        ("key", "FILE|TEXT", "only this key: its file, text, fingerprint or name (repeatable)"),
        ("node", "GLOB", "only keys of nodes that match (repeatable)"),
        ("secret", "GLOB", "only secrets that match (repeatable)"),
    ):
        parser.add_argument(f"--{name}", metavar=metavar, action="append", default=[], help=text)
    from agenix_check.report.exposure import exposure_formats

    parser.add_argument("--format", choices=exposure_formats(), help="how to print it")
    values = parse_arguments(parser, arguments)
    nodes, keys, secrets = (tuple(values.pop(name)) for name in ("node", "key", "secret"))
    form = str(values.pop("format") or "text")
    return given_options(values), AskedExposure(nodes, keys, secrets, form)


def parse_hook(arguments: Sequence[str]) -> tuple[dict[str, OptionValue], str]:
    """Return the options given to `hook`, by name, and the remote that is pushed to."""
    parser = new_parser(
        "agenix-check hook", "agenix-check hook pre-push [options] REMOTE [URL]",
        "Judge every ref that is pushed, against what the remote has of it. Git calls it:\n"
        "standard input has a line for each ref, as githooks(5) says. Problems that the remote\n"
        "has already do not stop a push, unless --fail-on all is given.",
    )  # fmt: skip
    parser.add_argument("stage", metavar="pre-push", choices=("pre-push",), help="the only stage")
    parser.add_argument("remote", metavar="REMOTE", help="the name of the remote, or its URL")
    parser.add_argument("url", metavar="URL", nargs="?", help="where it is; not used")
    add_options(parser, [option for option in OPTIONS if option.name in _ALSO_FOR_HOOK])
    values = parse_arguments(parser, arguments)
    for name in ("stage", "url"):
        del values[name]
    remote = str(values.pop("remote"))
    return given_options(values), remote
