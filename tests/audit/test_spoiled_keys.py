"""By names: key files that held one key as a whole, and that age cannot use any more."""

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.model.findings import CauseKind
from tests.audit.scenes import judge, judge_staged, name_key_file, of_rule, storage, told
from tests.audit.texts import UNUSABLE
from tests.conftest import Run
from tests.host_keys import ALPHA, NEW

HOST = name_key_file("alpha")
FIX = (
    f"# put {HOST} right (it must be one age or SSH public key) and git add it, then: "
    "agenix-check --fix"
)
BROKEN = {
    ("error", "node-invalid-key", "alpha", ""),
    ("error", "output-stale", "alpha", "db"),
    ("error", "output-stale", "alpha", "token"),
    ("error", "output-stale", "alpha", "wifi"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_key_file_that_is_none_any_more(fleet: Workshop, name: str) -> None:
    fleet.host("alpha", UNUSABLE[name])

    report = judge_staged(fleet)

    assert told(report) == BROKEN
    for one in report.findings:
        assert one.new
        assert one.since is None
        assert one.mend == FIX
        assert one.cause is not None
        assert (one.cause.kind, one.cause.path) == (CauseKind.KEY_CHANGED, HOST)
    (invalid,) = of_rule(report, "node-invalid-key")
    assert invalid.path == HOST
    assert invalid.node == storage("alpha")
    assert invalid.message.startswith(f"{HOST} must be exactly one recipient, but ")
    assert UNUSABLE[name].strip() not in invalid.message


@pytest.mark.parametrize("name", UNUSABLE)
def test_it_stays_one_until_it_is_put_right(fleet: Workshop, name: str) -> None:
    fleet.host("alpha", UNUSABLE[name])
    broken = fleet.commit("Spoil the key")
    fleet.write("README.md", "Another text.\n")
    fleet.commit("Do something else")

    for report in (
        judge(fleet),
        judge(fleet, rev="HEAD"),
        judge(fleet, rev=broken),
        judge(fleet, worktree=True),
        judge(fleet, from_ref=f"{broken}^", to_ref="HEAD"),
    ):
        assert told(report) == BROKEN
        assert {one.mend for one in report.findings} == {FIX}
        assert {one.since for one in report.findings} == {broken}
    assert not any(one.new for one in judge(fleet).findings)

    fleet.host("alpha", ALPHA)
    assert judge_staged(fleet).findings == ()


def test_a_good_key_is_no_spoiled_one(fleet: Workshop) -> None:
    fleet.host("alpha", NEW)

    report = judge_staged(fleet)

    assert of_rule(report, "node-invalid-key") == []
    assert {one.mend for one in of_rule(report, "output-stale")} == {
        "agenix-check --fix  # or agenix rekey -a"
    }


def test_a_file_with_the_keys_of_many_hosts_is_none_that_is_spoiled(fleet: Workshop) -> None:
    """A known_hosts file never held one key as a whole."""
    (fleet.top / HOST).unlink()
    body = " ".join(ALPHA.split()[:2])
    other = " ".join(NEW.split()[:2])
    hosts = fleet.write("known_hosts", f"beta {other}\nalpha {body}\n")
    for path in (fleet.top / storage("alpha")).iterdir():
        path.unlink()
    fleet.rekey("alpha", "db", "secrets/db.age", "postgres://db\n", key=body)
    fleet.commit("Keep keys in known_hosts")
    fleet.write(hosts, f"beta {other}\n")

    report = judge_staged(fleet)

    assert told(report) == {("error", "output-stale", "alpha", "db")}


@pytest.mark.parametrize("name", UNUSABLE)
def test_fix_encrypts_nothing_for_a_spoiled_key(fleet: Workshop, run: Run, name: str) -> None:
    identity = fleet.top.parent / "identity"
    identity.write_text(fleet.identity)
    fleet.host("alpha", UNUSABLE[name])
    fleet.stage()

    done = run(fleet.top, "--fix", "-i", str(identity), "--no-cache")

    assert done.code == 1
    assert "agenix-check: not fixed: " in done.stderr
    assert told(judge(fleet)) == BROKEN
    fleet.host("alpha", NEW)
    fleet.stage()
    assert run(fleet.top, "--fix", "-i", str(identity), "--no-cache").code == 0
    assert judge(fleet).findings == ()
