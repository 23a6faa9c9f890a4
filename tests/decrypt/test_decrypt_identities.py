"""`--decrypt` with every kind of identity: locked ones, plugins, an age program, broken ones."""

import os
import sys
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path

import pytest

from agenix_check.decrypt.compare import LARGEST_PLAINTEXT
from agenix_check.keys.encrypt import encrypt
from tests.decrypt.keyed import DB, NODES, TEXTS, WIFI, Keyed, make
from tests.decrypt.test_decrypt import ALL, broken, reasons, verdicts
from tests.keys import plugin
from tests.keys.conftest import MakeSsh
from tests.keys.terminals import Ended, run_at
from tests.keys.texts import HIDDEN, LOCKED, LOCKED_FOR, PASSPHRASE, PIN, PLAINTEXT, SAME_LENGTH
from tests.report.every_format import options_for, read_reports

KEY = b"key1"
RECIPIENT = plugin.recipient("test", KEY)
NO_TERMINAL = "must ask for a passphrase, a PIN or the like, and there is no terminal"


@pytest.fixture
def keyed(tmp_path: Path, ssh_key: MakeSsh) -> Keyed:
    return make(tmp_path, ssh_key)


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "plugins"
    monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")
    return directory


def write(keyed: Keyed, owner: str, content: str | bytes) -> Path:
    """Give an owner another identity file."""
    path = keyed.shop.top.with_name(f"other-{owner}")
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    keyed.keys[owner] = path
    return path


def lock(keyed: Keyed, owner: str) -> None:
    """Give an owner an identity behind a passphrase."""
    write(keyed, owner, b64decode(LOCKED))
    hand_over(keyed, owner, LOCKED_FOR)


def use_plugin(keyed: Keyed, owner: str, comment: str = f"# Recipient: {RECIPIENT}\n") -> None:
    """Give a node, or the master, the key of a plugin."""
    write(keyed, owner, f"{comment}{plugin.identity('test', KEY)}\n")
    hand_over(keyed, owner, RECIPIENT)


def hand_over(keyed: Keyed, owner: str, recipient: str) -> None:
    """Encrypt for another key of an owner what was for the one before."""
    if owner == "master":
        for source, plaintext in ((DB, TEXTS["db"]), (WIFI, TEXTS["wifi"])):
            keyed.shop.write(source, encrypt(plaintext, [recipient]))
    else:
        keyed.shop.host(owner, f"{recipient}\n")
    for node in NODES:
        for path in (keyed.shop.top / "secrets/rekeyed" / node).iterdir():
            path.unlink()
        keyed.shop.rekey(node, "db", DB, TEXTS["db"])
        keyed.shop.rekey(node, "wifi", WIFI, TEXTS["wifi"])
    keyed.shop.commit("Use another key")


def at_terminal(keyed: Keyed, answers: list[tuple[str, str]], *words: str) -> Ended:
    command = [sys.executable, "-W", "error", "-m", "agenix_check", "--decrypt", *words]
    top = Path(__file__).parents[2]
    return run_at(["env", "-C", str(keyed.shop.top), *command], answers, {"PYTHONPATH": str(top)})


@pytest.mark.parametrize("owner", ["master", "gamma"])
def test_a_passphrase_is_never_waited_for_without_a_terminal(keyed: Keyed, owner: str) -> None:
    lock(keyed, owner)
    code, report = keyed.judge(*ALL)
    assert code == 3  # it was given for this run, and was no use
    assert report["incomplete"][-1] == (
        f"the identity other-{owner} (from -i) was not used: it {NO_TERMINAL}"
    )
    wanted = set(NODES) if owner == "master" else {"gamma"}
    reason = "an identity that may open it must ask, and there is no terminal"
    assert reasons(report) == dict.fromkeys(wanted, reason)
    assert report["decrypted"]["compared"] == 8 - 2 * len(wanted)


@pytest.mark.parametrize("owner", ["master", "gamma"])
def test_a_passphrase_is_asked_for_once(keyed: Keyed, owner: str) -> None:
    lock(keyed, owner)
    ended = at_terminal(keyed, [("Passphrase for", f"{PASSPHRASE}\n")], *keyed.words(*ALL))
    assert (ended.status, ended.stderr) == (0, b"")
    assert b"8 compared with their sources" in ended.stdout
    assert ended.terminal.count(b"Passphrase for") == 1


def test_a_wrong_passphrase_is_said(keyed: Keyed) -> None:
    lock(keyed, "gamma")
    answers = [("Passphrase for", "wrong\n")] * 3
    ended = at_terminal(keyed, answers, *keyed.words(*ALL))
    assert ended.status == 3
    assert b"other-gamma (from -i) was not used: the passphrase was wrong" in ended.stderr
    assert b"6 compared with their sources" in ended.stdout


@pytest.mark.parametrize("owner", ["gamma", "master"])
def test_a_plugin_opens_what_is_for_its_key(keyed: Keyed, plugins: Path, owner: str) -> None:
    log = plugin.install(plugins)
    use_plugin(keyed, owner)
    log.unlink()
    code, report = keyed.judge(*ALL)
    assert (code, report["findings"]) == (0, [])
    assert set(verdicts(report).values()) == {"ok"}
    assert log.read_text().count("identity-v1") == 2  # once for each file that is for it
    keyed.replace_text("gamma")
    code, report = keyed.judge(*ALL)
    assert (code, broken(report)) == (1, [("output-content", keyed.output("gamma"))])


def test_a_plugin_whose_key_nobody_noted_compares_but_does_not_prove(
    keyed: Keyed, plugins: Path
) -> None:
    plugin.install(plugins)
    use_plugin(keyed, "gamma", comment="")
    code, report = keyed.judge(*ALL)
    assert (code, report["decrypted"]["compared"]) == (0, 8)
    assert verdicts(report)["gamma"] == "unverifiable"
    [reason] = {one["reason"] for one in report["outputs"] if one["verdict"] == "unverifiable"}
    assert reason == ("it holds its source's text; it cannot be seen whether the key is its node's")
    assert keyed.decrypt(*ALL, more=("--require-verified",)).code == 1


def test_a_plugin_is_not_asked_about_what_is_for_others(keyed: Keyed, plugins: Path) -> None:
    log = plugin.install(plugins, "test", "secret")
    use_plugin(keyed, "master")
    log.unlink()
    code, report = keyed.judge(*NODES, more=("--node", "nobody"))
    assert (code, log.exists()) == (3, False)
    code, report = keyed.judge("master")
    assert (code, log.exists()) == (3, False)  # no output was opened: nobody touches it for nothing
    assert report["decrypted"]["compared"] == 0


def test_a_plugin_that_must_ask_says_so_without_a_terminal(keyed: Keyed, plugins: Path) -> None:
    plugin.install(plugins, "test", "secret")
    use_plugin(keyed, "master")
    code, report = keyed.judge(*ALL)
    assert code == 3
    assert report["incomplete"][-1] == (
        f"the identity other-master (from -i) was not used: it {NO_TERMINAL}"
    )


def test_a_pin_is_typed_once_and_each_secret_is_named(keyed: Keyed, plugins: Path) -> None:
    plugin.install(plugins, "test", "secret")
    use_plugin(keyed, "master")
    answers = [("PIN of the test key:", f"{PIN}\n")]
    ended = at_terminal(keyed, answers, *keyed.words(*ALL))
    assert (ended.status, ended.stderr) == (0, b"")
    assert ended.terminal.count(b"PIN") == 1


@pytest.mark.parametrize("behaviour", ["error", "secret"])
def test_a_key_that_failed_is_not_tried_again(keyed: Keyed, plugins: Path, behaviour: str) -> None:
    """A hardware key counts wrong PINs."""
    log = plugin.install(plugins, "test", behaviour)
    use_plugin(keyed, "master")
    log.unlink()
    answers = [("PIN of the test key:", "0000\n")] if behaviour == "secret" else []
    ended = at_terminal(keyed, answers, *keyed.words(*ALL))
    assert ended.status == 3
    assert log.read_text().count("identity-v1") == 1
    assert b"other-master (from -i) was not used: " in ended.stderr
    assert b"\x1b" not in ended.stderr + ended.stdout


def test_a_plugin_that_is_not_there_is_said(keyed: Keyed, plugins: Path) -> None:
    plugin.install(plugins)
    use_plugin(keyed, "gamma")
    (plugins / "age-plugin-test").unlink()
    done = keyed.decrypt(*ALL)
    assert done.code == 3
    assert "other-gamma (from -i) was not used: age-plugin-test is not on PATH" in done.stderr
    assert "6 compared with their sources" in done.stdout


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "it holds no identity"),
        ("AGE-SECRET-KEY-1NONSENSE\n", "line 1: this is a damaged identity"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n", ""),
        (b"\xff\xfe\x00", "line 1: this is not an identity"),
    ],
)
def test_an_identity_that_is_none_does_not_pass(
    keyed: Keyed, content: str | bytes, reason: str
) -> None:
    write(keyed, "gamma", content)
    done = keyed.decrypt(*ALL)
    assert done.code == 3
    assert f"the identity other-gamma (from -i) was not used: {reason}" in done.stderr
    assert "6 compared with their sources" in done.stdout


def test_an_age_program_opens_what_pyrage_cannot(keyed: Keyed, plugins: Path) -> None:
    plugin.install(plugins)
    use_plugin(keyed, "gamma")
    code, report = keyed.judge(*ALL, more=("--age", "age"))
    assert (code, report["findings"], report["decrypted"]["compared"]) == (0, [], 8)
    keyed.replace_text("gamma", SAME_LENGTH)
    assert keyed.judge(*ALL, more=("--age", "age"))[0] == 1
    missing = keyed.decrypt(*ALL, more=("--age", "no-such-program"))
    assert missing.code == 3
    assert "no-such-program was not found on PATH" in missing.stderr


def test_a_key_may_be_the_masters_and_a_hosts(keyed: Keyed) -> None:
    keyed.shop.host("gamma", keyed.shop.master)
    for secret, source in (("db", DB), ("wifi", WIFI)):
        keyed.shop.rekey("gamma", secret, source, TEXTS[secret])
    keyed.shop.stage()
    _, report = keyed.judge("master", more=("--node", "gamma"))
    assert verdicts(report)["gamma"] == "ok"
    assert report["decrypted"]["compared"] == 2
    keyed.put("delta", encrypt(PLAINTEXT, [keyed.shop.master]))
    assert ("output-wrong-recipient", keyed.output("delta")) in broken(keyed.judge("master")[1])


def test_pipes_are_read_once_and_a_passphrase_asked_for_once_in_a_fix(keyed: Keyed) -> None:
    lock(keyed, "gamma")
    keyed.replace_text("alpha")
    keyed.shop.stage()
    files = " ".join(f"-i <(cat {keyed.keys[owner]})" for owner in ALL)
    command = f"{sys.executable} -W error -m agenix_check --fix --decrypt {files}"
    top = Path(__file__).parents[2]
    ended = run_at(
        ["env", "-C", str(keyed.shop.top), "bash", "-c", command],
        [("Passphrase for", f"{PASSPHRASE}\n")],
        {"PYTHONPATH": str(top)},
    )
    assert (ended.status, ended.stderr) == (0, b"")
    assert b"8 compared with their sources" in ended.stdout
    assert ended.terminal.count(b"Passphrase for") == 1


def test_a_key_that_pyrage_gives_up_on_is_said_to_be_damaged(
    keyed: Keyed, ssh_key: MakeSsh
) -> None:
    """A prime that is said to have one byte, which is zero, is none: age's library panics."""
    first, *lines, last = ssh_key("rsa").read_text().splitlines()
    content = b64decode("".join(lines))
    assert b"\0\0\0\x81\0" in content
    damaged = b64encode(content.replace(b"\0\0\0\x81\0", b"\0\0\0\x01\0", 1)).decode()
    write(keyed, "beta", "\n".join([first, damaged, last, ""]))
    done = keyed.decrypt(*ALL)
    assert done.code == 3
    assert "the identity other-beta (from -i) was not used: it is damaged\n" in done.stderr
    assert "6 compared with their sources" in done.stdout
    mended = keyed.check("--fix", "--decrypt", *keyed.words(*ALL))
    assert mended.code == 3
    assert "Traceback" not in mended.stderr


@pytest.mark.parametrize("secret", ["db", "wi\nfi", "a::b", "%0A<b>&\"'", "caf\udce9"])
def test_hostile_names_steer_nothing(keyed: Keyed, tmp_path: Path, secret: str) -> None:
    source = f"secrets/{secret}.age"
    keyed.shop.source(source, PLAINTEXT)
    for node in NODES:
        keyed.shop.rekey(node, secret, source, PLAINTEXT)
    path = keyed.shop.output_path("gamma", secret, source)
    keyed.shop.write(path, encrypt(SAME_LENGTH, [keyed.key("gamma")]))
    keyed.shop.commit("Name a secret")
    path = keyed.shop.output_path("alpha", secret, source)
    keyed.shop.write(path, encrypt(SAME_LENGTH, [keyed.key("alpha")]))
    written = options_for(tmp_path / "reports")
    assert keyed.judge("gamma", "master", more=tuple(written))[0] == 1
    for form, report in read_reports(tmp_path / "reports").items():
        assert "wi\nfi" not in report
        assert "<b>" not in report or form not in ("junit", "html")
        assert not [text for text in HIDDEN if text.decode() in report]


def test_what_is_too_large_for_memory_is_said(keyed: Keyed) -> None:
    large = bytes(LARGEST_PLAINTEXT + 1)
    keyed.shop.git.run("config", "core.compression", "0")  # nothing would come of it
    keyed.shop.source(DB, large)
    for node in ("alpha", "gamma"):
        keyed.shop.rekey(node, "db", DB, large)
    keyed.shop.commit("Keep a disk image")
    code, report = keyed.judge(*ALL)
    assert code in (0, 1)
    told = reasons(report)
    assert told["alpha"] == told["gamma"] == "it is larger than 64 MiB"
    assert report["decrypted"]["compared"] == 4


@pytest.mark.parametrize("what", ["output", "source"])
def test_pointers_are_said_to_be_elsewhere(keyed: Keyed, what: str) -> None:
    def pointer(path: str) -> None:
        content = keyed.shop.read(path)
        keyed.shop.write(
            path,
            "version https://git-lfs.github.com/spec/v1\n"
            f"oid sha256:{sha256(content).hexdigest()}\nsize {len(content)}\n",
        )

    pointer(keyed.output("alpha") if what == "output" else DB)
    _, report = keyed.judge(*ALL)
    nodes = ["alpha"] if what == "output" else NODES
    assert sorted(reasons(report)) == sorted(nodes)
    assert report["decrypted"]["compared"] == 8 - len(nodes)
    assert keyed.decrypt(*ALL, more=("--require-verified",)).code == 1


def test_a_plugin_of_nobody_knows_whom_is_asked_once_a_node(keyed: Keyed, plugins: Path) -> None:
    log = plugin.install(plugins)
    write(keyed, "stranger", f"{plugin.identity('test', b'key2')}\n")
    code, report = keyed.judge("alpha", "stranger", "master")
    assert (code, report["decrypted"]["compared"]) == (0, 2)
    assert set(reasons(report)) == {"beta", "gamma", "delta"}
    # For one output of gamma's and one of delta's, whose keys are age's; pyrage starts it twice for
    # a file that it does not open.
    assert log.read_text().count("identity-v1") == 2 * 2


def test_a_secret_that_may_need_a_touch_is_named_on_the_terminal(
    keyed: Keyed, plugins: Path
) -> None:
    plugin.install(plugins)
    use_plugin(keyed, "master")
    words = [*keyed.words("alpha", "gamma", "master"), "2>/dev/tty"]
    command = f"{sys.executable} -W error -m agenix_check --decrypt {' '.join(words)}"
    ended = run_at(
        ["env", "-C", str(keyed.shop.top), "bash", "-c", command],
        [],
        {"PYTHONPATH": str(Path(__file__).parents[2]), "TERM": "xterm"},
    )
    assert ended.status == 0
    shown = ended.terminal.decode().splitlines()
    assert [line.partition(" ")[0] for line in shown] == ["[1/2]", "[2/2]"]
    assert {line.partition(" ")[2] for line in shown} == {
        "db → alpha, gamma", "wifi → alpha, gamma",
    }  # fmt: skip
