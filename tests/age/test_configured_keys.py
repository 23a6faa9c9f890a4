"""Key texts as agenix-rekey hands them over: valid only where age and rage both take them."""

import base64
import shutil
import subprocess

import pyrage
import pytest

from agenix_check.age import RecipientError, parse_configured
from tests.host_keys import ALPHA, DELTA, RSA

AGE, ED25519 = DELTA.strip(), " ".join(ALPHA.split()[:2])
BODY = ED25519.split()[1]


def _with_point(raw: bytes) -> str:
    head = b"\0\0\0\x0bssh-ed25519\0\0\0\x20"
    return f"ssh-ed25519 {base64.b64encode(head + raw).decode()}"


_P = 2**255 - 19
_SIGN = 2**255
_EIGHTH = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_NUMBERS = {
    **{f"y is {y}": y for y in range(8)},
    **{f"y is {y}, with the sign": _SIGN + y for y in (0, 1, 3)},
    **{f"y is p - {y}": _P - y for y in range(1, 4)},
    **{f"y is p + {y}": _P + y for y in range(5)},
    "y is as large as can be": 2**256 - 1,
    "order 8": _EIGHTH,
    "order 8, with the sign": _SIGN + _EIGHTH,
    "order 8, the other one": _P - _EIGHTH,
}

TEXTS = {
    "age": AGE,
    "age, newline": f"{AGE}\n",
    "age, two newlines": f"{AGE}\n\n",
    "age, blank after": f"{AGE} ",
    "age, blank and newline after": f"{AGE} \n",
    "age, CR after": f"{AGE}\r\n",
    "age, tab after": f"{AGE}\t",
    "age, blank before": f" {AGE}",
    "age, comment": f"{AGE} root@delta",
    "age, upper case": AGE.upper(),
    "age, another letter": f"{AGE[:-1]}0",
    "ssh": ED25519,
    "ssh, newline": f"{ED25519}\n",
    "ssh, comment": ALPHA,
    "ssh, comment of two words": f"{ED25519} root at alpha",
    "ssh, comment that is not ASCII": f"{ED25519} wurzel@älpha",
    "ssh, blank after": f"{ED25519} ",
    "ssh, CR after": f"{ED25519}\r\n",
    "ssh, comment and CR after": f"{ED25519} root@alpha\r\n",
    "ssh, tab and comment": f"{ED25519}\troot@alpha",
    "ssh, blank before": f" {ED25519}",
    "ssh, tab before": f"\t{ED25519}",
    "ssh, newline before": f"\n{ED25519}",
    "ssh, tab between": f"ssh-ed25519\t{BODY}",
    "ssh, two blanks between": f"ssh-ed25519  {BODY}",
    "ssh, padded": f"{ED25519}==",
    "ssh, a sign after": f"{ED25519}!",
    "ssh, a comma after": f"{ED25519},x",
    "ssh, vertical tab and a word after": f"{ED25519}\vx",
    "ssh, cut": ED25519[:-9],
    "ssh, quoted": f'"{ED25519}"',
    "ssh, options before": f"no-pty {ED25519}",
    "ssh, host name before": f"alpha.lan {ED25519}",
    "ssh, comment line before": f"# alpha\n{ED25519}",
    "ssh, byte order mark before": f"\ufeff{ED25519}",
    "ssh, upper case": ED25519.upper(),
    **{f"ssh, typing error at {at}": f"{ED25519[:at]}Q{ED25519[at + 1 :]}" for at in range(40, 70)},
    **{f"ssh, {name}": _with_point(y.to_bytes(32, "little")) for name, y in _NUMBERS.items()},
    "rsa": RSA,
    "rsa, padded": " ".join(RSA.split()[:2]) + "=",
    "ecdsa": (
        "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxk"
        "ZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg= root@beta"
    ),
    "a path": "/etc/ssh/ssh_host_ed25519_key.pub",
    "prose": "to be filled in",
    "nothing": "",
}


def is_valid(text: str) -> bool:
    try:
        parse_configured(text)
    except RecipientError:
        return False
    return True


def takes(program: str, text: str) -> bool:
    """Return whether a program encrypts to a text that agenix-rekey hands to it."""
    command = [program, "-r", text.removesuffix("\n")]
    done = subprocess.run(command, input=b"secret", capture_output=True, check=False)
    return done.returncode == 0


def library_takes(text: str) -> bool:
    """Return whether rage's library reads a text as a recipient."""
    for kind in (pyrage.x25519.Recipient, pyrage.ssh.Recipient):
        try:
            kind.from_str(text.removesuffix("\n"))
        except pyrage.RecipientError:
            continue
        return True
    return False


def test_the_library_of_rage_can_refuse() -> None:
    assert library_takes(ED25519)
    assert not library_takes("to be filled in")


@pytest.mark.parametrize("name", TEXTS)
def test_valid_is_what_age_and_rages_library_take(name: str) -> None:
    text = TEXTS[name]

    assert is_valid(text) is (takes("age", text) and library_takes(text))


def test_rage_itself_takes_what_is_valid() -> None:
    if shutil.which("rage") is None:
        pytest.skip("rage is not installed: only age and rage's library (pyrage) were asked")

    for text in TEXTS.values():
        assert is_valid(text) is (takes("age", text) and takes("rage", text)), text


@pytest.mark.parametrize(
    "more", [f"\n{ED25519}", "\n# alpha", f"\n\n{AGE}"], ids=["key", "comment", "age key"]
)
def test_of_several_lines_the_programs_read_the_first_and_say_nothing(more: str) -> None:
    assert takes("age", ED25519 + more)
    assert not is_valid(ED25519 + more)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f" {ED25519}", "there is white space before it, which age and rage refuse"),
        (f"{AGE} ", "there is white space after it, which age and rage refuse"),
        (
            f"ssh-ed25519\t{BODY}",
            "its type is not followed by exactly one blank: rage refuses that",
        ),
        (
            ED25519.replace("Byrdd", "Byrda"),
            "the ssh-ed25519 key is no point of its curve, most likely because of a typing error",
        ),
        (TEXTS["ssh, order 8"], "the ssh-ed25519 key is a point of low order, which age refuses"),
        (f"{ED25519}==", "its base64 is not padded as it should be: age refuses that"),
    ],
)
def test_it_says_what_is_wrong(text: str, why: str) -> None:
    with pytest.raises(RecipientError, match=f"^{why}$"):
        parse_configured(text)
