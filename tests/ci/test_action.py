"""The action, run as GitHub runs it: real bash, pip and Git, for each event that it knows."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from agenix_check.demo.workshop import Workshop
from tests.checkout import run
from tests.ci.runner import ACTION, Ended, Runner
from tests.examples import PROGRAMS, VERSION

ZEROS = "0" * 40
Start = Callable[..., Runner]


class Hub:
    """A fleet on GitHub: `origin`, with a branch of somebody else's."""

    def __init__(self, fleet: Workshop, scratch: Path) -> None:
        self.fleet = fleet
        self.scratch = scratch
        self.runs = 0
        self.base = fleet.git.run("rev-parse", "HEAD").decode().strip()

    def breaks(self) -> str:
        """Commit an edit without its outputs, and something else after it."""
        self.fleet.source("secrets/db.age", "postgres://new\n")
        self.fleet.commit("Edit")
        self.fleet.write("README.md", "Another text.\n")
        return self.fleet.commit("Write")

    def mends(self) -> str:
        """Commit the outputs."""
        for node in ("alpha", "beta", "gamma", "delta"):
            (old,) = (self.fleet.top / "secrets/rekeyed" / node).glob("*-db.age")
            old.unlink()
            self.fleet.rekey(node, "db", "secrets/db.age", "postgres://new\n")
        return self.fleet.commit("Rekey")

    def clone(self, revision: str, depth: int = 0) -> Path:
        """Check a revision out as actions/checkout does."""
        self.runs += 1
        top = self.scratch / f"workspace-{self.runs}"
        git = ("git", "-C", str(top), "-c", "advice.detachedHead=false")
        commands: list[tuple[str, ...]] = [("git", "init", "--quiet", str(top))]
        commands.append((*git, "remote", "add", "origin", f"file://{self.fleet.top}"))
        if depth:
            commands.append((*git, "fetch", "--quiet", f"--depth={depth}", "origin", revision))
        else:
            commands.append(
                (*git, "fetch", "--quiet", "origin", "+refs/heads/*:refs/remotes/origin/*")
            )
        commands.append((*git, "checkout", "--quiet", "--detach", revision))
        for command in commands:
            done = run(self.scratch, {}, *command)
            assert done.code == 0, done.output
        return top


@pytest.fixture
def hub(fleet: Workshop, tmp_path: Path) -> Hub:
    fleet.git.run("config", "uploadpack.allowAnySHA1InWant", "true")
    return Hub(fleet, tmp_path)


@pytest.fixture
def start(hub: Hub, packages: Mapping[str, str], published: Path, temporary: Path) -> Start:
    """Return a function that makes a runner with a clone, for an event."""

    def make(event_name: str, event: Mapping[str, Any], revision: str, depth: int = 0) -> Runner:
        workspace = hub.clone(revision, depth)
        scratch = workspace.with_name(f"{workspace.name}-runner")
        whole = {"repository": {"default_branch": "main"}, **event}
        return Runner(workspace, scratch, temporary, event_name, whole, published, packages)

    return make


def _push(before: str, *, forced: bool = False) -> tuple[str, Mapping[str, Any]]:
    return "push", {"before": before, "forced": forced}


def _pull_request(base: str) -> tuple[str, Mapping[str, Any]]:
    return "pull_request", {"pull_request": {"base": {"sha": base}, "head": {"ref": "$(id)"}}}


def _merge_group(base: str) -> tuple[str, Mapping[str, Any]]:
    return "merge_group", {"merge_group": {"base_sha": base}}


def _is_refused(ended: Ended) -> None:
    assert ended.code == 1, ended.log
    assert ended.outputs["verdict"] == "wrong"
    assert "output-stale" in ended.log
    assert (ended.outputs["wrong"], ended.outputs["errors"]) == ("4", "4")


def _passes(ended: Ended) -> None:
    assert ended.code == 0, ended.log
    assert ended.outputs == {
        "verdict": "ok", "outputs": "9", "ok": "7", "wrong": "0", "unverifiable": "2",
        "errors": "0", "warnings": "0",
    }  # fmt: skip


@pytest.mark.parametrize("event", [_push, _pull_request, _merge_group])
def test_what_a_change_broke_is_found_wherever_in_it(hub: Hub, start: Start, event: Any) -> None:
    broken = hub.breaks()
    _is_refused(start(*event(hub.base), broken).use())
    mended = hub.mends()
    _passes(start(*event(hub.base), mended).use())


def test_a_pull_request_is_compared_with_where_it_left_its_base(hub: Hub, start: Start) -> None:
    # Both what GitHub checks out, a merge of the branch into its base, and the branch itself.
    fleet = hub.fleet
    fleet.git.run("checkout", "--quiet", "-b", "change")
    fleet.write("README.md", "Another text.\n")
    change = fleet.commit("Write")
    fleet.git.run("checkout", "--quiet", "main")
    hub.breaks()
    base = fleet.git.run("rev-parse", "HEAD").decode().strip()
    fleet.write("NEWS.md", "News.\n")
    fleet.commit("Write")
    fleet.git.run("checkout", "--quiet", "change")
    fleet.git.run("checkout", "--quiet", base)
    fleet.git.run("merge", "--quiet", "--no-ff", "-m", "Merge", "change")
    merge = fleet.git.run("rev-parse", "HEAD").decode().strip()
    fleet.git.run("branch", "merge", merge)
    assert start(*_pull_request(base), change).use().outputs["errors"] == "0"
    assert start(*_pull_request(base), merge).use().outputs["errors"] == "0"


def test_a_new_branch_is_compared_with_where_it_left_the_main_one(hub: Hub, start: Start) -> None:
    hub.fleet.git.run("checkout", "--quiet", "-b", "change")
    _is_refused(start(*_push(ZEROS), hub.breaks()).use())
    _passes(start(*_push(ZEROS), hub.mends()).use())


def test_the_first_push_of_all(hub: Hub, start: Start) -> None:
    _passes(start(*_push(ZEROS), hub.base).use())


def test_a_forced_push_whose_past_is_gone(hub: Hub, start: Start) -> None:
    hub.fleet.git.run("checkout", "--quiet", "-b", "change")
    _is_refused(start(*_push("1" * 40, forced=True), hub.breaks()).use())


def test_another_event_is_about_one_commit(hub: Hub, start: Start) -> None:
    hub.fleet.source("secrets/db.age", "postgres://new\n")
    _is_refused(start("workflow_dispatch", {}, hub.fleet.commit("Edit")).use())
    _passes(start("schedule", {}, hub.mends()).use())


@pytest.mark.parametrize("event", [_push, _pull_request, _merge_group])
def test_a_base_that_was_not_fetched(hub: Hub, start: Start, event: Any) -> None:
    ended = start(*event(hub.base), hub.breaks(), depth=1).use()
    assert ended.code == 3
    assert ended.outputs["verdict"] == "unchecked"
    assert ended.outputs["errors"] == ""
    assert f"::error title=agenix-check::'{hub.base}'" in ended.log
    assert "fetch-depth: 0" in ended.log
    assert "Traceback" not in ended.log


def test_a_base_of_your_own(hub: Hub, start: Start) -> None:
    hub.fleet.git.run("branch", "old")
    broken = hub.breaks()
    same = _push(broken)
    _is_refused(start(*same, broken).use(from_ref=hub.base))
    _is_refused(start(*same, broken).use(from_ref="old"))
    _is_refused(start(*same, broken).use(from_ref="origin/old"))
    assert start(*same, broken).use(from_ref="nowhere").code == 3
    assert start(*same, broken).use(from_ref="--output=json=x").code == 3


def test_a_snapshot_of_your_own(hub: Hub, start: Start) -> None:
    broken = hub.breaks()
    runner = start(*_push(hub.base), broken)
    assert "output-stale" in runner.use(args=f"--from-ref {hub.base} --to-ref {broken}").log
    assert runner.use(args="--worktree").code == 0


def test_reports_are_written_also_when_it_fails(hub: Hub, start: Start) -> None:
    runner = start(*_push(hub.base), hub.breaks())
    _is_refused(runner.use(junit="a report.xml", sarif="report.sarif", html="report.html"))
    assert "<testsuites" in (runner.workspace / "a report.xml").read_text()
    assert json.loads((runner.workspace / "report.sarif").read_text())["version"] == "2.1.0"
    assert "<html" in (runner.workspace / "report.html").read_text()


def test_it_is_said_where_people_look(hub: Hub, start: Start) -> None:
    runner = start(*_push(hub.base), hub.breaks())
    ended = runner.use()
    assert "\n::error file=secrets/db.age" in ended.log
    assert "secrets/db.age" in runner.summary


def test_arguments_are_split_and_never_run(hub: Hub, start: Start, tmp_path: Path) -> None:
    runner = start(*_push(hub.base), hub.breaks())
    ended = runner.use(args="--node 'alpha'\n  --secret \"d*\" --format text")
    assert (ended.code, ended.outputs["outputs"]) == (1, "1")
    trap = tmp_path / "trap"
    for text in (f"$(touch {trap})", f"`touch {trap}`", f"; touch {trap};", f'"; touch {trap} #'):
        for name in ("version", "args", "from_ref", "junit"):
            ended = runner.use(**{name: text})
            assert "Traceback" not in ended.log
            assert name == "junit" or ended.code in (2, 3)
    assert not trap.exists()
    ended = runner.use(args="--format '")
    assert (ended.code, ended.outputs["verdict"]) == (2, "unchecked")
    assert "::error title=agenix-check::args cannot be split" in ended.log


def test_no_line_of_an_input_becomes_a_command(hub: Hub, start: Start) -> None:
    runner = start(*_push(hub.base), hub.base)
    for name in ("version", "args", "from_ref", "html"):
        ended = runner.use(**{name: "'\n::error::trap\n'"})
        assert ended.code != 0
        assert "\n::error::trap" not in ended.log


def test_wrong_options_are_told_from_findings(hub: Hub, start: Start) -> None:
    ended = start(*_push(hub.base), hub.base).use(args="--no-such-option")
    assert (ended.code, ended.outputs["verdict"]) == (2, "unchecked")


def test_a_version_from_the_index(hub: Hub, start: Start, tmp_path: Path) -> None:
    runner = start(*_push(hub.base), hub.breaks())
    runner.temporary = tmp_path / "temporary"
    runner.temporary.mkdir()
    _is_refused(runner.use(version=VERSION))
    _is_refused(runner.use(version=VERSION))
    ended = runner.use(version="99.1")
    assert (ended.code, ended.outputs["verdict"]) == (3, "unchecked")
    assert "agenix-check==99.1 could not be installed" in ended.log
    for text in ("--index-url=https://example.org", "1.0 --pre", "../fleet", "latest"):
        assert runner.use(version=text).code == 2


def test_nothing_of_the_repository_is_imported(hub: Hub, start: Start, tmp_path: Path) -> None:
    trap = "raise SystemExit('imported')\n"
    for name in ("venv", "pip", "shlex", "json", "agenix_check", "git", "sitecustomize"):
        hub.fleet.write(f"{name}.py", trap)
    runner = start(*_push(hub.base), hub.fleet.commit("Set traps"))
    runner.temporary = tmp_path / "temporary"
    runner.temporary.mkdir()
    _passes(runner.use())


def test_a_runner_without_python_is_told_what_it_lacks(
    hub: Hub, start: Start, tmp_path: Path
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    bash = shutil.which("bash")
    assert bash is not None
    (programs / "bash").symlink_to(bash)
    old = programs / "python3"
    old.write_text(f"#!{bash}\nexit 1\n")  # what one that is too old answers
    old.chmod(0o755)
    runner = start(*_push(hub.base), hub.base)
    runner.environment = {**runner.environment, "PATH": str(programs)}
    ended = runner.use()
    assert (ended.code, ended.outputs["verdict"]) == (3, "unchecked")
    assert "::error title=agenix-check::There is no Python 3.11 or newer" in ended.log


def test_a_tree_with_nothing_to_check_is_unchecked(hub: Hub, start: Start) -> None:
    hub.fleet.git.run("rm", "--quiet", "-r", ".")
    hub.fleet.write("README.md", "Nothing.\n")
    hub.fleet.commit("Remove all")
    hub.fleet.write("README.md", "Nothing at all.\n")
    ended = start("workflow_dispatch", {}, hub.fleet.commit("Write")).use()
    assert (ended.code, ended.outputs["verdict"], ended.outputs["outputs"]) == (3, "unchecked", "0")


def test_it_needs_no_token() -> None:
    text = ACTION.read_text()
    assert "token" not in text
    assert "secrets." not in text


@pytest.mark.parametrize(
    "command",
    [
        ("check-jsonschema", "--builtin-schema", "vendor.github-actions"),
        ("zizmor", "--offline", "--quiet", "--persona=pedantic", "--no-config"),
    ],
)
def test_it_is_valid(command: tuple[str, ...], tmp_path: Path) -> None:
    program, *options = command
    environment = {"XDG_CACHE_HOME": str(tmp_path), "HOME": str(tmp_path)}
    done = run(tmp_path, environment, str(PROGRAMS / program), *options, str(ACTION))
    assert done.code == 0, done.output
    broken = tmp_path / "action.yml"
    text = ACTION.read_text().replace("using: composite", "using: ${{ inputs.args }}")
    broken.write_text(text.replace('exec "$python"', 'exec ${{ inputs.args }} "$python"'))
    assert run(tmp_path, environment, str(PROGRAMS / program), *options, str(broken)).code != 0
