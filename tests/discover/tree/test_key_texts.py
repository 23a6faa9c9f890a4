"""Which texts of a file may be a `hostPubkey`, in every form that fleets write them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenix_check.discover.tree.evidence import classify
from agenix_check.discover.tree.facts import find_fact
from agenix_check.discover.tree.key_texts import KeyTexts, digest, find_keys
from agenix_check.discover.tree.naming import ident, trace
from tests.host_keys import ALPHA, BETA, DELTA, RSA

BARE = " ".join(ALPHA.split()[:2])
BODY = ALPHA.split()[1]
FULL = ALPHA.strip()
TAGS = {
    "age1tag": "age1tag1qwe0kafsjrar4txm6heqnhpfuggzr0gvznz7fvygxrlq90u5mq2pysxtw6h",
    "age1tpm": "age1tpm1qg86fn5esp30u9h6jy6zvu9gcsvnac09vn8jzjxt8s3qtlcv5h2x287wm36",
    "age1pq": "age1pq1" + "q" * 1950,
}
SOURCE = "5" * 64


def explains(content: str | bytes, text: str | bytes) -> bool:
    """Return whether a file with this content explains an output made for this key text."""
    data = content.encode() if isinstance(content, str) else content
    key = text if isinstance(text, str) else text.decode("utf-8", "surrogateescape")
    fact = find_fact(data, len(data))
    evidence = classify({}, {} if fact is None else {"file": fact})
    made = ident(digest(key), SOURCE)
    return made in trace([made], evidence.keys, [SOURCE])


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (ALPHA, ALPHA),
        (ALPHA, FULL),
        (ALPHA, BARE),
        (FULL, FULL),
        (BARE, BARE),
        (BARE + "\n", BARE + "\n"),
        (f"{BARE} \n", f"{BARE} \n"),
        (f"{BARE} a comment  with blanks\n", f"{BARE} a comment  with blanks\n"),
        (f"{BARE} bob's laptop\n", f"{BARE} bob's laptop\n"),
        (f"{FULL}\n\n", f"{FULL}\n\n"),
        (f"\n{FULL}\n", f"\n{FULL}\n"),
        (f"{FULL}\r\n", f"{FULL}\r\n"),
        (f"{FULL}\r\n", FULL),
        (f"{FULL}\r\n", f"{FULL}\r"),
        (f"  {FULL}\n", FULL),
        (RSA, RSA),
        (RSA, RSA.strip()),
        (DELTA, DELTA),
        (DELTA, DELTA.strip()),
        (ALPHA + BETA, ALPHA + BETA),
        (ALPHA + BETA, FULL),
        (ALPHA + BETA, BETA.strip()),
        (f"alpha {ALPHA}", f"alpha {ALPHA}"),
        *((f"{key}\n", f"{key}\n") for key in TAGS.values()),
    ],
)
def test_key_files(content: str, text: str) -> None:
    assert explains(content, text)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (f'{{ hostPubkey = "{FULL}"; }}\n', FULL),
        (f'{{ hostPubkey = "{FULL}\\n"; }}\n', ALPHA),
        (f'{{ hostPubkey = "{FULL}\n"; }}\n', ALPHA),
        (f'{{ hostPubkey = "{BARE}\n  root@alpha"; }}\n', f"{BARE}\n  root@alpha"),
        (f'{{ hostPubkey = "ssh-ed25519\n{BODY}"; }}\n', f"ssh-ed25519\n{BODY}"),
        (f"{{ hostPubkey = ''{FULL}''; }}\n", FULL),
        (f"{{ hostPubkey = ''{FULL} ''; }}\n", f"{FULL} "),
        (f"{{ hostPubkey = ''\n    {FULL}\n  ''; }}\n", ALPHA),
        (f"{{ hostPubkey = ''{BARE} bob's laptop''; }}\n", f"{BARE} bob's laptop"),
        (f'{{ hostPubkey = "{BARE} bob\'s laptop"; }}\n', f"{BARE} bob's laptop"),
        (f'{{ a = "{FULL}"; b = "{BETA.strip()}"; }}', FULL),
        (f'{{ a = "{FULL}"; b = "{BETA.strip()}"; }}', BETA.strip()),
        (f'{{ hostPubkey = "{DELTA.strip()}"; }}\n', DELTA.strip()),
        (f'{{ k = "{BODY}"; hostPubkey = "ssh-ed25519 ${{k}}"; }}\n', BARE),
        (f'{{ k = "{RSA.split()[1]}"; }}\n', " ".join(RSA.split()[:2])),
        ('{ hostPubkey = "/etc/ssh/host.pub"; }\n', "/etc/ssh/host.pub"),
        ("{ }\n", "age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq"),
    ],
)
def test_nix(content: str, text: str) -> None:
    assert explains(content, text)


@pytest.mark.parametrize(
    "content",
    [
        f'[hosts]\nalpha = "{FULL}"\n',
        f"[hosts]\nalpha = '{FULL}'\n",
        f'[hosts]\nalpha = """\n{FULL}\n"""\n',
        f'{{"alpha": "{FULL}"}}\n',
        f'{{"alpha": "{FULL}\\n"}}\n',
        f'{{"hosts": [{{"key":"{FULL}"}}, "x"]}}',
        f"alpha: {FULL}\n",
        f"alpha: '{FULL}'\n",
        f"alpha: {FULL} # a host\n",
        f"alpha: |\n  {FULL}\nbeta: x\n",
    ],
    ids=[
        "toml", "toml literal", "toml lines", "json", "json newline", "json nested", "yaml",
        "yaml quoted", "yaml remark", "yaml block",
    ],
)  # fmt: skip
def test_toml_json_and_yaml(content: str) -> None:
    for text in (FULL, ALPHA, BARE, BARE + "\n"):
        assert explains(content, text)


@pytest.mark.parametrize(
    "content",
    [
        ALPHA.encode() + b"\0",
        b"\x7fELF\0" + ALPHA.encode(),
        b"nothing of interest\n",
        b"AAAA",
        b"cut:\nage1short\n",
        b"other:\nxage1u98ev34gftazmhmm99l2lasjz8jgxcg5phsvwrv69vrw2vlaq99swvx579\n",
        b"",
    ],
)
def test_no_keys(content: bytes) -> None:
    assert find_keys(content) is None


def test_a_comment_need_not_be_utf_8() -> None:
    text = BARE.encode() + b" J\xf6rg\n"

    assert explains(text, text)
    assert explains(text, text.strip())
    assert explains(b'{ k = "' + text.strip() + b'"; }', text.strip())


@pytest.mark.parametrize("line", [BARE, FULL, f"alpha.lan,10.0.0.1 {BARE}"])
def test_nix_adds_no_newline_to_what_it_reads_from_a_file_of_keys(line: str) -> None:
    keys = find_keys(f"# the key of alpha\n{line}".encode())

    assert keys is not None
    assert keys.whole is not None
    assert not any(text.endswith("\n") for text in keys.texts())
    assert BARE in keys.texts()


@pytest.mark.parametrize("syntax", ['"{}"', "''\n{}\n''", "- {}", "key: {}", 'a = "{}"', "k={} z"])
def test_a_key_in_any_syntax_may_have_a_newline_after_it(syntax: str) -> None:
    keys = find_keys(syntax.format(BARE).encode())

    assert keys is not None
    assert keys.whole is None
    assert f"{BARE}\n" in keys.texts()


def test_what_is_long_costs_little() -> None:
    """A megabyte that a pull request may bring."""
    for hostile in (
        b'"' + b"age1" * 260_000 + b"\\",
        b'"age1\n' * 200_000,
        b"ssh-ed25519 AAAA" * 65_000,
        b"-----BEGIN OPENSSH PRIVATE KEY-----\n" * 28_000,
        b"AGE-SECRET-KEY-1" * 65_000,
        b'"/' * 500_000 + b'.pub"',
        (b"age1" + b"q" * 4000 + b"A") * 250,
    ):
        find_keys(hostile)


COMMENT = st.text(
    st.characters(codec="utf-8", exclude_characters="\"\\$'\r\n", exclude_categories=["C"]),
    min_size=1, max_size=30,
).filter(lambda text: "''" not in f"{text}'" and " #" not in text)  # fmt: skip
KEY = st.sampled_from([BARE, " ".join(RSA.split()[:2])])


@given(key=KEY, comment=st.none() | COMMENT, end=st.sampled_from(["", "\n", "\n\n", "\r\n", " \n"]))
def test_any_key_file_explains_itself(key: str, comment: str | None, end: str) -> None:
    text = key if comment is None else f"{key} {comment}"

    assert explains(text + end, text + end)
    assert explains(text + end, (text + end).strip(" \t\r\n"))


@given(
    key=KEY,
    comment=COMMENT,
    form=st.sampled_from(
        ['k = "{}";', "k = ''{}'';", "k = ''\n  {}\n'';", 'k = [ "x" "{}" ];', '{{"k": "{}"}}']
    ),
    end=st.sampled_from(["", "\n"]),
)
def test_any_string_explains_its_text(key: str, comment: str, form: str, end: str) -> None:
    text = f"{key} {comment}"

    assert explains(form.format(text), text + end)


@given(st.binary(max_size=300))
def test_any_bytes_are_read(data: bytes) -> None:
    for content in (data, b"age1" + data, ALPHA.encode() + data, b"AGE-SECRET-KEY-1" + data):
        fact = find_keys(content)
        assert fact is None or isinstance(fact, KeyTexts)


def test_this_file_has_its_own_keys() -> None:
    assert explains(Path(__file__).read_bytes(), TAGS["age1tpm"])
