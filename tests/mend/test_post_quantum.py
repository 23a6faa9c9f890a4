"""Nodes with post-quantum keys: what makes their outputs, and what is said where nothing can."""

import shutil
import subprocess
from pathlib import Path

import pytest

from agenix_check.age import read_age
from agenix_check.demo.workshop import Workshop, key_path
from tests.keys.test_encryption import PQ
from tests.mend.mending import fix, outputs, state
from tests.programs import age_is_new


@pytest.mark.parametrize("program", ["age", "rage", None])  # None: what is on PATH
def test_outputs_are_made_by_the_program_that_knows_the_key(
    fleet: Workshop, tmp_path: Path, program: str | None
) -> None:
    identity = tmp_path / "quantum.key"
    recipient = _new_key(identity)
    fleet.host("alpha", f"{recipient}\n")
    fleet.stage(key_path("alpha"))
    before = state(fleet)

    done = fix(fleet, *([] if program is None else ["--age", program]))

    assert "Traceback" not in done.stderr
    if not age_is_new():
        assert done.code == 3, done
        assert state(fleet) == before
        assert done.stderr.startswith("agenix-check: nothing was fixed: cannot encrypt to age1pq1")
        assert done.stderr.count("\n") == 1
        return
    assert done.code == 0, done
    made = [path for path in outputs(fleet) if "/alpha/" in path]
    assert len(made) == 3
    for path in made:
        content = fleet.read(path)
        assert [one.type for one in read_age(content).real_stanzas] == ["mlkem768x25519"]
        command = ["age", "-d", "-i", str(identity)]
        assert subprocess.run(command, input=content, capture_output=True, check=True).stdout


def _new_key(path: Path) -> str:
    """Return a new post-quantum key; where age knows none, one that nobody has."""
    if not age_is_new():
        return PQ
    assert shutil.which("rage") is not None  # where there is a new age, there is a new rage
    subprocess.run(["age-keygen", "-pq", "-o", str(path)], capture_output=True, check=True)
    shown = subprocess.run(["age-keygen", "-y", str(path)], capture_output=True, check=True)
    return shown.stdout.decode().strip()
