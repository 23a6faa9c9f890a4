"""The command as a process: the verbs beside `check`."""

import json
from pathlib import Path

import pytest

from agenix_check.age import fingerprint, parse_recipient
from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt
from agenix_check.rules import RULES
from tests.cli.running import break_fleet, complains
from tests.conftest import Run


def test_inspect_a_file(fleet: Workshop, run: Run) -> None:
    result = run(fleet.top, "inspect", "secrets/db.age")
    assert (result.code, result.stderr) == (0, "")
    assert "secrets/db.age" in result.stdout
    assert "plaintext of 14 bytes" in result.stdout
    one = encrypt(b"x", [fleet.master])
    assert "plaintext of 1 byte\n" in run(fleet.top, "inspect", "-", stdin=one).stdout


def test_inspect_standard_input(fleet: Workshop, run: Run) -> None:
    data = fleet.read("secrets/db.age")
    result = run(fleet.top, "inspect", "-", stdin=data)
    assert result.code == 0
    assert "plaintext of 14 bytes" in result.stdout


def test_inspect_as_json(fleet: Workshop, run: Run) -> None:
    output = next((fleet.top / "secrets/rekeyed/alpha").glob("*-db.age"))
    files = ("secrets/db.age", str(output), "README.md")
    result = run(fleet.top, "inspect", "--format", "json", *files)
    assert result.code == 1
    source, made, text = json.loads(result.stdout)
    keys = [
        "file",
        "valid",
        "error",
        "armored",
        "stanzas",
        "payload_size",
        "plaintext_size",
        "keys",
        "known",
    ]
    assert all(list(document) == keys for document in (source, made, text))
    assert (source["file"], source["valid"], source["error"]) == ("secrets/db.age", True, None)
    assert (source["armored"], source["payload_size"], source["plaintext_size"]) == (False, 46, 14)
    assert source["stanzas"][0]["type"] == "X25519"
    assert made["stanzas"][0]["type"] == "ssh-ed25519"
    assert all(list(one) == ["type", "args", "recipient"] for one in made["stanzas"])
    assert (text["valid"], text["stanzas"], text["plaintext_size"]) == (False, [], None)
    assert text["error"] == "not an age file"


@pytest.mark.parametrize("content", [b"", b"text", b"age-encryption.org/v1\n", b"\0" * 100])
def test_inspect_what_is_no_age_file(tmp_path: Path, run: Run, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    result = run(tmp_path, "inspect", "file")
    assert (result.code, result.stderr) == (1, "")
    assert "not valid" in result.stdout


def test_a_public_key_is_one_wherever_it_lies(fleet: Workshop, run: Run, tmp_path: Path) -> None:
    key = fleet.read("hosts/alpha/host.pub")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "host.pub").write_bytes(key)
    (elsewhere / "id").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    kind, _, comment = key.decode().split()

    outside = run(elsewhere, "inspect", "host.pub")
    inside = run(fleet.top, "inspect", "hosts/alpha/host.pub")
    from_inside = run(fleet.top, "inspect", str(elsewhere / "host.pub"))

    assert [one.code for one in (outside, inside, from_inside)] == [0, 0, 0]
    mark = f"public key {kind} {fingerprint(parse_recipient(key.decode()))} ({comment})"
    assert outside.stdout.split() == ["host.pub", *mark.split()]
    for one in (inside, from_inside):
        assert f"{mark} key of alpha it can read 3 secrets: " in " ".join(one.stdout.split())
    private = run(elsewhere, "inspect", "id")
    assert (private.code, "but a private key" in private.stdout) == (1, True)


def test_inspect_a_file_that_was_cut(fleet: Workshop, run: Run) -> None:
    data = fleet.read("secrets/db.age")
    for size in (len(data) - 40, len(data) // 2, 30):
        assert run(fleet.top, "inspect", "-", stdin=data[:size]).code == 1


def test_inspect_what_cannot_be_read(tmp_path: Path, run: Run) -> None:
    complains(run(tmp_path, "inspect", "none"), 2, "none", "No such file")
    complains(run(tmp_path, "inspect", "."), 2, "directory")
    complains(run(tmp_path, "inspect", "x" * 5000), 2, "too long")


@pytest.mark.parametrize("rule", sorted(RULES))
def test_explain_a_rule(rule: str, capsys: pytest.CaptureFixture[str]) -> None:
    from agenix_check.cli import main

    assert main(["explain", rule]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(rule)
    assert err == ""


def test_explain_without_a_rule_lists_all(tmp_path: Path, run: Run) -> None:
    result = run(tmp_path, "explain")
    assert result.code == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == list(RULES)


def test_a_word_of_a_rule_suggests_those_that_have_it(tmp_path: Path, run: Run) -> None:
    complains(run(tmp_path, "explain", "stale"), 2, "did you mean 'output-stale' or 'lock-stale'?")


def test_rules_are_listed(tmp_path: Path, run: Run) -> None:
    listed = run(tmp_path, "rules")
    assert listed == run(tmp_path, "explain")
    assert len(listed.stdout.splitlines()) == len(RULES)


def test_a_verb_may_stand_after_options(tmp_path: Path, run: Run) -> None:
    plain = run(tmp_path, "inspect", "--format", "json", "-")
    for words in (["--format", "json", "inspect", "-"], ["--format=json", "inspect", "-"]):
        assert run(tmp_path, *words) == plain
    complains(run(tmp_path, "--quiet", "explian"), 2, "there is no verb 'explian'", "'explain'")
    # The value of an option is no verb.
    assert "is in no Git repository" in run(tmp_path, "--node", "fleet").stderr


def test_a_path_is_no_verb(tmp_path: Path, run: Run) -> None:
    said = "`agenix-check inspect secrets/db.age` shows a file"
    complains(run(tmp_path, "secrets/db.age"), 2, said, "the whole repository is checked")
    complains(run(tmp_path, "check", "secrets/db.age"), 2, said)


def test_what_was_meant(fleet: Workshop, run: Run) -> None:
    complains(run(fleet.top, "rekey"), 2, "type `agenix-check --fix`")
    complains(run(fleet.top, "fix"), 2, "it is an option, type --fix")
    complains(run(fleet.top, "alpha"), 2, "`agenix-check fleet alpha` shows the node")
    complains(
        run(fleet.top, "--nod", "alpha"), 2, "there is no option --nod (did you mean '--node'?)"
    )
    complains(run(fleet.top, "--inventory", "nx"), 2, "is none of auto, nix, lock, names")


def test_a_format_is_no_option(tmp_path: Path, run: Run) -> None:
    complains(run(tmp_path, "--json"), 2, "type --format json")
    complains(run(tmp_path, "access", "--csv"), 2, "type --format csv")
    result = run(tmp_path, "fleet", "--html")
    assert (result.code, "--format html" in result.stderr) == (2, False)


@pytest.mark.parametrize("words", [("-V",), ("version",), ("check", "-V"), ("-q", "--version")])
def test_the_version(tmp_path: Path, run: Run, words: tuple[str, ...]) -> None:
    assert run(tmp_path, *words) == run(tmp_path, "--version")


def test_help_of_a_verb(tmp_path: Path, run: Run) -> None:
    assert run(tmp_path, "help") == run(tmp_path, "--help")
    complains(run(tmp_path, "help", "expain"), 2, "'explain'")


def test_explain_a_rule_that_is_none(tmp_path: Path, run: Run) -> None:
    complains(run(tmp_path, "explain", "output-stal"), 2, "'output-stal'", "'output-stale'")
    complains(run(tmp_path, "explain", "nope"), 2, "'nope'", "`agenix-check rules` lists all")


def test_schema_is_json(tmp_path: Path, run: Run) -> None:
    result = run(tmp_path, "schema")
    assert (result.code, result.stderr) == (0, "")
    assert json.loads(result.stdout)["$schema"].startswith("https://json-schema.org/")


def test_fleet_as_text(fleet: Workshop, run: Run) -> None:
    result = run(fleet.top, "fleet")
    assert (result.code, result.stderr) == (0, "")
    assert "alpha\n  key     ssh-ed25519 AAAA" in result.stdout
    assert "  secret  db     secrets/db.age" in result.stdout
    assert "4 nodes, 9 outputs of 5 sources" in result.stdout


def test_fleet_as_json(fleet: Workshop, run: Run) -> None:
    result = run(fleet.top, "fleet", "--format", "json")
    assert (result.code, result.stderr) == (0, "")
    document = json.loads(result.stdout)
    assert document["schema"] == "agenix-check/fleet/1"
    assert (document["inventory"], document["complete"]) == ("names", False)
    assert [node["name"] for node in document["nodes"]] == [
        "alpha", "beta", "delta", "gamma",
    ]  # fmt: skip
    assert len(document["outputs"]) == 9
    made = {(output["node"], *output["sources"]) for output in document["outputs"]}
    assert ("delta", "secrets/delta-token.age") in made
    assert {one["verdict"] for one in document["outputs"]} == {"ok", "unverifiable"}

    break_fleet(fleet)  # nothing in the tree explains the outputs of `db` any more
    text = run(fleet.top, "fleet")
    rows = [line.split() for line in text.stdout.splitlines() if line.startswith("  secret")]
    again = run(fleet.top, "fleet", "--format", "json")
    outputs = json.loads(again.stdout)["outputs"]
    assert (text.code, again.code, len(rows)) == (0, 0, 9)
    assert sorted((one["secret"], one["verdict"] == "wrong") for one in outputs) == sorted(
        (row[1], row[-1] == "(wrong)") for row in rows
    )
    db = [one for one in outputs if one["secret"] == "db"]
    assert {(one["verdict"], *one["rules"]) for one in db} == {("wrong", "output-stale")}
    assert {tuple(one["sources"]) for one in db} == {("secrets/db.age",)}


def test_fleet_of_some(fleet: Workshop, run: Run) -> None:
    result = run(fleet.top, "fleet", "--node", "*/alpha", "--secret", "t*", "--format=json")
    (output,) = json.loads(result.stdout)["outputs"]
    assert (output["node"], output["secret"]) == ("alpha", "token")
    short = run(fleet.top, "fleet", "--node", "alpha", "--secret", "t*", "--format=json")
    assert short == result


def test_fleet_of_a_commit(fleet: Workshop, run: Run) -> None:
    result = run(fleet.top, "fleet", "--rev", "HEAD^")
    assert result.code == 0
    assert "0 nodes, 0 outputs" in result.stdout
