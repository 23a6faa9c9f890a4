"""The public half of post-quantum keys, as age computes it."""

import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from agenix_check.age.encoding import encode_bech32
from agenix_check.keys.post_quantum import public_half_of_hybrid
from tests.programs import age_is_new

# Of seeds that everybody can guess: the SHA-256 of what `age-keygen -y` of age 1.3.2 says.
_KNOWN = {
    bytes(32): "fee284b2c1063e176c49615b00a35d2ad46e5ed2aa97ca9b925d0f633fe8ef17",
    bytes(range(32)): "e1704ce7caadaa4e436845c280d1527742f46a8af62d934c41b60c624e7cb185",
    bytes([255] * 32): "2f2cd560d0ed76c1fed21fdba0b0313572be84b17ae5154f624c9cbb4ce3831b",
}


def test_they_are_those_that_age_shows(tmp_path: Path) -> None:
    for seed, known in _KNOWN.items():
        line = encode_bech32("age-secret-key-pq-", seed).upper()
        recipient = public_half_of_hybrid(line)
        assert sha256(recipient.encode()).hexdigest() == known
        if age_is_new():
            path = tmp_path / "key.txt"
            path.write_text(f"{line}\n")
            shown = subprocess.run(["age-keygen", "-y", path], capture_output=True, check=True)
            assert shown.stdout.decode() == f"{recipient}\n"


@pytest.mark.parametrize("line", ["AGE-SECRET-KEY-PQ-1QQQ", encode_bech32("age1pq", bytes(32))])
def test_what_is_damaged_is_refused(line: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the reason is for nobody
        public_half_of_hybrid(line)
