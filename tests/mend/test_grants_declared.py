"""Grants where the fleet is declared, of plain agenix, of masters, and in the hook."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from agenix_check.age import fingerprint, parse_recipient, read_age
from agenix_check.demo.workshop import Workshop
from agenix_check.discover.tree.evidence import LOCK
from agenix_check.keys.encrypt import encrypt, new_identity
from tests.audit.by_declaration.test_plain import write_rules
from tests.conftest import Result
from tests.discover.declared.conftest import _in_order, estate, nix_home, nix_root
from tests.discover.declared.estate import DB, TOKEN, Estate, Secret, master
from tests.host_keys import ALPHA, BETA, NEW
from tests.mend.granting import (
    STRANGER,
    commit_as,
    file_of_known,
    known,
    rotate,
)
from tests.mend.mending import ask, command, edit, execute, fix, state

__all__ = ["_in_order", "estate", "nix_home", "nix_root"]

FINGERPRINT = fingerprint(parse_recipient(NEW))
GIT = ("git", "-c", "user.name=somebody", "-c", "user.email=somebody@example.org")


def fix_by(shop: Workshop, inventory: str, *arguments: str) -> Result:
    words = command(shop, *arguments)
    words[words.index("names")] = inventory
    return execute(shop, words)


def declare(estate: Estate) -> None:
    estate.write_keys()
    estate.write_lock()
    estate.write_flake()
    estate.shop.stage()


@pytest.mark.parametrize("inventory", ["lock", "nix"])
def test_a_host_that_is_merged_gets_its_secrets_by_a_grant(estate: Estate, inventory: str) -> None:
    estate.hosts = {**estate.hosts, "h9": NEW}
    assert fix_by(estate.shop, inventory).code == 0
    estate.add_node("h9").secrets["db"] = Secret(DB)
    declare(estate)
    commit = commit_as(estate.shop)
    estate.edit(DB, "another text\n")
    estate.shop.stage()

    done = fix_by(estate.shop, inventory)

    assert done.code == 1
    assert (estate.shop.top / estate.output("alpha", "db")).exists()
    assert not (estate.shop.top / estate.output("h9", "db")).exists()
    who = f"only if {FINGERPRINT} (hosts/h9/host.pub, brought by Mallory in {commit[:12]})"
    asked = (
        f"agenix-check --fix --inventory {inventory} --grant nixos:h9 # {who} is this host's key"
    )
    assert asked in " ".join(done.stdout.split())
    assert who in done.stderr

    granted = fix_by(estate.shop, inventory, "--grant", "nixos:h9")

    assert granted.code == 0, granted
    assert (estate.shop.top / estate.output("h9", "db")).exists()
    assert STRANGER in known(estate.shop)


@pytest.mark.parametrize("committed", [True, False])
def test_an_edited_lock_file_is_no_reason(estate: Estate, committed: bool) -> None:
    fix_by(estate.shop, "lock")
    lock = json.loads(estate.shop.read(LOCK))
    assert lock["nodes"]["nixos:alpha"]["hostPubkey"]
    lock["nodes"]["nixos:alpha"]["hostPubkey"] = NEW
    estate.shop.write(LOCK, json.dumps(lock))
    if committed:
        commit_as(estate.shop)
    else:
        estate.shop.stage()
    before = state(estate.shop)

    done = fix_by(estate.shop, "lock")

    assert done.code in (1, 3)
    assert state(estate.shop) == before
    assert STRANGER not in known(estate.shop)


def test_a_host_that_was_never_rekeyed_is_a_grant_on_first_use(estate: Estate) -> None:
    estate.hosts = {**estate.hosts, "h9": NEW}
    estate.add_node("h9").secrets["db"] = Secret(DB)
    declare(estate)
    commit_as(estate.shop)

    assert fix_by(estate.shop, "lock", "--dry-run").code == 1
    assert fix_by(estate.shop, "lock").code == 1
    assert STRANGER not in known(estate.shop)
    assert parse_recipient(ALPHA).text in known(estate.shop)


def test_a_new_master_is_a_grant(estate: Estate) -> None:
    fix_by(estate.shop, "lock")
    _, other = new_identity()
    estate.masters.append(master(other, "other.pub"))
    declare(estate)
    commit_as(estate.shop)
    before = state(estate.shop)

    done = fix_by(estate.shop, "lock", "--update-masters")

    assert (done.code, state(estate.shop)) == (1, before)
    assert f"agenix-check --fix --inventory lock --grant {other} --update-masters" in " ".join(
        done.stdout.split()
    )

    granted = fix_by(estate.shop, "lock", "--update-masters", "--grant", other)

    assert granted.code == 0, granted
    assert len(read_age(estate.shop.read(TOKEN)).real_stanzas) == 2
    assert other in known(estate.shop)


@pytest.mark.parametrize("inventory", ["lock", "nix"])
def test_a_known_host_that_becomes_a_master_is_a_grant(estate: Estate, inventory: str) -> None:
    fix_by(estate.shop, inventory)
    estate.extra.append(estate.key_text("beta").strip())
    declare(estate)
    commit_as(estate.shop)
    before = state(estate.shop)

    done = fix_by(estate.shop, inventory, "--update-masters")

    assert (done.code, state(estate.shop)) == (1, before), done
    assert "this key is a host's, and most sources are not for it" in done.stderr
    beta = fingerprint(parse_recipient(estate.key_text("beta")))
    assert f"--grant {beta} --update-masters" in " ".join(done.stdout.split())
    granted = fix_by(estate.shop, inventory, "--update-masters", "--grant", beta)
    assert granted.code == 0, granted
    assert len(read_age(estate.shop.read(TOKEN)).real_stanzas) == 2
    estate.shop.commit("Let beta read all")
    estate.shop.write(TOKEN, encrypt(b"anew\n", [estate.shop.master]))
    estate.shop.stage()
    assert fix_by(estate.shop, inventory, "--update-masters").code == 0  # it is one now


def add_two_masters(estate: Estate, *, apart: bool = True) -> tuple[str, str]:
    """Declare one more master and encrypt to it, then another; nothing knows any key yet."""
    texts = [new_identity()[1] for _ in range(2)]
    for number, text in enumerate(texts):
        estate.masters.append(master(text, f"other-{number}.pub"))
        declare(estate)
        if apart or number:
            commit_as(estate.shop)
        if number == 0:
            for source, plaintext in estate.plaintexts.items():
                recipients = [estate.shop.master, text]
                estate.shop.write(source, encrypt(plaintext.encode(), recipients))
            estate.rekey()
            if apart:
                estate.shop.commit("Encrypt to one more")
    return texts[0], texts[1]


def test_of_anonymous_masters_only_the_new_one_is_a_grant_in_a_fresh_clone(
    estate: Estate,
) -> None:
    """The sources are for two of three: history shows which stood there when they were written."""
    _, newest = add_two_masters(estate)
    before = state(estate.shop)
    judged = execute(
        estate.shop,
        [*command(estate.shop)[:4], "agenix_check", "--inventory", "lock", "--format", "json"],
    )
    (mend,) = {one["mend"] for one in json.loads(judged.stdout)["findings"]}
    assert mend.partition("  # ")[0] == (
        f"agenix-check --fix --inventory lock --grant {newest} --update-masters"
    )
    assert "if it cannot already: it is anonymous, so no file shows that" in mend

    done = fix_by(estate.shop, "lock", "--update-masters")

    assert (done.code, state(estate.shop)) == (1, before)
    assert done.stderr.count("--grant ") == 1
    assert "no file shows whether it can read it already: it is anonymous" in done.stderr
    assert fix_by(estate.shop, "lock", "--update-masters", "--grant", newest).code == 0


@pytest.mark.parametrize("hide", [True, False])
def test_where_history_does_not_show_which_master_is_meant_all_are_grants(
    estate: Estate, hide: bool
) -> None:
    if hide:  # a source that is only called otherwise was not written anew
        other, newest = add_two_masters(estate)
        estate.masters = [one for one in estate.masters if one.pubkey != other]
        estate.nodes["alpha"].secrets["token"].source = "secrets/other.age"
        estate.shop.write("secrets/other.age", estate.shop.read(TOKEN))
        estate.shop.remove(TOKEN)
        declare(estate)
        commit_as(estate.shop)
        estate.masters.insert(1, master(other, "other-0.pub"))
        declare(estate)
        commit_as(estate.shop)
        wanted = {newest}
    else:
        other, newest = add_two_masters(estate, apart=False)
        wanted = {other, newest, estate.shop.master}

    done = fix_by(estate.shop, "lock", "--update-masters")

    assert done.code == 1
    assert {text for text in (other, newest, estate.shop.master) if text in done.stderr} == wanted


def test_first_use_trusts_no_master_that_cannot_read_yet(estate: Estate) -> None:
    estate.masters.append(master(new_identity()[1], "other.pub"))
    declare(estate)
    commit_as(estate.shop)
    before = state(estate.shop)

    done = fix_by(estate.shop, "lock", "--update-masters")

    assert (done.code, state(estate.shop)) == (1, before)


def test_a_new_key_in_a_rule_is_a_grant(workshop: Workshop, nix_home: Path) -> None:
    me = workshop.master
    workshop.write("one.age", encrypt(b"one\n", [me, ALPHA]))
    write_rules(workshop, one=[me, ALPHA])
    workshop.commit("Begin")
    assert fix_by(workshop, "auto").code == 0
    assert known(workshop) == sorted([me, parse_recipient(ALPHA).text])
    workshop.write(
        "secrets.nix",
        f'let carol = "{NEW.strip()}"; in {{\n'
        f'  "one.age".publicKeys = [ "{me}" "{ALPHA.strip()}" carol ];\n}}\n',
    )
    commit = commit_as(workshop)
    before = state(workshop)

    done = fix_by(workshop, "auto")

    assert (done.code, state(workshop)) == (1, before)
    who = f"{FINGERPRINT} (secrets.nix, brought by Mallory in {commit[:12]})"
    asked = f"agenix-check --fix --grant {FINGERPRINT} # only if {who} may read one.age"
    assert asked in " ".join(done.stdout.split())

    would = f"(carol: ssh-ed25519 {who} would get one.age)"
    for name, said in (
        ("carol", f"a person is granted by the key; if it is theirs: --grant {FINGERPRINT}\n"),
        ("karol", f"(did you mean 'carol'?); to be granted: --grant {FINGERPRINT} {would}\n"),
    ):
        refused = fix_by(workshop, "auto", "--grant", name)
        assert (refused.code, refused.stderr.count("\n")) == (2, 1)
        assert refused.stderr.endswith(said)

    granted = fix_by(workshop, "auto", "--grant", FINGERPRINT)

    assert granted.code == 0, granted
    assert len(read_age(workshop.read("one.age")).real_stanzas) == 3

    write_rules(workshop, one=[me, ALPHA, NEW, BETA])
    workshop.stage()
    assert fix_by(workshop, "auto").code == 0  # who types a key here, brings it


def _hook(shop: Workshop) -> None:
    hook = shop.top / ".git/hooks/pre-commit"
    hook.write_text(f"#!/bin/sh\nexec {shlex.join(command(shop, '--fail-on', 'new'))}\n")
    hook.chmod(0o755)


def _git_commit(shop: Workshop, env: dict[str, str] | None = None) -> Result:
    return execute(shop, [*GIT, "commit", "--quiet", "-m", "Write"], env)


def test_the_hook_rekeys_for_a_key_that_the_committer_edits(fleet: Workshop) -> None:
    fix(fleet)
    _hook(fleet)
    rotate(fleet)

    done = _git_commit(fleet)

    assert done.code == 0, done
    assert ask(fleet, "status", "--porcelain") == ""
    assert fleet.output_path("alpha", "wifi", "secrets/wifi.age") in ask(fleet, "ls-files")
    assert STRANGER in known(fleet)


def test_the_hook_asks_for_a_grant_which_a_variable_gives(fleet: Workshop) -> None:
    fix(fleet)
    fleet.host("evil", NEW)
    fleet.rekey("evil", "db", DB, "x" * len("postgres://db\n"))
    commit_as(fleet)
    _hook(fleet)
    edit(fleet)

    done = _git_commit(fleet)

    assert done.code == 1
    assert "--grant evil" in done.stderr
    assert STRANGER not in known(fleet)
    again = _git_commit(fleet, {"AGENIX_CHECK_GRANT": "secrets/rekeyed/evil"})
    assert again.code == 0, again
    assert file_of_known(fleet).exists()
    assert STRANGER in known(fleet)


def give_more(estate: Estate) -> str:
    """Let the lock file alone say that beta, whose key is known, has a secret of alpha."""
    estate.nodes["beta"].secrets["more"] = Secret(TOKEN)
    estate.write_lock()
    return estate.output("beta", "more")


def on_a_branch(estate: Estate) -> None:
    """Check out a branch that the remote's default branch does not have."""
    git = estate.shop.git
    git.run("update-ref", "refs/remotes/origin/main", "HEAD")
    git.run("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    give_more(estate)
    commit_as(estate.shop)


def merged(estate: Estate) -> None:
    """Merge it, and commit nothing yet; its text is another than that of either side."""
    git = estate.shop.git
    git.run("checkout", "--quiet", "-b", "topic")
    give_more(estate)
    commit_as(estate.shop)
    git.run("checkout", "--quiet", "main")
    git.run("merge", "--quiet", "--no-commit", "--no-ff", "topic")
    estate.shop.write(LOCK, estate.shop.read(LOCK) + b"\n")
    estate.shop.stage()


def taken_over(estate: Estate) -> None:
    """Take the file of another branch."""
    git = estate.shop.git
    git.run("checkout", "--quiet", "-b", "topic")
    give_more(estate)
    commit_as(estate.shop)
    git.run("checkout", "--quiet", "main")
    git.run("checkout", "--quiet", "topic", "--", LOCK)


@pytest.mark.parametrize("come", [on_a_branch, merged, taken_over])
def test_an_edited_lock_file_gives_no_known_key_more(
    estate: Estate, come: Callable[[Estate], None]
) -> None:
    fix_by(estate.shop, "lock")
    come(estate)
    before = state(estate.shop)

    done = fix_by(estate.shop, "lock")

    assert (done.code, state(estate.shop)) == (1, before), done
    assert "only the lock file of this change says so" in done.stderr
    assert "--grant nixos:beta" in " ".join(done.stdout.split())
    assert fix_by(estate.shop, "lock", "--grant", "nixos:beta").code == 0


def test_who_writes_the_lock_file_decides_who_has_what(estate: Estate) -> None:
    fix_by(estate.shop, "lock")
    path = give_more(estate)
    estate.shop.stage()

    assert fix_by(estate.shop, "lock").code == 0
    assert (estate.shop.top / path).exists()


def test_what_a_branch_brings_itself_is_no_gift(estate: Estate) -> None:
    """A secret, a key in the place of another, and a source under another name."""
    fix_by(estate.shop, "lock")
    git = estate.shop.git
    git.run("checkout", "--quiet", "-b", "topic")
    estate.nodes["beta"].secrets["more"] = Secret("secrets/more.age")
    estate.write_sources()
    estate.nodes["alpha"].secrets["token"].source = "secrets/moved.age"
    estate.shop.write("secrets/moved.age", estate.shop.read(TOKEN))
    estate.shop.remove(TOKEN)
    estate.plaintexts["secrets/moved.age"] = estate.plaintexts[TOKEN]
    estate.write_lock()
    estate.shop.stage()
    commit_as(estate.shop)
    git.run("checkout", "--quiet", "main")
    git.run("merge", "--quiet", "--no-commit", "--no-ff", "topic")
    estate.shop.remove(estate.output("alpha", "token"))
    estate.shop.stage()

    done = fix_by(estate.shop, "lock")

    assert done.code == 0, done
    assert "rekeyed  nixos:beta   more" in done.stdout
