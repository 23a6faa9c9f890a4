"""What is recognised in one step is read the same by the whole parser."""

import pyrage
from hypothesis import given
from hypothesis import strategies as st

from agenix_check.age import AgeFile, Stanza, read_age, render_header, skim
from tests.age.strategies import FILES, MACS, damaged
from tests.host_keys import ALPHA
from tests.pace import per_hundred

_MANY = per_hundred(400)
_GREASE = st.builds(
    Stanza,
    type=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=9).map(
        lambda text: text + "-grease"
    ),
    args=st.lists(
        st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=9),
        max_size=4,
    ).map(tuple),
    body=st.binary(max_size=120),
)


def _agree(data: bytes) -> None:
    skimmed = skim(data, len(data))
    if skimmed is not None:
        (stanza,), size = skimmed
        whole: AgeFile = read_age(data)
        assert [real.type for real in whole.real_stanzas] == [stanza.type]
        assert whole.real_stanzas[0].args[: len(stanza.args)] == stanza.args
        assert whole.plaintext_size == size
        assert whole.payload_error is None


@_MANY
@given(FILES)
def test_any_file_is_skimmed_as_it_is_read(data: bytes) -> None:
    _agree(data)


@_MANY
@given(st.data(), st.binary(max_size=200), st.booleans())
def test_a_damaged_file_is_skimmed_as_it_is_read_or_not_at_all(
    data: st.DataObject, plaintext: bytes, ssh: bool
) -> None:
    recipient = (
        pyrage.ssh.Recipient.from_str(ALPHA)
        if ssh
        else pyrage.x25519.Identity.generate().to_public()
    )
    whole = pyrage.encrypt(plaintext, [recipient])
    assert skim(whole, len(whole)) is not None
    _agree(data.draw(damaged(st.just(whole))))


@_MANY
@given(_GREASE, MACS, st.integers(32, 200))
def test_grease_of_any_shape_is_passed_over(grease: Stanza, mac: bytes, payload: int) -> None:
    real = read_age(pyrage.encrypt(b"", [pyrage.x25519.Identity.generate().to_public()]))
    data = render_header([real.real_stanzas[0], grease], mac) + bytes(payload)
    assert skim(data, len(data)) is not None
    _agree(data)


def test_two_recipients_and_cut_files_are_left_to_the_parser() -> None:
    keys = [pyrage.x25519.Identity.generate().to_public() for _ in range(2)]
    both = pyrage.encrypt(b"secret", keys)
    assert skim(both, len(both)) is None
    one = pyrage.encrypt(b"secret", keys[:1])
    cut = one[:-7]
    assert skim(cut[:100], 100) is None
    assert skim(one, len(one) - len(b"secret") - 16) is None
