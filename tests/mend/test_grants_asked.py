"""The question at a terminal: one list, one answer."""

import shlex

import pytest

from agenix_check.demo.workshop import Workshop
from tests.host_keys import NEW
from tests.keys.terminals import Ended, run_at
from tests.mend.granting import STRANGER, commit_as, known, plant_host
from tests.mend.mending import DB, command, edit, fix, state

QUESTION = "[y/N]"


def fix_at(
    fleet: Workshop, answers: list[tuple[str, str]], env: dict[str, str] | None = None
) -> Ended:
    words = f"cd {shlex.quote(str(fleet.top))} && exec {shlex.join(command(fleet))}"
    return run_at(["sh", "-c", words], answers, env)


def stranger(fleet: Workshop) -> None:
    """Merge a host of a stranger, whose key is given to alpha as well; then edit a source."""
    fix(fleet)
    fleet.host("alpha", NEW)
    commit_as(fleet, "Mall\u202eory")
    plant_host(fleet)
    commit_as(fleet, "Mall\u202eory")
    edit(fleet)


def test_all_keys_are_asked_for_in_one_list(fleet: Workshop) -> None:
    stranger(fleet)

    done = fix_at(fleet, [(QUESTION, "y\n")])

    assert done.status == 0, done
    shown = done.terminal.decode()
    assert shown.count(QUESTION) == 1
    lines = [line for line in shown.splitlines() if "ssh-ed25519 SHA256:" in line]
    assert [line.split(":")[0].strip() for line in lines] == [
        "alpha",
        "evil",
    ]
    assert all("brought by $'Mall\\342\\200\\256ory' in " in line for line in lines)
    assert "would get db" in shown
    assert STRANGER in known(fleet)


@pytest.mark.parametrize("answer", ["\n", "n\n", "what\n"])
def test_everything_but_yes_is_no(fleet: Workshop, answer: str) -> None:
    stranger(fleet)
    before = state(fleet)

    done = fix_at(fleet, [(QUESTION, answer)])

    assert (done.status, state(fleet)) == (1, before)
    assert STRANGER not in known(fleet)


def test_nobody_is_asked_in_ci_nor_for_a_key_that_is_known(fleet: Workshop) -> None:
    stranger(fleet)

    done = fix_at(fleet, [], {"CI": "true"})

    assert done.status == 1
    assert QUESTION.encode() not in done.terminal
    assert fix(fleet, "--grant", "all").code == 0
    fleet.commit("Rekey")
    fleet.source(DB, "yet another text\n")
    fleet.stage(DB)
    again = fix_at(fleet, [])
    assert again.status == 0
    assert QUESTION.encode() not in again.terminal
