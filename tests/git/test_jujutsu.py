"""Repositories that Jujutsu shares: what is in the work tree will be committed, staged or not.

Its directory stands for it here: it keeps itself out of Git by a `.gitignore` of its own.
"""

from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from tests.conftest import Run
from tests.git.looking import WIFI, judge, spoil


@pytest.fixture
def shared(fleet: Workshop) -> Workshop:
    """Return a fleet in order, with Jujutsu beside Git and a detached HEAD as it leaves it."""
    fleet.git.run("checkout", "--quiet", "--detach")
    fleet.write(".jj/.gitignore", "/*\n")
    return fleet


def test_the_work_tree_is_checked(shared: Workshop) -> None:
    assert judge(shared.top) == set()

    spoil(shared)

    assert judge(shared.top) == {"output-stale"}
    assert judge(shared.top, "--staged") == set()
    assert judge(shared.top, "--rev", "HEAD") == set()


def test_a_new_file_needs_no_staging(shared: Workshop) -> None:
    (path,) = shared.top.glob("secrets/rekeyed/alpha/*-wifi.age")
    shared.git.run("rm", "--cached", "--quiet", "--", str(path.relative_to(shared.top)))

    assert judge(shared.top) == set()


def test_in_a_commit_of_git_the_index_is_checked(
    shared: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(shared)
    monkeypatch.setenv("GIT_INDEX_FILE", str(shared.top / ".git/index"))

    assert judge(shared.top) == set()


def test_fix_takes_what_is_in_the_work_tree(shared: Workshop, run: Run, tmp_path: Path) -> None:
    shared.source(WIFI, "another")
    identity = tmp_path / "id"
    identity.write_text(shared.identity)
    before = shared.git.run("ls-files", "-s")

    planned = run(shared.top, "--fix", "--dry-run", "-i", str(identity))
    assert planned.code == 0, planned
    assert f"decrypt {WIFI}" in planned.stdout
    assert shared.git.run("ls-files", "-s") == before

    done = run(shared.top, "--fix", "-i", str(identity))
    assert done.code == 0, done
    assert "staged the work tree, which Jujutsu will commit" in done.stderr
    assert judge(shared.top) == set()
    assert shared.git.run("diff", "--name-only") == b""


def test_a_tracked_directory_of_that_name_is_a_strangers(fleet: Workshop) -> None:
    fleet.write(".jj/repo", "x")
    fleet.commit("Pretend")
    spoil(fleet)

    assert judge(fleet.top) == set()
