"""What of a history is not looked at is said."""

import json
import os
import subprocess
from pathlib import Path

from agenix_check.demo.workshop import Workshop
from tests.access.past import TEXTS, ask_exposure, blob, sell
from tests.access.test_present import DB
from tests.conftest import Run
from tests.host_keys import NEW

_AS_FILES = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "protocol.file.allow"}


def _git(*arguments: str | Path, given: bytes = b"") -> bytes:
    """Run Git where it may fetch from a repository beside."""
    environment = {**os.environ, **_AS_FILES, "GIT_CONFIG_VALUE_0": "always"}
    done = subprocess.run(
        ["git", *arguments], check=True, env=environment, input=given, capture_output=True
    )
    return done.stdout


def test_a_shallow_and_a_partial_clone(fleet: Workshop, run: Run, tmp_path: Path) -> None:
    sell(fleet, "beta")
    whole = ask_exposure(fleet, run, code=1)
    fleet.git.run("config", "uploadpack.allowFilter", "true")
    for options, said in (
        (("--depth", "1"), "fetch-depth: 0"),
        (("--filter", "blob:none", "--no-checkout"), "--filter"),
    ):
        clone = tmp_path / said.strip("-: 0")
        _git("clone", "-q", *options, f"file://{fleet.top}", clone)
        for _ in ("cold", "remembered"):
            result = run(clone, "exposure", "--format", "json")
            assert result.code == 3, result
            assert said in result.stderr
            assert json.loads(result.stdout)["complete"] is False
        # What comes later is seen, though something was remembered.
        if "--depth" in options:
            _git("-C", clone, "fetch", "-q", "--unshallow")
        else:
            listed = _git("-C", clone, "rev-list", "--all", "--objects", "--no-object-names")
            _git("-C", clone, "cat-file", "--batch-check", given=listed)
        result = run(clone, "exposure", "--format", "json")
        assert (result.code, json.loads(result.stdout)) == (1, whole)


def test_what_only_other_refs_and_reflogs_hold(fleet: Workshop, run: Run) -> None:
    """It is counted, not guessed; one that has a name can be asked for."""
    fleet.host("h9", NEW)
    fleet.rekey("h9", "db", DB, TEXTS[DB])
    fleet.commit("Ask for a host")
    fleet.git.run("update-ref", "refs/pull/7/head", "HEAD")
    fleet.write("README.md", "Another.\n")
    fleet.commit("Pushed away")
    fleet.git.run("reset", "-q", "--hard", "HEAD~2")
    document = ask_exposure(fleet, run, code=0)
    assert document["keys"] == []
    (notice,) = document["notices"]
    assert notice.startswith("2 commits in no branch or tag, only in reflogs or other refs (")
    asked = ("--rev", "refs/pull/7/head", "--key", NEW.strip())
    (key,) = ask_exposure(fleet, run, *asked, code=0)["keys"]
    assert [one["secret"] for one in key["secrets"]] == [DB]


def test_a_submodule_is_said(fleet: Workshop, run: Run) -> None:
    head = blob(fleet, "HEAD")
    fleet.git.run("update-index", "--add", "--cacheinfo", f"160000,{head},private")
    fleet.git.run("commit", "-qm", "A submodule")
    notices = ask_exposure(fleet, run, code=0)["notices"]
    assert notices == ["private: a submodule, which is a repository of its own"]
