"""A real plugin for age (https://c2sp.org/age-plugin), as small as it can be, for tests.

`install` puts it on a directory of PATH under the name `age-plugin-NAME`. Its recipients and
identities hold the same bytes, which stand for a key, so it hides nothing from anyone. A stanza is
`NAME TAG` with the file key as its body, masked by a hash of those bytes. The file `behaviour`
beside it says what it asks before it unwraps a file key, a word a line; in `log` it notes what it
was started for, what it was answered, and which of Git's variables it saw.
"""

import os
import sys
import time
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path

from agenix_check.age.encoding import decode_bech32, encode_bech32
from tests.keys.texts import PIN

_SLEEPS = {"pause": 1.2, "sleep": 60.0}  # seconds

Stanza = tuple[list[str], bytes]


def recipient(name: str, key: bytes) -> str:
    return encode_bech32(f"age1{name}", key)


def identity(name: str, key: bytes) -> str:
    return encode_bech32(f"age-plugin-{name}-", key).upper()


def install(directory: Path, name: str = "test", *behaviour: str) -> Path:
    """Write the plugin and what it should do; returns where its log will be."""
    directory.mkdir(parents=True, exist_ok=True)
    program = directory / f"age-plugin-{name}"
    top = Path(__file__).parents[2]
    program.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(top)!r})\n"
        f"from tests.keys.plugin import main\nmain(sys.argv, __file__)\n"
    )
    program.chmod(0o755)
    (directory / "behaviour").write_text("\n".join(behaviour))
    return directory / "log"


def main(arguments: list[str], program: str) -> None:
    place = Path(program).parent
    log = place / "log"
    name = Path(program).name.removeprefix("age-plugin-")
    machine = arguments[1].removeprefix("--age-plugin=")
    git = [variable for variable in os.environ if variable.startswith("GIT_DIR")]
    with log.open("a") as file:
        file.write(" ".join([machine, *git]) + "\n")
    commands = _read_phase()
    behaviour = (place / "behaviour").read_text().split()
    if machine == "recipient-v1":
        if "wrap-message" in behaviour:
            _ask(["msg"], b"touch to encrypt")
        _wrap(name, commands)
    else:
        _unwrap(name, commands, behaviour, log)
    _send(["done"])


def _wrap(name: str, commands: list[Stanza]) -> None:
    keys = [decode_bech32(words[1])[1] for words, _ in commands if words[0] == "add-recipient"]
    file_keys = [body for words, body in commands if words[0] == "wrap-file-key"]
    for number, file_key in enumerate(file_keys):
        for key in keys:
            _ask(["recipient-stanza", str(number), name, _text(key)], _mask(key, file_key))


def _unwrap(name: str, commands: list[Stanza], behaviour: list[str], log: Path) -> None:
    keys = [
        decode_bech32(words[1].lower())[1] for words, _ in commands if words[0] == "add-identity"
    ]
    for words, body in commands:
        if words[0] != "recipient-stanza" or words[2] != name:
            continue
        for key in keys:
            if words[3] == _text(key) and _may(behaviour, log):
                _ask(["file-key", words[1]], _mask(key, body))


def _may(behaviour: list[str], log: Path) -> bool:
    """Ask what the test wants asked; tell whether the file key may be given."""
    for word in behaviour:
        if word == "message":
            _ask(["msg"], b"touch the \x1b[31mtest key")
        elif word == "confirm":
            answer, _ = _ask(["confirm", _text(b"Yes"), _text(b"No")], b"go on?")
            if answer != ["ok", "yes"]:
                return _refuse("it was not confirmed")
        elif word == "public":
            answer, said = _ask(["request-public"], b"your name")
            if answer != ["ok"]:
                return _refuse("there was no name")
            with log.open("ab") as file:
                file.write(b"public " + said + b"\n")
        elif word == "secret":
            answer, said = _ask(["request-secret"], b"PIN of the test key")
            with log.open("a") as file:
                file.write(f"secret {'right' if said == PIN.encode() else 'wrong'}\n")
            if answer != ["ok"] or said != PIN.encode():
                return _refuse("the PIN is wrong")
        elif word == "error":
            return _refuse("the key is\x1b[2J not plugged in")
        elif word in _SLEEPS:
            time.sleep(_SLEEPS[word])
        elif word == "die":
            sys.exit(1)
    return True


def _refuse(why: str) -> bool:
    _ask(["error", "internal"], why.encode())
    return False


def _mask(key: bytes, file_key: bytes) -> bytes:
    pad = sha256(key).digest()[: len(file_key)]
    return bytes(one ^ other for one, other in zip(pad, file_key, strict=True))


def _text(raw: bytes) -> str:
    return b64encode(raw).decode().rstrip("=")


def _read_phase() -> list[Stanza]:
    commands = []
    while (stanza := _read())[0] != ["done"]:
        commands.append(stanza)
    return commands


def _read() -> Stanza:
    words = sys.stdin.readline().rstrip("\n").split(" ")
    if words[0] != "->":
        sys.exit(1)
    text = ""
    while len(line := sys.stdin.readline().rstrip("\n")) == 64:
        text += line
    text += line
    return words[1:], b64decode(text + "=" * (-len(text) % 4))


def _send(words: list[str], body: bytes = b"") -> None:
    text = _text(body)
    lines = [text[at : at + 64] for at in range(0, len(text) + 1, 64)]
    sys.stdout.write("-> " + " ".join(words) + "\n" + "\n".join(lines) + "\n")
    sys.stdout.flush()


def _ask(words: list[str], body: bytes = b"") -> Stanza:
    _send(words, body)
    return _read()
