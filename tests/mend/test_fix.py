"""`--fix` from its outside, where names alone are known: what it fixes, and what it says."""

import json
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop, key_path
from agenix_check.keys.encrypt import encrypt
from tests.host_keys import ALPHA, BETA, DELTA, NEW
from tests.mend.mending import (
    DB,
    NEW_TEXT,
    NODES,
    WIFI,
    ask,
    command,
    edit,
    execute,
    fix,
    outputs,
    state,
    status,
    write_key,
)


def output(fleet: Workshop, node: str, name: str) -> str:
    """Return the one output of a node and secret in the index."""
    start, end = f"{fleet.storage}/{node}/", f"-{name}.age"
    (path,) = (one for one in outputs(fleet) if one.startswith(start) and one.endswith(end))
    return path


def spoil(fleet: Workshop, content: bytes, node: str = "alpha") -> str:
    """Put something else in an output's place, stage it, and return its path."""
    path = output(fleet, node, "db")
    fleet.stage(fleet.write(path, content))
    return path


def test_an_edited_source_is_rekeyed_for_every_node_and_staged(fleet: Workshop) -> None:
    before = outputs(fleet)
    edit(fleet)
    done = fix(fleet)
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout.startswith("Fixed\n")
    after = outputs(fleet)
    assert len(after) == len(before)
    assert len(set(before) - set(after)) == 4
    for node in ("alpha", "beta", "gamma", "delta"):
        assert output(fleet, node, "db") == fleet.output_path(node, "db", DB)
    assert ask(fleet, "diff", "--name-only") == ""
    assert ask(fleet, "ls-files", "--others") == ""
    assert ask(fleet, "ls-files", "--stage").count("100644") == len(ask(fleet, "ls-files").split())
    assert not list((fleet.top / ".git/agenix-check").glob("journal*"))


def test_what_is_staged_counts_and_not_the_work_tree(fleet: Workshop) -> None:
    edit(fleet)
    expected = fleet.output_path("alpha", "db", DB)
    fleet.source(DB, "another text, not staged\n")
    done = fix(fleet)
    assert done.code == 0, done
    assert output(fleet, "alpha", "db") == expected
    assert ask(fleet, "diff", "--name-only").split() == [DB]


def test_a_fleet_in_order_is_left_alone(fleet: Workshop) -> None:
    before = state(fleet)
    done = fix(fleet)
    assert done.code == 0
    assert "Fixed" not in done.stdout
    assert state(fleet) == before


SPOILT = pytest.mark.parametrize(
    "content",
    [
        b"# PLACEHOLDER\n",
        encrypt(b"postgres://db\n", [ALPHA])[:150],
        encrypt(b"postgres://db\n", [BETA]),
        encrypt(b"postgres://db\n", [ALPHA, BETA]),
        encrypt(b"another text\n", [ALPHA]),
    ],
    ids=["not encrypted", "malformed", "wrong recipient", "extra recipient", "length"],
)


@SPOILT
def test_an_output_that_is_spoilt_is_put_back(fleet: Workshop, content: bytes) -> None:
    path = output(fleet, "alpha", "db")
    right = fleet.read(path)
    spoil(fleet, content)
    planned = json.loads(fix(fleet, "--dry-run", "--format", "json").stdout)
    assert ([one["path"] for one in planned["restore"]], planned["decrypt"]) == ([path], [])
    done = fix(fleet)
    assert done.code == 0, done
    assert fleet.read(path) == right
    assert status(fleet) == []


@SPOILT
def test_an_output_that_was_spoilt_is_made_anew_in_its_place(
    fleet: Workshop, content: bytes
) -> None:
    path = spoil(fleet, content)
    fleet.git.run("commit", "-qm", "spoil")
    done = fix(fleet)
    assert done.code == 0, done
    assert fleet.read(path) != content
    assert status(fleet) == [f"M  {path}"]


def test_a_symlink_in_place_of_an_output_is_replaced_itself(fleet: Workshop) -> None:
    path = output(fleet, "alpha", "db")
    source = fleet.read(DB)
    fleet.remove(path)
    (fleet.top / path).symlink_to("../../db.age")
    fleet.stage(path)
    done = fix(fleet)
    assert done.code == 0, done
    assert not (fleet.top / path).is_symlink()
    assert fleet.read(DB) == source
    assert "120000" not in ask(fleet, "ls-files", "--stage")


@pytest.mark.parametrize(
    "new", [NEW, NEW.removesuffix("\n"), ALPHA.replace("root@alpha", "root@somewhere")]
)
def test_a_key_that_changed_is_taken_in_the_form_that_it_had(fleet: Workshop, new: str) -> None:
    fleet.stage(fleet.host("alpha", new))
    done = fix(fleet)
    assert done.code == 0, done
    for source, name in ((DB, "db"), (WIFI, "wifi"), ("secrets/alpha-token.age", "token")):
        assert output(fleet, "alpha", name) == fleet.output_path("alpha", name, source)


def test_a_key_in_a_list_is_told_from_its_neighbours(fleet: Workshop) -> None:
    keys = {"alpha": ALPHA, "beta": BETA}
    for node in keys:
        (fleet.top / key_path(node)).unlink()
    fleet.write("keys.nix", _keys(keys))
    for node, key in keys.items():
        for path in (fleet.top / fleet.storage / node).iterdir():
            path.unlink()
        fleet.rekey(node, "db", DB, "postgres://db\n", key=key.strip())
    fleet.commit("Keep keys in a list")
    fleet.stage(fleet.write("keys.nix", _keys({**keys, "alpha": NEW})))
    done = fix(fleet)
    assert done.code == 0, done
    assert output(fleet, "alpha", "db") == fleet.output_path("alpha", "db", DB, NEW.strip())


def _keys(keys: dict[str, str]) -> str:
    lines = [f'  {node} = "{key.strip()}";' for node, key in keys.items()]
    return "\n".join(["{", *lines, "}", ""])


def test_a_key_of_another_kind_in_a_list_cannot_be_told(fleet: Workshop) -> None:
    (fleet.top / key_path("alpha")).unlink()
    fleet.write("keys.nix", _keys({"alpha": ALPHA}))
    for path in (fleet.top / fleet.storage / "alpha").iterdir():
        path.unlink()
    fleet.rekey("alpha", "db", DB, "postgres://db\n", key=ALPHA.strip())
    fleet.commit("Keep a key in a list")
    fleet.stage(fleet.write("keys.nix", _keys({"alpha": DELTA})))
    before = state(fleet)
    done = fix(fleet)
    assert done.code == 1
    assert "not fixed" in done.stderr
    assert "--inventory nix" in done.stderr
    assert state(fleet) == before


def test_what_was_rekeyed_and_not_staged_is_staged(fleet: Workshop) -> None:
    edit(fleet)
    for node in ("alpha", "beta", "gamma", "delta"):
        fleet.rekey(node, "db", DB, NEW_TEXT)
    made = {node: fleet.read(fleet.output_path(node, "db", DB)) for node in ("alpha", "delta")}
    done = fix(fleet, "-i", "/dev/null", "--format", "json")
    assert done.code == 0, done
    fixed = json.loads(done.stdout)["fixed"]
    assert [one["action"] for one in fixed].count("staged") == 4
    assert [one["action"] for one in fixed].count("removed") == 4
    for node, content in made.items():
        assert fleet.read(output(fleet, node, "db")) == content


def test_a_dummy_that_was_not_staged_is_made_anew(fleet: Workshop) -> None:
    edit(fleet)
    fleet.rekey("alpha", "db", DB, "This is a dummy replacement value.")
    done = fix(fleet)
    assert done.code == 0, done
    assert ask(fleet, "diff", "--name-only") == ""


def test_a_source_that_was_not_staged_is_staged(fleet: Workshop) -> None:
    fleet.source(DB, NEW_TEXT)
    for node in ("alpha", "beta", "gamma", "delta"):
        fleet.remove(output(fleet, node, "db"))
        fleet.rekey(node, "db", DB, NEW_TEXT)
    fleet.stage(fleet.storage)
    done = fix(fleet)
    assert done.code == 0, done
    assert f"staged  {DB}" in done.stdout
    assert ask(fleet, "diff", "--name-only") == ""


def test_an_orphan_and_a_leftover_are_removed(fleet: Workshop) -> None:
    leftover = f"{fleet.storage}/alpha/.tmp.agenix-rekey.db.k3Jd81xQzP/db.age"
    fleet.write(leftover, "age-enc")
    keep = fleet.write(f"{fleet.storage}/alpha/README", "Keep me.\n")
    orphan = output(fleet, "alpha", "token")
    fleet.source("secrets/alpha-token.age", "another\n")
    fleet.rekey("alpha", "token", "secrets/alpha-token.age", "another\n")
    fleet.stage()
    done = fix(fleet)
    assert done.code == 0, done
    assert orphan not in outputs(fleet)
    assert not (fleet.top / orphan).exists()
    assert not (fleet.top / leftover).parent.exists()
    assert fleet.read(keep) == b"Keep me.\n"


def test_an_old_orphan_is_left_where_names_alone_do_not_tell(fleet: Workshop) -> None:
    path = fleet.write(f"{fleet.storage}/alpha/{'0' * 32}-old.age", encrypt(b"x", [ALPHA]))
    fleet.commit("Forget something")
    done = fix(fleet)
    assert "names alone do not show" in done.stderr
    assert path in outputs(fleet)


def test_old_orphans_are_told_together_with_a_command_that_works(fleet: Workshop) -> None:
    names = ("old", "-dash", "a b")
    paths = [f"{fleet.storage}/alpha/{'0' * 32}-{name}.age" for name in names]
    paths += [f"gone/{'0' * 32}-{name}.age" for name in names]
    for path in paths:
        fleet.write(path, encrypt(b"x", [ALPHA]))
    fleet.commit("Forget something")
    fleet.write("notes.txt", "later\n")
    fleet.commit("Write notes")
    done = fix(fleet)
    told = [line for line in done.stderr.splitlines() if "not fixed" in line]
    assert len(told) == 2, done
    for line in told:
        assert " and 2 more: " in line
        assert execute(fleet, ["bash", "-c", line[line.index("git rm") :]]).code == 0
    assert not set(paths) & set(ask(fleet, "ls-files", "-z").split("\0"))


def test_what_is_to_type_works_below_the_top(fleet: Workshop) -> None:
    path = fleet.write(f"{fleet.storage}/alpha/{'0' * 32}-old.age", encrypt(b"x", [ALPHA]))
    fleet.commit("Forget something")
    fleet.write("notes.txt", "later\n")
    fleet.commit("Write notes")
    below = Workshop.__new__(Workshop)
    below.top, below.identity = fleet.top / "secrets/rekeyed", fleet.identity
    words = [word for word in command(fleet) if word != "--fix"][:-2]
    done = execute(below, [*words, "--format", "json"])
    (finding,) = json.loads(done.stdout)["findings"]
    _, _, remove = finding["mend"].partition("if no host needs it: ")
    assert execute(below, ["bash", "-c", remove]).code == 0
    assert path not in outputs(fleet)


def test_a_plan_is_told_and_nothing_is_written(fleet: Workshop) -> None:
    edit(fleet)
    before, git = state(fleet), _git_files(fleet)
    done = fix(fleet, "--dry-run", "--no-cache")
    assert done.code == 0
    lines = done.stdout.splitlines()
    assert lines[0] == f"decrypt {DB} with {write_key(fleet)} (from -i)"
    assert sum(line.startswith("  rekey ") for line in lines) == 4
    assert sum(line.startswith("remove ") for line in lines) == 4
    assert state(fleet) == before
    assert _git_files(fleet) == git
    plan = json.loads(fix(fleet, "--dry-run", "--no-cache", "--format", "json").stdout)
    assert plan["schema"] == "agenix-check/plan/1"
    assert [one["path"] for one in plan["decrypt"]] == [DB]
    assert [one["identity"] for one in plan["decrypt"]] == [f"{write_key(fleet)} (from -i)"]
    assert fix(fleet, "--dry-run", "--format", "junit").code == 2


def _git_files(fleet: Workshop) -> dict[Path, bytes]:
    """Return what is in the Git directory; the gate itself writes trees and the index's cache."""
    files = (path for path in (fleet.top / ".git").rglob("*") if path.is_file())
    return {
        path: path.read_bytes()
        for path in files
        if path.name != "index" and "objects" not in path.parts
    }


def test_a_fix_can_be_made_to_fail_the_run(fleet: Workshop) -> None:
    edit(fleet)
    assert fix(fleet, "--exit-non-zero-on-fix").code == 1
    assert fix(fleet, "--exit-non-zero-on-fix").code == 0


def test_one_node_alone_is_fixed_where_that_is_asked(fleet: Workshop) -> None:
    edit(fleet)
    old = [output(fleet, node, "db") for node in NODES if node != "alpha"]
    done = fix(fleet, "--node", f"{fleet.storage}/alpha")
    assert done.code == 0
    assert output(fleet, "alpha", "db") == fleet.output_path("alpha", "db", DB)
    assert output(fleet, "beta", "db") != fleet.output_path("beta", "db", DB)
    assert done.stderr == (
        f"agenix-check: not fixed: {min(old)} and 2 more: made from an older {DB}; once others "
        "are made anew, names alone take this for a host that is switched off: fix it too, "
        "without --node\n"
    )


def test_an_edit_of_a_source_that_nobody_staged_is_told(fleet: Workshop) -> None:
    fleet.source(DB, NEW_TEXT)
    before = state(fleet)
    done = fix(fleet)
    assert (done.code, state(fleet)) == (0, before)
    assert done.stderr == (
        f"agenix-check: not fixed: {DB}: it has edits that are not staged, and outputs are made "
        f"from what is staged; type `git add -f -- :/{DB}`, then run this again\n"
    )
    ask(fleet, "add", DB)
    assert fix(fleet).stderr == ""
    assert output(fleet, "beta", "db") == fleet.output_path("beta", "db", DB)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("a text", f"its source {DB} is not an age file any more"),
        ("age-encryption.org/v1\n", f"its source {DB} cannot be decrypted as it is"),
    ],
)
def test_a_source_that_cannot_be_read_is_told_once(fleet: Workshop, content: str, why: str) -> None:
    fleet.write(DB, content)
    fleet.stage()
    done = fix(fleet)
    assert done.code == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.endswith(f" and 3 more: {why}\n")


def test_a_fix_of_every_node_by_its_name_leaves_nothing_to_say(fleet: Workshop) -> None:
    edit(fleet)
    assert fix(fleet, "--node", "*").stderr == ""


def test_no_crash_leaves_the_memory_in_a_file(fleet: Workshop, tmp_path: Path) -> None:
    edit(fleet)
    program = tmp_path / "my-age"
    program.write_text(f'#!/bin/sh\nulimit -c >{tmp_path}/limit\nexec age "$@"\n')
    program.chmod(0o755)
    words = [*command(fleet, "--age", str(program))]
    done = execute(fleet, ["sh", "-c", 'ulimit -S -c "$(ulimit -H -c)"; exec "$@"', "sh", *words])
    assert done.code == 0
    assert (tmp_path / "limit").read_text() == "0\n"


@pytest.mark.parametrize("option", ["--dry-run", "--update-masters", "--exit-non-zero-on-fix"])
def test_options_of_a_fix_mean_nothing_without_it(fleet: Workshop, option: str) -> None:
    words = ["agenix-check", option]
    done = execute(fleet, [*_python(), *words[1:]])
    assert done.code == 2
    assert done.stderr == f"agenix-check: {option} needs --fix\n"


def _python() -> list[str]:
    import sys

    return [sys.executable, "-m", "agenix_check"]


def test_the_environment_names_the_identity(fleet: Workshop) -> None:
    edit(fleet)
    key = write_key(fleet)
    words = [*_python(), "--fix", "--inventory", "names"]
    assert execute(fleet, words).code == 3
    done = execute(fleet, words, {"AGENIX_CHECK_IDENTITY": f"/dev/null:{key}"})
    assert done.code == 0, done
