"""Who gets a secret that never had one: keys that this clone knows, by names."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from agenix_check.age import fingerprint, parse_recipient
from agenix_check.demo.workshop import Workshop
from tests.host_keys import ALPHA, HOSTS, NEW
from tests.mend.granting import (
    EVIL,
    EVIL_NODE,
    STRANGER,
    commit_as,
    evil_outputs,
    file_of_known,
    known,
    merge_host,
    plant_host,
    rotate,
    type_in,
)
from tests.mend.mending import DB, ask, command, edit, execute, fix, outputs, state

FINGERPRINT = fingerprint(parse_recipient(NEW))


def test_the_first_use_is_remembered_also_where_nothing_is_to_do(fleet: Workshop) -> None:
    done = fix(fleet)

    assert done.code == 0
    assert known(fleet) == sorted(parse_recipient(key).text for key in HOSTS.values())
    assert file_of_known(fleet).read_text().startswith("agenix-check known keys, format 1\n# ")


def test_a_planted_directory_that_is_merged_gets_nothing_until_it_is_granted(
    fleet: Workshop,
) -> None:
    fix(fleet)
    commit = merge_host(fleet)
    edit(fleet)
    before = state(fleet)

    done = fix(fleet)

    # Were the others made, names would take this host for one that is switched off.
    assert (done.code, state(fleet)) == (1, before)
    assert "another output of its source is withheld" in done.stderr
    who = f"{FINGERPRINT} (hosts/evil/host.pub, brought by Mallory in {commit[:12]})"
    command_line = f"agenix-check --fix --inventory names --grant {EVIL_NODE}"
    condition = f"only if {who} is this host's key"
    assert f"{command_line} # {condition}" in " ".join(done.stdout.split())
    assert f"{condition}, type `{command_line}`" in done.stderr
    assert STRANGER not in known(fleet)

    granted = fix(fleet, "--grant", EVIL)

    assert granted.code == 0, granted
    assert fleet.output_path("alpha", "db", DB) in outputs(fleet)
    assert evil_outputs(fleet) == [fleet.output_path("evil", "db", DB)]
    assert STRANGER in known(fleet)
    fleet.commit("Rekey")
    edit(fleet, "yet another text\n")
    assert fix(fleet).code == 0


def test_what_the_gate_prints_can_be_typed(fleet: Workshop) -> None:
    fix(fleet)
    merge_host(fleet)
    edit(fleet)
    assert fix(fleet).code == 1
    judged = type_in(fleet, "agenix-check --format json")
    (mend,) = {one["mend"] for one in json.loads(judged.stdout)["findings"]}

    done = type_in(fleet, mend)

    assert (done.returncode, evil_outputs(fleet)) == (
        0,
        [fleet.output_path("evil", "db", DB)],
    ), done
    assert type_in(fleet, mend).returncode == 0  # once more: it is granted already


def test_first_use_trusts_what_head_has_outputs_for(fleet: Workshop) -> None:
    merge_host(fleet)
    edit(fleet)

    assert fix(fleet).code == 0
    assert STRANGER in known(fleet)


@pytest.mark.parametrize("way", ["checkout", "merge"])
def test_first_use_trusts_the_default_branch_where_that_has_not_what_is_here(
    fleet: Workshop, tmp_path: Path, way: str
) -> None:
    """A pull request that is checked out, or merged and not pushed, is not trusted."""
    subprocess.run(["git", "clone", "--quiet", str(fleet.top), str(tmp_path / "clone")], check=True)
    clone = Workshop(tmp_path / "clone")
    clone.identity = fleet.identity
    if way == "merge":
        merge_host(clone)
    else:
        ask(clone, "checkout", "--quiet", "-b", "pull-request")
        plant_host(clone)
        commit_as(clone)
    edit(clone)
    judged = type_in(clone, "agenix-check --format json")
    assert {
        f"--grant {EVIL_NODE}" in one["mend"] for one in json.loads(judged.stdout)["findings"]
    } == {True}

    done = fix(clone)

    assert done.code == 1
    assert f"--grant {EVIL_NODE}" in done.stderr
    assert known(clone) == sorted(parse_recipient(key).text for key in HOSTS.values())


@pytest.mark.parametrize("content", [b"garbage\n", b""])
def test_first_use_does_not_trust_a_name_alone(fleet: Workshop, content: bytes) -> None:
    fleet.host("evil", NEW)
    path = fleet.write(fleet.output_path("evil", "db", DB), content)
    commit_as(fleet)

    done = fix(fleet)

    assert done.code == 1
    assert fleet.read(path) == content
    assert STRANGER not in known(fleet)


def test_a_key_that_waits_in_head_for_a_rekey_is_a_grant_on_first_use(fleet: Workshop) -> None:
    fleet.host("alpha", NEW)
    commit_as(fleet)
    before = state(fleet)

    done = fix(fleet)

    assert (done.code, state(fleet)) == (1, before)
    assert "brought by Mallory" in done.stderr
    assert fix(fleet, "--grant", "alpha").code == 0


def test_the_common_flow_is_one_command(fleet: Workshop) -> None:
    fix(fleet)
    rotate(fleet)

    assert fix(fleet).code == 0
    assert STRANGER in known(fleet)
    fleet.commit("Rotate a key")
    edit(fleet)
    assert fix(fleet).code == 0


def test_a_key_is_the_same_with_another_comment(fleet: Workshop) -> None:
    fix(fleet)
    fleet.host("alpha", f"{parse_recipient(ALPHA).text} another-comment\n")
    commit_as(fleet)

    assert fix(fleet).code == 0


def _only_fetched(fleet: Workshop) -> None:
    other = fleet.top.with_name("other")
    subprocess.run(["git", "clone", "--quiet", str(fleet.top), str(other)], check=True)
    shop = Workshop(other)
    shop.host("alpha", NEW)
    commit_as(shop)
    subprocess.run(["git", "fetch", "--quiet", str(other), "HEAD"], cwd=fleet.top, check=True)


def _only_in_the_reflog(fleet: Workshop) -> None:
    fleet.host("alpha", NEW)
    commit_as(fleet)
    ask(fleet, "reset", "--quiet", "--hard", "HEAD~")


def _only_stashed_elsewhere(fleet: Workshop) -> None:
    fleet.write("notes/who.txt", f"our friend has {STRANGER}\n")
    fleet.stage()
    ask(fleet, "stash")


def _only_in_another_worktree(fleet: Workshop) -> None:
    aside = fleet.top.with_name("aside")
    ask(fleet, "worktree", "add", "--quiet", "--detach", str(aside))
    (aside / "hosts/alpha/host.pub").write_text(NEW)
    for words in (("add", "-A"), ("commit", "--quiet", "-m", "Rotate")):
        fleet.git.at(str(aside)).run(*words)
    for log in (fleet.top / ".git/worktrees/aside/logs/HEAD", fleet.top / ".git/logs/HEAD"):
        log.unlink()


@pytest.mark.parametrize(
    "bring",
    [_only_fetched, _only_in_the_reflog, _only_stashed_elsewhere, _only_in_another_worktree],
)
def test_a_staged_key_that_some_commit_has_is_a_grant(
    fleet: Workshop, bring: Callable[[Workshop], None]
) -> None:
    fix(fleet)
    bring(fleet)
    rotate(fleet)
    before = state(fleet)

    done = fix(fleet)

    assert (done.code, state(fleet)) == (1, before), done
    assert "this key is not known in this clone" in done.stderr
    assert fix(fleet, "--grant", FINGERPRINT).code == 0


def test_the_other_side_of_a_merge_is_no_reason(fleet: Workshop) -> None:
    fix(fleet)
    ask(fleet, "checkout", "--quiet", "-b", "side")
    fleet.host("alpha", NEW)
    commit_as(fleet)
    tip = ask(fleet, "rev-parse", "HEAD").strip()
    ask(fleet, "checkout", "--quiet", "main")
    ask(fleet, "branch", "--quiet", "-D", "side")
    ask(fleet, "merge", "--quiet", "--no-commit", "--no-ff", tip)
    for log in (fleet.top / ".git/logs").rglob("*"):
        if log.is_file():
            log.unlink()

    done = fix(fleet)

    assert done.code == 1
    assert f"brought by Mallory in {tip[:12]}" in done.stderr
    assert STRANGER not in known(fleet)


@pytest.mark.parametrize(
    "text",
    ["", "something else\n", "agenix-check known keys, format 1\nno key\n", "\0\xff", "-"],
)
def test_a_damaged_file_trusts_nobody(fleet: Workshop, text: str) -> None:
    fix(fleet)
    if text == "-":
        file_of_known(fleet).unlink()
        file_of_known(fleet).mkdir()
    else:
        file_of_known(fleet).write_text(text)
    edit(fleet)
    before = state(fleet)

    done = fix(fleet)

    assert (done.code, state(fleet)) == (1, before)
    (line,) = [one for one in done.stderr.splitlines() if "was dropped" in one]
    assert str(file_of_known(fleet)) in line
    assert "Traceback" not in done.stderr
    if text != "-":
        assert fix(fleet, "--grant", "all").code == 0
        assert len(known(fleet)) == len(HOSTS)


def test_a_key_whose_line_is_removed_is_forgotten(fleet: Workshop) -> None:
    fix(fleet)
    file = file_of_known(fleet)
    kept = [line for line in file.read_text().splitlines() if parse_recipient(ALPHA).text != line]
    file.write_text("\n".join(kept))
    edit(fleet)

    done = fix(fleet)

    assert done.code == 1
    assert "--grant alpha" in done.stderr
    assert "--grant beta" not in done.stderr


def test_a_dry_run_lists_grants_and_remembers_nothing(fleet: Workshop) -> None:
    fleet.host("alpha", NEW)
    commit_as(fleet)

    done = fix(fleet, "--dry-run")
    listed = json.loads(fix(fleet, "--dry-run", "--format", "json").stdout)

    assert done.code == 1
    assert f"only if {FINGERPRINT} (hosts/alpha/host.pub, brought by Mallory in" in done.stdout
    assert [one for one in listed["left"] if FINGERPRINT in one]
    assert listed.keys() == {*("schema", "decrypt", "stage", "restore", "remove", "grants", "left")}
    (grant,) = listed["grants"]
    assert grant["option"] == "--grant alpha"
    assert (grant["key"], grant["path"]) == (STRANGER, "hosts/alpha/host.pub")
    assert sorted(grant["secrets"]) == ["db", "token", "wifi"]
    assert f"grant alpha: ssh-ed25519 {FINGERPRINT}" in done.stdout
    assert not file_of_known(fleet).exists()
    assert not file_of_known(fleet).exists()
    granted = fix(fleet, "--dry-run", "--grant", "alpha")
    assert granted.code == 0
    assert "rekey alpha " in granted.stdout
    assert not file_of_known(fleet).exists()


def test_a_grant_that_names_nothing_is_wrong_usage(fleet: Workshop) -> None:
    fleet.host("alpha", NEW)
    commit_as(fleet)
    before = state(fleet)

    done = fix(fleet, "--grant", "alfa")

    assert (done.code, state(fleet)) == (2, before)
    assert (
        "--grant alfa: no node and no key here is that (did you mean 'alpha'?); to be granted: "
        "--grant alpha (alpha: ssh-ed25519 " in done.stderr
    )
    assert "ssh-ed25519" in done.stderr


def test_a_grant_needs_a_fix(fleet: Workshop) -> None:
    words = [word for word in command(fleet, "--grant", "alpha") if word != "--fix"]

    done = execute(fleet, words)

    assert done.code == 2
    assert "--grant needs --fix" in done.stderr


def test_a_settings_file_grants_nothing(fleet: Workshop) -> None:
    fleet.write("agenix-check.toml", 'grant = ["all"]\n')
    fleet.stage()

    done = fix(fleet)

    assert done.code == 2
    assert "grant" in done.stderr


def test_before_the_first_commit_the_person_at_work_brings_every_key(workshop: Workshop) -> None:
    workshop.source(DB, "a text\n")
    workshop.host("alpha", ALPHA)
    workshop.write(workshop.output_path("alpha", "db", DB), b"")
    workshop.stage()

    assert fix(workshop).code == 0
    assert known(workshop) == [parse_recipient(ALPHA).text]


def test_linked_worktrees_know_the_same_keys(fleet: Workshop) -> None:
    fix(fleet)
    merge_host(fleet)
    aside = fleet.top.with_name("aside")
    ask(fleet, "worktree", "add", "--quiet", "-b", "topic", str(aside))
    words = command(fleet)
    (aside / DB).write_bytes(fleet.read("secrets/gamma-token.age"))
    fleet.git.at(str(aside)).run("add", "-A")

    done = subprocess.run(
        words, cwd=aside, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )

    assert done.returncode == 1
    assert f"--grant {EVIL_NODE}" in done.stderr
    assert not (fleet.top / ".git/worktrees/aside/agenix-check/known-keys").exists()


def test_a_shallow_clone_looks_at_the_history_that_it_has(fleet: Workshop, tmp_path: Path) -> None:
    fleet.host("alpha", NEW)
    commit_as(fleet)
    fleet.host("alpha", ALPHA)
    fleet.commit("Take it back")
    place = tmp_path / "shallow"
    subprocess.run(
        ["git", "clone", "--quiet", "--depth", "1", f"file://{fleet.top}", str(place)], check=True
    )
    shallow = Workshop(place)
    shallow.identity = fleet.identity
    rotate(shallow)

    done = fix(shallow)

    assert done.code == 0, done
    assert STRANGER in known(shallow)


HOSTILE = "$(touch owned)`touch owned`; touch owned #"


@pytest.mark.parametrize(
    ("author", "quoted"),
    [(HOSTILE, f"'{HOSTILE}'"), (f"\u202e{HOSTILE}", f"$'\\342\\200\\256{HOSTILE}'")],
)
def test_a_hostile_author_runs_nothing(fleet: Workshop, author: str, quoted: str) -> None:
    fix(fleet)
    fleet.host("alpha", NEW)
    commit_as(fleet, author)
    judged = type_in(fleet, "agenix-check --format json")
    (mend,) = {one["mend"] for one in json.loads(judged.stdout)["findings"]}
    told = fix(fleet).stderr

    assert f"brought by {quoted} in " in mend
    assert f"brought by {quoted} in " in told
    assert type_in(fleet, mend).returncode == 0
    assert not (fleet.top / "owned").exists()
