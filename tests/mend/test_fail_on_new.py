"""The hook that fixes stops nobody for what was wrong before the commit (`--fail-on new`)."""

import shlex

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt, new_identity
from tests.mend.mending import DB, WIFI, ask, command, edit, execute, fix, outputs
from tests.mend.test_authorization import plant

GIT = ("git", "-c", "user.name=somebody", "-c", "user.email=somebody@example.org")


def test_a_commit_is_not_stopped_for_what_was_withheld_before_it(fleet: Workshop) -> None:
    """Nor is anything else made from that source: then a host would look switched off."""
    planted = plant(fleet, "secrets/rekeyed/alpha", DB, b"garbage\n")
    spoiled = fleet.write(fleet.output_path("beta", "db", DB), b"garbage\n")
    fleet.commit("Look at this")
    fleet.write("README.md", "Another text.\n")
    fleet.stage()
    before = ask(fleet, "ls-files", "--stage")

    done = fix(fleet, "--fail-on", "new", env={"GIT_INDEX_FILE": str(fleet.top / ".git/index")})

    assert done.code == 0
    assert ask(fleet, "ls-files", "--stage") == before
    assert "does not fail this run (--fail-on new)" in done.stdout
    assert f"not fixed: {planted}: outputs of its directory are made for several" in done.stderr
    assert f"not fixed: {spoiled}: another output of its source is withheld" in done.stderr

    by_hand = fix(fleet)

    assert by_hand.code == 1
    assert f"beta   db  {spoiled}" not in by_hand.stdout.partition("Fixed")[0]
    assert fleet.read(spoiled) != b"garbage\n"


def test_a_commit_is_not_stopped_because_an_old_problem_cannot_be_fixed(fleet: Workshop) -> None:
    """What the commit itself breaks is fixed all the same."""
    old = fleet.write(fleet.output_path("beta", "wifi", WIFI), b"garbage\n")
    other = new_identity()[1]
    fleet.write(WIFI, encrypt(b"correct horse\n", [other]))
    fleet.commit("Encrypt it to somebody else")
    edit(fleet)

    done = fix(fleet, "--fail-on", "new", env={"GIT_INDEX_FILE": str(fleet.top / ".git/index")})

    assert done.code == 0
    assert "not fixed: what was wrong before this change: " in done.stderr
    assert fleet.output_path("alpha", "db", DB) in outputs(fleet)
    assert old in outputs(fleet)
    assert fix(fleet).code == 3  # by hand


@pytest.mark.parametrize("identity", [True, False])
def test_a_commit_of_a_path_that_breaks_nothing_is_made(fleet: Workshop, identity: bool) -> None:
    fleet.write(fleet.output_path("beta", "wifi", WIFI), b"garbage\n")
    fleet.commit("Spoil it")
    fleet.write("README.md", "Another text.\n")
    words = command(fleet, "--fail-on", "new")
    if not identity:
        words = [word for word in words if word != "-i" and not word.endswith("master.key")]
    hook = fleet.top / ".git/hooks/pre-commit"
    hook.write_text(f"#!/bin/sh\nexec {shlex.join(words)}\n")
    hook.chmod(0o755)

    for arguments in (["README.md"], ["-a", "--allow-empty"]):
        done = execute(fleet, [*GIT, "commit", "-m", "Write", *arguments])

        assert done.code == 0, done.stderr
        assert "error[output-not-encrypted]" in done.stdout + done.stderr or identity
