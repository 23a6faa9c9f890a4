"""What keys and sources may cost: counted, and said where it is over a bound."""

import base64
from collections.abc import Mapping
from hashlib import sha256

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.discover.tree import key_texts, naming
from agenix_check.discover.tree.key_texts import LONGEST_COMMENT, find_keys
from tests.git.looking import Said, call, says, spoil

_HEAD = b"\0\0\0\x0bssh-ed25519\0\0\0\x20"
_OUTPUT = f"secrets/rekeyed/alpha/{'0' * 32}-db.age"


def _key(number: int) -> str:
    body = base64.b64encode(_HEAD + sha256(b"%d" % number).digest())
    return f"ssh-ed25519 {body.decode()}"


def _line(count: int) -> str:
    return " ".join(map(_key, range(count)))


def _size(text: str) -> int:
    found = find_keys(text.encode())
    assert found is not None
    return found.size


def test_a_line_of_many_keys_costs_no_square_of_them() -> None:
    assert _size(_line(2000)) < 2.5 * _size(_line(1000))
    assert _size(_line(2000)) < 20 * len(_line(2000))


@pytest.mark.parametrize("over", [0, 1])
def test_a_comment_has_a_longest_length(over: int) -> None:
    comment = f" {'x' * (LONGEST_COMMENT - 1 + over)}"
    found = find_keys(f"# see\nlet k = '{_key(1)}{comment}".encode())
    assert found is not None
    assert found.cut is (over == 1)
    assert (_key(1) + comment in found.public) is (over == 0)
    assert _key(1) in found.public


def test_the_texts_of_a_file_have_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_texts, "MOST_KEY_BYTES", 1000)
    found = find_keys("\n".join(map(_key, range(100))).encode())
    assert found is not None
    assert found.cut
    assert sum(map(len, found.public)) <= 1000


@pytest.fixture
def crowded(fleet: Workshop) -> Workshop:
    """Return a fleet with a line that has more keys than are tried with their comments."""
    fleet.write("keys.txt", _line(20))
    fleet.commit("Add keys")
    return fleet


def test_what_was_not_tried_is_said_only_where_it_may_decide(crowded: Workshop) -> None:
    assert call(crowded.top).code == 0
    crowded.write(_OUTPUT, crowded.read("secrets/db.age"))
    crowded.stage()
    said = call(crowded.top)
    assert said.code == 3
    assert "1 output is not explained, and keys.txt, which may do so, has a key with a comment" in (
        said.stderr
    )


def test_a_file_that_is_too_large_to_be_searched_is_said_where_it_may_decide(
    fleet: Workshop,
) -> None:
    fleet.write("keys.txt", f"{_key(1)}\n" * 15_000)
    fleet.stage()
    assert call(fleet.top).code == 0
    fleet.write(_OUTPUT, fleet.read("secrets/db.age"))
    fleet.stage()
    said = call(fleet.top)
    assert said.code == 3
    assert "keys.txt, which may do so, has a key" in said.stderr


def test_the_texts_of_all_files_have_a_largest_size(
    crowded: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_texts, "MOST_KEY_BYTES_READ", 1000)
    said = says(call(crowded.top), 3)
    assert said == "the files have more than 0 MiB of keys with comments"


def _count_tries(top: Workshop, monkeypatch: pytest.MonkeyPatch) -> tuple[int, Said]:
    """Run the gate, and count the pairs that it tries."""
    tries, real = [0], naming._try

    def counting(
        key: str, sources: Mapping[str, bytes], wanted: set[str], found: dict[str, naming.Trace]
    ) -> bool:
        tries[0] += len(sources)
        return real(key, sources, wanted, found)

    with monkeypatch.context() as patch:
        patch.setattr(naming, "_try", counting)
        said = call(top.top, "--no-cache")
    return tries[0], said


def test_what_nothing_explains_is_tried_once(
    fleet: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(40):
        fleet.write(f"keys/{number}.pub", f"{_key(number)} me@{number}\n")
        fleet.write(f"sources/{number}.age", fleet.read("secrets/db.age") + b"%d" % number)
    fleet.write(_OUTPUT, fleet.read("secrets/db.age"))
    fleet.commit("Add what nothing explains")
    fleet.write("README.md", "more")
    fleet.commit("Go on")
    spoil(fleet)
    fleet.stage()
    tried, said = _count_tries(fleet, monkeypatch)
    assert said.code == 1
    # Of each key its text, the same with a newline, and each of the two without its comment.
    assert tried < 1.5 * (40 * 3 + 20) * 46


def test_too_many_pairs_are_said(fleet: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet.write(_OUTPUT, fleet.read("secrets/db.age"))
    fleet.stage()
    monkeypatch.setattr(naming, "MOST_PAIRS", 50)
    assert says(call(fleet.top, "--no-cache"), 3).endswith("make too many pairs to try")
