"""Whose settings file decides: a change cannot choose by what it is judged."""

import json
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.report.registry import format_names
from tests.conftest import Result, Run

FILE, DB = "agenix-check.toml", "secrets/db.age"
RANGE = ("--from-ref", "main", "--to-ref", "topic")
# What silences `output-stale` of db, in one way or another.
SILENT = (
    'ignore = ["output-stale"]\n',
    '[[ignore]]\nrule = "output-stale"\npath = "secrets/*"\nreason = "trust me"\n',
    '[[ignore]]\nrule = "output-stale"\nnode = "*"\nreason = "trust me"\n',
)


def propose(fleet: Workshop, settings: str | None = None, *, name: str = FILE) -> None:
    """Break db on a branch, with other settings, and go back to main."""
    fleet.git.run("checkout", "--quiet", "-b", "topic")
    fleet.source(DB, "another\n")
    if settings is not None:
        fleet.write(name, settings)
    fleet.commit("Improve things")
    fleet.git.run("checkout", "--quiet", "main")


def decide(fleet: Workshop, settings: str) -> str:
    fleet.write(FILE, settings)
    return fleet.commit("Set up the gate")


def findings(result: Result) -> dict[str, str]:
    """Return the message of the last finding of each rule."""
    return {one["rule"]: one["message"] for one in json.loads(result.stdout)["findings"]}


@pytest.fixture
def run(run_here: Run) -> Run:
    return run_here


@pytest.mark.parametrize("settings", SILENT)
@pytest.mark.parametrize("words", [RANGE, (*RANGE[:3], "topic^0")])
def test_a_range_is_judged_by_what_it_is_compared_with(
    fleet: Workshop, run: Run, settings: str, words: tuple[str, ...]
) -> None:
    propose(fleet, settings)
    result = run(fleet.top, *words, "--format", "json")
    assert result.code == 1
    found = findings(result)
    assert "output-stale" in found
    assert found["settings-changed"].startswith(
        "this change edits ignore; that hides: output-stale"
    )


def test_the_same_in_pyproject(fleet: Workshop, run: Run) -> None:
    propose(fleet, '[tool.agenix-check]\nignore = ["output-stale"]\n', name="pyproject.toml")
    result = run(fleet.top, *RANGE, "--format", "json")
    assert result.code == 1
    (finding,) = (
        one for one in json.loads(result.stdout)["findings"] if one["rule"] == "settings-changed"
    )
    assert (finding["path"], finding["severity"]) == ("pyproject.toml", "warning")


def test_a_hook_of_a_push_is_judged_by_it_too(fleet: Workshop, run: Run) -> None:
    propose(fleet, SILENT[0])
    hook = {"PRE_COMMIT_FROM_REF": "main", "PRE_COMMIT_TO_REF": "topic"}
    assert run(fleet.top, env=hook).code == 1
    # prek says of a first push only what is pushed: nobody else's settings are known.
    assert run(fleet.top, env={"PRE_COMMIT_TO_REF": "topic"}).code == 0


def test_it_is_not_the_merge_base_that_decides(fleet: Workshop, run: Run) -> None:
    # A stranger chooses from where the branch starts: here, from when a rule was off.
    decide(fleet, SILENT[0])
    propose(fleet)
    decide(fleet, "strict = true\n")
    result = run(fleet.top, *RANGE, "--format", "json")
    assert result.code == 1
    assert "output-stale" in findings(result)
    assert "settings-changed" not in findings(result)  # it does not edit them


def test_strict_is_not_undone(fleet: Workshop, run: Run) -> None:
    decide(fleet, "strict = true\n")
    fleet.git.run("checkout", "--quiet", "-b", "topic")
    fleet.write(FILE, "")
    fleet.source("secrets/empty.age", "")
    fleet.commit("Improve things")
    fleet.git.run("checkout", "--quiet", "main")
    result = run(fleet.top, *RANGE, "--format", "json")
    assert json.loads(result.stdout)["counts"]["errors"] == 0
    assert result.code == 1
    found = findings(result)["settings-changed"]
    assert "source-empty secrets/empty.age, which would not fail" in found


def test_require_verified_is_not_undone(fleet: Workshop, run: Run) -> None:
    decide(fleet, "require-verified = true\n")  # gamma and delta have anonymous keys
    fleet.git.run("checkout", "--quiet", "-b", "topic")
    fleet.remove(FILE)
    fleet.commit("Improve things")
    result = run(fleet.top, *RANGE, "--format", "json")
    assert result.code == 1
    assert "2 unverifiable outputs, which would not fail" in findings(result)["settings-changed"]
    assert "settings at" not in result.stderr


def test_fail_on_new_is_not_done_by_the_change(fleet: Workshop, run: Run) -> None:
    fleet.source(DB, "broken on main\n")
    fleet.commit("Break it")
    fleet.git.run("checkout", "--quiet", "-b", "topic")
    fleet.write(FILE, 'fail-on = "new"\n')
    fleet.commit("Improve things")
    result = run(fleet.top, *RANGE, "--format", "json")
    assert result.code == 1
    assert "which would not fail" in findings(result)["settings-changed"]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ('inventory = "lock"\n', "everything, because nothing could be checked: there is no"),
        ('ignore = ["lock-stale", "output-stale"]\n', "output-stale"),
    ],
)
def test_another_inventory_is_shown_as_what_it_hides(
    fleet: Workshop, run: Run, settings: str, says: str
) -> None:
    propose(fleet, settings)
    result = run(fleet.top, *RANGE, "--format", "json", "--ignore", "source-unused")
    assert result.code == 1
    assert says in findings(result)["settings-changed"]


@pytest.mark.parametrize(
    "settings",
    ["strict = true\n", 'ignore = ["source-unused"]\n', 'format = "json"\n', "verbose = true\n"],
)
def test_an_honest_change_of_settings_can_be_merged(
    fleet: Workshop, run: Run, settings: str
) -> None:
    decide(fleet, "strict = true\nnix-timeout = 60\n")
    fleet.git.run("checkout", "--quiet", "-b", "topic")
    fleet.write(FILE, settings)
    fleet.commit("Set the gate up anew")
    result = run(fleet.top, *RANGE)
    assert result.code == 0, result
    assert "note[settings-changed]" in result.stdout
    assert "that hides nothing that is wrong here" in " ".join(result.stdout.split())


def test_what_hides_something_old_can_be_merged_too(fleet: Workshop, run: Run) -> None:
    decide(fleet, 'strict = true\nfail-on = "new"\n')
    fleet.source(DB, "broken on main\n")
    fleet.commit("Break it")
    fleet.git.run("checkout", "--quiet", "-b", "topic")
    fleet.write(FILE, f'strict = true\nfail-on = "new"\n{SILENT[0]}')
    fleet.commit("Leave db alone")
    result = run(fleet.top, *RANGE)
    assert result.code == 0, result
    assert "warning[settings-changed]" in result.stdout


@pytest.mark.parametrize("settings", [SILENT[0], "nix-timeout = 9\n"])
def test_every_format_shows_it(fleet: Workshop, run: Run, tmp_path: Path, settings: str) -> None:
    propose(fleet, settings)
    files = {form: tmp_path / form for form in format_names()}
    words = [word for form, file in files.items() for word in ("--output", f"{form}={file}")]
    run(fleet.top, *RANGE, *words)
    for form, file in files.items():
        shown = file.read_text()
        assert "settings-changed" in shown, form
        assert FILE in shown, form


HIDING = (
    'rev = "HEAD~1"', 'to-ref = "HEAD~1"', 'from-ref = "HEAD"', "staged = true", "worktree = true",
    'node = ["beta"]', 'secret = ["wifi"]', 'new-from = "HEAD"', "quiet = true",
    "allow-empty = true", 'output = ["json=/tmp/x"]', 'junit = "x"', "decrypt = true", "fix = true",
    'identity = ["x"]', "update-masters = true", 'settings = "topic"',
)  # fmt: skip


@pytest.mark.parametrize("line", HIDING)
def test_no_file_selects_or_hides(fleet: Workshop, run: Run, line: str) -> None:
    propose(fleet, line + "\n")
    key = line.partition(" ")[0]
    for words in (RANGE, ("--rev", "topic")):
        result = run(fleet.top, *words)
        assert (result.code, result.stdout) == (2, "")
        assert (
            result.stderr == f"agenix-check: {FILE}: {key} cannot be set in a file; use --{key}\n"
        )


@pytest.mark.parametrize("line", HIDING)
def test_what_the_base_must_not_set_is_left_out_and_reported(
    fleet: Workshop, run: Run, line: str
) -> None:
    decide(fleet, f"strict = true\n{line}\n")
    propose(fleet, "strict = true\n")
    result = run(fleet.top, *RANGE, "--format", "json")
    assert result.code == 1
    report = json.loads(result.stdout)
    assert report["counts"]["wrong"] == 4
    (sentence,) = report["skipped"]
    assert f"{FILE} at main: {line.partition(' ')[0]} cannot be set in a file" in sentence


@pytest.mark.parametrize("text", ["strict = [", "strict = 1\n", "\udcff"])
def test_settings_of_the_base_that_cannot_be_read(fleet: Workshop, run: Run, text: str) -> None:
    (fleet.top / FILE).write_text(text, errors="surrogateescape")
    fleet.commit("Set up the gate")
    fleet.git.run("checkout", "--quiet", "-b", "topic")
    fleet.write(FILE, "strict = true\n")
    fleet.commit("Put it right")
    result = run(fleet.top, *RANGE)
    assert result.code == 3
    assert f"{FILE} at main" in result.stderr
    assert "--settings REV|FILE" in result.stderr
    assert run(fleet.top, *RANGE, "--settings", "topic").code == 0


def test_a_rule_that_the_base_ignores_and_nobody_knows(fleet: Workshop, run: Run) -> None:
    decide(fleet, 'ignore = ["output-gone"]\n')
    propose(fleet, "")
    result = run(fleet.top, *RANGE)
    assert result.code == 1
    assert "it is left out" in result.stdout


def test_settings_of_the_work_tree_that_is_not_checked(fleet: Workshop, run: Run) -> None:
    fleet.source(DB, "another\n")
    fleet.commit("Edit")
    fleet.write(FILE, SILENT[0])
    assert run(fleet.top).code == 1
    assert run(fleet.top, "--rev", "HEAD").code == 1
    assert run(fleet.top, "--worktree").code == 0
    fleet.stage()
    assert run(fleet.top).code == 0
    assert run(fleet.top, "--rev", "HEAD").code == 1
    fleet.commit("Set up")
    fleet.write(FILE, "strict = [\n")
    assert run(fleet.top, "--rev", "HEAD").code == 0
    assert run(fleet.top).code == 0
    assert run(fleet.top, "--worktree").code == 2


def test_an_ignored_file_is_in_no_work_tree(fleet: Workshop, run: Run) -> None:
    fleet.source(DB, "another\n")
    fleet.write(".gitignore", f"/{FILE}\n")
    fleet.commit("Edit")
    fleet.write(FILE, SILENT[0])
    assert run(fleet.top, "--worktree").code == 1


def test_a_commit_that_edits_settings_says_so(fleet: Workshop, run: Run) -> None:
    fleet.source(DB, "another\n")
    fleet.write(FILE, SILENT[0])
    fleet.stage()
    for env in ({}, {"GIT_INDEX_FILE": ".git/index"}):
        result = run(fleet.top, env=env)
        assert result.code == 0  # the committer's own settings decide
        assert "warning[settings-changed]" in result.stdout
        assert "output-stale" in result.stdout
    fleet.commit("Leave db alone")
    assert "settings-changed" not in run(fleet.top).stdout


@pytest.mark.parametrize("named", ["main", "main^0", "mine.toml"])
def test_settings_of_somebody_else(fleet: Workshop, run: Run, named: str, tmp_path: Path) -> None:
    decide(fleet, SILENT[0])
    fleet.git.run("checkout", "--quiet", "-b", "topic")
    fleet.source(DB, "another\n")
    fleet.write(FILE, "")
    fleet.write("mine.toml", SILENT[0])
    fleet.stage()
    assert run(fleet.top).code == 1
    assert run(fleet.top, "--settings", named).code == 0
    assert run(fleet.top, env={"AGENIX_CHECK_SETTINGS": named}).code == 0
    result = run(fleet.top, "--settings", "no-such")
    assert result.code == 2
    assert result.stderr == "agenix-check: --settings: 'no-such' is neither a commit nor a file\n"


def clone(fleet: Workshop, tmp_path: Path) -> Workshop:
    """Return a clone, whose remote's default branch is main."""
    top = tmp_path / "clone"
    git = fleet.git.with_environment({"GIT_ALLOW_PROTOCOL": "file"})
    git.run("clone", "--quiet", str(fleet.top), str(top))
    copy = Workshop(top)
    copy.identity, copy.master = fleet.identity, fleet.master
    return copy


def test_by_hand_on_the_branch_of_a_stranger(fleet: Workshop, run: Run, tmp_path: Path) -> None:
    decide(fleet, "nix-timeout = 60\n")
    propose(fleet, SILENT[0])
    mine = clone(fleet, tmp_path)
    assert run(mine.top).stderr == ""  # the remote has it
    mine.git.run("checkout", "--quiet", "topic")
    line = "the settings of origin/main decide, which does not have this branch"
    for words in ((), ("--rev", "HEAD"), ("--worktree",)):
        result = run(mine.top, *words)
        assert (result.code, "output-stale" in result.stdout) == (1, True)
        assert line in result.stderr
        assert "warning[settings-changed]" in result.stdout
    result = run(mine.top, "--settings", "HEAD")
    assert (result.code, result.stderr) == (0, "")
    # Whoever makes a commit decides by it.
    result = run(mine.top, env={"GIT_INDEX_FILE": ".git/index"})
    assert (result.code, result.stderr) == (0, "")


def test_by_hand_where_nobody_has_settings(fleet: Workshop, run: Run, tmp_path: Path) -> None:
    mine = clone(fleet, tmp_path)
    mine.write("README.md", "Mine.\n")
    mine.commit("Write")
    result = run(mine.top)
    assert (result.code, result.stderr) == (0, "")


def test_settings_alone_are_nothing_to_check(workshop: Workshop, run: Run) -> None:
    workshop.commit("Begin")
    workshop.write(FILE, SILENT[0])
    workshop.stage()
    result = run(workshop.top)
    assert result.code == 3
    assert "nothing to check" in result.stderr


def test_a_base_that_is_not_here(fleet: Workshop, run: Run) -> None:
    decide(fleet, "strict = true\n")
    propose(fleet)
    tree = fleet.git.run("rev-parse", "main^{tree}").decode().strip()
    (fleet.top / ".git/objects" / tree[:2] / tree[2:]).unlink()
    result = run(fleet.top, *RANGE)
    assert result.code == 3
    assert result.stderr.count("\n") == 1
