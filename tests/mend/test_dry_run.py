"""What `--fix --dry-run` shows, and its exit code; and what both say of changed settings."""

import json
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import new_identity
from tests.cli.running import on_terminal
from tests.conftest import Run
from tests.mend.granting import PLAINTEXTS, merge_host
from tests.mend.mending import DB, edit, fix, write_key

PLAIN = ("--fix", "--inventory", "names")
DRY = (*PLAIN, "--dry-run")
NO_IDENTITY = "there is no identity to decrypt this with: give one with -i FILE"


def test_all_could_be_fixed(fleet: Workshop) -> None:
    edit(fleet)
    for words in ((), ("--format", "json")):
        assert fix(fleet, "--dry-run", *words).code == 0
    assert fix(fleet).code == 0


def test_nothing_is_to_be_fixed(fleet: Workshop) -> None:
    done = fix(fleet, "--dry-run")
    assert (done.code, done.stdout) == (0, "Nothing would be fixed\n")


def test_a_grant_is_open(fleet: Workshop) -> None:
    fix(fleet)
    merge_host(fleet)
    edit(fleet)
    done = fix(fleet, "--dry-run")
    assert done.code == 1
    assert "grant evil: ssh-ed25519 SHA256:" in done.stdout
    assert "would get db: --grant evil" in done.stdout
    shown = on_terminal(fleet.top, *DRY, "--no-progress", COLUMNS="60")
    lines = shown.splitlines()
    assert " ".join(shown.split()).count("is this host's key, type `agenix-check --fix") == 1
    grants = [line.strip() for line in lines if "--grant" in line]  # what is pasted stays whole
    assert grants[0].endswith("would get db: --grant evil")
    assert grants[1].endswith("`agenix-check --fix --inventory names --grant evil`")
    assert all(len(line) <= 60 or " " not in line.strip() for line in lines)
    assert len(lines) > len(done.stdout.splitlines())
    assert fix(fleet, "--dry-run", "--grant", "all").code == 0


def test_something_else_is_wrong(fleet: Workshop) -> None:
    edit(fleet)
    fleet.write("secrets/beta-note.age", "age-encryption.org/v1\n-> cut")
    fleet.stage()
    done = fix(fleet, "--dry-run")
    assert done.code == 1
    assert f"decrypt {DB} with" in done.stdout
    assert fix(fleet).code == 1


def test_something_cannot_be_checked(fleet: Workshop) -> None:
    edit(fleet)
    done = fix(fleet, "--dry-run", "--node", "nobody")
    assert done.code == fix(fleet, "--node", "nobody").code == 3


def test_no_identity_is_named(fleet: Workshop, run: Run) -> None:
    edit(fleet)
    done = run(fleet.top, *DRY)
    assert done.code == 1
    assert done.stdout.splitlines()[0] == f"decrypt {DB}"
    assert f"not fixed: {DB}: {NO_IDENTITY}" in done.stdout
    assert (
        json.loads(run(fleet.top, *DRY, "--format", "json").stdout)["decrypt"][0]["identity"]
        is None
    )


def test_the_identity_that_fits_is_named(fleet: Workshop, run: Run, tmp_path: Path) -> None:
    edit(fleet)
    private, _ = new_identity()
    other = tmp_path / "other.txt"
    other.write_text("# public key: none\nAGE-PLUGIN-YUBIKEY-1QQQQQQQQQQQQQQQQQQQQ\n")
    key = write_key(fleet)
    done = run(fleet.top, *DRY, "-i", str(other), "-i", str(key))
    assert done.code == 0, done
    assert done.stdout.splitlines()[0] == f"decrypt {DB} with {key} (from -i)"
    # The keys in it are not shown, whatever they are.
    assert private not in done.stdout
    assert "AGE-SECRET-KEY" not in done.stdout + done.stderr


def test_what_would_not_be_verifiable_is_asked_to_be(fleet: Workshop) -> None:
    _, anonymous = new_identity()
    fleet.host("omega", anonymous)
    fleet.rekey("omega", "db", DB, PLAINTEXTS[DB])
    fleet.commit("Add a host with an anonymous key")
    edit(fleet)
    assert fix(fleet, "--dry-run", "--require-verified").code == 1
    assert fix(fleet, "--dry-run").code == 0
    assert fix(fleet, "--require-verified").code == 1


@pytest.mark.parametrize("words", [(), ("--dry-run",)])
def test_what_a_change_of_the_settings_would_hide_is_said(
    fleet: Workshop, tmp_path: Path, words: tuple[str, ...]
) -> None:
    fix(fleet)
    fleet.write("secrets/beta-note.age", "age-encryption.org/v1\n-> cut")
    fleet.write("agenix-check.toml", 'ignore = ["source-malformed"]\n')
    edit(fleet)
    fleet.stage()
    report = tmp_path / "report.json"
    fix(fleet, *words, "--output", f"json={report}", "--settings", "HEAD")
    found = {one["rule"]: one["message"] for one in json.loads(report.read_text())["findings"]}
    assert "source-malformed" in found
    assert found["settings-changed"].endswith("that hides: source-malformed secrets/beta-note.age")
