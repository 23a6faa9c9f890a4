"""What everybody could read: in plain text, or with a private key that was committed."""

import json
import subprocess
from pathlib import Path
from secrets import token_bytes

import pytest

from agenix_check.age.encoding import encode_bech32
from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt, new_identity
from agenix_check.keys.post_quantum import public_half_of_hybrid
from tests.access.past import TEXTS, ask_exposure, rekey_all
from tests.access.test_present import WIFI
from tests.age.strategies import text64
from tests.conftest import Run


@pytest.mark.parametrize("path", [WIFI, "secrets/wifi", "old/wifi.txt"])
def test_a_secret_in_plain_text_for_one_commit(fleet: Workshop, run: Run, path: str) -> None:
    sealed = fleet.read(WIFI)
    fleet.remove(WIFI)
    fleet.write(path, TEXTS[WIFI])
    shown = fleet.commit("Oops")
    fleet.git.run("rm", "-q", path)
    fleet.write(WIFI, sealed)
    fleet.commit("Never mind")
    document = ask_exposure(fleet, run, code=1)
    assert document["public"] == [
        {"secret": WIFI, "commit": shown, "path": path, "state": "perhaps-unchanged",
         "private_key": False, "now": []}
    ]  # fmt: skip
    words = " ".join(run(fleet.top, "exposure").stdout.split())
    assert words.startswith("Public: ")
    assert f"in plain text in {path} since {shown[:10]} " in words
    assert "as long as it was then: it must be changed" in words
    rekey_all(fleet, WIFI, "another password, and a longer one\n", "alpha", "beta")
    fleet.commit("Rotate")
    assert [one["state"] for one in ask_exposure(fleet, run, code=0)["public"]] == ["rotated"]


def test_a_secret_that_is_in_plain_text_to_this_day(fleet: Workshop, run: Run) -> None:
    """It was not encrypted anew, and no identity has to say that it is in use."""
    fleet.write(WIFI, TEXTS[WIFI])
    shown = fleet.commit("Oops")
    (public,) = ask_exposure(fleet, run, code=1)["public"]
    assert (public["commit"], public["state"]) == (shown, "in-use")
    assert "in use: it must be changed" in " ".join(run(fleet.top, "exposure").stdout.split())
    assert (
        ", in use: it must be changed\n" in run(fleet.top, "exposure", "--format=markdown").stdout
    )


def test_a_plain_file_of_another_length_is_another(fleet: Workshop, run: Run) -> None:
    """A host's private key, too, is a secret in plain text: where it stands at its place."""
    fleet.write("docs/wifi.txt", "How to use it.\n")
    fleet.commit("Explain")
    assert ask_exposure(fleet, run, code=0)["public"] == []
    identity, recipient = new_identity()
    fleet.write("secrets/initrd", f"{identity}\n")
    shown = fleet.commit("Oops")
    fleet.remove("secrets/initrd")
    fleet.source("secrets/initrd.age", f"{identity}\n")
    fleet.write("hosts/initrd.txt", f"{recipient}\n")
    fleet.commit("Never mind")
    (public,) = ask_exposure(fleet, run, code=1)["public"]
    assert (public["secret"], public["path"]) == ("secrets/initrd.age", "secrets/initrd")
    assert (public["commit"], public["private_key"]) == (shown, False)


def test_private_keys_that_were_committed(workshop: Workshop, run: Run, tmp_path: Path) -> None:
    """Of each form that age reads; of one nothing else in the repository has the public half."""
    keys, public = tmp_path / "keys", {}
    keys.mkdir()
    rsa = ("rsa", "-b", "2048", "-m")
    for name, form in (("ssh", ("ed25519",)), ("rsa", (*rsa, "PEM")), ("rsa8", (*rsa, "PKCS8"))):
        command = ["ssh-keygen", "-q", "-N", "", "-C", "", "-f", str(keys / name), "-t", *form]
        subprocess.run(command, check=True)
        public[name] = (keys / f"{name}.pub").read_text()
    assert b"BEGIN RSA PRIVATE KEY" in (keys / "rsa").read_bytes()
    assert b"BEGIN PRIVATE KEY" in (keys / "rsa8").read_bytes()
    for name in ("age", "unknown", "useless"):
        identity, public[name] = new_identity()
        (keys / name).write_text(f"{identity}\n")
    (keys / "useless").write_text(f"# public key: {public['useless']}\n{identity}\n")
    hybrid = encode_bech32("age-secret-key-pq-", token_bytes(32)).upper()
    (keys / "pq").write_text(f'key = "{hybrid}";\n')
    public["pq"] = public_half_of_hybrid(hybrid)
    for name in ("age", "ssh", "rsa", "rsa8"):
        workshop.host(name, public[name])
        workshop.write(f"secrets/{name}.age", encrypt(name.encode(), [public[name]]))
    workshop.host("pq", public["pq"])
    workshop.write("secrets/pq.age", _for_hybrid())
    workshop.write("secrets/unknown.age", encrypt(b"unknown", [public["unknown"]]))
    names = ("age", "ssh", "rsa", "rsa8", "pq", "unknown", "useless")
    for name in names:
        workshop.write(f"{name}.key", (keys / name).read_bytes())
    first = workshop.commit("All of it")
    workshop.git.run("rm", "-q", *(f"{name}.key" for name in names))
    workshop.commit("Never mind")
    result = run(workshop.top, "exposure", "--format", "json")
    assert result.code == 1
    assert "AGE-SECRET-KEY" not in result.stdout
    found = json.loads(result.stdout)["public"]
    assert [(one["secret"], one["commit"], one["path"], one["state"]) for one in found] == [
        (f"secrets/{name}.age", first, f"{name}.key", "in-use")
        for name in ("age", "pq", "rsa", "rsa8", "ssh", "unknown")
    ]
    assert all(one["private_key"] for one in found)
    # Moved, each is listed once, at its present place.
    workshop.git.run("mv", "secrets", "vault")
    workshop.commit("Move all")
    ticks = run(workshop.top, "exposure", "--format", "markdown").stdout
    assert ticks.count("- [ ] `vault/") == ticks.count("- [ ] ") == 6
    assert "- [ ] `vault/age.age`, in use\n  - " in ticks
    assert "a private key that opens it is in age.key of " in ticks
    assert run(workshop.top, "exposure").stdout.endswith("6 secrets to rotate, 0 former readers\n")


def _for_hybrid() -> bytes:
    """Return a file for some post-quantum key, which needs no program that knows such keys."""
    header = (
        f"age-encryption.org/v1\n-> mlkem768x25519 {text64(b'e' * 1120)}\n{text64(b'b' * 32)}\n"
    )
    return f"{header}--- {text64(b'm' * 32)}\n".encode() + bytes(16 + 9 + 16)
