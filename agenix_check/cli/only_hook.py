"""What can be typed by a person who has the program only as a hook of pre-commit or prek."""

import os
import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

_PROGRAM = "agenix-check"
_FIX_HOOK = "agenix-check-fix"
# What runs a program that is not installed, in the order in which they are preferred.
_RUNNERS = {"uvx": f"uvx {_PROGRAM}", "pipx": f"pipx run {_PROGRAM}"}
# Where environments lie that a manager of hooks, uvx or `pipx run` made for this run alone.
_MADE_FOR_A_RUN = re.compile(
    r"/py_env-|/hooks/[^/]+$|/(archive|environments)-v\d+/|/pipx/(\.cache/)?[0-9a-f]{12,}$"
)
_CONFIGURATIONS = (".pre-commit-config.yaml", ".pre-commit-config.yml", "prek.toml")


def has_only_the_hook() -> bool:
    """Return whether a hook manager runs this and a shell would not find the program."""
    if not os.environ.get("PRE_COMMIT") or os.environ.get("CI"):
        return False
    return not is_on_path()


def is_on_path() -> bool:
    """Return whether a shell would find the program."""
    return _which(_PROGRAM) is not None


def program_to_type() -> str:
    """Return what runs the program in a shell here."""
    if not has_only_the_hook():
        return _PROGRAM
    return next((text for name, text in _RUNNERS.items() if _which(name)), _PROGRAM)


def as_typed_here(fix: str, top: Path | None) -> str:
    """Return a fix as it can be typed here; `top` is the top of the work tree.

    Without further options the hook that fixes does it, if the repository has it.
    """
    if not has_only_the_hook() or f"{_PROGRAM} --" not in fix:
        return fix
    alone = re.fullmatch(rf"{_PROGRAM} --fix(?P<prose>  #.*)?", fix, re.DOTALL)
    if alone is not None and top is not None and (manager := _manager_with_fix(top)):
        return f"{manager} run {_FIX_HOOK}{alone['prose'] or ''}"
    return re.sub(rf"\b{_PROGRAM} --", lambda _: f"{program_to_type()} --", fix)


def say_typed_here(sentence: str) -> str:
    """Return a sentence with the commands in it as they can be typed here."""
    if not has_only_the_hook() or f"{_PROGRAM} --" not in sentence:
        return sentence
    if manager := _manager_with_fix(Path.cwd()):
        # A hook is given an identity by a variable; it has no terminal to ask for a passphrase on.
        hook = f"AGENIX_CHECK_IDENTITY=FILE {manager} run {_FIX_HOOK}"
        sentence = re.sub(rf"{_PROGRAM} --fix -i FILE\b", hook, sentence)
    typed = as_typed_here(sentence, None)
    if f"{_PROGRAM} --" in typed and program_to_type() == _PROGRAM:
        return f"{typed} (not on PATH here: `pipx install {_PROGRAM}`)"
    return typed


def how_to_get_it(fixes: Iterable[str | None]) -> str | None:
    """Return a hint on how to have the program that a fix names; None where it is not needed."""
    if not has_only_the_hook() or not any(fix and f"{_PROGRAM} --" in fix for fix in fixes):
        return None
    return f"{_PROGRAM} itself is not on PATH here: `pipx install {_PROGRAM}` puts it there"


def _manager_with_fix(top: Path) -> str | None:
    """Return the hook manager to type, if its configuration has the hook that fixes."""
    for name in _CONFIGURATIONS:
        try:
            text = (top / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if re.search(rf"\bid\b\W+{_FIX_HOOK}\b", text):
            managers = ("prek", "pre-commit") if name == "prek.toml" else ("pre-commit", "prek")
            return next(filter(_which, managers), None)
    return None


def _which(program: str) -> str | None:
    """Look a program up as a shell would: not in an environment that was made for this run."""
    own = Path(sys.prefix, "bin")
    made_for_us = _MADE_FOR_A_RUN.search(sys.prefix) is not None
    path = os.environ.get("PATH", "").split(os.pathsep)
    found = [one for one in path if not (made_for_us and one and Path(one) == own)]
    return shutil.which(program, path=os.pathsep.join(found))
