"""Which age program a fleet names, its `agePackage`, where a change cannot have chosen it.

It would receive plaintexts. So it counts only where what the change is compared with names the same
one, and where Nix has built it: nothing is built or fetched for it.
"""

import os
import platform
import posixpath
import sys
from pathlib import Path
from typing import NamedTuple

from agenix_check.discover.declared.evaluation_cache import Options
from agenix_check.errors import CannotCheckError
from agenix_check.git.snapshot import Snapshot
from agenix_check.view import View

_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


class NamedProgram(NamedTuple):
    """The path of the program, or None and why none is used: the end of a sentence, or None."""

    path: str | None
    refusal: str | None = None


def find_named_program(view: View, options: Options) -> NamedProgram:
    """Return the age program that the fleet names.

    What a change is compared with is the commit whose settings decide, or else the base.
    """
    before = view.authority or view.base
    if before is None:
        return NamedProgram(None)
    known = _named_by(view, before, options)
    here = known if before.tree == view.snapshot.tree else _named_by(view, view.snapshot, options)
    if here != known:
        return NamedProgram(None, "this change does not name the same as what it is compared with")
    built = sorted(one for one in known if _is_built(one))
    if len(built) > 1:
        return NamedProgram(None, f"nodes name different ones: {', '.join(built)}")
    if known and not built:
        return NamedProgram(None, f"it is not built: {min(known)}")
    return NamedProgram(built[0] if built else None)


def _named_by(view: View, tree: Snapshot, options: Options) -> frozenset[str]:
    """Return what a tree names; nothing where Nix cannot say."""
    from agenix_check.discover.nix import evaluate_age_programs

    try:
        return evaluate_age_programs(
            view.repository,
            tree,
            system=nix_system(),
            flake=options.flake,
            nodes=options.nodes,
            timeout=options.timeout,
            memory=options.memory,
            trusted=view.authority,
        )
    except CannotCheckError:
        return frozenset()


def nix_system() -> str:
    """Return what Nix calls this kind of machine, such as "x86_64-linux"."""
    machine = platform.machine().lower()
    return f"{_MACHINES.get(machine, machine)}-{sys.platform}"


def _is_built(program: str) -> bool:
    """Return whether a path in Nix's store is a program that is there, and nowhere else."""
    real = os.path.realpath(program)
    store = str(Path(program).parents[2])  # of <store>/<package>/bin/<program>
    return (
        posixpath.normpath(program) == program
        and real.startswith(f"{store}/")
        and Path(real).is_file()
        and os.access(real, os.X_OK)
    )
