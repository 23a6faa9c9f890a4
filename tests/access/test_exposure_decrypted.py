"""`exposure --decrypt`: what was perhaps unchanged is decided by the texts."""

from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from tests.access.past import TEXTS, ask_exposure, body, rekey_all, sell, states
from tests.access.test_present import DB, WIFI
from tests.conftest import Run
from tests.host_keys import BETA


@pytest.fixture
def master(fleet: Workshop, tmp_path: Path) -> str:
    """Return the file of the master identity."""
    file = tmp_path / "master.txt"
    file.write_text(fleet.identity)
    return str(file)


def test_versions_are_compared(fleet: Workshop, run: Run, master: str) -> None:
    sell(fleet, "beta")
    rekey_all(fleet, DB, TEXTS[DB], "alpha", "gamma", "delta")
    rekey_all(fleet, WIFI, TEXTS[WIFI].upper(), "alpha")
    first = fleet.commit("Encrypt one anew, change the other")
    doubt = "perhaps-unchanged"
    assert states(ask_exposure(fleet, run, code=1)) == {body(BETA): {DB: doubt, WIFI: doubt}}
    found = states(ask_exposure(fleet, run, "--decrypt", "-i", master, code=1))
    assert found == {body(BETA): {DB: "in-use"}}
    rekey_all(fleet, DB, TEXTS[DB].upper(), "alpha", "gamma", "delta")
    rotated = fleet.commit("Change that too")
    assert states(ask_exposure(fleet, run, code=1)) == {body(BETA): {DB: doubt, WIFI: doubt}}
    assert ask_exposure(fleet, run, "--decrypt", "-i", master, code=0)["keys"] == []
    asked = ask_exposure(fleet, run, "--decrypt", "-i", master, "--node", "beta", code=0)
    (beta,) = asked["keys"]
    commits = {one["secret"]: one["versions"][-1]["rotated_by"] for one in beta["secrets"]}
    assert commits == {DB: rotated, WIFI: first}


def test_what_no_identity_opens_stays_in_doubt(fleet: Workshop, run: Run, tmp_path: Path) -> None:
    from agenix_check.keys.encrypt import new_identity

    sell(fleet, "beta")
    rekey_all(fleet, DB, TEXTS[DB], "alpha", "gamma", "delta")
    fleet.commit("Encrypt one anew")
    other = tmp_path / "other.txt"
    other.write_text(new_identity()[0])
    result = run(fleet.top, "exposure", "--decrypt", "-i", str(other))
    assert result.code == 1
    assert "not compared: secrets/db.age" in result.stderr
    assert "re-encrypted, perhaps unchanged" in result.stdout
    assert TEXTS[DB].strip() not in result.stdout + result.stderr


def test_a_plain_text_is_compared(fleet: Workshop, run: Run, master: str) -> None:
    sealed = fleet.read(WIFI)
    fleet.write(WIFI, TEXTS[WIFI])
    fleet.commit("Oops")
    fleet.write(WIFI, sealed)
    fleet.commit("Never mind")
    public = ask_exposure(fleet, run, "--decrypt", "-i", master, code=1)["public"]
    assert [one["state"] for one in public] == ["in-use"]
    rekey_all(fleet, WIFI, TEXTS[WIFI].upper(), "alpha", "beta")
    fleet.commit("Rotate")
    public = ask_exposure(fleet, run, "--decrypt", "-i", master, code=0)["public"]
    assert [one["state"] for one in public] == ["rotated"]


def test_it_needs_an_identity(fleet: Workshop, run: Run, master: str) -> None:
    result = run(fleet.top, "exposure", "--decrypt")
    assert (result.code, result.stdout) == (2, "")
    assert "--decrypt needs an identity" in result.stderr
    assert run(fleet.top, "exposure", "-i", master).code == 2
