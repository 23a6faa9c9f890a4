"""The examples for GitHub and Forgejo: valid, without known weaknesses, and their steps are run."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.checkout import run
from tests.ci.hub import ZEROS, Hub, Start, merge_group, pull_request, push
from tests.ci.runner import OURS, names_of, steps_of
from tests.examples import EXAMPLES, PROGRAMS, load_yaml

GITHUB, FORGEJO = EXAMPLES / "github-actions.yml", EXAMPLES / "forgejo-actions.yml"
HASH = re.compile(r"@[0-9a-f]{40}$")


@pytest.mark.parametrize("event", [push, pull_request, merge_group])
def test_the_check_on_github(hub: Hub, start: Start, event: Any) -> None:
    steps = steps_of(GITHUB, "check")
    runner = start(*event(hub.base), hub.breaks())
    code, others = runner.job(steps)
    assert code == 1, runner.log
    assert "output-stale" in runner.log
    # The reports are shown and kept of all when it failed.
    assert names_of(others) == [
        "actions/checkout", "mikepenz/action-junit-report", "actions/upload-artifact"
    ]  # fmt: skip
    assert {path.name for path in runner.workspace.glob("agenix-check.*")} == {
        "agenix-check.xml",
        "agenix-check.html",
    }
    assert start(*event(hub.base), hub.mends()).job(steps)[0] == 0


def test_code_scanning_on_github(hub: Hub, start: Start) -> None:
    job = load_yaml(GITHUB)["jobs"]["code-scanning"]
    runner = start(*push(hub.base), hub.breaks())
    code, others = runner.job(job["steps"])
    assert code == 0, runner.log
    assert names_of(others) == ["actions/checkout", "github/codeql-action/upload-sarif"]
    (upload,) = [step for step in job["steps"] if step.get("uses") == others[-1]]
    report = (runner.workspace / upload["with"]["sarif_file"]).read_text()
    assert "output-stale" in report
    assert "\n::error" not in runner.log
    assert runner.summary == ""


def test_only_the_upload_needs_a_token_that_writes() -> None:
    workflow = load_yaml(GITHUB)
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        if name == "code-scanning":
            assert job["permissions"] == {"contents": "read", "security-events": "write"}
            assert job["if"] == "${{ !github.event.pull_request.head.repo.fork }}"
        else:
            assert "permissions" not in job
    assert "secrets." not in GITHUB.read_text()


def test_only_the_check_of_trusted_changes_keeps_what_it_learned(hub: Hub, start: Start) -> None:
    steps = steps_of(GITHUB, "check")
    for event, expected in ((push, {"restore", "save"}), (pull_request, set())):
        runner = start(*event(hub.base), hub.base)
        assert runner.job(steps)[0] == 0, runner.log
        assert runner.used.keys() == expected


def test_actions_of_others_are_pinned() -> None:
    uses = re.findall(r"uses: (\S+)", GITHUB.read_text() + FORGEJO.read_text())
    assert {one for one in uses if not HASH.search(one)} == {
        OURS,  # a version cannot name its own hash
        # Forgejo's own: no hash of it could be looked up
        "https://data.forgejo.org/forgejo/upload-artifact@v4",
    }


def test_every_job_is_run() -> None:
    assert set(load_yaml(GITHUB)["jobs"]) == {"check", "check-with-nix", "code-scanning"}
    assert set(load_yaml(FORGEJO)["jobs"]) == {"check"}


def test_forgejo_has_an_image_for_setup_python() -> None:
    job = load_yaml(FORGEJO)["jobs"]["check"]
    assert any("setup-python" in step.get("uses", "") for step in job["steps"])
    # It takes its Pythons from actions/python-versions, which builds them for Ubuntu alone.
    assert "ubuntu" in job["container"]["image"]


@pytest.mark.parametrize("event", [push, pull_request])
def test_the_check_on_forgejo(hub: Hub, start: Start, event: Any, python: str) -> None:
    steps = steps_of(FORGEJO, "check")
    runner = start(*event(hub.base), hub.breaks())
    runner.environment = {**runner.environment, "PATH": python}
    code, others = runner.job(steps)
    assert code == 1, runner.log
    assert "\n  error[output-stale]: " in runner.log
    assert len(others) == 3
    assert (runner.workspace / "agenix-check.html").exists()
    runner = start(*event(hub.base), hub.mends())
    runner.environment = {**runner.environment, "PATH": python}
    assert runner.job(steps)[0] == 0, runner.log


def test_a_new_branch_on_forgejo(hub: Hub, start: Start, python: str) -> None:
    hub.fleet.source("secrets/db.age", "postgres://new\n")
    runner = start(*push(ZEROS), hub.fleet.commit("Edit"))
    runner.environment = {**runner.environment, "PATH": python}
    assert runner.job(steps_of(FORGEJO, "check"))[0] == 1, runner.log


@pytest.mark.parametrize("path", [GITHUB, FORGEJO], ids=lambda path: path.name)
def test_it_is_valid(path: Path, tmp_path: Path) -> None:
    command = (str(PROGRAMS / "check-jsonschema"), "--builtin-schema", "vendor.github-workflows")
    done = run(tmp_path, {}, *command, str(path))
    assert done.code == 0, done.output
    broken = tmp_path / "broken.yml"
    broken.write_text(path.read_text().replace("runs-on:", "run-on:"))
    assert run(tmp_path, {}, *command, str(broken)).code != 0


def test_no_weakness_is_known(tmp_path: Path) -> None:
    workflow = tmp_path / ".github/workflows/agenix-check.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text(GITHUB.read_text())
    policies = (
        "rules: {unpinned-uses: {config: {policies: {'agenix-check/*': ref-pin, '*': hash-pin}}}}"
    )
    (tmp_path / "zizmor.yml").write_text(policies)
    command = (str(PROGRAMS / "zizmor"), "--offline", "--quiet", "--config", "zizmor.yml", ".")
    environment = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    done = run(tmp_path, environment, *command)
    assert done.code == 0, done.output
    workflow.write_text(GITHUB.read_text().replace("persist-credentials: false", "clean: true"))
    assert run(tmp_path, environment, *command).code != 0
