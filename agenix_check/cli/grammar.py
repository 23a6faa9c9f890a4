"""The command line's grammar: what each verb accepts.

Verbs that take options of the gate stand in `gate_grammar`.
"""

import argparse
from collections.abc import Sequence

from agenix_check.cli.parsing import add_format, new_parser, parse_arguments
from agenix_check.cli.verbs import VERBS, no_such_verb
from agenix_check.errors import UsageError


def parse_inspect(arguments: Sequence[str]) -> tuple[list[str], str]:
    """Return the files to inspect and the format, `text` or `json`."""
    parser = new_parser(
        "agenix-check inspect", None,
        "Show what age files say without a key: who they are for, how long their plaintext is. Of\n"
        "a file of a repository also what its tree knows: whose it is, and made from what.",
    )  # fmt: skip
    parser.add_argument("file", metavar="FILE", nargs="+", help="an age file; - is standard input")
    add_format(parser)
    values = parse_arguments(parser, arguments)
    return list(values["file"]), str(values["format"] or "text")


def parse_explain(arguments: Sequence[str]) -> str | None:
    """Return the rule to explain; None stands for a list of all."""
    parser = new_parser(
        "agenix-check explain", None, "Explain a rule: what it means, and how to fix it."
    )
    parser.add_argument(
        "rule", metavar="RULE", nargs="?", help="the id of a rule; without it: list all rules"
    )
    rule = parse_arguments(parser, arguments)["rule"]
    return None if rule is None else str(rule)


def parse_driver(arguments: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return what Git asks for, `diff` or `merge`, and the files that it names."""
    parser = new_parser(
        "agenix-check driver",
        "agenix-check driver diff FILE\n       agenix-check driver merge BASE OURS THEIRS PATH",
        "Show an age file as text for `git diff`, or merge two. Git calls it, where\n"
        ".gitattributes and its configuration say so; `agenix-check init` writes both.",
    )
    parser.add_argument("task", choices=("diff", "merge"), help="what Git asks for")
    parser.add_argument("files", metavar="FILE", nargs="+", help="as Git names them")
    values = parse_arguments(parser, arguments)
    task, files = str(values["task"]), tuple(map(str, values["files"]))
    if len(files) != {"diff": 1, "merge": 4}[task]:
        raise UsageError(
            f"driver {task}: Git names {'one file' if task == 'diff' else 'four files'}"
        )
    return task, files


def parse_init(arguments: Sequence[str]) -> argparse.Namespace:
    """Return `yes` and `dry_run`."""
    parser = new_parser(
        "agenix-check init", None,
        "Look at the repository, and show the files that a hook, CI and settings need. They are\n"
        "written if you agree. Nothing that is there is changed; run again, it changes nothing.",
    )  # fmt: skip
    parser.add_argument("-y", "--yes", action="store_true", help="write the files without asking")
    parser.add_argument("--dry-run", action="store_true", help="only show them")
    values = parse_arguments(parser, arguments)
    return argparse.Namespace(**values)


def parse_config(arguments: Sequence[str]) -> tuple[str | None, str]:
    """Return the setting to show, None for all, and the format, `text` or `json`."""
    parser = new_parser(
        "agenix-check config", None, "Show the settings in force here, and who set them."
    )
    parser.add_argument("key", metavar="KEY", nargs="?", help="one setting, at length")
    add_format(parser)
    values = parse_arguments(parser, arguments)
    return values["key"], str(values["format"] or "text")


def parse_completion(arguments: Sequence[str]) -> tuple[str | None, str | None]:
    """Return the shell whose script is asked for, or which names are."""
    parser = new_parser(
        "agenix-check completion", None,
        "Print what completes commands in a shell. For one that is open:\n\n"
        '  bash: eval "$(agenix-check completion bash)"\n'
        '  zsh:  eval "$(agenix-check completion zsh)"\n'
        "  fish: agenix-check completion fish | source\n\n"
        "The wheel and the Nix package bring the scripts to where shells look for them.",
    )  # fmt: skip
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), nargs="?", help="which shell")
    parser.add_argument(
        "--list",
        choices=("nodes", "secrets", "rules", "settings"),
        help="print names instead, one a line, as the scripts ask for them",
    )
    values = parse_arguments(parser, arguments)
    if (values["shell"] is None) == (values["list"] is None):
        raise UsageError("completion: name one shell: bash, zsh or fish")
    return values["shell"], values["list"]


def parse_rules(arguments: Sequence[str]) -> None:
    """Accept no arguments."""
    parse_arguments(
        new_parser("agenix-check rules", None, "List all rules: id, severity, title."), arguments
    )


def parse_version(arguments: Sequence[str]) -> None:
    """Accept no arguments."""
    parse_arguments(new_parser("agenix-check version", None, "Print the version."), arguments)


def parse_help(arguments: Sequence[str]) -> str:
    """Return the verb whose help is asked for. Raises `UsageError` for an unknown verb."""
    parser = new_parser("agenix-check help", None, "Show the help of a verb, or all options.")
    parser.add_argument(
        "verb", metavar="VERB", nargs="?", default="check", help="check if not given"
    )
    verb = str(parse_arguments(parser, arguments)["verb"])
    if verb not in VERBS:
        raise UsageError(no_such_verb(verb))
    return verb


def parse_demo(arguments: Sequence[str]) -> tuple[str | None, bool]:
    """Return the directory for the demo, None for a temporary one, and whether it shows it all."""
    parser = new_parser(
        "agenix-check demo", None,
        "Build a small fleet with real encryption, break it in five ways, and show what the gate "
        "says of each, the fix, and that all is in order again.",
    )  # fmt: skip
    parser.add_argument(
        "directory", metavar="DIR", nargs="?",
        help="an empty or new directory, where the fleet stays, to play with",
    )  # fmt: skip
    parser.add_argument("--all", action="store_true", help="show every way to break it, shorter")
    options = parse_arguments(parser, arguments)
    directory = options["directory"]
    return None if directory is None else str(directory), bool(options["all"])


def parse_schema(arguments: Sequence[str]) -> str:
    """Return which schema to print."""
    parser = new_parser(
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
    return str(parse_arguments(parser, arguments)["of"])
