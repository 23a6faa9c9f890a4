"""Real Nix's answers to many expressions, in few processes; and ours, in the same words."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from agenix_check.discover.rules.builtins.control import force_deeply
from agenix_check.discover.rules.machine import Budget, Machine
from agenix_check.discover.rules.reading import TreeFiles
from agenix_check.discover.rules.understand import make_machine, with_room
from agenix_check.discover.rules.values import EvaluationError, TreePath, Value, ready
from agenix_check.git.snapshot import File

# A text for every value, in which no two values are alike.
_SHOW = r"""
let
  inherit (builtins) attrNames concatStringsSep deepSeq stringLength toString typeOf;
  text = value: "${toString (stringLength value)}:${value}";
  show = value: {
    set = "{${concatStringsSep "" (map (name: "${text name}=${show value.${name}}")
      (attrNames value))}}";
    list = "[${concatStringsSep "," (map show value)}]";
    string = text value;
    lambda = "function";
    path = "path";
    null = "null";
    bool = if value then "true" else "false";
    int = "int ${toString value}";
    float = "float ${toString value}";
  }.${typeOf value};
in
names: map (name: let value = import (DIRECTORY + "/${name}"); in deepSeq value (show value)) names
"""


def nix_answers(directory: Path, names: Sequence[str]) -> list[str | None]:
    """Return what Nix gives for each file; None where it fails."""
    if not names:
        return []
    quoted = " ".join(json.dumps(name) for name in names)
    show = _SHOW.replace("DIRECTORY", str(directory))
    done = subprocess.run(
        ["nix-instantiate", "--eval", "--strict", "--json", "-E", f"({show}) [ {quoted} ]"],
        capture_output=True, check=False, encoding="utf-8", errors="replace",
    )  # fmt: skip
    if done.returncode == 0:
        answers: list[str | None] = json.loads(done.stdout)
        return answers
    if len(names) == 1:
        return [None]
    middle = len(names) // 2
    return nix_answers(directory, names[:middle]) + nix_answers(directory, names[middle:])


def our_answer(expression: bytes, others: dict[str, bytes] | None = None) -> str | None:
    """Return what the evaluator gives for an expression; None where it gives nothing."""
    try:
        return explain(expression, others)
    except (EvaluationError, RecursionError):
        return None


def explain(expression: bytes, others: dict[str, bytes] | None = None) -> str:
    """Return the evaluator's answer; raises what it raises."""
    contents = {"expression.nix": expression, **(others or {})}
    files = {path: File(path, "100644", path) for path in contents}
    directories = {
        "/".join(path.split("/")[:depth]): "tree"
        for path in contents
        for depth in range(path.count("/") + 1)
    }
    tree = TreeFiles(files, directories, lambda file: contents[file.path])
    machine = make_machine(tree, Budget(300_000))

    def run() -> str:
        thunk = ready(machine.import_file("expression.nix"))
        force_deeply(machine, thunk)
        return _show(machine, machine.force(thunk))

    return with_room(run)


def _show(machine: Machine, value: Value) -> str:
    if isinstance(value, dict):
        inner = (
            f"{_text(name)}={_show(machine, machine.force(value[name]))}" for name in sorted(value)
        )
        return "{" + "".join(inner) + "}"
    if isinstance(value, tuple):
        return "[" + ",".join(_show(machine, machine.force(one)) for one in value) + "]"
    if isinstance(value, bytes):
        return _text(value)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int):
        return f"int {value}"
    if isinstance(value, float):
        return f"float {value:f}"
    return "path" if isinstance(value, TreePath) else "function"


def _text(text: bytes) -> str:
    return f"{len(text)}:{text.decode('utf-8', 'replace')}"
