"""Hooks as Git itself runs them, by file and by configuration, and what it runs none for."""

import json

import pytest

from agenix_check.demo.workshop import Workshop
from tests.checkout import Done, run
from tests.examples import with_programs
from tests.programs import version_of

STAGES = ("pre-commit", "pre-merge-commit")
NODES = ("alpha", "beta", "gamma", "delta")


class Plain:
    """A fleet in order, and Git with hooks."""

    def __init__(self, fleet: Workshop) -> None:
        self.fleet = fleet

    def git(self, *arguments: str) -> Done:
        return run(self.fleet.top, with_programs(), "git", *arguments)

    def ask(self, *arguments: str) -> str:
        done = self.git(*arguments)
        assert done.code == 0, done.output
        return done.output.strip()

    def check(self, *arguments: str) -> Done:
        return run(self.fleet.top, with_programs(), "agenix-check", *arguments)

    @property
    def head(self) -> str:
        return self.ask("rev-parse", "HEAD")

    def hook(self, stage: str, text: str) -> None:
        path = self.fleet.top / ".git" / "hooks" / stage
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def edit(self) -> None:
        """Edit the source of `db`; its four outputs are then made from the version before."""
        self.fleet.source("secrets/db.age", "postgres://new\n")

    def mend(self) -> None:
        for node in NODES:
            (old,) = (self.fleet.top / "secrets/rekeyed" / node).glob("*-db.age")
            old.unlink()
            self.fleet.rekey(node, "db", "secrets/db.age", "postgres://new\n")

    def branch_off(self) -> None:
        """Edit a source on the branch `edit` and forget to rekey; on `main` something else."""
        self.ask("checkout", "--quiet", "-b", "edit")
        self.edit()
        self.ask("commit", "--no-verify", "--quiet", "-a", "-m", "Edit")
        self.ask("checkout", "--quiet", "main")
        self.fleet.write("README.md", "Another text.\n")
        self.ask("commit", "--quiet", "-a", "-m", "Write")


def by_file(plain: Plain) -> None:
    for stage in STAGES:
        plain.hook(stage, "exec agenix-check")


def by_configuration(plain: Plain) -> None:
    plain.ask("config", "hook.agenix-check.command", "agenix-check")
    for stage in STAGES:
        plain.ask("config", "--add", "hook.agenix-check.event", stage)


BY_CONFIGURATION = version_of("git") >= (2, 54)  # to an older Git the keys mean nothing
WAYS = [by_file, by_configuration] if BY_CONFIGURATION else [by_file]


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def plain(fleet: Workshop, request: pytest.FixtureRequest) -> Plain:
    desk = Plain(fleet)
    request.param(desk)
    return desk


def refused(done: Done) -> None:
    assert done.code == 1, done.output
    assert done.output.count("error[output-stale]") == 1, done.output


def test_what_an_older_git_lacks_is_a_file(fleet: Workshop) -> None:
    plain = Plain(fleet)
    by_configuration(plain)
    plain.edit()
    assert plain.git("commit", "-a", "-m", "Edit").code == (1 if BY_CONFIGURATION else 0)


def test_a_commit_is_judged_by_what_it_commits(plain: Plain) -> None:
    plain.fleet.write("README.md", "Another text.\n")
    plain.edit()
    plain.fleet.stage("README.md")
    assert plain.git("commit", "-m", "Write").code == 0
    head = plain.head
    for words in (("-a",), ("secrets/db.age",)):
        refused(plain.git("commit", "-m", "Edit", *words))
    assert plain.head == head
    assert plain.ask("diff", "--name-only") == "secrets/db.age"
    plain.mend()
    plain.fleet.stage()
    done = plain.git("commit", "-m", "Edit and rekey")
    assert done.code == 0, done.output


def test_a_merge_is_judged(plain: Plain) -> None:
    plain.branch_off()
    head = plain.head
    refused(plain.git("merge", "--no-edit", "edit"))
    refused(plain.git("commit", "--no-edit"))
    assert plain.head == head
    plain.mend()
    plain.fleet.stage()
    done = plain.git("commit", "--no-edit")
    assert done.code == 0, done.output


def test_a_sound_merge_passes(plain: Plain) -> None:
    plain.ask("checkout", "--quiet", "-b", "edit")
    plain.edit()
    plain.mend()
    plain.fleet.stage()
    plain.ask("commit", "--quiet", "-m", "Edit and rekey")
    plain.ask("checkout", "--quiet", "main")
    plain.fleet.write("README.md", "Another text.\n")
    plain.ask("commit", "--quiet", "-a", "-m", "Write")
    done = plain.git("merge", "--no-edit", "edit")
    assert done.code == 0, done.output


def test_a_merge_is_judged_before_git_writes_down_what_is_merged(fleet: Workshop) -> None:
    plain = Plain(fleet)
    for stage in STAGES:
        plain.hook(stage, "test -e .git/MERGE_HEAD && echo It is written\nexec agenix-check")
    plain.branch_off()
    before = plain.git("merge", "--no-edit", "edit")
    after = plain.git("commit", "--no-edit")
    for done in (before, after):
        refused(done)
    assert "It is written" not in before.output
    assert "It is written" in after.output


def test_git_runs_a_hook_of_its_configuration_before_that_of_a_file(fleet: Workshop) -> None:
    plain = Plain(fleet)
    plain.hook("pre-commit", "echo by file")
    plain.ask("config", "hook.one.command", "echo by configuration")
    plain.ask("config", "hook.one.event", "pre-commit")
    done = plain.git("commit", "--allow-empty", "-m", "Nothing")
    said = [line for line in done.output.splitlines() if line.startswith("by ")]
    both = ["by configuration", "by file"]
    assert said == (both if BY_CONFIGURATION else ["by file"])


@pytest.mark.parametrize("command", ["cherry-pick edit", "rebase main", "revert --no-edit HEAD"])
def test_what_git_runs_no_hook_for_is_found_afterwards(plain: Plain, command: str) -> None:
    plain.branch_off()
    if command.startswith("rebase"):
        plain.ask("checkout", "--quiet", "edit")
    elif command.startswith("revert"):
        plain.ask("merge", "--no-verify", "--quiet", "--no-edit", "edit")
        plain.mend()
        plain.fleet.stage()
        plain.ask("commit", "--quiet", "-m", "Rekey")
    done = plain.git(*command.split())
    assert done.code == 0, done.output
    assert "output-stale" not in done.output
    broken = plain.ask("rev-parse", "HEAD")
    for number in range(2):  # at once, and after a commit of something else
        refused(plain.check())
        report = json.loads(plain.check("--format", "json").output)
        found = [one for one in report["findings"] if one["rule"] == "output-stale"]
        assert {one["severity"] for one in found} == {"error"}
        assert len(found) == 4
        plain.fleet.write("README.md", f"Text {number}.\n")
        plain.fleet.stage("README.md")
        # The next commit is told of it too, and where it may fail for new errors alone it passes.
        refused(plain.git("commit", "-m", "Write"))
        plain.ask("commit", "--quiet", "--no-verify", "-m", "Write")
    assert {one["since"] for one in found} == {broken}
    assert plain.check("--from-ref", "HEAD~1", "--fail-on", "new").code == 0


def test_what_comes_back_from_the_stash_is_found_by_the_commit(plain: Plain) -> None:
    plain.edit()
    plain.fleet.stage()
    plain.ask("stash")
    done = plain.git("stash", "pop", "--index")
    assert done.code == 0, done.output
    assert "output-stale" not in done.output
    refused(plain.check())
    refused(plain.git("commit", "-m", "Edit"))
