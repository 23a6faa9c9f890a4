"""Breaks around the outputs: sources, hosts' keys, storage directories, private keys."""

from agenix_check.age import DUMMY_RECIPIENT
from agenix_check.demo.breaks import Break
from agenix_check.demo.sample_fleet import (
    KEYS,
    SECRETS,
    STORAGE,
    TOKEN,
    WIFI,
    SampleFleet,
    module_path,
)

_KEY_PATH = "/etc/ssh/ssh_host_ed25519_key.pub"

# Made with a passphrase that nobody wrote down: to make one takes seconds, by design.
_LOCKED = """\
-----BEGIN AGE ENCRYPTED FILE-----
YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCBXUDBRL0VNM3AwTW53Tk5E
c05QL1VnIDIwCmlQL2k5RHBsbW10Q1NIMmM1MFN1YXg0bnFPQU5IRFErcmJ5SWIz
MU1ObkUKLS0tIFVHZWM2VnBmSDFBbkxPMXdWKytJSWRiVnpHNjJkUGxxcWF1SUha
aXltbk0Kn1OAcSkdMWTjzIhx5ILrfNl3eox3xY8GVLRb6OaOF0fbHCdZmBUz6uwZ
DshDrAQ510YzSC/+KvZBXeJQyg==
-----END AGE ENCRYPTED FILE-----
"""


def _leave_a_leftover(fleet: SampleFleet) -> None:
    cut = fleet.shop.read(fleet.output("alpha", WIFI))[:40]
    path = f"{STORAGE}/alpha/.tmp.agenix-rekey.wifi.k3Jd81xQzP/wifi.age"
    fleet.shop.stage(fleet.shop.write(path, cut))


def _empty_source(fleet: SampleFleet) -> None:
    fleet.edit(WIFI, "")
    fleet.rekey()
    fleet.shop.stage()


def _decrypted_source(fleet: SampleFleet) -> None:
    fleet.shop.write(WIFI.source, WIFI.plaintext)
    fleet.shop.stage()


def _normalised_source(fleet: SampleFleet) -> None:
    content = fleet.shop.read(TOKEN.source)
    fleet.shop.write(TOKEN.source, content.replace(b"\n", b"\r\n"))
    fleet.shop.stage()


def _passphrase(fleet: SampleFleet) -> None:
    fleet.shop.write(WIFI.source, _LOCKED)
    fleet.rekey()
    fleet.shop.stage()


def _unused_source(fleet: SampleFleet) -> None:
    fleet.shop.source("secrets/old-vpn.age", "unused\n")
    fleet.shop.stage()


def _placeholder(fleet: SampleFleet) -> None:
    fleet.shop.host("delta", DUMMY_RECIPIENT)
    fleet.rekey()
    fleet.shop.stage()


def _key_as_path(fleet: SampleFleet) -> None:
    module = fleet.shop.read(module_path("alpha")).decode()
    text = module.replace("builtins.readFile ./host.pub", f'"{_KEY_PATH}"')
    fleet.shop.write(module_path("alpha"), text)
    for secret in SECRETS:
        if "alpha" in secret.nodes:
            path = fleet.shop.output_path("alpha", secret.name, secret.source, _KEY_PATH)
            fleet.shop.write(path, fleet.encrypt(secret.plaintext, "alpha"))
            fleet.shop.remove(fleet.output("alpha", secret))
    fleet.shop.stage()


def _two_keys(fleet: SampleFleet) -> None:
    key = KEYS["gamma"] + KEYS["delta"]
    fleet.shop.host("gamma", key)
    for secret in SECRETS:
        if "gamma" in secret.nodes:
            fleet.shop.write(
                fleet.output("gamma", secret), fleet.encrypt(secret.plaintext, "gamma", "delta")
            )
    fleet.rekey()
    fleet.shop.stage()


def _source_in_storage(fleet: SampleFleet) -> None:
    fleet.move(TOKEN.source, f"{STORAGE}/delta/token.age")


def _shared_storage(fleet: SampleFleet) -> None:
    for path in fleet.outputs("beta"):
        fleet.move(path, path.replace("/beta/", "/alpha/"))


def _private_key(fleet: SampleFleet) -> None:
    fleet.shop.write("master.key", f"# public key: {fleet.shop.master}\n{fleet.shop.identity}\n")
    fleet.shop.stage()


SURROUNDINGS = (
    Break(
        title="Somebody interrupted agenix rekey and committed what it left",
        act=_leave_a_leftover,
        rule="output-leftover",
    ),
    Break(
        title="A generator failed and left secrets/wifi.age empty",
        act=_empty_source,
        rule="source-empty",
    ),
    Break(
        title="Somebody saved secrets/wifi.age in plain text",
        act=_decrypted_source,
        rule="source-not-encrypted",
    ),
    Break(
        title="A Git setting turned the line ends of a source into CR LF",
        act=_normalised_source,
        rule="source-malformed",
    ),
    Break(
        title="Somebody encrypted secrets/wifi.age with a passphrase",
        act=_passphrase,
        rule="source-unknown-recipient",
    ),
    Break(
        title="Somebody added a secret that no host has",
        act=_unused_source,
        rule="source-unused",
    ),
    Break(
        title="Host delta still had the placeholder for a key, and was rekeyed by hand",
        act=_placeholder,
        rule="node-placeholder-key",
    ),
    Break(
        title="Somebody gave alpha's key as the path of a file on the host",
        act=_key_as_path,
        rule="node-key-path",
    ),
    Break(
        title="Somebody wrote two keys into gamma's host.pub",
        act=_two_keys,
        rule="node-invalid-key",
    ),
    Break(
        title="Somebody moved a source into delta's storage directory",
        act=_source_in_storage,
        rule="node-storage-overlap",
    ),
    Break(
        title="Somebody gave alpha and beta one storage directory",
        act=_shared_storage,
        rule="output-mixed-keys",
    ),
    Break(
        title="Somebody staged the master identity by mistake",
        act=_private_key,
        rule="private-key",
    ),
)
