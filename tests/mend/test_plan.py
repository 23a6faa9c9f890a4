"""Plans as values: what is made from what, what goes, and what is left, before anything is read."""

from agenix_check.demo.workshop import Workshop
from agenix_check.gate import Examined, examine, open_store
from agenix_check.git.repository import open_repository
from agenix_check.keys.encrypt import encrypt
from agenix_check.mend.admission import Admission
from agenix_check.mend.first_use import keys_of_outputs
from agenix_check.mend.plan import Job, NewOutput, Plan, is_right, prefer_disk
from agenix_check.mend.planner import make_plan
from agenix_check.model.settings import InventoryChoice, Settings
from agenix_check.view import open_view
from tests.host_keys import ALPHA, BETA, DELTA
from tests.mend.mending import DB, WIFI, edit, outputs

SETTINGS = Settings(inventory=InventoryChoice.NAMES, no_cache=True)


def look(fleet: Workshop) -> Examined:
    repository = open_repository(fleet.top)
    with open_view(repository, SETTINGS) as view:
        return examine(view, SETTINGS, open_store(repository, SETTINGS))


def plan_of(fleet: Workshop) -> Plan:
    examined = look(fleet)
    repository = open_repository(fleet.top)
    known = keys_of_outputs(examined.names, examined.names.base, ())
    admission = Admission(repository, examined.names, known)
    return make_plan(examined.report.findings, examined.names, examined.inventory, admission)


def test_a_fleet_in_order_needs_nothing(fleet: Workshop) -> None:
    assert plan_of(fleet).is_empty


def test_one_source_is_one_job_with_a_target_a_node(fleet: Workshop) -> None:
    before = set(outputs(fleet))
    edit(fleet)
    plan = plan_of(fleet)
    (job,) = plan.jobs
    assert (job.path, job.recipients) == (DB, ())
    assert job.oid == fleet.git.run("rev-parse", f":{DB}").decode().strip()
    nodes = [target.node.rpartition("/")[2] for target in job.outputs]
    assert nodes == ["alpha", "beta", "delta", "gamma"]
    for target, node in zip(job.outputs, nodes, strict=True):
        assert target.path == fleet.output_path(node, "db", DB)
    assert {one.path for one in plan.remove} == {one for one in before if one.endswith("-db.age")}
    assert plan.written == tuple(target.path for target in job.outputs)
    assert set(plan.recipients) == {target.key for target in job.outputs}
    assert plan.left == ()


def test_two_sources_are_two_jobs(fleet: Workshop) -> None:
    edit(fleet)
    fleet.stage(fleet.source(WIFI, "another\n"))
    assert [job.path for job in plan_of(fleet).jobs] == [DB, WIFI]


def test_a_plan_is_the_same_every_time(fleet: Workshop) -> None:
    edit(fleet)
    assert plan_of(fleet) == plan_of(fleet)


def test_an_output_in_its_place_is_not_removed(fleet: Workshop) -> None:
    (path,) = (one for one in outputs(fleet) if "alpha" in one and one.endswith("-db.age"))
    fleet.stage(fleet.write(path, "plain text"))
    plan = plan_of(fleet)
    assert plan.written == (path,)
    assert plan.remove == ()


def test_a_source_that_is_broken_is_left(fleet: Workshop) -> None:
    fleet.source(DB, "another\n")
    fleet.stage(fleet.write(DB, fleet.read(DB)[:150]))
    plan = plan_of(fleet)
    assert plan.jobs == ()
    assert plan.remove == ()
    assert all(f"its source {DB} cannot be decrypted as it is" in one for one in plan.left)
    assert plan.left


def test_what_is_in_the_work_tree_is_right_only_for_its_node_and_length() -> None:
    content = encrypt(b"text\n", [ALPHA])
    assert is_right(content, ALPHA, 5, must_show=True)
    assert not is_right(content, BETA, 5, must_show=False)
    assert not is_right(content, ALPHA, 6, must_show=False)
    assert not is_right(encrypt(b"text\n", [ALPHA, BETA]), ALPHA, 5, must_show=False)
    assert not is_right(encrypt(b"text\n", [ALPHA], armored=True), ALPHA, 5, must_show=False)
    assert not is_right(b"plain text", ALPHA, 5, must_show=False)
    assert not is_right(content, "no key", 5, must_show=False)
    anonymous = encrypt(b"text\n", [DELTA])
    assert is_right(anonymous, DELTA, 5, must_show=False)
    assert not is_right(anonymous, DELTA, 5, must_show=True)


def test_a_job_of_which_all_is_there_needs_no_decryption() -> None:
    target = NewOutput("alpha", "db", "out", ALPHA, "out/one.age")
    other = target._replace(path="out/two.age")
    plan = Plan(jobs=(Job(path=DB, oid="0" * 40, size=5, outputs=(target, other)),))
    there = {"out/one.age": encrypt(b"text\n", [ALPHA])}
    half = prefer_disk(plan, there.get, ())
    assert [one.path for one in half.stage] == ["out/one.age"]
    assert half.jobs[0].outputs == (other,)
    there["out/two.age"] = there["out/one.age"]
    assert prefer_disk(plan, there.get, ()).jobs == ()
