"""`--fix` of plain agenix: what `agenix -r` would make, where it is wrong, without Nix."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pyrage
import pytest

from agenix_check.age import read_age
from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt, new_identity
from tests.audit.by_declaration.test_plain import write_rules
from tests.conftest import Result, Run
from tests.host_keys import ALPHA, BETA
from tests.keys.conftest import MakeSsh, public
from tests.mend.mending import ask, execute, state


@pytest.fixture
def user(tmp_path: Path, ssh_key: MakeSsh) -> dict[str, str]:
    """Return variables of somebody whose SSH key is where agenix looks for it."""
    place = tmp_path / "user" / ".ssh"
    place.mkdir(parents=True)
    shutil.copy(ssh_key(), place / "id_ed25519")
    return {"HOME": str(place.parent)}


def fix(shop: Workshop, run: Run, env: Mapping[str, str], *arguments: str) -> Result:
    return run(shop.top, "--fix", "--inventory", "names", *arguments, env=env)


def stanzas(shop: Workshop, path: str) -> int:
    return len(read_age(shop.read(path)).real_stanzas)


def test_the_ssh_key_that_agenix_would_take_is_enough(
    workshop: Workshop, run: Run, user: dict[str, str], ssh_key: MakeSsh
) -> None:
    me = public(ssh_key())
    workshop.write("db.age", encrypt(b"x", [me]))
    write_rules(workshop, db=[me, ALPHA])
    workshop.commit("Build")

    done = fix(workshop, run, user)

    assert done.code == 0, done
    assert stanzas(workshop, "db.age") == 2
    assert ask(workshop, "diff", "--name-only") == ""


def test_named_identities_come_before_it(
    workshop: Workshop, run: Run, user: dict[str, str], ssh_key: MakeSsh, tmp_path: Path
) -> None:
    identity, recipient = new_identity()
    path = tmp_path / "me.key"
    path.write_text(f"{identity}\n")
    workshop.write("db.age", encrypt(b"x", [recipient]))
    write_rules(workshop, db=[recipient, ALPHA])
    workshop.commit("Build")

    refused = fix(workshop, run, user)
    done = fix(workshop, run, user, "-i", str(path))

    assert refused.code == 3
    assert "~/.ssh/id_ed25519 (from where agenix looks)" in refused.stderr
    assert "db.age: this is for an age X25519 key (anonymous)" in refused.stderr
    assert done.code == 0, done


@pytest.mark.parametrize("locked", [False, True])
def test_without_a_key_that_opens_nothing_is_written(
    workshop: Workshop, run: Run, ssh_key: MakeSsh, tmp_path: Path, locked: bool
) -> None:
    key = ssh_key("ed25519", "", "a passphrase")
    home = tmp_path / "user"
    (home / ".ssh").mkdir(parents=True)
    if locked:
        shutil.copy(key, home / ".ssh" / "id_ed25519")
    workshop.write("db.age", encrypt(b"x", [public(key)]))
    write_rules(workshop, db=[public(key), ALPHA])
    workshop.commit("Build")
    before = state(workshop)

    done = fix(workshop, run, {"HOME": str(home)})

    assert done.code == 3
    (line,) = done.stderr.splitlines()
    assert line.startswith("agenix-check: db.age: ")
    assert "agenix-check --fix" in line
    assert ("passphrase" in line) is locked
    assert ("there is no ~/.ssh/id_ed25519 and no ~/.ssh/id_rsa" in line) is not locked
    assert state(workshop) == before


def test_the_armor_is_that_of_the_rule(
    workshop: Workshop, run: Run, user: dict[str, str], ssh_key: MakeSsh
) -> None:
    me = public(ssh_key()).strip()
    workshop.write("silent.age", encrypt(b"x", [me], armored=True))
    workshop.write("armored.age", encrypt(b"x", [me]))
    keys = f'publicKeys = [ "{me}" "{ALPHA.strip()}" ];'
    workshop.write(
        "secrets.nix",
        f'{{ "silent.age" = {{ {keys} }}; "armored.age" = {{ {keys} armor = true; }}; }}',
    )
    workshop.commit("Build")

    assert fix(workshop, run, user).code == 0
    assert read_age(workshop.read("silent.age")).armored is False
    assert read_age(workshop.read("armored.age")).armored is True


def test_rules_files_that_agree_and_those_that_do_not(
    workshop: Workshop, run: Run, user: dict[str, str], ssh_key: MakeSsh
) -> None:
    me, alpha = public(ssh_key()).strip(), ALPHA.strip()
    for name in ("same", "other"):
        workshop.write(f"secrets/{name}.age", encrypt(b"x", [me]))
    write_rules(workshop, "secrets/secrets.nix", same=[me, alpha], other=[me, alpha])
    rules = {"same": [f"{alpha} again", me], "other": [me, BETA.strip(), alpha]}
    lines = [
        f'"secrets/{name}.age".publicKeys = [ {" ".join(map(json.dumps, keys))} ];'
        for name, keys in rules.items()
    ]
    workshop.write("secrets.nix", f"{{ {' '.join(lines)} }}")
    workshop.commit("Build")

    done = fix(workshop, run, user)

    assert done.code == 1
    assert stanzas(workshop, "secrets/same.age") == 2
    assert stanzas(workshop, "secrets/other.age") == 1
    assert "not fixed: secrets/other.age: its rules differ" in done.stderr


@pytest.mark.parametrize("moved", [False, True], ids=["copied", "moved"])
def test_a_secret_that_was_copied_over_another_is_not_given_to_its_readers(
    workshop: Workshop, run: Run, user: dict[str, str], ssh_key: MakeSsh, *, moved: bool
) -> None:
    me = public(ssh_key()).strip()
    workshop.write("db.age", encrypt(b"db", [me, ALPHA]))
    workshop.write("wifi.age", encrypt(b"wifi", [me, BETA]))
    write_rules(workshop, db=[me, ALPHA], wifi=[me, BETA])
    workshop.commit("Build")
    workshop.write("wifi.age", workshop.read("db.age"))
    if moved:
        workshop.write("db.age", encrypt(b"another", [me, ALPHA]))
    workshop.stage()
    before = workshop.read("wifi.age")

    done = fix(workshop, run, user)

    assert (done.code, workshop.read("wifi.age")) == (1, before)
    assert "not fixed: wifi.age: it has the same bytes as db.age, which others read" in done.stderr


def test_a_file_without_a_rule_is_left_alone(
    workshop: Workshop, run: Run, user: dict[str, str], ssh_key: MakeSsh
) -> None:
    me = public(ssh_key())
    workshop.write("db.age", encrypt(b"x", [me]))
    workshop.write("gone.age", encrypt(b"x", [me, BETA]))
    write_rules(workshop, db=[me, ALPHA])
    workshop.commit("Build")
    before = workshop.read("gone.age")

    fix(workshop, run, user)

    assert (stanzas(workshop, "db.age"), workshop.read("gone.age")) == (2, before)


def test_the_fix_of_a_partial_commit_says_what_to_do(
    workshop: Workshop, run: Run, user: dict[str, str], ssh_key: MakeSsh, tmp_path: Path
) -> None:
    me = public(ssh_key())
    workshop.write("db.age", encrypt(b"x", [me]))
    write_rules(workshop, db=[me])
    workshop.commit("Build")
    write_rules(workshop, db=[me, ALPHA])
    index = tmp_path / "next-index-1.lock"
    shutil.copy(workshop.top / ".git" / "index", index)
    before = state(workshop)
    env = {**user, "GIT_INDEX_FILE": str(index)}
    subprocess.run(
        ["git", "add", "secrets.nix"],
        cwd=workshop.top,
        env={**env, "PATH": os.environ["PATH"]},
        check=True,
    )

    done = fix(workshop, run, env)

    assert done.code == 2
    assert "without naming paths" in done.stderr
    assert state(workshop) == before


def test_a_merge_of_two_changes_is_fixed_before_it_is_committed(
    workshop: Workshop, run: Run, user: dict[str, str], ssh_key: MakeSsh
) -> None:
    """One side adds a host and rekeys, the other edits a secret for the old readers."""
    me = public(ssh_key()).strip()
    old = ssh_key().read_bytes()
    workshop.write("db.age", encrypt(b"one", [me]))
    workshop.write("wifi.age", encrypt(b"one", [me]))
    write_rules(workshop, db=[me], wifi=[me])
    workshop.commit("Build")
    ask(workshop, "switch", "--quiet", "--create", "edits")
    workshop.write("wifi.age", encrypt(b"two", [me]))
    workshop.commit("Edit a secret")
    ask(workshop, "switch", "--quiet", "main")
    write_rules(workshop, db=[me, ALPHA], wifi=[me, ALPHA])
    workshop.write("db.age", encrypt(b"one", [me, ALPHA]))
    workshop.commit("Add a host, and forget a file")
    ask(workshop, "merge", "--quiet", "--no-commit", "edits")

    found = run(workshop.top, "--inventory", "names", "--format", "json", env=user)
    assert [one["path"] for one in json.loads(found.stdout)["findings"] if one["path"]] == [
        "wifi.age"
    ]
    done = fix(workshop, run, user)

    assert done.code == 0, done
    identity = pyrage.ssh.Identity.from_buffer(old)
    assert pyrage.decrypt(workshop.read("wifi.age"), [identity]) == b"two"
    assert stanzas(workshop, "wifi.age") == 2
    workshop.commit("Merge")
    assert run(workshop.top, "--inventory", "names", env=user).code == 0


def test_a_key_that_came_with_a_merge_is_a_grant(
    workshop: Workshop, run: Run, user: dict[str, str], ssh_key: MakeSsh
) -> None:
    me = public(ssh_key()).strip()
    workshop.write("db.age", encrypt(b"one", [me]))
    write_rules(workshop, db=[me])
    workshop.commit("Build")
    assert fix(workshop, run, user).code == 0  # from now on this clone knows its keys
    write_rules(workshop, db=[me, ALPHA])
    workshop.commit("Add a key, and do not rekey")

    said = run(workshop.top, "--inventory", "names", "--format", "json", env=user)
    (finding,) = json.loads(said.stdout)["findings"]
    refused = fix(workshop, run, user)
    assert "--grant SHA256:" in finding["mend"]
    assert refused.code == 1
    assert stanzas(workshop, "db.age") == 1

    granted = fix(workshop, run, user, "--grant", ALPHA)
    assert granted.code == 0, granted
    assert stanzas(workshop, "db.age") == 2


def test_what_agenix_rekeyed_and_nobody_staged_is_staged(
    workshop: Workshop, run: Run, user: dict[str, str], ssh_key: MakeSsh
) -> None:
    me = public(ssh_key()).strip()
    for name in ("db", "wifi"):
        workshop.write(f"{name}.age", encrypt(b"x", [me]))
    write_rules(workshop, db=[me], wifi=[me])
    workshop.commit("Build")
    write_rules(workshop, db=[me, ALPHA], wifi=[me, ALPHA])
    workshop.stage()
    rekeyed = workshop.write("db.age", encrypt(b"x", [me, ALPHA]))
    content = workshop.read(rekeyed)

    done = fix(workshop, run, user)

    assert done.code == 0, done
    assert workshop.read("db.age") == content
    assert "  staged   " in done.stdout
    assert ask(workshop, "diff", "--name-only") == ""


def test_what_is_edited_by_hand_too_is_not_staged(
    workshop: Workshop, run: Run, user: dict[str, str], ssh_key: MakeSsh
) -> None:
    me = public(ssh_key()).strip()
    workshop.write("db.age", encrypt(b"x", [me]))
    write_rules(workshop, db=[me])
    workshop.commit("Build")
    write_rules(workshop, db=[me, ALPHA])
    workshop.stage()
    workshop.write("db.age", encrypt(b"another text", [me, ALPHA]))
    before = state(workshop)

    done = fix(workshop, run, user)

    assert (done.code, state(workshop)) == (3, before)
    assert "has edits that are not staged" in done.stderr


def test_what_is_right_is_not_touched(
    workshop: Workshop, run: Run, user: dict[str, str], ssh_key: MakeSsh
) -> None:
    me = public(ssh_key()).strip()
    workshop.write("db.age", encrypt(b"x", [me, ALPHA], armored=True))
    workshop.write("wifi.age", encrypt(b"x", [me]))
    write_rules(workshop, db=[ALPHA, me], wifi=[me, ALPHA])
    workshop.commit("Build")
    before = workshop.read("db.age")

    assert fix(workshop, run, user).code == 0
    assert workshop.read("db.age") == before
    done = execute(workshop, ["git", "status", "--porcelain"])
    assert done.stdout == "M  wifi.age\n"


def test_whom_a_file_is_for_is_said_by_name(
    workshop: Workshop, run: Run, user: dict[str, str]
) -> None:
    workshop.write("db.age", encrypt(b"x", [ALPHA]))
    keys = f'publicKeys = [ alice "{BETA.strip()}" ];'
    workshop.write(
        "secrets.nix", f'let alice = "{ALPHA.strip()}"; in {{ "db.age" = {{ {keys} }}; }}'
    )
    workshop.commit("Build")

    done = fix(workshop, run, user)

    assert done.code == 3
    assert "db.age: this is for alice (" in done.stderr
