"""`--decrypt`: what keys show that names, recipients and lengths do not; by the real command."""

import subprocess
import zlib
from pathlib import Path
from typing import Any

import pytest

from agenix_check.age import read_age
from agenix_check.keys.encrypt import encrypt
from tests.decrypt.keyed import DB, NATIVE, NODES, SSH, Keyed, make
from tests.keys.conftest import MakeSsh
from tests.keys.texts import HIDDEN, PLAINTEXT

ALL = (*NODES, "master")


@pytest.fixture
def keyed(tmp_path: Path, ssh_key: MakeSsh) -> Keyed:
    return make(tmp_path, ssh_key)


def verdicts(report: Any) -> dict[str, str]:
    outputs = (one for one in report["outputs"] if one["secret"] == "db")
    return {one["node"].rpartition("/")[2]: one["verdict"] for one in outputs}


def broken(report: Any) -> list[tuple[str, str | None]]:
    return [(one["rule"], one["path"]) for one in report["findings"]]


def reasons(report: Any) -> dict[str, str]:
    rest = report["decrypted"]["not_compared"]
    return {one["node"].rpartition("/")[2]: one["reason"] for one in rest}


def alter(content: bytes, at: int) -> bytes:
    """Change one bit."""
    changed = bytearray(content)
    changed[at] ^= 1
    return bytes(changed)


def forge(keyed: Keyed, node: str) -> bytes:
    """Encrypt to a stranger, and write the node's tag over the stranger's."""
    stranger = keyed.shop.top.with_name("stranger")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(stranger)], check=True)
    content = encrypt(PLAINTEXT, [Path(f"{stranger}.pub").read_text()])
    [theirs] = read_age(content).real_stanzas
    [ours] = read_age(keyed.shop.read(keyed.output(node))).real_stanzas
    return content.replace(theirs.args[0].encode(), ours.args[0].encode(), 1)


def test_a_fleet_in_order_is_proved_to_be(keyed: Keyed) -> None:
    assert keyed.check("--require-verified").code == 1  # two hosts have anonymous keys
    code, report = keyed.judge(*ALL, more=("--require-verified",))
    assert (code, report["findings"]) == (0, [])
    assert set(verdicts(report).values()) == {"ok"}
    assert report["decrypted"] == {"compared": 8, "not_compared": []}
    assert all(one["reason"] is None for one in report["outputs"])
    done = keyed.decrypt(*ALL)
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout == (
        "8 outputs on 4 nodes: all match the sources and keys in the tree"
        " · 8 compared with their sources\n"
    )


@pytest.mark.parametrize("node", NODES)
def test_another_text_of_the_same_length_is_found(keyed: Keyed, node: str) -> None:
    keyed.replace_text(node)
    assert keyed.check().code == 0  # nothing shows without a key
    code, report = keyed.judge(*ALL)
    assert code == 1
    assert broken(report) == [("output-content", keyed.output(node))]
    [finding] = report["findings"]
    assert (finding["severity"], finding["source"], finding["new"]) == ("error", DB, True)
    assert finding["mend"] == "agenix-check --fix --decrypt"
    assert verdicts(report)[node] == "wrong"
    assert report["decrypted"] == {"compared": 8, "not_compared": []}
    shown = keyed.decrypt(*ALL)
    assert "error[output-content]" in shown.stdout
    assert "7 ok, 1 wrong · 8 compared with their sources · 1 error" in shown.stdout


def test_what_has_no_key_is_said_and_fails_only_where_that_is_wanted(keyed: Keyed) -> None:
    keyed.replace_text("beta")
    keyed.shop.commit("Replace a text")
    code, report = keyed.judge("alpha", "gamma", "master")
    assert (code, report["findings"], report["incomplete"]) == (0, [], [])
    assert verdicts(report) == {
        "alpha": "ok", "beta": "ok", "gamma": "ok", "delta": "unverifiable",
    }  # fmt: skip
    assert report["decrypted"]["compared"] == 4
    assert reasons(report) == dict.fromkeys(("beta", "delta"), "no identity is given for its node")
    done = keyed.decrypt("alpha", "gamma", "master")
    assert done.stdout.splitlines()[0] == (
        "not compared: 4 outputs of beta, delta: no identity is given for its node"
    )
    assert keyed.decrypt("alpha", "gamma", "master", more=("--quiet",)).stdout == ""
    assert keyed.decrypt("alpha", "master", more=("--require-verified",)).code == 1
    only = ("--require-verified", "--node", "alpha")
    assert keyed.decrypt("alpha", "master", more=only).code == 0
    assert keyed.decrypt("master", more=("--require-verified", "--node", "beta")).code == 3


def test_only_what_was_compared_is_not_in_doubt_any_more(keyed: Keyed) -> None:
    keyed.replace_text("beta")
    (doubt,) = keyed.judge("alpha", "master")[1]["findings"]
    assert (doubt["rule"], doubt["path"]) == ("output-rewritten", keyed.output("beta"))
    (certain,) = keyed.judge(*ALL)[1]["findings"]
    assert (certain["rule"], certain["path"]) == ("output-content", keyed.output("beta"))


def test_every_format_says_what_was_not_compared(keyed: Keyed) -> None:
    said = "4 outputs of beta, delta: no identity is given for its node"
    for name in ("text", "markdown", "junit", "sarif", "html", "github"):
        done = keyed.decrypt("alpha", "gamma", "master", more=("--format", name))
        assert said in done.stdout, name
    passed = keyed.decrypt("alpha", "gamma", "master", more=("--format", "junit")).stdout
    assert "<failure" not in passed
    strict = ("--format", "junit", "--require-verified")
    failed = keyed.decrypt("alpha", "gamma", "master", more=strict)
    assert failed.code == 1
    assert failed.stdout.count("<failure") == 4
    assert "not compared: no identity is given for its node" in failed.stdout


@pytest.mark.parametrize(
    ("owners", "reason"),
    [
        ((), "there is no identity; give one with -i FILE, in AGENIX_CHECK_IDENTITY"),
        (("master",), "no identity is given for its node"),
        (NODES, "no identity that is given opens its source"),
    ],
)
def test_a_run_that_compared_nothing_does_not_pass(
    keyed: Keyed, owners: tuple[str, ...], reason: str
) -> None:
    done = keyed.decrypt(*owners)
    assert done.code == 3
    assert f"agenix-check: could not check: --decrypt compared nothing: {reason}" in done.stderr


def test_only_the_chosen_are_opened(keyed: Keyed) -> None:
    for node in ("alpha", "gamma"):
        keyed.replace_text(node)
    code, report = keyed.judge(*ALL, more=("--node", "gamma"))
    assert broken(report) == [("output-content", keyed.output("gamma"))]
    assert (code, report["decrypted"]) == (1, {"compared": 2, "not_compared": []})
    code, report = keyed.judge(*ALL, more=("--secret", "wifi"))
    assert (code, report["decrypted"]) == (0, {"compared": 4, "not_compared": []})


def test_a_forged_tag_does_not_hold(keyed: Keyed) -> None:
    keyed.put("alpha", forge(keyed, "alpha"))
    assert keyed.check().code == 0
    code, report = keyed.judge(*ALL)
    assert code == 1
    assert broken(report) == [("output-wrong-recipient", keyed.output("alpha"))]
    assert "the tag of its stanza is that of this key" in report["findings"][0]["message"]
    assert reasons(report) == {"alpha": "it does not open as it should"}
    assert report["decrypted"]["not_compared"][0]["verdict"] == "wrong"


@pytest.mark.parametrize("node", NATIVE)
def test_an_anonymous_output_for_somebody_else_is_found(keyed: Keyed, node: str) -> None:
    other = next(one for one in NATIVE if one != node)
    keyed.put(node, encrypt(PLAINTEXT, [keyed.key(other)]))
    assert keyed.check().code == 0
    for owners, message in (
        (ALL, "its node's key does not open it"),
        ((other, "master"), "a given key opens it, and it is not its node's"),
    ):
        code, report = keyed.judge(*owners)
        assert (code, broken(report)) == (1, [("output-wrong-recipient", keyed.output(node))])
        assert report["findings"][0]["message"] == message


def test_an_output_for_the_master_is_not_its_nodes(keyed: Keyed) -> None:
    keyed.put("gamma", encrypt(PLAINTEXT, [keyed.shop.master]))
    code, report = keyed.judge("alpha", "master")
    assert (code, broken(report)) == (1, [("output-wrong-recipient", keyed.output("gamma"))])


@pytest.mark.parametrize("node", NODES)
@pytest.mark.parametrize("at", [-1, "mac"])
def test_an_altered_payload_or_header_is_found(keyed: Keyed, node: str, at: int | str) -> None:
    content = keyed.shop.read(keyed.output(node))
    start = content.index(b"--- ") + 4
    if at == "mac":
        other = b"A" if content[start : start + 1] != b"A" else b"B"
        keyed.put(node, content[:start] + other + content[start + 1 :])
    else:
        keyed.put(node, alter(content, -1))
    assert keyed.check().code == 0
    code, report = keyed.judge(*ALL)
    assert (code, broken(report)) == (1, [("output-malformed", keyed.output(node))])
    assert "fits, but what it opens is not as it was written" in report["findings"][0]["message"]


def test_an_altered_source_is_found(keyed: Keyed) -> None:
    content = keyed.shop.read(DB)
    keyed.shop.write(DB, alter(content, -1))
    for node in NODES:
        keyed.shop.rekey(node, "db", DB, PLAINTEXT)
    keyed.shop.commit("Alter the source")
    code, report = keyed.judge(*ALL)
    assert code == 1
    assert ("source-malformed", DB) in broken(report)
    assert not [rule for rule, _ in broken(report) if rule == "output-content"]
    assert set(reasons(report).values()) == {"its source is damaged"}
    code, report = keyed.judge(*ALL, more=("--node", "alpha"))
    assert code == 1
    assert ("source-malformed", DB) in broken(report)  # it is not of this node alone


def test_a_source_with_a_forged_tag_is_found(keyed: Keyed) -> None:
    """A second master, an SSH key, is named by a tag and cannot read the source."""
    forged = forge(keyed, "alpha")  # alpha's key is that of the second master here
    keyed.shop.write(DB, forged)
    for node in NODES:
        keyed.shop.rekey(node, "db", DB, PLAINTEXT)
    code, report = keyed.judge(*NODES)
    assert ("source-missing-recipient", DB) in broken(report)
    assert code == 3  # no other key opened a source: nothing was compared
    code, report = keyed.judge(*ALL)
    assert code == 1
    assert "no identity that is given opens its source" in reasons(report)["alpha"]


def test_what_an_audit_knows_is_not_opened(keyed: Keyed) -> None:
    keyed.put("alpha", encrypt(b"cut", [keyed.key("alpha")]))
    keyed.put("beta", encrypt(PLAINTEXT, [keyed.key("alpha")]))
    keyed.put("gamma", b"plain\n")
    code, report = keyed.judge(*ALL)
    assert code == 1
    assert {rule for rule, _ in broken(report)} == {
        "output-length", "output-wrong-recipient", "output-not-encrypted",
    }  # fmt: skip
    assert reasons(report) == dict.fromkeys(("alpha", "beta", "gamma"), "it is wrong already")
    assert report["decrypted"]["compared"] == 5


@pytest.mark.parametrize("snapshot", ["--staged", "--worktree", "--rev", "--from-ref"])
def test_every_snapshot_is_looked_into(keyed: Keyed, snapshot: str) -> None:
    before = keyed.shop.git.run("rev-parse", "HEAD").decode().strip()
    keyed.replace_text("alpha")
    options: dict[str, tuple[str, ...]] = {
        "--staged": ("--staged",),
        "--worktree": ("--worktree",),
        "--rev": ("--rev", "HEAD"),
        "--from-ref": ("--from-ref", before, "--to-ref", "HEAD"),
    }
    if snapshot in ("--rev", "--from-ref"):
        keyed.shop.commit("Replace a text")
        keyed.shop.remove(keyed.output("alpha"))  # what is checked out is not what is checked
    code, report = keyed.judge(*ALL, more=options[snapshot])
    assert code == 1
    assert [rule for rule, _ in broken(report)] == ["output-content"]
    assert report["findings"][0]["new"]


def test_what_was_so_before_is_told_apart(keyed: Keyed) -> None:
    keyed.replace_text("alpha")
    old = keyed.shop.commit("Replace a text")
    keyed.shop.write("README.md", "Something else.\n")
    keyed.shop.commit("Write")
    code, report = keyed.judge(*ALL)
    assert (code, report["findings"][0]["new"]) == (1, False)
    code, report = keyed.judge(*ALL, more=("--new-from", old))
    assert (code, report["findings"]) == (0, [])
    code, report = keyed.judge(*ALL, more=("--new-from", f"{old}~1"))
    assert (code, broken(report)) == (1, [("output-content", keyed.output("alpha"))])
    assert keyed.decrypt(*ALL, more=("--ignore", "output-content")).code == 0


def test_green_memory_is_neither_believed_nor_fed(keyed: Keyed) -> None:
    store = keyed.shop.top / ".git/agenix-check"
    keep = [keyed.shop.top / "hosts" / node for node in NATIVE]
    for place in keep:  # anonymous keys are never green
        subprocess.run(["rm", "-r", str(place)], check=True)
    for path in (keyed.shop.top / "secrets/rekeyed").iterdir():
        if path.name in NATIVE:
            subprocess.run(["rm", "-r", str(path)], check=True)
    keyed.replace_text("alpha")
    keyed.shop.commit("Leave hosts with SSH keys")
    done = keyed.decrypt(*SSH, "master")
    assert done.code == 1
    assert not list(store.glob("reports*"))
    assert keyed.check().code == 0
    assert list(store.glob("reports*"))
    assert keyed.decrypt(*SSH, "master").code == 1


def test_fixing_fixes_what_comparing_finds(keyed: Keyed) -> None:
    keyed.replace_text("alpha")
    keyed.put("beta", alter(keyed.shop.read(keyed.output("beta")), -1))
    keyed.put("gamma", encrypt(PLAINTEXT, [keyed.key("delta")]))
    keyed.shop.stage()
    plan = keyed.check("--fix", "--decrypt", "--dry-run", *keyed.words(*ALL))
    assert plan.code == 0
    done = keyed.check("--fix", "--decrypt", *keyed.words(*ALL))
    assert done.code == 0, done
    assert "all match the sources and keys in the tree · 8 compared" in done.stdout
    assert keyed.judge(*ALL)[0] == 0


@pytest.mark.parametrize("place", ["alone", "file", "dry"])
def test_it_is_asked_for_where_it_is_ones_own(keyed: Keyed, place: str) -> None:
    if place == "alone":
        done = keyed.check("-i", str(keyed.keys["master"]))
        assert (done.code, done.stdout) == (2, "")
        assert done.stderr == "agenix-check: --identity needs --fix or --decrypt\n"
    elif place == "dry":
        assert keyed.decrypt(*ALL, more=("--dry-run",)).code == 2
    else:
        keyed.shop.write("agenix-check.toml", "decrypt = true\n")
        done = keyed.check()
        assert done.code == 2
        assert "decrypt cannot be set in a file; use --decrypt" in done.stderr


def test_nothing_of_a_plaintext_stays_anywhere(keyed: Keyed) -> None:
    keyed.replace_text("alpha")
    keyed.replace_text("gamma", PLAINTEXT)
    for name in ("text", "json", "junit", "markdown"):
        report = keyed.shop.top.with_name(f"report.{name}")
        done = keyed.decrypt(*ALL, more=("-v", "--format", name, "--output", f"{name}={report}"))
        assert done.code == 1
    files = [one for one in keyed.shop.top.parent.rglob("*") if one.is_file()]
    assert any("agenix-check" in str(one) for one in files)  # what is remembered is among them
    for file in files:
        content = file.read_bytes()
        found = [content]
        if "/objects/" in str(file) and "/pack" not in str(file):
            found.append(zlib.decompress(content))
        assert not [one for one in found for secret in HIDDEN if secret in one], file


def test_identities_come_from_the_environment_too(keyed: Keyed) -> None:
    paths = ":".join(str(keyed.keys[owner]) for owner in ALL)
    done = keyed.check("--decrypt", env={"AGENIX_CHECK_IDENTITY": paths})
    assert (done.code, done.stderr) == (0, "")
    assert "8 compared with their sources" in done.stdout
    done = keyed.check(env={"AGENIX_CHECK_DECRYPT": "1", "AGENIX_CHECK_IDENTITY": paths})
    assert "8 compared with their sources" in done.stdout
