"""Who gains and who loses what in a range."""

from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt, new_identity
from tests.access.asking import changed, readable
from tests.access.test_present import ALL, ANYBODY, DB, TOKEN, WIFI
from tests.conftest import Run
from tests.host_keys import ALPHA, NEW, OTHER, STRANGER

NOTHING: dict[str, list[object]] = {"added": [], "removed": [], "replaced": []}


def test_a_new_host(fleet: Workshop, run: Run) -> None:
    fleet.host("h9", NEW)
    fleet.rekey("h9", "db", DB, "postgres://db\n")
    fleet.rekey("h9", "wifi", WIFI, "correct horse\n")
    fleet.commit("Add a host")
    found = changed(fleet, run, "HEAD^")
    (host,) = found["added"]
    assert (host["name"], host["secrets"], host["new"]) == ("h9", [DB, WIFI], True)
    assert found == NOTHING | {"added": [host]}
    text = run(fleet.top, "access", "--from-ref", "HEAD^", "--to-ref", "HEAD").stdout
    assert text == (
        f"Now readable by\n  h9 (ssh-ed25519 {host['fingerprint']},"
        f" hosts/h9/host.pub, a new key)\n    {DB}\n    {WIFI}\n"
    )


def test_a_host_that_left(fleet: Workshop, run: Run) -> None:
    fleet.git.run("rm", "-rq", "secrets/rekeyed/beta", "hosts/beta")
    fleet.commit("Sell a host")
    found = changed(fleet, run, "HEAD^")
    assert readable(found["removed"]) == {"beta": [DB, WIFI]}
    assert (found["added"], found["replaced"]) == ([], [])


def test_a_key_that_replaces_another(fleet: Workshop, run: Run) -> None:
    for path in list((fleet.top / "secrets/rekeyed/alpha").iterdir()):
        path.unlink()
    fleet.host("alpha", NEW)
    for name, source, text in (
        ("db", DB, "postgres://db\n"),
        ("wifi", WIFI, "correct horse\n"),
        ("token", TOKEN, "token of alpha\n"),
    ):
        fleet.rekey("alpha", name, source, text)
    fleet.commit("Reinstall a host")
    found = changed(fleet, run, "HEAD^")
    (one,) = found["replaced"]
    assert (one["name"], one["secrets"]) == ("alpha", [TOKEN, DB, WIFI])
    assert one["before"]["key"] == " ".join(ALPHA.split()[:2])
    assert one["after"]["key"] == " ".join(NEW.split()[:2])
    assert (found["added"], found["removed"]) == ([], [])


def test_moves_change_nothing(fleet: Workshop, run: Run) -> None:
    (fleet.top / "rekeyed").mkdir()
    fleet.git.run("mv", "secrets/rekeyed", "rekeyed/hosts")
    fleet.git.run("mv", WIFI, "wireless.age")
    fleet.commit("Move the storage, and a source")
    assert changed(fleet, run, "HEAD^") == NOTHING


def test_a_source_that_is_edited_and_rekeyed_changes_nothing(fleet: Workshop, run: Run) -> None:
    for path in list((fleet.top / "secrets/rekeyed").glob("*/*-wifi.age")):
        path.unlink()
    fleet.source(WIFI, "battery staple\n")
    for node in ("alpha", "beta"):
        fleet.rekey(node, "wifi", WIFI, "battery staple\n")
    fleet.commit("Another password")
    assert changed(fleet, run, "HEAD^") == NOTHING


def test_what_was_stale_before_and_is_rekeyed_changes_nothing(fleet: Workshop, run: Run) -> None:
    fleet.source(WIFI, "battery staple\n")
    fleet.commit("Edit a source, rekey nothing")
    for path in list((fleet.top / "secrets/rekeyed").glob("*/*-wifi.age")):
        path.unlink()
    for node in ("alpha", "beta"):
        fleet.rekey(node, "wifi", WIFI, "battery staple\n")
    fleet.commit("Rekey")
    assert changed(fleet, run, "HEAD^") == NOTHING
    # Nor is there a gain for others in it than who gains something.
    fleet.source(WIFI, "staple battery\n")
    fleet.commit("Edit again, rekey nothing")
    for path in list((fleet.top / "secrets/rekeyed").glob("*/*-wifi.age")):
        path.unlink()
    for node in ("alpha", "beta", "gamma"):
        fleet.rekey(node, "wifi", WIFI, "staple battery\n")
    fleet.commit("Rekey, for one more")
    found = changed(fleet, run, "HEAD^")
    assert readable(found["added"]) == {"gamma": [WIFI]}
    assert found == NOTHING | {"added": found["added"]}


def test_a_secret_for_one_more_node(fleet: Workshop, run: Run) -> None:
    fleet.rekey("gamma", "wifi", WIFI, "correct horse\n")
    fleet.commit("Give a node a secret")
    (gamma,) = changed(fleet, run, "HEAD^")["added"]
    assert (gamma["secrets"], gamma["new"]) == ([WIFI], False)


def test_a_planted_directory(fleet: Workshop, run: Run) -> None:
    """Everything matches, and a stranger can read a secret."""
    fleet.write("docs/example.pub", STRANGER)
    made = fleet.output_path("evil", "db", DB, STRANGER)
    fleet.write(made, encrypt(b"postgres://db\n", [STRANGER]))
    fleet.commit("Fix a typo")
    assert run(fleet.top).code == 0
    (evil,) = changed(fleet, run, "HEAD^")["added"]
    assert (evil["name"], evil["path"]) == ("evil", "docs/example.pub")
    assert (evil["secrets"], evil["new"]) == ([DB], True)


def test_one_more_recipient_of_a_source(fleet: Workshop, run: Run) -> None:
    fleet.write("users/mallory.pub", STRANGER)
    for source in ALL:
        fleet.write(source, encrypt(b"x", [fleet.master, STRANGER]))
    fleet.commit("A new master")
    (mallory,) = changed(fleet, run, "HEAD^")["added"]
    assert (mallory["name"], mallory["secrets"]) == ("users/mallory.pub", ALL)
    assert (mallory["kind"], mallory["new"]) == ("master", True)


def test_a_new_secret(fleet: Workshop, run: Run) -> None:
    fleet.source("secrets/new.age", "new\n")
    fleet.rekey("beta", "new", "secrets/new.age", "new\n")
    fleet.commit("A new secret")
    found = changed(fleet, run, "HEAD^")
    assert readable(found["added"]) == {
        "beta": ["secrets/new.age"], ANYBODY: ["secrets/new.age"],
    }  # fmt: skip


def test_rules_of_plain_agenix(workshop: Workshop, run: Run) -> None:
    def rule(*keys: str) -> None:
        listed = " ".join(f'"{key.strip()}"' for key in keys)
        workshop.write("secrets.nix", f'{{ "a.age".publicKeys = [ {listed} ]; }}\n')
        workshop.write("a.age", encrypt(b"a", list(keys)))
        workshop.commit("Rules")

    rule(ALPHA)
    rule(ALPHA, NEW)
    rule(NEW, OTHER)
    (new,) = changed(workshop, run, "HEAD~2", "HEAD^")["added"]
    assert (new["name"], new["secrets"], new["kind"]) == ("root@new", ["a.age"], "rule")
    found = changed(workshop, run, "HEAD^")
    assert readable(found["added"]) == {"root@other": ["a.age"]}
    assert readable(found["removed"]) == {"root@alpha": ["a.age"]}
    # Encrypted now, but Git has it still.
    encrypted = workshop.read("a.age")
    workshop.write("a.age", b"in plain text")
    workshop.commit("Forget to encrypt")
    workshop.write("a.age", encrypted)
    workshop.stage()
    assert (
        "no longer readable by everybody who has this repository, in plain text (older commits "
        "still have it): a.age" in run(workshop.top).stdout
    )


def test_nobody_reads_an_empty_file(fleet: Workshop, run: Run) -> None:
    output = min(fleet.top.glob("secrets/rekeyed/alpha/*-wifi.age"))
    output.write_bytes(b"")
    fleet.write(WIFI, b"")
    fleet.commit("Empty two files")

    assert changed(fleet, run, "HEAD^")["added"] == []
    assert "everybody" not in run(fleet.top, "access", "--rev", "HEAD").stdout


def test_an_anonymous_key_more(workshop: Workshop, run: Run) -> None:
    """The file shows a number; the rules at both ends say whose keys these are."""
    keys = [new_identity()[1] for _ in range(2)]
    for known in (keys[:1], keys):
        bindings = "".join(f'  k{number} = "{key}";\n' for number, key in enumerate(known))
        names = " ".join(f"k{number}" for number in range(len(known)))
        workshop.write(
            "secrets.nix", f'let\n{bindings}in {{ "a.age".publicKeys = [ {names} ]; }}\n'
        )
        workshop.write("a.age", encrypt(b"a", known))
        workshop.commit("Rules")
    (added,) = changed(workshop, run, "HEAD^")["added"]
    assert (added["name"], added["key"], added["anonymous"]) == ("k1", keys[1], ["a.age"])


def test_an_anonymous_key_more_that_nobody_knows(fleet: Workshop, run: Run) -> None:
    """By names, and where all is in order: the file shows that there is one more, not whose."""
    unknown = new_identity()[1]
    (former,) = (path for path in fleet.top.glob("secrets/rekeyed/alpha/*-token.age"))
    former.unlink()
    fleet.write(TOKEN, encrypt(b"token of alpha\n", [fleet.master, unknown]))
    fleet.rekey("alpha", "token", TOKEN, "token of alpha\n")
    fleet.stage()
    result = run(fleet.top)
    assert result.code == 0
    second = "a second age X25519 key (anonymous)"
    assert f"access: now readable by {second}: {TOKEN}\n" in result.stdout
    fleet.commit("Somebody more")
    assert readable(changed(fleet, run, "HEAD^")["added"]) == {second: [TOKEN]}
    fleet.host("alpha", unknown)
    both = encrypt(b"token of alpha\n", [unknown, new_identity()[1]])
    fleet.write(fleet.output_path("alpha", "token", TOKEN), both)
    fleet.commit("One more in an output")
    added = readable(changed(fleet, run, "HEAD^")["added"])
    assert added["an age X25519 key (anonymous), in an output"] == [TOKEN]


def test_a_merge_and_a_range_over_it(fleet: Workshop, run: Run) -> None:
    fleet.git.run("switch", "-qc", "side")
    fleet.host("h9", NEW)
    fleet.rekey("h9", "db", DB, "postgres://db\n")
    fleet.commit("Add a host aside")
    fleet.git.run("switch", "-q", "main")
    fleet.write("README.md", "Another.\n")
    before = fleet.commit("Edit a text")
    fleet.git.run("merge", "-q", "--no-ff", "-m", "Merge", "side")
    for found in (changed(fleet, run, before), changed(fleet, run, "main^", "side")):
        assert readable(found["added"]) == {"h9": [DB]}
        assert (found["removed"], found["replaced"]) == ([], [])
