"""A file's name asks for nothing: by names, secrets go only to keys that had them before."""

from hashlib import sha256

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.discover.tree.key_texts import digest
from agenix_check.discover.tree.naming import ident
from agenix_check.keys.encrypt import encrypt
from tests.host_keys import NEW
from tests.mend.mending import DB, ask, edit, fix

STRANGER = NEW.strip()


def plant(fleet: Workshop, directory: str, source: str, content: bytes) -> str:
    """Add a stranger's key, and a file that is named as if it were made for it."""
    fleet.write("docs/notes.pub", NEW)
    made = ident(digest(STRANGER), sha256(fleet.read(source)).hexdigest())
    path = f"{directory}/{made}-planted.age"
    fleet.write(path, content)
    fleet.stage("docs/notes.pub", path)
    return path


CONTENTS = {
    "garbage": b"garbage\n",
    "no output of its length": encrypt(b"x", [NEW]),
    "cut": encrypt(b"x", [NEW])[:-3],
}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
@pytest.mark.parametrize("directory", ["secrets/rekeyed/alpha", "secrets/rekeyed/zeta", "planted"])
def test_a_planted_name_gets_no_secret(fleet: Workshop, directory: str, content: bytes) -> None:
    path = plant(fleet, directory, DB, content)

    done = fix(fleet)

    assert done.code == 1
    assert fleet.read(path) == content
    assert "Fixed" not in done.stdout
    assert "only its name says that this key is to read it" in done.stderr


def test_a_planted_name_that_is_committed_gets_none_beside_another_key(fleet: Workshop) -> None:
    path = plant(fleet, "secrets/rekeyed/alpha", DB, b"garbage\n")
    fleet.commit("Look at this")

    done = fix(fleet)

    assert done.code == 1
    assert fleet.read(path) == b"garbage\n"
    assert "outputs of its directory are made for several keys" in done.stderr


def test_a_valid_planted_name_does_not_follow_its_source(fleet: Workshop) -> None:
    path = plant(fleet, "secrets/rekeyed/alpha", DB, encrypt(b"guessed", [STRANGER]))
    fleet.commit("Look at this")
    edit(fleet)

    done = fix(fleet)

    planted = [name for name in ask(fleet, "ls-files").splitlines() if "-planted" in name]
    assert planted == [path]
    assert done.code == 1
    assert "outputs of its directory are made for several keys" in done.stderr


def test_a_key_that_takes_the_place_of_another_is_known(fleet: Workshop) -> None:
    fleet.write("hosts/alpha/host.pub", NEW)
    fleet.stage("hosts/alpha/host.pub")

    assert fix(fleet).code == 0
