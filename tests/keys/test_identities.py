"""Which identities are tried, in which order; agenix-rekey's variables as its script reads them."""

import os
import threading
from pathlib import Path

import pytest

from agenix_check.age.encoding import encode_bech32
from agenix_check.errors import UsageError
from agenix_check.keys.encrypt import encrypt, new_identity
from agenix_check.keys.errors import DecryptionError
from agenix_check.keys.identities import Identities, IdentityFile, load, order_identities
from agenix_check.keys.keychain import Keychain
from agenix_check.model.declaration import Declaration, DeclaredNode, DeclaredPath, MasterIdentity
from tests.age.points import multiple
from tests.host_keys import DELTA

YUBIKEY = encode_bech32("age1yubikey", multiple(7)[0])
YUBIKEY_FILE = f"#       Serial: 1\n#    Recipient: {YUBIKEY}\nAGE-PLUGIN-YUBIKEY-1QQ\n"
FIDO2 = DELTA.strip()
FIDO2_FILE = f"# public key: {FIDO2}\nAGE-PLUGIN-FIDO2-HMAC-1QQ\n"


def master(path: str, pubkey: str | None = None, text: str = "AGE-SECRET-KEY-1") -> IdentityFile:
    content = f"# {path}\n{text}".encode()
    return IdentityFile(path=path, origin="masterIdentities", content=content, pubkey=pubkey)


def paths(found: Identities) -> list[str]:
    return [one.path for one in found.files]


FLEET = [
    master("a", "age1aaa\n"),
    master("b", text=YUBIKEY_FILE),
    master("c", text=FIDO2_FILE),
    master("d", "age1ddd"),
    IdentityFile(path="named", origin="-i", content=b"n"),
    IdentityFile(path="variable", origin="AGENIX_CHECK_IDENTITY", content=b"v"),
    IdentityFile(path="setting", origin="the setting identities", content=b"s"),
]


def test_those_named_for_the_run_come_first() -> None:
    found = order_identities(FLEET, {})
    assert paths(found) == ["named", "variable", "a", "b", "c", "d", "setting"]
    assert found.warnings == ()
    assert not any(one.primary for one in found.files)


@pytest.mark.parametrize(
    ("pubkey", "first"), [("age1aaa", "a"), (YUBIKEY, "b"), (FIDO2, "c"), ("age1ddd", "d")]
)
def test_primary_identity(pubkey: str, first: str) -> None:
    found = order_identities(FLEET, {"AGENIX_REKEY_PRIMARY_IDENTITY": pubkey})
    rest = [name for name in ("a", "b", "c", "d", "setting") if name != first]
    assert paths(found) == ["named", "variable", first, *rest]
    assert [one.path for one in found.files if one.primary] == [first]
    alone = order_identities(
        FLEET,
        {"AGENIX_REKEY_PRIMARY_IDENTITY": pubkey, "AGENIX_REKEY_PRIMARY_IDENTITY_ONLY": "true"},
    )
    assert paths(alone) == ["named", "variable", first]


@pytest.mark.parametrize("only", ["", "1", "True", "yes"])
def test_only_means_the_word_true(only: str) -> None:
    variables = {
        "AGENIX_REKEY_PRIMARY_IDENTITY": "age1ddd",
        "AGENIX_REKEY_PRIMARY_IDENTITY_ONLY": only,
    }
    assert len(order_identities(FLEET, variables).files) == len(FLEET)


def test_only_without_a_primary_identity_means_nothing() -> None:
    variables = {"AGENIX_REKEY_PRIMARY_IDENTITY_ONLY": "true"}
    assert order_identities(FLEET, variables) == order_identities(FLEET, {})
    variables["AGENIX_REKEY_PRIMARY_IDENTITY"] = ""
    assert order_identities(FLEET, variables) == order_identities(FLEET, {})


@pytest.mark.parametrize("pubkey", ["age1aaa\n", "AGE1AAA", " age1aaa", "age1zzz"])
def test_primary_identity_that_is_not_there(pubkey: str) -> None:
    found = order_identities(FLEET, {"AGENIX_REKEY_PRIMARY_IDENTITY": pubkey})
    assert len(found.files) == len(FLEET)
    (warning,) = found.warnings
    assert "but no identity has this public key" in warning
    assert "age1aaa (a)" in warning
    only = order_identities(
        FLEET,
        {"AGENIX_REKEY_PRIMARY_IDENTITY": pubkey, "AGENIX_REKEY_PRIMARY_IDENTITY_ONLY": "true"},
    )
    assert paths(only) == ["named", "variable"]
    assert len(only.warnings) == 1


def test_where_no_identity_is_declared_none_is_missed() -> None:
    assert order_identities(FLEET[4:6], {"AGENIX_REKEY_PRIMARY_IDENTITY": "age1zzz"}).warnings == ()


@pytest.mark.parametrize(
    "text",
    [
        YUBIKEY_FILE + "AGE-SECRET-KEY-1\n",  # two identities
        YUBIKEY_FILE + f"# Recipient: {YUBIKEY}\n",  # two public keys
        YUBIKEY_FILE.replace("Recipient: ", "recipient: "),  # its exact words
        f"# public key: {FIDO2}\nAGE-SECRET-KEY-1\n",  # left to age
        f"# Recipient: {YUBIKEY}\n  AGE-PLUGIN-YUBIKEY-1QQ\n",  # not at the start of a line
    ],
)
def test_public_keys_that_agenix_rekey_does_not_find_either(text: str) -> None:
    for key in (YUBIKEY, FIDO2):
        found = order_identities([master("x", text=text)], {"AGENIX_REKEY_PRIMARY_IDENTITY": key})
        assert len(found.warnings) == 1


def test_of_two_files_for_one_public_key_the_later_wins() -> None:
    files = [master("x", text=YUBIKEY_FILE), master("y", text=YUBIKEY_FILE), master("z", YUBIKEY)]
    found = order_identities(files, {"AGENIX_REKEY_PRIMARY_IDENTITY": YUBIKEY})
    assert paths(found) == ["y", "x", "z"]


def test_nothing_is_there_twice() -> None:
    twice = [IdentityFile(path="p", origin="-i", content=FLEET[0].content), *FLEET]
    assert paths(order_identities(twice, {})) == [
        "p",
        "named",
        "variable",
        "b",
        "c",
        "d",
        "setting",
    ]
    gone = [IdentityFile(path=path, origin="masterIdentities", problem="x") for path in "ppq"]
    assert paths(order_identities(gone, {})) == ["p", "q"]


def declared(*masters: MasterIdentity) -> Declaration:
    node = DeclaredNode(
        name="nixos:alpha",
        host_pubkey="",
        storage_mode="local",
        storage=None,
        secrets=(),
        master_identities=masters,
        extra_recipients=(),
    )
    return Declaration(nodes=(node, node))


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_every_place_is_read(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    top = tmp_path / "top"
    top.mkdir()
    user = tmp_path / "user"
    user.mkdir()
    monkeypatch.setenv("HOME", str(user))
    for name in ("one", "two", "three"):
        write(tmp_path / name, name)
    write(top / "master", "master")
    write(top / "setting", "setting")
    write(user / "key", "home")
    found = load(
        given=[str(tmp_path / "one")],
        settings=["setting", "~/key"],
        declaration=declared(
            MasterIdentity(identity=DeclaredPath(path="master"), pubkey="age1x"),
            MasterIdentity(identity=DeclaredPath(path=None, outside="/not/there"), pubkey=None),
        ),
        environment={"AGENIX_CHECK_IDENTITY": f"{tmp_path / 'two'}:{tmp_path / 'three'}:"},
        top=top,
    )
    assert [(one.origin, one.content, one.pubkey) for one in found.files] == [
        ("-i", b"one", None),
        ("AGENIX_CHECK_IDENTITY", b"two", None),
        ("AGENIX_CHECK_IDENTITY", b"three", None),
        ("masterIdentities", b"master", "age1x"),
        ("masterIdentities", None, None),
        ("the setting identities", b"setting", None),
        ("the setting identities", b"home", None),
    ]
    assert "one" not in repr(found.files[0]).replace(str(tmp_path / "one"), "").replace("None", "")


@pytest.mark.parametrize("text", ["~/my key", "$HOME/key", "'{home}/my key'", '"$HOME/my key"'])
def test_path_in_a_declaration_is_what_the_shell_makes_of_it(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("key", "my key"):
        write(tmp_path / name, "k")
    place = DeclaredPath(path=None, outside=text.format(home=tmp_path))
    declaration = declared(MasterIdentity(identity=place, pubkey=None))
    (one,) = load(declaration=declaration, environment={}).files
    assert one.content == b"k"


def test_repository_is_read_where_it_is_given(tmp_path: Path) -> None:
    declaration = declared(
        MasterIdentity(identity=DeclaredPath(path="staged"), pubkey=None),
        MasterIdentity(identity=DeclaredPath(path="gone"), pubkey=None),
    )
    write(tmp_path / "staged", "in the work tree")
    found = load(
        declaration=declaration, top=tmp_path, environment={}, read={"staged": b"s"}.get
    ).files
    assert [(one.content, one.problem) for one in found] == [
        (b"s", None),
        (None, "it is not in the tree"),
    ]


@pytest.mark.parametrize("origin", ["-i", "AGENIX_CHECK_IDENTITY"])
def test_file_that_is_named_and_not_there(origin: str, tmp_path: Path) -> None:
    path = str(tmp_path / "gone")
    given = [path] if origin == "-i" else []
    environment = {} if origin == "-i" else {"AGENIX_CHECK_IDENTITY": path}
    with pytest.raises(UsageError) as caught:
        load(given=given, environment=environment)
    assert str(caught.value) == (
        f"the identity file {path} (from {origin}): No such file or directory"
    )


def test_directory_and_endless_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Is a directory"):
        load(given=[str(tmp_path)], environment={})
    with pytest.raises(UsageError, match="it is too long for identities"):
        load(given=["/dev/zero"], environment={})


def test_identity_of_the_fleet_that_is_elsewhere_is_said_when_it_matters(tmp_path: Path) -> None:
    identity, recipient = new_identity()
    declaration = declared(
        MasterIdentity(identity=DeclaredPath(path=None, outside="/home/eve/key"), pubkey=None)
    )
    key = write(tmp_path / "key", identity)
    both = load(given=[str(key)], declaration=declaration, environment={}).files
    assert Keychain(both).decrypt("x", encrypt(b"p", [recipient])) == b"p"
    said = r"/home/eve/key \(from masterIdentities\): No such file or directory"
    with pytest.raises(DecryptionError, match=said):
        Keychain(both).decrypt("x", encrypt(b"p", [new_identity()[1]]))
    with pytest.raises(DecryptionError, match=f"no identity can be read .*{said}"):
        Keychain(both[1:]).decrypt("x", encrypt(b"p", [recipient]))


def test_pipe_is_read_once(tmp_path: Path) -> None:
    identity, recipient = new_identity()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(identity,))
    writer.start()
    found = load(given=[str(pipe)], environment={}).files
    writer.join()
    ciphertext = encrypt(b"p", [recipient])
    for program in (None, "age"):
        keychain = Keychain(found, program)
        assert [keychain.decrypt("x", ciphertext) for _ in range(2)] == [b"p", b"p"]
