"""Files of identities and of public keys, whatever they are called: they are no sources."""

import subprocess

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import new_identity
from tests.audit.scenes import ALPHA_TOKEN, judge, judge_staged, of_rule, the_only
from tests.host_keys import BETA, DELTA

# As these programs print them, with `#` before what they say of the key.
STUBS = {
    "age-plugin-yubikey": """\
#       Serial: 15735182, Slot: 1
#         Name: age identity 7c1b2fd5
#      Created: Sat, 02 Jan 2021 20:30:47 +0000
#   PIN policy: Once   (A PIN is required once per session, if set)
# Touch policy: Always (A physical touch is required for every decryption)
#    Recipient: age1yubikey1q0epqyxh5cu5vncawz5x2n6u2tt4nk9kl74zwz9k7yl8d8wsq9ygytrzc7d
AGE-PLUGIN-YUBIKEY-1EX3GUQYZ03GV74GLH5E8H
""",
    "age-plugin-tpm": """\
# Created: 2023-06-04 12:32:31.421213 +0200 CEST m=+0.404236318
# Recipient: age1tpm1qdnjlv3h5x0z7mdg7tkl4srqwc0wtvmvpl2cxqv4rm2j0xvtkfwzx0vh4ts

AGE-PLUGIN-TPM-1QGQQQKQQYVQQKQQZQPEQQQQQZQQPJQQTQQPSQYQQYR6ZF
""",
    "age-plugin-se": """\
# created: 2023-07-08T19:00:19Z
# access control: any biometry or passcode
# public key: age1se1qg8vwwqhztnh3vpt2nf2xwn7famktxlmp0nmkfltp8lkvzp8nafkqleh258
AGE-PLUGIN-SE-1QJPQZD5FMEKG5SZ7TNTM7PLZ07CEYPFNKU
""",
    "age-plugin-fido2-hmac": """\
# public key: age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gp
AGE-PLUGIN-FIDO2-HMAC-1QQPQZQMPT5SJ3L6NZZ4CZSCR9RCYJJ0ZR9XUF0
""",
    "age-plugin-fido2-hmac, magic": "AGE-PLUGIN-FIDO2-HMAC-1VE5KGMEJ945X6CTRM2TF76\n",
    "age-plugin-gopass": "AGE-PLUGIN-GOPASS-1DAHX7UN9D3HHQ6T8DESKCMR9V4ASCH3JWE\n",
    "age-plugin-1p": "AGE-PLUGIN-1P-1DDJXJTNYV4H8GTC04FA9C",
    "age-plugin-ledger": "# two\r\nAGE-PLUGIN-LEDGER-1QQQ\r\n\r\nAGE-PLUGIN-LEDGER-1ZZZ\r\n",
    "age-plugin-openpgp-card": "AGE-PLUGIN-OPENPGP-CARD-1QPSXQVPS8PJRXFPJX\n",
    "only what is said of it": """\
#       Serial: 15735182, Slot: 2
#    Recipient: age1yubikey1q0epqyxh5cu5vncawz5x2n6u2tt4nk9kl74zwz9k7yl8d8wsq9ygytrzc7d
""",
    "a public key": DELTA,
    "public keys of masters": f"# who may read\n{BETA}{DELTA}",
}
PLACES = ("secrets/master.age", "secrets/rekeyed/alpha/master.age", "id.age")


@pytest.mark.parametrize("text", STUBS.values(), ids=STUBS)
@pytest.mark.parametrize("path", PLACES)
def test_what_stands_for_an_identity_is_no_source(fleet: Workshop, text: str, path: str) -> None:
    fleet.write(path, text)

    assert judge_staged(fleet).findings == ()
    assert judge_staged(fleet, no_cache=False).findings == ()
    assert judge(fleet, no_cache=False).findings == ()


def test_what_age_plugins_of_this_machine_print(fleet: Workshop) -> None:
    # Debian's age brings this one along; others want their hardware.
    text = subprocess.run(["age-keygen"], capture_output=True, check=True, text=True).stdout
    fleet.write("secrets/master.age", text)

    finding = the_only(judge_staged(fleet), "private-key")

    assert finding.severity == "error"
    fleet.commit("Add an identity")
    assert {one.severity for one in judge(fleet).findings} == {"note"}


@pytest.mark.parametrize(
    "text",
    [
        "AGE-PLUGIN-YUBIKEY-1EX3GUQYZ03GV74GLH5E8H hunter2\n",
        "AGE-PLUGIN-YUBIKEY-1EX3GUQYZ03GV74GLH5E8H\nhunter2\n",
        f"password: {new_identity()[1]}\n",
        "# hunter2\n",
        "",
    ],
    ids=["in one line", "beside a handle", "beside a key", "a comment", "empty"],
)
def test_a_secret_beside_a_key_is_one(fleet: Workshop, text: str) -> None:
    fleet.write("secrets/master.age", text)

    assert of_rule(judge_staged(fleet), "source-not-encrypted")


@pytest.mark.parametrize("text", [STUBS["age-plugin-gopass"], DELTA])
def test_a_source_that_was_replaced_by_a_handle_or_a_key(fleet: Workshop, text: str) -> None:
    fleet.write(ALPHA_TOKEN, text)

    assert of_rule(judge_staged(fleet), "source-not-encrypted")
    fleet.commit("Overwrite a source")
    later = judge(fleet)
    assert of_rule(later, "source-not-encrypted")
    assert later.counts.errors
