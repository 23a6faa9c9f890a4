"""Real commits through the hook that fixes: one commit holds the edit and all new outputs."""

import json
import subprocess
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from tests.hooks.conftest import Desk, Tool

DB, NODES = "secrets/db.age", ("alpha", "beta", "gamma", "delta")


@pytest.fixture
def mender(fleet: Workshop, tool: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Return a fleet in which the hook that fixes is installed, and its identity is known."""
    key = tmp_path / "master.key"
    key.write_text(f"{fleet.identity}\n")
    monkeypatch.setenv("AGENIX_CHECK_IDENTITY", str(key))
    document = json.loads(tool.config)
    document["repos"][0]["hooks"][0]["id"] = "agenix-check-fix"
    return Desk(fleet, tool._replace(config=json.dumps(document, indent=2)))


def _is_fixed(desk: Desk) -> None:
    """Make sure that the last commit has the outputs which its source wants, and no others."""
    for node in NODES:
        path = desk.fleet.output_path(node, "db", DB)
        assert desk.output(node) == desk.fleet.top / path
        assert desk.ask("cat-file", "-t", f"HEAD:{path}") == "blob"
        there = desk.ask("ls-tree", "--name-only", "HEAD", f"secrets/rekeyed/{node}/")
        assert len([line for line in there.splitlines() if line.endswith("-db.age")]) == 1
    assert desk.ask("status", "--porcelain") == ""


def test_an_edit_alone_is_committed_with_its_outputs(mender: Desk) -> None:
    mender.edit()
    mender.fleet.stage(DB)
    done = mender.git("commit", "-m", "Edit")
    assert done.code == 0, done.output
    assert "Passed" in done.output
    assert mender.ask("diff", "--name-only", "HEAD~", "--", DB) == DB
    _is_fixed(mender)


def test_commit_all_has_the_outputs_too(mender: Desk) -> None:
    mender.edit()
    done = mender.git("commit", "-a", "-m", "Edit")
    assert done.code == 0, done.output
    assert mender.ask("diff", "--name-only", "HEAD~", "--", DB) == DB
    _is_fixed(mender)


def test_a_commit_of_all_that_another_hook_stops_ends_right_the_next_time(
    mender: Desk, tmp_path: Path
) -> None:
    head = mender.head
    config = json.loads(mender.tool.config)
    stop = tmp_path / "stop"
    stop.touch()
    hook = {"id": "stop", "name": "stop", "language": "system", "entry": f"test ! -e {stop}"}
    config["repos"].append(
        {
            "repo": "local",
            "hooks": [{**hook, "always_run": True, "pass_filenames": False}],
        }
    )
    mender.fleet.write(mender.tool.file, json.dumps(config, indent=2))
    mender.git("commit", "--no-verify", "-a", "-m", "Add a hook")
    head = mender.head
    mender.edit()
    source = mender.fleet.read(DB)
    stopped = mender.git("commit", "-a", "-m", "Edit")
    assert stopped.code == 1, stopped.output
    assert mender.head == head
    assert mender.fleet.read(DB) == source
    stop.unlink()
    done = mender.git("commit", "-a", "-m", "Edit")
    assert done.code == 0, done.output
    _is_fixed(mender)


def test_commit_all_that_is_to_fail_where_it_fixes_says_how_to_go_on(mender: Desk) -> None:
    config = json.loads(mender.tool.config)
    config["repos"][0]["hooks"][0]["args"] = ["--exit-non-zero-on-fix"]
    mender.fleet.write(".pre-commit-config.yaml", json.dumps(config, indent=2))
    mender.edit()
    for _ in range(2):
        done = mender.git("commit", "-a", "-m", "Edit")
        assert done.code == 1
        assert "type `git add --update`, then `git commit`;" in " ".join(done.output.split())
    mender.git("add", "--update")
    done = mender.git("commit", "-m", "Edit")
    assert done.code == 1
    assert "commit -a" not in done.output
    assert mender.git("commit", "-m", "Edit").code == 0
    _is_fixed(mender)


def test_a_fleet_in_order_is_committed_as_it_is(mender: Desk) -> None:
    mender.fleet.write("README.md", "Another text.\n")
    done = mender.git("commit", "-a", "-m", "Write")
    assert done.code == 0, done.output
    assert mender.ask("diff", "--name-only", "HEAD~") == "README.md"


def test_commit_of_a_path_is_refused_with_what_works(mender: Desk) -> None:
    head = mender.head
    mender.edit()
    before = mender.state()
    done = mender.git("commit", "-m", "Edit", DB)
    assert done.code == 1, done.output
    assert "then `git commit` without naming paths, or `git commit -a`" in done.output
    assert mender.head == head
    assert mender.state() == before


def test_an_unstaged_edit_elsewhere_survives(mender: Desk) -> None:
    mender.edit()
    mender.fleet.stage(DB)
    mender.fleet.write("README.md", "Another text.\n")
    done = mender.git("commit", "-m", "Edit")
    assert done.code == 0, done.output
    assert mender.ask("status", "--porcelain") == "M README.md"
    assert mender.fleet.read("README.md") == b"Another text.\n"


def test_a_newer_unstaged_edit_of_the_source_survives(mender: Desk) -> None:
    mender.edit()
    mender.fleet.stage(DB)
    wanted = [mender.fleet.output_path(node, "db", DB) for node in NODES]
    mender.fleet.source(DB, "postgres://newer\n")
    newer = mender.fleet.read(DB)
    done = mender.git("commit", "-m", "Edit")
    assert done.code == 0, done.output
    assert mender.fleet.read(DB) == newer
    for path in wanted:
        assert mender.ask("cat-file", "-t", f"HEAD:{path}") == "blob"


def test_unstaged_edits_of_a_file_to_be_written_are_refused_and_survive(mender: Desk) -> None:
    head = mender.head
    path = mender.output("alpha")
    path.write_text("plain text\n")
    mender.fleet.stage()
    path.write_text("an edit that is not staged\n")
    before = mender.state()
    done = mender.git("commit", "-m", "Spoil")
    assert done.code == 1, done.output
    assert "not staged" in done.output
    assert mender.head == head
    assert path.read_text() == "an edit that is not staged\n"
    assert mender.state() == before


def test_an_unstaged_deletion_of_a_file_to_be_removed_is_refused_and_survives(
    mender: Desk,
) -> None:
    head = mender.head
    mender.edit()
    mender.fleet.stage(DB)
    mender.output("alpha").unlink()
    before = mender.state()
    done = mender.git("commit", "-m", "Edit")
    assert done.code == 1, done.output
    assert "not staged" in done.output
    assert mender.head == head
    assert mender.state() == before


def test_without_a_terminal_a_passphrase_ends_the_run_at_once(
    mender: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = mender.head
    key = tmp_path / "locked"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "a passphrase", "-f", str(key)], check=True
    )
    monkeypatch.setenv("AGENIX_CHECK_IDENTITY", str(key))
    public = key.with_suffix(".pub").read_text()
    mender.fleet.master = public
    from agenix_check.keys.encrypt import encrypt

    mender.fleet.write(DB, encrypt(b"postgres://new\n", [public]))
    mender.fleet.stage()
    before = mender.state()
    done = mender.git("commit", "-m", "Edit")
    assert done.code == 1, done.output
    assert "Traceback" not in done.output
    assert "terminal" in done.output
    assert mender.head == head
    assert mender.state() == before
