"""What former readers could read: small histories whose answer is known."""

import json
import subprocess
from pathlib import Path

import jsonschema
import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt, new_identity
from agenix_check.report import schema
from tests.access.past import NAMES, TEXTS, ask_exposure, blob, body, rekey_all, sell, states
from tests.access.test_present import DB, TOKEN, WIFI
from tests.cli.running import on_terminal
from tests.conftest import Run
from tests.host_keys import ALPHA, BETA, NEW, OTHER, STRANGER


def test_nobody_left(fleet: Workshop, run: Run) -> None:
    assert ask_exposure(fleet, run, code=0)["keys"] == []
    text = run(fleet.top, "exposure")
    assert (text.code, text.stderr) == (0, "")
    assert "no secret in use could be read by a former reader" in text.stdout


def test_a_host_that_was_sold(fleet: Workshop, run: Run) -> None:
    built = blob(fleet, "HEAD")
    via = fleet.output_path("beta", "wifi", WIFI)
    version = blob(fleet, f"HEAD:{WIFI}")
    sold = sell(fleet, "beta")
    document = ask_exposure(fleet, run, code=1)
    assert states(document) == {body(BETA): {DB: "in-use", WIFI: "in-use"}}
    (beta,) = document["keys"]
    assert (beta["names"], beta["nodes"]) == (["hosts/beta/host.pub"], ["beta"])
    assert beta["reader"] is False
    (wifi,) = (one for one in beta["secrets"] if one["secret"] == WIFI)
    (one,) = wifi["versions"]
    assert one == {
        "blob": version, "from": built, "until": sold, "via": via, "state": "in-use",
        "anonymous": False, "rotated_by": None,
    }  # fmt: skip
    text = run(fleet.top, "exposure").stdout
    assert f"beta (ssh-ed25519 {beta['fingerprint']}, hosts/beta/host.pub)" in text
    assert f"({built[:10]}) to " in text
    assert f"({sold[:10]}), through {via}" in text
    assert text.endswith("2 secrets to rotate, 1 former reader\n")
    shown = on_terminal(fleet.top, "exposure", COLUMNS="76")
    assert shown.split() == text.split()
    assert all(len(line) <= 76 for line in shown.splitlines())
    ticks = run(fleet.top, "exposure", "--format", "markdown").stdout
    assert f"- [ ] `{WIFI}`\n" in ticks


def test_rotated_since_perhaps_unchanged_and_in_use(fleet: Workshop, run: Run) -> None:
    fleet.rekey("beta", "token", TOKEN, TEXTS[TOKEN])
    fleet.commit("One more for beta")
    sell(fleet, "beta")
    rekey_all(fleet, WIFI, "another password, and a longer one\n", "alpha")
    rekey_all(fleet, TOKEN, "token as long.\n", "alpha")
    rotated = fleet.commit("Rotate")
    expected = {DB: "in-use", TOKEN: "perhaps-unchanged"}
    assert states(ask_exposure(fleet, run, code=1)) == {body(BETA): expected}
    # All of what a key could read, if it is asked for: by its text, its file, its fingerprint.
    everything = {body(BETA): {**expected, WIFI: "rotated"}}
    key = fleet.write("../beta.pub", BETA)
    asked = ask_exposure(fleet, run, "--key", str(fleet.top / key), code=1)
    assert states(asked) == everything
    for text in (BETA.strip(), asked["keys"][0]["fingerprint"]):
        assert ask_exposure(fleet, run, "--key", text, code=1) == asked
    assert states(ask_exposure(fleet, run, "--node", "beta", code=1)) == everything
    only = ask_exposure(fleet, run, "--node", "nixos:beta", "--secret", "wifi", code=0)
    assert states(only) == {body(BETA): {WIFI: "rotated"}}
    assert only["keys"][0]["secrets"][0]["versions"][0]["rotated_by"] == rotated
    said = run(fleet.top, "exposure", "--node", "beta", "--secret", "wifi").stdout
    assert f"{WIFI}: rotated since (by {rotated[:10]})" in said


def test_the_commit_that_rotated_is_the_one_that_changed_the_length(
    fleet: Workshop, run: Run
) -> None:
    sell(fleet, "beta")
    rekey_all(fleet, WIFI, TEXTS[WIFI], "alpha")
    fleet.commit("Encrypt anew")
    rekey_all(fleet, WIFI, "another password, and a longer one\n", "alpha")
    rotated = fleet.commit("Rotate")
    rekey_all(fleet, WIFI, "one more\n", "alpha")
    fleet.commit("And again")
    (beta,) = ask_exposure(fleet, run, "--node", "beta", "--secret", "wifi", code=0)["keys"]
    (version,) = beta["secrets"][0]["versions"]
    assert (version["state"], version["rotated_by"]) == ("rotated", rotated)


def test_a_reader_that_is_one_still(fleet: Workshop, run: Run) -> None:
    (alpha,) = ask_exposure(fleet, run, "--node", "alpha", code=0)["keys"]
    assert alpha["reader"] is True
    said = run(fleet.top, "exposure", "--node", "alpha").stdout.splitlines()[-1]
    assert said.startswith("1 present reader, 3 secrets in use: where a key was lost, take it out")
    assert {one["state"] for one in alpha["secrets"]} == {"in-use"}
    assert [each["until"] for one in alpha["secrets"] for each in one["versions"]] == [None] * 3


def test_a_key_that_two_nodes_share_is_not_gone(fleet: Workshop, run: Run) -> None:
    fleet.host("twin", BETA)
    fleet.rekey("twin", "token", TOKEN, TEXTS[TOKEN])
    fleet.commit("A copy of a host")
    sell(fleet, "beta")
    assert ask_exposure(fleet, run, code=0)["keys"] == []
    (twin,) = ask_exposure(fleet, run, "--node", "twin", code=0)["keys"]
    assert {one["secret"] for one in twin["secrets"]} == {DB, WIFI, TOKEN}


def test_a_key_that_is_a_reader_in_a_branch_is_not_gone(fleet: Workshop, run: Run) -> None:
    fleet.git.run("switch", "-qc", "request")
    fleet.host("h9", NEW)
    fleet.rekey("h9", "db", DB, TEXTS[DB])
    fleet.commit("Ask for a host")
    fleet.git.run("switch", "-q", "main")
    assert ask_exposure(fleet, run, code=0)["keys"] == []
    fleet.git.run("branch", "-qm", "request", "rejected")
    fleet.git.run("tag", "seen", "rejected")
    fleet.git.run("branch", "-qD", "rejected")
    assert ask_exposure(fleet, run, code=0)["keys"] == []
    fleet.git.run("tag", "-d", "seen")
    found = ask_exposure(fleet, run, code=0)
    assert found["keys"] == []
    assert any("only in reflogs" in one for one in found["notices"])


def test_what_is_merged_hides_nobody_who_left(fleet: Workshop, run: Run, tmp_path: Path) -> None:
    fleet.git.run("tag", "-am", "Release", "v1")
    fleet.git.run("branch", "merged")
    sold = sell(fleet, "beta")
    found = ask_exposure(fleet, run, code=1)
    assert states(found) == {body(BETA): {DB: "in-use", WIFI: "in-use"}}
    (version,) = found["keys"][0]["secrets"][0]["versions"]
    assert (version["until"], found["keys"][0]["reader"]) == (sold, False)
    # A clone that has not pulled: its HEAD and its other branches are past too.
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(fleet.top), str(clone)], check=True)
    other = Workshop(clone)
    other.git.run("reset", "-q", "--hard", "v1")
    assert states(ask_exposure(other, run, code=1)) == states(found)
    # What was not merged may still be, and is named where no other tip has the reader.
    fleet.git.run("switch", "-q", "merged")
    fleet.write("README.md", "Another.\n")
    fleet.commit("Edit a text")
    fleet.git.run("tag", "v1.1")
    fleet.git.run("switch", "-q", "-")
    assert ask_exposure(fleet, run, code=0)["keys"] == []
    said = run(fleet.top, "exposure", "--key", BETA.strip()).stdout
    assert said.split("\n  ")[0].endswith(", a reader still in branch merged, tag v1.1"), said


def test_one_source_at_two_places(fleet: Workshop, run: Run) -> None:
    fleet.write("secrets/again.age", fleet.read(WIFI))
    fleet.commit("Copy a source")
    sell(fleet, "beta")
    rekey_all(fleet, WIFI, "another password, and a longer one\n", "alpha")
    fleet.commit("Rotate one of the two")
    # The content that beta had is in use at the other place.
    assert states(ask_exposure(fleet, run, code=1)) == {
        body(BETA): {DB: "in-use", "secrets/again.age": "in-use", WIFI: "in-use"}
    }


def test_an_output_for_the_old_key_under_the_new_name(fleet: Workshop, run: Run) -> None:
    """Its name was made from the new key; who can open it is the old one, which left."""
    fleet.host("beta", NEW)
    for source in (DB, WIFI):
        former = fleet.output_path("beta", NAMES[source], source, BETA)
        fleet.write(fleet.output_path("beta", NAMES[source], source), fleet.read(former))
        fleet.remove(former)
    fleet.commit("Rename instead of rekeying")
    rekey_all(fleet, WIFI, "another password, and a longer one\n", "alpha")
    fleet.commit("Rotate one")
    found = ask_exposure(fleet, run, code=0)
    assert found["keys"] == []  # it is a reader still, of the other one
    (old,) = ask_exposure(fleet, run, "--key", BETA.strip(), code=0)["keys"]
    assert {one["secret"]: one["state"] for one in old["secrets"]} == {
        DB: "in-use", WIFI: "rotated",
    }  # fmt: skip
    run_new = run(fleet.top, "exposure", "--key", NEW.strip(), "--format", "json")
    assert json.loads(run_new.stdout)["keys"] == []


def test_a_leaver_in_a_side_branch_only(fleet: Workshop, run: Run) -> None:
    """A source was encrypted to somebody in a branch whose merge did not take that."""
    fleet.git.run("switch", "-qc", "side")
    fleet.write("users/eve.pub", STRANGER)
    fleet.write(DB, encrypt(b"postgres://db\n", [fleet.master, STRANGER]))
    aside = fleet.commit("Eve joins")
    fleet.git.run("switch", "-q", "main")
    fleet.write("README.md", "Another.\n")
    fleet.commit("Edit a text")
    fleet.git.run("merge", "-q", "--no-ff", "-s", "ours", "-m", "Merge, take nothing", "side")
    merged = blob(fleet, "HEAD")
    fleet.git.run("branch", "-qD", "side")
    document = ask_exposure(fleet, run, code=1)
    assert states(document) == {body(STRANGER): {DB: "perhaps-unchanged"}}
    (version,) = document["keys"][0]["secrets"][0]["versions"]
    assert (version["from"], version["until"], version["via"]) == (aside, merged, DB)


def test_moves_are_followed(fleet: Workshop, run: Run) -> None:
    sell(fleet, "beta")
    (fleet.top / "storage").mkdir()
    fleet.git.run("mv", "secrets/rekeyed", "storage/hosts")
    fleet.git.run("mv", WIFI, "secrets/wireless.age")
    fleet.commit("Move the storage, and a source")
    found = states(ask_exposure(fleet, run, code=1))
    assert found == {body(BETA): {DB: "in-use", WIFI: "in-use", "secrets/wireless.age": "in-use"}}
    # A person has one thing to do, at the place where it is now.
    text = run(fleet.top, "exposure").stdout
    assert f"  {WIFI}" not in text
    assert text.endswith("2 secrets to rotate, 1 former reader\n")
    ticks = run(fleet.top, "exposure", "--format", "markdown").stdout
    assert ticks.startswith(
        "### 2 secrets to rotate, 1 former reader\n\nChange each where it is used"
    )
    assert ticks.count("- [ ] ") == 2
    assert "- [ ] `secrets/wireless.age`\n  - `secrets/rekeyed/beta`, from " in ticks
    assert "| `secrets/rekeyed/beta` | `ssh-ed25519 SHA256:" in ticks


def test_a_source_moved_and_edited_in_one_commit(fleet: Workshop, run: Run) -> None:
    sell(fleet, "beta")
    fleet.remove(WIFI)
    fleet.source("wireless/wifi.age", TEXTS[WIFI])
    fleet.commit("Move, and encrypt anew")
    (beta,) = ask_exposure(fleet, run, code=1)["keys"]
    (wifi,) = (one for one in beta["secrets"] if one["secret"] == WIFI)
    assert (wifi["state"], wifi["now"]) == ("perhaps-unchanged", ["wireless/wifi.age"])
    text = run(fleet.top, "exposure").stdout
    assert f"  {WIFI} (now wireless/wifi.age): re-encrypted, perhaps unchanged\n" in text


def test_a_key_that_came_back(fleet: Workshop, run: Run) -> None:
    outputs = [(path, fleet.read(path)) for path in _outputs(fleet, "beta")]
    sell(fleet, "beta")
    fleet.host("beta", BETA)
    for path, content in outputs:
        fleet.write(path, content)
    fleet.commit("It was not sold")
    assert ask_exposure(fleet, run, code=0)["keys"] == []


def _outputs(fleet: Workshop, node: str) -> list[str]:
    found = (fleet.top / "secrets/rekeyed" / node).iterdir()
    return [path.relative_to(fleet.top).as_posix() for path in found]


def test_a_key_in_a_nix_file(workshop: Workshop, run: Run) -> None:
    """As a string, so without a newline, which went before its outputs did."""
    key = NEW.strip()
    workshop.source(DB, TEXTS[DB])
    made = workshop.output_path("h9", "db", DB, key)
    workshop.write(made, encrypt(TEXTS[DB].encode(), [key]))
    workshop.write("hosts.nix", f'{{ h9.age.rekey.hostPubkey = "{key}"; }}\n')
    begun = workshop.commit("A host")
    workshop.write("hosts.nix", "{ }\n")
    workshop.commit("Forget its outputs")
    assert ask_exposure(workshop, run, code=0)["keys"] == []  # they are there still
    workshop.remove(made)
    ended = workshop.commit("Remember them")
    (found,) = ask_exposure(workshop, run, code=1)["keys"]
    assert (found["names"], found["nodes"]) == (["hosts.nix"], ["secrets/rekeyed/h9"])
    (version,) = found["secrets"][0]["versions"]
    assert (version["from"], version["until"]) == (begun, ended)


def test_plain_agenix(workshop: Workshop, run: Run) -> None:
    workshop.write("secrets.nix", f'{{ "a.age".publicKeys = [ "{ALPHA.strip()}" ]; }}\n')
    workshop.write("a.age", encrypt(b"a", [ALPHA, OTHER]))
    workshop.write("users/other.pub", OTHER)
    workshop.commit("Two readers")
    workshop.write("a.age", encrypt(b"a", [ALPHA]))
    workshop.commit("One left")
    assert states(ask_exposure(workshop, run, code=1)) == {
        body(OTHER): {"a.age": "perhaps-unchanged"}
    }
    workshop.write("a.age", encrypt(b"another", [ALPHA]))
    workshop.commit("Rotate")
    assert ask_exposure(workshop, run, code=0)["keys"] == []


def test_people_and_hosts_have_the_names_that_the_rules_gave_them(
    workshop: Workshop, run: Run
) -> None:
    """Bound in the rules file at the time, or by the comment of the key."""
    bound = {"alice": ALPHA.strip(), "bob": f"{BETA.strip()} bob@old", "web": OTHER.strip()}
    commented = " ".join([*NEW.split()[:2], "carol@desk"])

    def rule(names: dict[str, str], more: list[str]) -> None:
        bindings = "".join(f'  {name} = "{key}";\n' for name, key in names.items())
        listed = " ".join([*names, *(f'"{one}"' for one in more)])
        rules = f'let\n{bindings}in {{ "a.age".publicKeys = [ {listed} ]; }}\n'
        workshop.write("secrets/secrets.nix", rules)
        workshop.write("secrets/a.age", encrypt(b"a", [*names.values(), *more]))

    rule(bound, [commented])
    workshop.commit("Four readers")
    rule({"alice": bound["alice"]}, [])
    workshop.commit("Three left")
    said = run(workshop.top, "exposure").stdout
    titles = [line for line in said.splitlines() if "SHA256:" in line]
    assert sorted(line.partition(" (ssh-ed25519 SHA256:")[0] for line in titles) == [
        "bob", "carol@desk", "web",
    ]  # fmt: skip
    assert all(line.endswith(", secrets/secrets.nix)") for line in titles), titles
    asked = ("--exposed", "--rev", "HEAD", "--format", "json")
    listed = json.loads(run(workshop.top, *asked).stdout)["findings"]
    (message,) = [one["message"] for one in listed if one["rule"] == "secret-exposed"]
    readers, _, rest = message.partition(" could read it")
    assert set(readers.split(", ")) == {"bob", "carol@desk", "web"}, message
    assert rest.startswith("; it is re-encrypted")
    # People are no nodes: what is to be typed is said, and works.
    for verb, options, words in (
        ("exposure", ("--node", "bob"), "matches bob; of keys with that name: --key bob\n"),
        ("exposure", ("--node", "dora"), "of somebody; there are alice, bob, carol@desk, web\n"),
        ("exposure", ("--key", "dora"), "has that name or fingerprint; there are alice, bob, "),
        ("fleet", ("bob",), "matches bob: plain agenix has none: --secret chooses files, "),
    ):  # fmt: skip
        asked_for = run(workshop.top, verb, *options)
        assert asked_for.stdout == ""
        assert words in asked_for.stderr
    by_name = run(workshop.top, "exposure", "--key", "bob").stdout
    assert by_name.startswith("bob (ssh-ed25519 SHA256:")
    assert "carol" not in by_name


def test_an_anonymous_key_that_left(workshop: Workshop, run: Run) -> None:
    _, mine = new_identity()
    _, theirs = new_identity()
    workshop.write("keys.nix", f'{{ me = "{mine}"; them = "{theirs}"; }}\n')
    workshop.write("a.age", encrypt(b"a", [mine, theirs]))
    workshop.commit("Two readers")
    workshop.write("keys.nix", f'{{ me = "{mine}"; }}\n')
    workshop.commit("One left, and nothing was encrypted anew")
    assert states(ask_exposure(workshop, run, code=1)) == {theirs: {"a.age": "in-use"}}
    workshop.write("a.age", encrypt(b"other", [mine]))
    workshop.commit("Rotate")
    workshop.write("b.age", encrypt(b"b", [mine]))
    workshop.commit("A secret that they never saw")
    assert ask_exposure(workshop, run, code=0)["keys"] == []


def test_one_revision_alone(fleet: Workshop, run: Run) -> None:
    before = blob(fleet, "HEAD")
    sell(fleet, "beta")
    assert ask_exposure(fleet, run, "--rev", before, code=0)["keys"] == []
    assert body(BETA) in states(ask_exposure(fleet, run, "--rev", "HEAD", code=1))


def test_what_was_found_is_remembered(fleet: Workshop, run: Run) -> None:
    assert ask_exposure(fleet, run, code=0)["keys"] == []
    sell(fleet, "beta")
    found = ask_exposure(fleet, run, code=1)
    assert ask_exposure(fleet, run, "--no-cache", code=1) == found
    # Of commits that no ref has any more nothing is remembered.
    fleet.git.run("reset", "-q", "--hard", "HEAD^")
    sell(fleet, "alpha")
    found = ask_exposure(fleet, run, code=1)
    assert ask_exposure(fleet, run, "--no-cache", code=1) == found
    assert set(states(found)) == {body(ALPHA)}


@pytest.mark.parametrize("form", ["json", "markdown"])
def test_a_node_that_is_none_is_said_in_a_whole_document(
    fleet: Workshop, run: Run, form: str
) -> None:
    for verb in ("exposure", "access"):
        result = run(fleet.top, verb, "--node", "web9", "--format", form)
        assert result.code == 3
        assert result.stderr.count("\n") == 1
        assert "there are alpha, beta, " in result.stderr
        if form == "json":
            document = json.loads(result.stdout)
            jsonschema.validate(document, json.loads(schema.render(verb)))
            assert document["complete"] is False
            assert "there are alpha, beta, " in document["incomplete"][0]
        else:
            assert "could not check: " in result.stdout
            assert "could be read by a former reader" not in result.stdout


def test_what_is_asked_wrongly(fleet: Workshop, run: Run, tmp_path: Path) -> None:
    for options, code, said in (
        (("--key", "nothing"), 2, "--key nothing: there is no such file"),
        (("--node", "nobody"), 3, "there are alpha,"),
        (("--rev", "nothing"), 2, "no commit is named 'nothing'"),
    ):
        result = run(fleet.top, "exposure", *options)
        assert (result.code, result.stdout) == (code, "")
        assert said in result.stderr
    identity = tmp_path / "key.txt"
    identity.write_text(new_identity()[0])
    result = run(fleet.top, "exposure", "--key", str(identity))
    assert result.code == 2
    assert "holds a private key" in result.stderr
