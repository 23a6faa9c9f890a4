"""Every verb: a function from arguments to an exit code; and which one the arguments name."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from agenix_check.cli.options import OPTIONS
from agenix_check.cli.terminal import print_out, text_width
from agenix_check.errors import UsageError, nearest

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
    "completion": Verb(
        "print the script that completes commands in bash, zsh or fish", _completion
    ),
    "help": Verb("show the help of a verb", _help),
    "version": Verb("print the version", _version),
}

# What other programs call it.
_OTHER_WORDS = {
    "diff": "access --from-ref REV",
    "list": "fleet",
    "lock": "fleet --lock",
    "ls": "fleet",
    "mend": "--fix",
    "rekey": "--fix",
    "repair": "--fix",
    "show": "inspect FILE",
    "status": "check",
}


def split_verb(argv: Sequence[str]) -> tuple[str, list[str]]:
    """Return the verb and the other arguments; it may stand after options.

    Raises `UsageError` for an unknown verb.
    """
    place = _place_of_verb(argv)
    if place is None:
        return "check", list(argv)
    verb = argv[place]
    if verb not in VERBS:
        _refuse_unknown_option(argv, place)
        raise UsageError(no_such_verb(verb))
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


def no_such_verb(word: str) -> str:
    """Say that a word is no verb, and what to type instead, where that can be guessed."""
    from agenix_check.cli.parsing import hint_at_file

    if hint := hint_at_file(word):
        return f"{word!r} is no verb: the whole repository is checked{hint}"
    if word in _OTHER_WORDS:
        return f"there is no verb {word!r}: type `agenix-check {_OTHER_WORDS[word]}`"
    if word in {option.name for option in OPTIONS if option.text.help}:
        return f"there is no verb {word!r}: it is an option, type --{word}"
    hint = nearest(word, list(VERBS))
    if not hint:
        from agenix_check.cli.complete import find_nodes

        if word in find_nodes():
            hint = f"; `agenix-check fleet {word}` shows the node"
    return f"there is no verb {word!r}{hint}"


def _refuse_unknown_option(argv: Sequence[str], place: int) -> None:
    """Refuse an unknown option whose value would be taken for a verb."""
    before = argv[place - 1] if place else ""
    known = [f"--{option.name}" for option in OPTIONS if option.text.help]
    if before.startswith("--") and "=" not in before and before not in (*known, "--"):
        hint = nearest(before, known)
        if hint:
            raise UsageError(f"there is no option {before}{hint}")
