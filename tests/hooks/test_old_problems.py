"""Real commits and pushes on top of an error that was committed before."""

import json
from pathlib import Path

import pytest

from tests.hooks.conftest import CONFIG, Desk

SAID = "does not fail this run (--fail-on new)"


@pytest.fixture
def broken(desk: Desk) -> Desk:
    """Return a fleet in whose last commit an output is no age file."""
    desk.output("alpha").write_text("no age file\n")
    desk.fleet.commit("Break an output")
    return desk


def _write(desk: Desk) -> None:
    desk.fleet.write("README.md", "Another text.\n")
    desk.fleet.stage()


def test_a_commit_passes_and_shows_the_old_error(broken: Desk) -> None:
    head = broken.head
    _write(broken)
    done = broken.git("commit", "-m", "Write")
    assert done.code == 0, done.output
    assert broken.head != head
    assert "Passed" in done.output
    assert "error[output-not-encrypted]" in done.output
    assert SAID in done.output


def test_a_commit_with_a_new_error_is_refused(broken: Desk) -> None:
    head = broken.head
    broken.fleet.source("secrets/wifi.age", "another\n")
    broken.fleet.stage()
    done = broken.git("commit", "-m", "Edit")
    assert done.code == 1, done.output
    assert "output-stale" in done.output
    assert broken.head == head


def test_args_override_it(broken: Desk) -> None:
    document = json.loads(broken.tool.config)
    document["repos"][0]["hooks"][0]["args"] = ["--fail-on", "all"]
    broken.fleet.write(CONFIG, json.dumps(document, indent=2))
    broken.fleet.commit("Let every error fail")
    head = broken.head
    _write(broken)
    done = broken.git("commit", "-m", "Write")
    assert done.code == 1, done.output
    assert "output-not-encrypted" in done.output
    assert broken.head == head


def test_a_run_over_all_files_fails(broken: Desk) -> None:
    _write(broken)
    broken.git("commit", "-m", "Write")
    done = broken.run(broken.tool.program, "run", "--all-files")
    assert done.code == 1, done.output
    assert "output-not-encrypted" in done.output
    assert SAID not in done.output


def test_the_first_push_fails_and_a_later_one_does_not(broken: Desk, tmp_path: Path) -> None:
    remote = str(tmp_path / "remote.git")
    broken.ask("init", "--quiet", "--bare", remote)
    broken.ask("remote", "add", "origin", remote)
    _write(broken)
    broken.git("commit", "-m", "Write")
    done = broken.git("push", "origin", "main")
    assert done.code == 1, done.output
    assert "output-not-encrypted" in done.output

    broken.ask("push", "--no-verify", "--quiet", "origin", "main")
    broken.fleet.write("README.md", "A third text.\n")
    broken.fleet.commit("Write again")
    done = broken.git("push", "origin", "main")
    assert done.code == 0, done.output
    assert SAID in done.output
