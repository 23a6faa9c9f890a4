"""The action, run as GitHub runs it: real bash, pip and Git, for each event that it knows."""

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.checkout import run
from tests.ci.hub import ZEROS, Hub, Start, merge_group, pull_request, pull_request_target, push
from tests.ci.runner import ACTION, Ended
from tests.examples import PROGRAMS, VERSION


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


@pytest.mark.parametrize("event", [push, pull_request, pull_request_target, merge_group])
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
    assert start(*pull_request(base), change).use().outputs["errors"] == "0"
    # What the base has broken is in the merge too: it is shown, and is none of the change's doing.
    merged = start(*pull_request(base), merge)
    assert merged.use().outputs["errors"] == "4"
    assert merged.use(args="--fail-on new").outputs["verdict"] == "ok"


def test_a_new_branch_is_compared_with_where_it_left_the_main_one(hub: Hub, start: Start) -> None:
    hub.fleet.git.run("checkout", "--quiet", "-b", "change")
    _is_refused(start(*push(ZEROS), hub.breaks()).use())
    _passes(start(*push(ZEROS), hub.mends()).use())


def test_a_tag_is_about_its_commit(hub: Hub, start: Start) -> None:
    hub.fleet.source("secrets/db.age", "postgres://new\n")
    broken = hub.fleet.commit("Edit")
    hub.fleet.git.run("tag", "-a", "-m", "One", "v1", broken)
    hub.mends()
    _is_refused(start(*push(ZEROS), broken).use())


def test_the_first_push_of_all(hub: Hub, start: Start) -> None:
    _passes(start(*push(ZEROS), hub.base).use())


def test_a_forced_push_whose_past_is_gone(hub: Hub, start: Start) -> None:
    hub.fleet.git.run("checkout", "--quiet", "-b", "change")
    _is_refused(start(*push("1" * 40, forced=True), hub.breaks()).use())


def test_a_forced_push_of_the_main_branch_is_about_what_it_brought(hub: Hub, start: Start) -> None:
    broken = hub.breaks()
    edit = hub.fleet.git.run("rev-parse", "HEAD^").decode().strip()
    kind, event = push("1" * 40, forced=True)
    main = {**event, "ref": "refs/heads/main"}
    _is_refused(start(kind, {**main, "commits": [{"id": edit}, {"id": broken}]}, broken).use())
    mended = hub.mends()
    brought: list[Any] = [[{"id": edit}, {"id": broken}, {"id": mended}], [], [{}], None]
    for commits in brought:
        _passes(start(kind, {**main, "commits": commits}, mended).use())


def test_another_event_is_about_one_commit(hub: Hub, start: Start) -> None:
    hub.fleet.source("secrets/db.age", "postgres://new\n")
    _is_refused(start("workflow_dispatch", {}, hub.fleet.commit("Edit")).use())
    _passes(start("schedule", {}, hub.mends()).use())


@pytest.mark.parametrize("event", [push, pull_request, merge_group])
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
    same = push(broken)
    _is_refused(start(*same, broken).use(from_ref=hub.base))
    _is_refused(start(*same, broken).use(from_ref="old"))
    _is_refused(start(*same, broken).use(from_ref="origin/old"))
    assert start(*same, broken).use(from_ref="nowhere").code == 3
    assert start(*same, broken).use(from_ref="--output=json=x").code == 3


def test_a_snapshot_of_your_own(hub: Hub, start: Start) -> None:
    broken = hub.breaks()
    runner = start(*push(hub.base), broken)
    assert "output-stale" in runner.use(args=f"--from-ref {hub.base} --to-ref {broken}").log
    assert runner.use(args="--worktree").code == 1
    assert runner.use(args=f"--rev {hub.base}").code == 0


def test_reports_are_written_also_when_it_fails(hub: Hub, start: Start) -> None:
    runner = start(*push(hub.base), hub.breaks())
    _is_refused(runner.use(junit="a report.xml", sarif="report.sarif", html="report.html"))
    assert "<testsuites" in (runner.workspace / "a report.xml").read_text()
    assert json.loads((runner.workspace / "report.sarif").read_text())["version"] == "2.1.0"
    assert "<html" in (runner.workspace / "report.html").read_text()


def test_it_is_said_where_people_look(hub: Hub, start: Start) -> None:
    runner = start(*push(hub.base), hub.breaks())
    ended = runner.use()
    assert "\n::error file=secrets/db.age" in ended.log
    assert "secrets/db.age" in runner.summary


def test_arguments_are_split_and_never_run(hub: Hub, start: Start, tmp_path: Path) -> None:
    runner = start(*push(hub.base), hub.breaks())
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
    runner = start(*push(hub.base), hub.base)
    for name in ("version", "args", "from_ref", "html"):
        ended = runner.use(**{name: "'\n::error::trap\n'"})
        assert name == "html" or ended.code != 0
        assert "\n::error::trap" not in ended.log


def test_wrong_options_are_told_from_findings(hub: Hub, start: Start) -> None:
    runner = start(*push(hub.base), hub.base)
    ended = runner.use(args="--no-such-option")
    assert (ended.code, ended.outputs["verdict"]) == (2, "unchecked")
    assert "\n::error title=agenix-check::there is no option --no-such-option" in ended.log
    ended = runner.use(html="no/such/directory/page.html")
    assert (ended.code, ended.outputs["verdict"]) == (2, "unchecked")
    assert "\n::error title=agenix-check::cannot write no/such/directory/page.html" in ended.log


@pytest.mark.parametrize("text", ["", "{", "\udcff"])
def test_an_event_that_cannot_be_read_is_no_finding(hub: Hub, start: Start, text: str) -> None:
    runner = start(*push(hub.base), hub.base)
    (runner.scratch / "event.json").write_text(text, errors="surrogateescape")
    ended = runner.use()
    assert (ended.code, ended.outputs["verdict"]) == (3, "unchecked")
    assert "::error title=agenix-check::the event that this run is for cannot be read" in ended.log
    assert "Traceback" not in ended.log


def test_a_version_from_the_index(hub: Hub, start: Start, tmp_path: Path) -> None:
    runner = start(*push(hub.base), hub.breaks())
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
    runner = start(*push(hub.base), hub.fleet.commit("Set traps"))
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
    runner = start(*push(hub.base), hub.base)
    runner.environment = {**runner.environment, "PATH": str(programs)}
    ended = runner.use()
    assert (ended.code, ended.outputs["verdict"]) == (3, "unchecked")
    assert "::error title=agenix-check::There is no Python 3.11 or newer" in ended.log


def test_a_runner_without_git_is_told_what_it_lacks(hub: Hub, start: Start, tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, program in (("bash", shutil.which("bash")), ("python3", sys.executable)):
        assert program is not None
        (programs / name).symlink_to(Path(program).resolve())
    runner = start(*push(hub.base), hub.base)
    runner.environment = {**runner.environment, "PATH": str(programs)}
    ended = runner.use()
    assert (ended.code, ended.outputs["verdict"]) == (3, "unchecked")
    assert "::error title=agenix-check::there is no Git" in ended.log


def test_a_runner_without_a_checkout_is_told_so(hub: Hub, start: Start) -> None:
    runner = start(*push(hub.base), hub.base)
    shutil.rmtree(runner.workspace / ".git")
    ended = runner.use()
    assert (ended.code, ended.outputs["verdict"]) == (3, "unchecked")
    assert "::error title=agenix-check::Git cannot read the checkout: fatal:" in ended.log
    assert "fetch-depth" not in ended.log


def test_a_tree_with_nothing_to_check_is_unchecked(hub: Hub, start: Start) -> None:
    hub.fleet.git.run("rm", "--quiet", "-r", ".")
    hub.fleet.write("README.md", "Nothing.\n")
    hub.fleet.commit("Remove all")
    hub.fleet.write("README.md", "Nothing at all.\n")
    ended = start("workflow_dispatch", {}, hub.fleet.commit("Write")).use()
    assert (ended.code, ended.outputs["verdict"], ended.outputs["outputs"]) == (3, "unchecked", "0")


_STORE = "agenix-check-{version}-Linux-X64-check-"


def _of_fork(event: tuple[str, Any], *, fork: bool) -> tuple[str, Any]:
    kind, payload = event
    request = payload["pull_request"]
    return kind, {"pull_request": {**request, "head": {"ref": "x", "repo": {"fork": fork}}}}


def test_what_a_strangers_run_wrote_is_read_by_no_other(hub: Hub, start: Start) -> None:
    base, request = hub.base, pull_request(hub.base)
    used = {"restore", "save"}
    events = [
        (push(base), used),
        (("schedule", {}), used),
        (("workflow_dispatch", {}), {"restore"}),
        (merge_group(base), {"restore"}),
        (_of_fork(request, fork=False), {"restore"}),
        (_of_fork(request, fork=True), set()),
        (request, set()),  # it does not say where it comes from
        (_of_fork(pull_request_target(base), fork=False), set()),
        (_of_fork(pull_request_target(base), fork=True), set()),
    ]
    # It is the same script for each: only the first is run to the end.
    for number, (event, expected) in enumerate(events):
        runner = start(*event, base)
        ended = runner.use(store="true", version="" if number == 0 else "no version")
        assert ended.code == (0 if number == 0 else 2), ended.log
        assert runner.used.keys() == expected, event
        for one in runner.used.values():
            assert one["path"] == f"{runner.workspace}/.git/agenix-check"


def test_a_store_belongs_to_a_version_and_a_job(hub: Hub, start: Start) -> None:
    runner = start(*push(hub.base), hub.breaks())
    ended = runner.use(store="true")
    assert ended.code == 1, ended.log  # what was learned is kept all the same
    start_of_key = _STORE.format(version=VERSION.lstrip("v"))
    assert runner.used["restore"]["restore-keys"] == start_of_key
    assert runner.used["restore"]["key"] == runner.used["save"]["key"] == f"{start_of_key}7-1"
    assert Path(runner.used["save"]["path"], "facts").exists()
    assert not start(*push(hub.base), hub.base).used


def test_actions_that_it_uses_are_pinned() -> None:
    used = re.findall(r"uses: (\S+)", ACTION.read_text())
    assert len(used) == 2
    assert all(re.fullmatch(r"actions/cache/(restore|save)@[0-9a-f]{40}", one) for one in used)


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
