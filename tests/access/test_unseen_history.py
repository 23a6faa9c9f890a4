"""What of a history is not looked at is said."""

import json
import os
import subprocess
from pathlib import Path

from agenix_check.demo.workshop import Workshop
from tests.access.past import ask_exposure, blob, sell
from tests.conftest import Run


def test_a_shallow_and_a_partial_clone(fleet: Workshop, run: Run, tmp_path: Path) -> None:
    sell(fleet, "beta")
    fleet.git.run("config", "uploadpack.allowFilter", "true")
    for options, said in (
        (("--depth", "1"), "fetch-depth: 0"),
        (("--filter", "blob:none", "--no-checkout"), "--filter"),
    ):
        clone = tmp_path / said.strip("-: 0")
        subprocess.run(
            ["git", "-c", "protocol.file.allow=always", "clone", "-q", *options,
             f"file://{fleet.top}", str(clone)],
            check=True, env={**os.environ, "GIT_CONFIG_COUNT": "0"}, capture_output=True,
        )  # fmt: skip
        result = run(clone, "exposure", "--format", "json")
        assert result.code == 3, result
        assert said in result.stderr
        assert json.loads(result.stdout)["complete"] is False


def test_a_submodule_is_said(fleet: Workshop, run: Run) -> None:
    head = blob(fleet, "HEAD")
    fleet.git.run("update-index", "--add", "--cacheinfo", f"160000,{head},private")
    fleet.git.run("commit", "-qm", "A submodule")
    notices = ask_exposure(fleet, run, code=0)["notices"]
    assert notices == ["private: a submodule, which is a repository of its own"]
