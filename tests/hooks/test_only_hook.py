"""A person who has the program only as a hook: the printed fix is one that can be typed."""

import json
import os
from pathlib import Path

from agenix_check.demo.workshop import Workshop
from tests.checkout import Done
from tests.hooks.conftest import Desk, Tool

GET_IT = "agenix-check itself is not on PATH here: `pipx install agenix-check` puts it there"


def _only(programs: Path, *names: str) -> dict[str, str]:
    """Return variables of a shell that finds Git, some programs, and no agenix-check."""
    for name in names:
        (programs / name).write_text("#!/bin/sh\nexit 1\n")
        (programs / name).chmod(0o755)
    there = os.environ["PATH"].split(os.pathsep)
    path = [one for one in there if not (Path(one) / "agenix-check").exists()]
    return {"PATH": os.pathsep.join([str(programs), *path]), "CI": "", "AGENIX_CHECK_IDENTITY": ""}


def _commit(desk: Desk, tool: Tool, environment: dict[str, str]) -> Done:
    changed = tool._replace(environment={**tool.environment, **environment})
    desk.tool = changed
    done = desk.git("commit", "-a", "-m", "Edit")
    assert done.code == 1, done.output
    return done


def test_the_fix_can_be_typed_where_only_the_hook_is_there(
    fleet: Workshop, tool: Tool, tmp_path: Path
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    desk = Desk(fleet, tool)
    desk.edit()
    done = _commit(desk, tool, _only(programs))
    assert "  fix: agenix-check --fix  # or agenix rekey -a\n" in done.output
    assert GET_IT in done.output
    done = _commit(desk, tool, _only(programs, "uvx"))
    assert "  fix: uvx agenix-check --fix  # or agenix rekey -a\n" in done.output

    document = json.loads(tool.config)
    document["repos"][0]["hooks"].append({"id": "agenix-check-fix", "stages": ["pre-commit"]})
    desk.fleet.write(tool.file, json.dumps(document, indent=2))
    manager = Path(tool.program).name
    done = _commit(desk, tool, _only(programs, manager))
    assert f"  fix: {manager} run agenix-check-fix  # or agenix rekey -a\n" in done.output
    assert GET_IT not in done.output

    document["repos"][0]["hooks"].reverse()
    desk.fleet.write(tool.file, json.dumps(document, indent=2))
    done = _commit(desk, tool, _only(programs, manager))
    typed = f"AGENIX_CHECK_IDENTITY=FILE {manager} run agenix-check-fix"
    assert f"or in the setting identities; type {typed}\n" in done.output
