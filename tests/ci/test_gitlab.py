"""The example for GitLab: valid, and its job is run in both shells that its runner may use."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.checkout import Done, run
from tests.ci.hub import ZEROS, Hub
from tests.examples import EXAMPLES, PROGRAMS, VERSION, load_yaml

GITLAB = EXAMPLES / "gitlab-ci.yml"
SHELLS = [("bash", "-eo", "pipefail"), ("sh", "-e")]


@pytest.fixture(params=SHELLS, ids=lambda shell: shell[0])
def shell(request: pytest.FixtureRequest) -> tuple[str, ...]:
    command: tuple[str, ...] = request.param
    return command


@pytest.fixture
def machine(packages: Mapping[str, str], python: str, tmp_path: Path) -> Mapping[str, str]:
    """Return the variables of a machine with Python, as the job's image is one."""
    return {**packages, "PATH": python, "HOME": str(tmp_path), "CI": "true"}


def _job() -> dict[str, Any]:
    job: dict[str, Any] = load_yaml(GITLAB)["agenix-check"]
    return job


def _run(shell: tuple[str, ...], top: Path, environment: Mapping[str, str]) -> Done:
    """Run the job as GitLab does: all its lines as one script."""
    job = _job()
    script = "\n".join([*job["before_script"], *job["script"]])
    done = subprocess.run(
        [*shell, "-c", script],
        cwd=top,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        text=True,
    )
    return Done(done.returncode, done.stdout)


def _reports(top: Path) -> tuple[str, list[Any], str]:
    artifacts = _job()["artifacts"]
    assert artifacts["when"] == "always"
    quality = json.loads((top / artifacts["reports"]["codequality"]).read_text())
    (page,) = artifacts["paths"]
    return (top / artifacts["reports"]["junit"]).read_text(), quality, (top / page).read_text()


@pytest.mark.parametrize(
    ("shell", "variable"),
    [(SHELLS[0], "CI_MERGE_REQUEST_DIFF_BASE_SHA"), (SHELLS[1], "CI_COMMIT_BEFORE_SHA")],
    indirect=["shell"],
)
def test_what_a_change_broke_is_found(
    hub: Hub, machine: Mapping[str, str], shell: tuple[str, ...], variable: str
) -> None:
    environment = {**machine, "CI_COMMIT_BEFORE_SHA": ZEROS, variable: hub.base}
    top = hub.clone(hub.breaks())
    done = _run(shell, top, environment)
    assert done.code == 1, done.output
    assert "output-stale" in done.output
    junit, quality, page = _reports(top)
    assert "<failure" in junit
    assert {one["check_name"] for one in quality} == {"output-stale"}
    assert "output-stale" in page
    top = hub.clone(hub.mends())
    done = _run(shell, top, environment)
    assert done.code == 0, done.output
    junit, quality, _ = _reports(top)
    assert "<failure" not in junit
    assert quality == []


def test_a_new_branch(hub: Hub, machine: Mapping[str, str], shell: tuple[str, ...]) -> None:
    hub.fleet.source("secrets/db.age", "postgres://new\n")
    top = hub.clone(hub.fleet.commit("Edit"))
    done = _run(shell, top, {**machine, "CI_COMMIT_BEFORE_SHA": ZEROS})
    assert done.code == 1, done.output
    assert "output-stale" in done.output


def test_only_the_default_branch_keeps_what_was_learned(
    hub: Hub, machine: Mapping[str, str], shell: tuple[str, ...]
) -> None:
    jobs = load_yaml(GITLAB)
    (merge_request,), (default,) = (
        [rule["if"] for rule in jobs[name]["rules"]]
        for name in ("agenix-check", "agenix-check-default-branch")
    )
    assert merge_request == '$CI_PIPELINE_SOURCE == "merge_request_event"'
    assert default == "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"
    # Who opens a merge request could write what the next one would read.
    assert jobs.keys() == {"agenix-check", "agenix-check-default-branch"}
    assert "cache" not in jobs["agenix-check"]
    assert jobs["agenix-check-default-branch"]["extends"] == "agenix-check"
    cache = jobs["agenix-check-default-branch"]["cache"]
    assert cache["key"] == f"agenix-check-{VERSION.lstrip('v')}"
    (path,) = cache["paths"]
    top = hub.clone(hub.base)
    done = _run(shell, top, {**machine, "CI_COMMIT_BEFORE_SHA": ZEROS})
    assert done.code == 0, done.output
    assert (top / path / "facts").is_file()


def test_it_is_valid(tmp_path: Path) -> None:
    command = (
        str(PROGRAMS / "check-jsonschema"),
        *("--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"),
    )
    done = run(tmp_path, {}, *command, str(GITLAB))
    assert done.code == 0, done.output
    broken = tmp_path / "broken.yml"
    broken.write_text(GITLAB.read_text().replace("codequality:", "code-quality:"))
    assert run(tmp_path, {}, *command, str(broken)).code != 0
