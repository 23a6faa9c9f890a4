"""Every verb: a function from arguments to an exit code. `check` has a file of its own."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from agenix_check.cli.terminal import print_out, text_width

# Each imports what it needs: no verb pays for another.


def _check(arguments: Sequence[str]) -> int:
    from agenix_check.cli.check import run_check

    return run_check(arguments)


def _fleet(arguments: Sequence[str]) -> int:
    from agenix_check.cli.show_fleet import run_fleet

    return run_fleet(arguments)


def _access(arguments: Sequence[str]) -> int:
    from agenix_check.cli.show_access import run_access

    return run_access(arguments)


def _exposure(arguments: Sequence[str]) -> int:
    from agenix_check.cli.show_exposure import run_exposure

    return run_exposure(arguments)


def _inspect(arguments: Sequence[str]) -> int:
    from agenix_check.cli.show_file import run_inspect

    return run_inspect(arguments)


def _explain(arguments: Sequence[str]) -> int:
    from agenix_check.cli.grammar import parse_explain
    from agenix_check.report.explain import explain, list_rules

    rule = parse_explain(arguments)
    print_out(list_rules() if rule is None else explain(rule, text_width()))
    return 0


def _init(arguments: Sequence[str]) -> int:
    from agenix_check.cli.set_up import run_init

    return run_init(arguments)


def _config(arguments: Sequence[str]) -> int:
    from agenix_check.cli.show_config import run_config

    return run_config(arguments)


def _driver(arguments: Sequence[str]) -> int:
    from agenix_check.cli.driver import run_driver
    from agenix_check.cli.grammar import parse_driver

    return run_driver(*parse_driver(arguments))


def _rules(arguments: Sequence[str]) -> int:
    from agenix_check.cli.grammar import parse_rules
    from agenix_check.report.explain import list_rules

    parse_rules(arguments)
    print_out(list_rules())
    return 0


def _version(arguments: Sequence[str]) -> int:
    from agenix_check import __version__
    from agenix_check.cli.grammar import parse_version

    parse_version(arguments)
    print_out(f"agenix-check {__version__}\n")
    return 0


def _help(arguments: Sequence[str]) -> int:
    from agenix_check.cli.grammar import parse_help

    verb = parse_help(arguments)
    return VERBS[verb].run(["--help"])


def _completion(arguments: Sequence[str]) -> int:
    from agenix_check.cli.complete import run_completion

    return run_completion(arguments)


def _hook(arguments: Sequence[str]) -> int:
    from agenix_check.cli.gate_grammar import parse_hook
    from agenix_check.cli.push import run_pre_push

    given, remote = parse_hook(arguments)
    return run_pre_push(given, remote)


def _schema(arguments: Sequence[str]) -> int:
    from agenix_check.cli.grammar import parse_schema
    from agenix_check.report import schema

    print_out(schema.render(parse_schema(arguments)))
    return 0


def _demo(arguments: Sequence[str]) -> int:
    from agenix_check.cli.show_demo import run_demo

    return run_demo(arguments)


class Verb(NamedTuple):
    """A verb: what `--help` says of it, and what runs it."""

    help: str
    run: Callable[[Sequence[str]], int]


VERBS = {
    "check": Verb("check the secrets (this verb may be left out)", _check),
    "fleet": Verb("show the nodes, secrets, sources and outputs that were found", _fleet),
    "access": Verb("show who can read what; with --from-ref: who gains, who loses", _access),
    "exposure": Verb("show what former readers could read, and what of it to rotate", _exposure),
    "inspect": Verb(
        "show what an age file says without a key, and what the tree knows of it", _inspect
    ),
    "init": Verb("set a repository up: hook, CI, settings; it shows them first", _init),
    "hook": Verb("pre-push: judge every ref that is pushed, as a hook that Git calls", _hook),
    "config": Verb("show the settings in force, and who set them", _config),
    "driver": Verb("show and merge age files for Git, which calls it; init sets it up", _driver),
    "rules": Verb("list all rules", _rules),
    "explain": Verb("explain a rule", _explain),
    "schema": Verb(
        "print the JSON Schema of the report, the lock file, or another document", _schema
    ),
    "demo": Verb("see a sample fleet break, and the fixes, in five stories", _demo),
    "completion": Verb("print what completes commands in bash, zsh or fish", _completion),
    "help": Verb("show the help of a verb", _help),
    "version": Verb("print the version", _version),
}
