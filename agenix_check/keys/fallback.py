"""The age programs that do what pyrage cannot, where none was given with --age."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from agenix_check.discover.declared.inventory import Inventory
from agenix_check.keys.encrypt import cannot_encrypt_to
from agenix_check.model.settings import Settings
from agenix_check.view import View

_PROGRAMS = ("age", "rage")


def find_programs(
    view: View, inventory: Inventory, settings: Settings, say: Callable[[str], object]
) -> tuple[str, ...]:
    """Return the paths of age programs, in the order of trying: the fleet's, then those on PATH.

    `say` is given a sentence about the fleet's, where it names one.
    """
    found: list[str] = []
    if inventory.kind == "nix":
        from agenix_check.discover.declared.age_package import find_named_program
        from agenix_check.discover.declared.from_declaration import evaluation_options

        named = find_named_program(view, evaluation_options(settings))
        if named.refusal is not None:
            say(f"the fleet's agePackage is not used: {named.refusal}")
        if named.path is not None:
            say(f"for what pyrage cannot do, the fleet's agePackage is used: {named.path}")
            found.append(named.path)
    return tuple(dict.fromkeys((*found, *programs_on_path(view.repository.top))))


def choose_program(foreign: Iterable[str], programs: Sequence[str]) -> str | None:
    """Return the first of the programs that can encrypt to all `foreign` recipients.

    These need one. Where no program can, it is the first one, which will say why; None without one.
    """
    texts = tuple(foreign)
    able = (
        program
        for program in programs
        if all(cannot_encrypt_to(one, program) is None for one in texts)
    )
    return next(able, next(iter(programs), None))


def programs_on_path(tree: Path | None) -> Iterator[str]:
    """Yield the paths of `age` and `rage`, in the order of PATH.

    Programs in the work tree are left out, wherever PATH leads: a change may have brought them.
    """
    inside = None if tree is None else f"{os.path.realpath(tree)}{os.sep}"
    for directory in os.environ.get("PATH", "").split(os.pathsep):
        if not Path(directory).is_absolute():
            continue
        for name in _PROGRAMS:
            program = Path(directory) / name
            real = os.path.realpath(program)
            if inside is not None and real.startswith(inside):
                continue
            if Path(real).is_file() and os.access(real, os.X_OK):
                yield str(program)
