"""Sources against their declarations: whether they are there, and who must be able to read them."""

import subprocess
from base64 import b64encode
from pathlib import Path

import pytest

from agenix_check.age import parse_recipient
from agenix_check.keys.encrypt import encrypt, new_identity
from agenix_check.model.declaration import MasterIdentity
from agenix_check.model.findings import CauseKind, Finding, Report, Severity, Verdict
from tests.audit.scenes import LOCKED_TOKEN
from tests.audit.texts import TOP
from tests.discover.declared.estate import (
    DB,
    TOKEN,
    Estate,
    Secret,
    judge,
    judge_all,
    master,
    result,
    the_only,
    told,
)
from tests.host_keys import ALPHA, NEW, RSA, STRANGER
from tests.programs import encrypted

YUBIKEY = "age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t"
YUBIKEY_FILE = f"""\
#       Serial: 11111111, Slot: 1
#         Name: admin
#      Created: Sat, 01 Jan 2022 00:00:00 +0000
#   PIN policy: Once   (A PIN is required once per session, if set)
# Touch policy: Cached (A physical touch is required for decryption)
#    Recipient: {YUBIKEY}
AGE-PLUGIN-YUBIKEY-1QYQSZQGPQYQSZQGPQYQSZQGP
"""


def encrypted_to(*stanzas: str, size: int = 6) -> bytes:
    """Return a file with these stanzas' first lines, as no key that is here could make it."""
    body = "\n".join(f"-> {stanza}\n{_text(32)}" for stanza in stanzas)
    return f"age-encryption.org/v1\n{body}\n--- {_text(32)}\n".encode() + bytes(32 + size)


def yubikey_stanza() -> str:
    return f"piv-p256 {parse_recipient(YUBIKEY).tag} {_text(33)}"


def anonymous_stanza() -> str:
    return f"X25519 {_text(32)}"


def _text(size: int) -> str:
    return b64encode(bytes(range(size))).decode().rstrip("=")


def test_a_master_that_is_declared_twice_may_have_two_stanzas(estate: Estate) -> None:
    (known,) = {one.pubkey for one in estate.masters if one.pubkey}
    estate.extra = [known, ALPHA.strip(), f"{ALPHA.strip()} again"]
    recipients = [known, *estate.extra]
    token_encrypted(estate, encrypted("age", *recipients) or b"")
    estate.shop.write(DB, encrypted("age", *recipients, known) or b"")

    found = [one for one in judge_all(estate).findings if one.rule.startswith("source-")]

    assert [(one.rule, one.path) for one in found if one.path == TOKEN] == []
    (more,) = (one for one in found if one.path == DB)
    assert (more.rule, more.severity) == ("source-unknown-recipient", Severity.WARNING)


def token_encrypted(estate: Estate, content: bytes) -> None:
    """Put content in the place of one source, and an output of the right length beside."""
    estate.shop.write(TOKEN, content)
    estate.rekey()


def only_token(estate: Estate, *masters: MasterIdentity) -> None:
    """Leave of the fleet one node with one secret, and these master identities."""
    estate.nodes = {"alpha": estate.nodes["alpha"]}
    del estate.nodes["alpha"].secrets["db"]
    estate.masters = list(masters)
    estate.plaintexts[TOKEN] = "x" * 6


def of_sources(report: Report) -> list[Finding]:
    """Return what is said of sources, notes aside."""
    return [
        one for one in report.findings if one.rule.startswith("source-") and one.severity != "note"
    ]


def test_a_source_that_is_not_there(estate: Estate) -> None:
    estate.nodes["beta"].secrets["api"] = Secret("secrets/api.age")

    report = judge_all(estate)

    finding = the_only(report, "source-missing")
    assert (finding.path, finding.mend) == (
        "secrets/api.age",
        f"{TOP} && agenix edit secrets/api.age && git add -f -- :/secrets/api.age",
    )
    assert (finding.node, finding.secret, finding.new) == ("nixos:beta", "api", True)
    assert finding.cause is None
    found = result(report, "beta", "api")
    assert (found.verdict, found.path) == (Verdict.WRONG, "secrets/api.age")
    estate.shop.commit("Declare a secret")
    assert not the_only(judge(estate), "source-missing").new


def test_the_path_of_a_source_that_is_not_there_is_quoted(estate: Estate) -> None:
    estate.nodes["beta"].secrets["api"] = Secret("secrets/$(id) api.age")

    finding = the_only(judge_all(estate), "source-missing")

    assert finding.mend is not None
    assert finding.mend.startswith(f"{TOP} && agenix edit 'secrets/$(id) api.age' && git add ")


def test_a_source_that_is_to_be_generated(estate: Estate) -> None:
    estate.nodes["beta"].secrets["api"] = Secret("secrets/api.age", generator=True)

    finding = the_only(judge_all(estate), "source-missing")

    assert finding.mend == f"{TOP} && agenix generate -a"
    assert "generator" in finding.message


@pytest.mark.parametrize("kind", ["intermediary", "derivation"])
def test_a_source_without_outputs_must_be_there_too(estate: Estate, kind: str) -> None:
    estate.nodes["beta"].secrets["api"] = Secret(
        "secrets/api.age", intermediary=kind == "intermediary"
    )
    if kind == "derivation":
        estate.nodes["beta"].mode = kind
        for file in (estate.shop.top / "secrets/rekeyed/beta").rglob("*.age"):
            file.unlink()

    assert the_only(judge_all(estate), "source-missing").secret == "api"


def test_a_deleted_source_leaves_what_was_made_from_it_for_its_output(estate: Estate) -> None:
    estate.shop.remove(TOKEN)

    finding = the_only(judge_all(estate), "source-missing")

    assert finding.new
    assert finding.cause is not None
    assert (finding.cause.kind, finding.cause.path) == (CauseKind.SOURCE_DELETED, TOKEN)


def test_a_source_that_was_not_staged(estate: Estate) -> None:
    estate.nodes["beta"].secrets["api"] = Secret("secrets/api.age")
    estate.write_lock()
    estate.shop.stage()
    estate.edit("secrets/api.age", "x")

    finding = the_only(judge(estate), "source-unstaged")

    assert (finding.path, finding.mend) == ("secrets/api.age", "git add -f -- :/secrets/api.age")


def test_a_source_of_another_name_than_age_files_have(estate: Estate) -> None:
    estate.nodes["alpha"].secrets["token"] = Secret("secrets/token")
    estate.shop.write("secrets/token", "hunter2\n")
    estate.shop.remove(TOKEN)
    estate.plaintexts["secrets/token"] = "hunter2\n"
    estate.rekey()

    finding = the_only(judge_all(estate), "source-not-encrypted")

    assert finding.path == "secrets/token"


def test_a_source_that_lacks_a_new_master(estate: Estate) -> None:
    _, recipient = new_identity()
    estate.extra = [NEW.strip(), recipient]

    report = judge_all(estate)

    missing = {one.path: one for one in report.findings if one.rule == "source-missing-recipient"}
    assert missing.keys() == {DB, TOKEN, "secrets/wifi.age"}
    for finding in missing.values():
        assert "the ssh-ed25519 recipient of extraEncryptionPubkeys" in finding.message
        assert "the X25519 recipient of extraEncryptionPubkeys" in finding.message
        assert finding.severity is Severity.ERROR
        assert finding.new
        assert finding.mend == "agenix-check --fix --update-masters"
    estate.shop.commit("Add a master")
    old = judge(estate).findings
    assert len(old) == 3
    assert not any(finding.new for finding in old)


def test_a_source_for_a_master_that_went(estate: Estate) -> None:
    estate.shop.write(TOKEN, encrypt(b"x", [estate.shop.master, STRANGER]))
    estate.plaintexts[TOKEN] = "x"
    estate.rekey()

    finding = the_only(judge_all(estate), "source-unknown-recipient")

    assert finding.path == TOKEN
    assert finding.severity is Severity.WARNING
    assert finding.message.startswith("also encrypted to an SSH Ed25519 key with tag ")


def test_a_stranger_whose_key_is_in_the_tree_is_named(estate: Estate) -> None:
    estate.shop.write(TOKEN, encrypt(b"x", [estate.shop.master, ALPHA]))
    estate.plaintexts[TOKEN] = "x"
    estate.rekey()

    finding = the_only(judge_all(estate), "source-unknown-recipient")

    assert "hosts/alpha/host.pub" in finding.message


def test_a_passphrase_is_told_of_once(estate: Estate) -> None:
    estate.shop.write(TOKEN, LOCKED_TOKEN)
    estate.plaintexts[TOKEN] = "token of alpha\n"
    estate.rekey()

    found = of_sources(judge_all(estate))

    assert sorted(one.rule for one in found) == [
        "source-missing-recipient",
        "source-unknown-recipient",
    ]
    assert "passphrase" in "".join(one.message for one in found)


@pytest.mark.parametrize("key", [NEW.strip(), RSA.strip()], ids=["ed25519", "rsa"])
def test_a_master_that_is_an_ssh_key(estate: Estate, key: str) -> None:
    only_token(estate, master(key))
    token_encrypted(estate, encrypt(b"x" * 6, [key]))
    assert of_sources(judge_all(estate)) == []

    token_encrypted(estate, encrypt(b"x" * 6, [STRANGER]))
    report = judge_all(estate)
    assert {one.rule for one in of_sources(report)} == {
        "source-missing-recipient",
        "source-unknown-recipient",
    }


def test_a_master_whose_file_is_an_ssh_public_key(estate: Estate) -> None:
    only_token(estate, master(None, "admin.pub"))
    estate.shop.write("admin.pub", f"# the admin\n{NEW}")
    token_encrypted(estate, encrypt(b"x" * 6, [NEW]))
    assert of_sources(judge_all(estate)) == []

    token_encrypted(estate, encrypt(b"x" * 6, [estate.shop.master]))
    (missing,) = (
        one for one in judge_all(estate).findings if one.rule == "source-missing-recipient"
    )
    assert missing.message == "not encrypted to the ssh-ed25519 recipient of admin.pub"
    assert missing.cause is not None
    assert missing.cause.path == "admin.pub"


def test_a_yubikey_is_known_by_the_comment_of_its_file(estate: Estate) -> None:
    only_token(estate, master(None, "yubikey.pub"))
    estate.shop.write("yubikey.pub", YUBIKEY_FILE)
    token_encrypted(estate, encrypted_to(yubikey_stanza()))
    assert of_sources(judge_all(estate)) == []

    token_encrypted(estate, encrypted_to(anonymous_stanza()))
    messages = {one.rule: one.message for one in of_sources(judge_all(estate))}
    assert messages == {
        "source-missing-recipient": "not encrypted to the piv-p256 recipient of yubikey.pub",
        "source-unknown-recipient": (
            "also encrypted to an age X25519 key (anonymous), which no node declares"
        ),
    }


@pytest.mark.parametrize(
    "line",
    ["# public key: {}\nAGE-PLUGIN-FIDO2-HMAC-1VEJZ6EFQXYCNQD3ESXSNQVGZSXQCRSD3EX", "{}"],
    ids=["comment", "recipient"],
)
def test_a_fido2_key_is_known_by_the_comment_of_its_file(estate: Estate, line: str) -> None:
    _, recipient = new_identity()
    only_token(estate, master(None, "fido2.txt"))
    estate.shop.write("fido2.txt", line.format(recipient) + "\n")
    token_encrypted(estate, encrypt(b"x" * 6, [recipient]))
    assert of_sources(judge_all(estate)) == []

    token_encrypted(estate, encrypt(b"x" * 6, [NEW]))
    assert "source-missing-recipient" in {one.rule for one in of_sources(judge_all(estate))}


def test_a_plain_identity_is_known_by_the_comment_of_its_file(
    estate: Estate, tmp_path: Path
) -> None:
    subprocess.run(
        ["age-keygen", "-o", tmp_path / "key.txt"], check=True, stderr=subprocess.DEVNULL
    )
    text = (tmp_path / "key.txt").read_text()
    recipient = text.partition("# public key: ")[2].partition("\n")[0]
    only_token(estate, master(None, "key.txt"))
    estate.shop.write("key.txt", text)
    token_encrypted(estate, encrypt(b"x" * 6, [recipient]))
    assert of_sources(judge_all(estate)) == []

    token_encrypted(estate, encrypt(b"x" * 6, [NEW]))
    report = judge_all(estate)
    assert "source-missing-recipient" in {one.rule for one in of_sources(report)}
    assert "AGE-SECRET-KEY" not in repr(report)


@pytest.mark.parametrize(
    "content",
    [
        "AGE-PLUGIN-YUBIKEY-1QYQSZQGPQYQSZQGPQYQSZQGP\n",
        YUBIKEY_FILE + YUBIKEY_FILE,
        f"# public key: {YUBIKEY}\n# public key: age1other\nAGE-PLUGIN-X-1QYQSZQGP\n",
        "no identity at all\nof any kind\n",
        "",
        None,
    ],
    ids=["no comment", "two identities", "two comments", "text", "empty", "not there"],
)
def test_of_an_unknown_master_only_what_follows_from_the_others_is_claimed(
    estate: Estate, content: str | None
) -> None:
    only_token(estate, master(None, "identity.txt"), master(NEW.strip(), "admin.pub"))
    if content is not None:
        estate.shop.write("identity.txt", content)
    token_encrypted(estate, encrypted_to(yubikey_stanza(), anonymous_stanza()))

    (finding,) = of_sources(judge_all(estate))

    assert finding.message == "not encrypted to the ssh-ed25519 recipient of admin.pub"
    estate.masters = estate.masters[:1]
    assert of_sources(judge_all(estate)) == []


def test_anonymous_masters_are_counted(estate: Estate) -> None:
    (_, one), (_, two) = new_identity(), new_identity()
    only_token(estate, master(one, "one.txt"), master(two, "two.txt"))
    token_encrypted(estate, encrypt(b"x" * 6, [one, two]))
    assert of_sources(judge_all(estate)) == []

    token_encrypted(estate, encrypt(b"x" * 6, [one]))
    (finding,) = of_sources(judge_all(estate))
    assert finding.rule == "source-missing-recipient"

    token_encrypted(estate, encrypt(b"x" * 6, [one, two, estate.shop.master]))
    (finding,) = of_sources(judge_all(estate))
    assert finding.rule == "source-unknown-recipient"


def test_a_recipient_file_may_have_several_lines(estate: Estate) -> None:
    _, one = new_identity()
    only_token(estate)
    estate.extra = [f"# admins\n{one}\n\n{NEW}"]
    token_encrypted(estate, encrypt(b"x" * 6, [one, NEW]))
    assert of_sources(judge_all(estate)) == []

    token_encrypted(estate, encrypt(b"x" * 6, [one]))
    (finding,) = of_sources(judge_all(estate))
    assert "ssh-ed25519" in finding.message


def test_sources_of_a_broken_kind_are_told_of_as_such(estate: Estate) -> None:
    estate.shop.write(TOKEN, estate.shop.read(TOKEN)[:60])

    assert {rule for rule, _, _ in told(judge_all(estate))} == {"output-stale", "source-malformed"}
