"""Who can read what in one tree."""

import json

from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt, new_identity
from tests.access.asking import ask_access, readable
from tests.conftest import SECRETS, Run
from tests.host_keys import ALPHA, BETA, DELTA, NEW, OTHER, STRANGER

DB, WIFI, TOKEN = "secrets/db.age", "secrets/wifi.age", "secrets/alpha-token.age"
ALL = sorted(source for source, *_ in SECRETS)
ANYBODY = "an age X25519 key (anonymous)"


def test_each_node_and_the_master(fleet: Workshop, run: Run) -> None:
    document = ask_access(fleet, run)
    assert document["schema"] == "agenix-check/access/1"
    assert (document["added"], document["removed"], document["replaced"]) == ([], [], [])
    assert readable(document["readers"]) == {
        "alpha": [TOKEN, DB, WIFI],
        "beta": [DB, WIFI],
        "gamma": [DB, "secrets/gamma-token.age"],
        "delta": [DB, "secrets/delta-token.age"],
        ANYBODY: ALL,
    }
    alpha, *_ = document["readers"]
    assert alpha["key"] == " ".join(ALPHA.split()[:2])
    assert alpha["fingerprint"].startswith("SHA256:")
    assert (alpha["path"], alpha["kind"]) == ("hosts/alpha/host.pub", "node")


def test_what_a_file_does_not_show_is_marked(fleet: Workshop, run: Run) -> None:
    by_name = {one["name"]: one for one in ask_access(fleet, run)["readers"]}
    delta = by_name["delta"]
    assert delta["key"] == DELTA.strip()
    assert delta["anonymous"] == delta["secrets"]
    assert by_name["alpha"]["anonymous"] == []
    assert by_name[ANYBODY]["key"] is None


def test_as_text(fleet: Workshop, run: Run) -> None:
    result = run(fleet.top, "access")
    assert (result.code, result.stderr) == (0, "")
    text = result.stdout
    assert text.startswith(
        f"{ANYBODY}~: every secret\n\nalpha, beta, delta~, gamma: secrets/db.age\n"
    )
    assert "\nalpha, beta: secrets/wifi.age\n" in text
    assert "\n~ the file shows what kind of key can read it, not which\n" in text
    assert text.endswith("\n5 readers, 5 secrets, known from names\n")
    for options, shown in (
        (("--node", "beta"), "beta: 2 secrets\n  secrets/db.age\n  secrets/wifi.age\n"),
        (("--secret", "wifi"), f"alpha, beta, {ANYBODY}~: secrets/wifi.age\n"),
        (
            ("--reader", "hosts/gamma/*", "--secret", "*token.age"),
            "gamma: secrets/gamma-token.age\n",
        ),
    ):
        assert (
            run(fleet.top, "access", *options)
            .stdout.replace("secrets/rekeyed/", "")
            .startswith(shown)
        )


def test_a_filter_that_matches_nothing_is_said(fleet: Workshop, run: Run) -> None:
    result = run(fleet.top, "access", "--node", "nobody")
    assert (result.code, result.stdout) == (3, "")
    assert "no reader of a secret matches; there are alpha," in result.stderr


def test_as_markdown_and_csv(fleet: Workshop, run: Run) -> None:
    markdown = run(fleet.top, "access", "--format", "markdown").stdout
    assert f"| every secret | `{ANYBODY}~` |\n" in markdown
    assert "| `secrets/wifi.age` | `alpha`, `beta` |\n" in markdown
    lines = run(fleet.top, "access", "--format", "csv").stdout.splitlines()
    assert lines[0] == "change,secret,reader,kind,key,fingerprint,path,shown"
    assert len(lines) == 1 + 9 + 5
    assert lines[1].startswith(",secrets/alpha-token.age,alpha,node,ssh-ed25519 ")


def test_a_key_that_two_nodes_share(fleet: Workshop, run: Run) -> None:
    """Each of them can read what the key can read, whoever it was made for."""
    fleet.host("twin", ALPHA)
    fleet.rekey("twin", "wifi", WIFI, "correct horse\n")
    fleet.commit("A host scaffolded as a copy of another")
    found = readable(ask_access(fleet, run)["readers"])
    assert found["twin"] == found["alpha"] == [TOKEN, DB, WIFI]


def test_one_source_at_two_places(fleet: Workshop, run: Run) -> None:
    fleet.write("secrets/again.age", fleet.read(WIFI))
    fleet.commit("Copy a source")
    found = readable(ask_access(fleet, run)["readers"])
    assert found["beta"] == ["secrets/again.age", DB, WIFI]


def test_an_output_for_another_key_than_its_name_says(fleet: Workshop, run: Run) -> None:
    """The header counts: the key in the name of the file cannot read it."""
    fleet.host("beta", NEW)
    path = fleet.rekey("beta", "wifi", WIFI, "correct horse\n")
    fleet.write(path, encrypt(b"correct horse\n", [STRANGER]))
    fleet.write("keys/nobody.pub", STRANGER)
    fleet.commit("Encrypt for a stranger under the name of a host")
    found = readable(ask_access(fleet, run)["readers"])
    assert found["keys/nobody.pub"] == [WIFI]
    # What was made for its former key is there still.
    assert found["beta"] == [DB, WIFI]
    keys = {one["key"] for one in ask_access(fleet, run, "--node", "beta")["readers"]}
    assert keys == {" ".join(BETA.split()[:2])}


def test_a_stale_output_is_readable_still(fleet: Workshop, run: Run) -> None:
    before = readable(ask_access(fleet, run)["readers"])
    fleet.source(DB, "postgres://other\n")
    fleet.commit("Edit a source, rekey nothing")
    assert readable(ask_access(fleet, run)["readers"]) == before


def test_an_output_of_nobody_known(fleet: Workshop, run: Run) -> None:
    path = f"secrets/rekeyed/beta/{'0' * 32}-db.age"
    fleet.write(path, encrypt(b"x", [STRANGER]))
    fleet.commit("Plant an output")
    found = readable(ask_access(fleet, run)["readers"])
    assert found["an SSH Ed25519 key with tag " + _tag(fleet, path)] == [path]


def _tag(fleet: Workshop, path: str) -> str:
    return fleet.read(path).split()[3].decode()


def test_what_is_not_encrypted_everybody_can_read(fleet: Workshop, run: Run) -> None:
    path = fleet.output_path("alpha", "wifi", WIFI)
    fleet.write(path, "correct horse\n")
    fleet.commit("Commit a plaintext")
    found = readable(ask_access(fleet, run)["readers"])
    assert found["everybody who has this repository, in plain text"] == [WIFI]


def test_masters_with_tags_are_named(fleet: Workshop, run: Run) -> None:
    fleet.master = OTHER
    fleet.source("secrets/new.age", "new")
    fleet.write("admins.nix", f'{{ carol = "{OTHER.strip()}"; }}\n')
    fleet.commit("A secret for another master")
    (carol,) = ask_access(fleet, run, "--reader", "carol")["readers"]
    assert (carol["secrets"], carol["kind"]) == (["secrets/new.age"], "master")
    assert carol["path"] == "admins.nix"


def test_rules_of_plain_agenix(workshop: Workshop, run: Run) -> None:
    _, first = new_identity()
    _, second = new_identity()
    workshop.write(
        "secrets.nix",
        f"""let
  alice = "{ALPHA.strip()}";
  bob = "{first}";
  carol = "{second}";
in {{
  "a.age".publicKeys = [ alice bob ];
  "b.age".publicKeys = [ bob ];
  "c.age".publicKeys = [ carol ];
}}
""",
    )
    workshop.write("a.age", encrypt(b"a", [ALPHA, first]))
    workshop.write("b.age", encrypt(b"b", [first]))
    workshop.commit("Plain agenix")
    document = ask_access(workshop, run)
    assert readable(document["readers"]) == {"alice": ["a.age"], "bob": ["a.age", "b.age"]}
    assert {one["kind"] for one in document["readers"]} == {"rule"}
    assert [one["anonymous"] for one in document["readers"]] == [[], ["a.age", "b.age"]]
    # There are no masters, whatever no rule names, or no rule can be read of.
    workshop.write("old.age", encrypt(b"old", [ALPHA]))
    workshop.stage()
    assert {one["kind"] for one in ask_access(workshop, run)["readers"]} == {"rule"}
    workshop.write("secrets.nix", '{ "a.age".publicKeys = [ nobody ]; "b.age".x = 1; }')
    workshop.stage()
    listed = json.loads(run(workshop.top, "access", "--format", "json").stdout)["readers"]
    assert {one["kind"] for one in listed} == {"rule"}


def test_a_commit_and_an_empty_tree(fleet: Workshop, run: Run) -> None:
    assert ask_access(fleet, run, "--rev", "HEAD^")["readers"] == []
    assert "0 readers, 0 secrets" in run(fleet.top, "access", "--rev", "HEAD^").stdout
