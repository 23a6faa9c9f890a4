"""The verb `completion`: the scripts of shells, and the names that they ask for."""

from collections.abc import Iterable, Sequence

from agenix_check.cli.grammar import parse_completion
from agenix_check.cli.terminal import print_out
from agenix_check.errors import AgenixCheckError

_MOST_OFFERED_WORDS = 2000  # that a shell is given


def run_completion(arguments: Sequence[str]) -> int:
    """Print a script, or names; where there is no repository, no names."""
    shell, names = parse_completion(arguments)
    if shell is not None:
        from agenix_check.cli.completion_scripts import render_script
        from agenix_check.cli.surface import all_surfaces

        print_out(render_script(shell, all_surfaces()))
        return 0
    known = sorted(one for one in _WORDS[names or ""]() if _is_plain(one))
    print_out("".join(f"{one}\n" for one in known[:_MOST_OFFERED_WORDS]))
    return 0


def _is_plain(name: str) -> bool:
    """Return whether a shell can offer a name: a pull request chooses those of files."""
    return name.isprintable() and not name.startswith("-")


def _rules() -> Iterable[str]:
    from agenix_check.rules import RULES

    return RULES


def _settings() -> Iterable[str]:
    from agenix_check.cli.options import OPTIONS

    return [one.name for one in OPTIONS]


def find_nodes() -> Iterable[str]:
    """Return the nodes of the repository as far as names in the index show them."""
    from agenix_check.discover.tree.naming import output_file
    from agenix_check.model.node_names import shown_names

    outputs = filter(None, map(output_file, _paths()))
    return set(shown_names({one.directory for one in outputs}).values())


def _secrets() -> Iterable[str]:
    from agenix_check.discover.tree.naming import output_file

    for path in _paths():
        output = output_file(path)
        if output is not None:
            yield output.name
        elif path.endswith(".age"):
            yield path.rpartition("/")[2].removesuffix(".age")


def _paths() -> Iterable[str]:
    """Return the paths of the index: no file is read, as somebody waits for each key."""
    from agenix_check.cli.opening import open_here
    from agenix_check.git.paths import to_text

    try:
        listed = open_here().git.run("ls-files", "-z")
    except AgenixCheckError:
        return []
    return [to_text(path) for path in listed.split(b"\0") if path]


_WORDS = {
    "nodes": find_nodes,
    "secrets": lambda: set(_secrets()),
    "rules": _rules,
    "settings": _settings,
}
