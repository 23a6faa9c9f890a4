"""Real commits, through the hook as pre-commit and prek run it."""

from tests.checkout import Done
from tests.hooks.conftest import CONFIG, Desk, strict


def _refused(desk: Desk, head: str, done: Done, rule: str) -> None:
    assert done.code == 1, done.output
    assert "Failed" in done.output
    assert rule in done.output
    assert "Traceback" not in done.output
    assert desk.head == head


def _passed(desk: Desk, head: str, done: Done) -> None:
    assert done.code == 0, done.output
    assert "agenix-check" in done.output
    assert "Passed" in done.output
    assert "Skipped" not in done.output
    assert desk.head != head
    assert desk.ask("status", "--porcelain") == ""


def test_a_fleet_in_order_is_committed(desk: Desk) -> None:
    head = desk.head
    desk.edit()
    desk.mend()
    desk.fleet.stage()
    _passed(desk, head, desk.git("commit", "-m", "Edit and rekey"))


def test_an_edit_without_rekey_is_refused(desk: Desk) -> None:
    head = desk.head
    desk.edit()
    desk.fleet.stage()
    before = desk.state()
    done = desk.git("commit", "-m", "Edit")
    _refused(desk, head, done, "output-stale")
    assert "secrets/db.age" in done.output
    assert desk.state() == before


def test_the_refused_commit_passes_once_it_is_fixed(desk: Desk) -> None:
    head = desk.head
    desk.edit()
    desk.fleet.stage()
    _refused(desk, head, desk.git("commit", "-m", "Edit"), "output-stale")
    desk.mend()
    desk.fleet.stage()
    _passed(desk, head, desk.git("commit", "-m", "Edit and rekey"))


def test_a_rekey_that_was_not_staged_is_refused(desk: Desk) -> None:
    head = desk.head
    desk.edit()
    desk.fleet.stage("secrets/db.age")
    desk.mend()
    before = desk.state()
    done = desk.git("commit", "-m", "Edit, and forget to add")
    _refused(desk, head, done, "secrets/db.age")
    assert desk.state() == before


def test_commit_all_is_judged(desk: Desk) -> None:
    head = desk.head
    desk.edit()
    before = desk.state()
    _refused(desk, head, desk.git("commit", "-a", "-m", "Edit"), "output-stale")
    assert desk.state() == before


def test_commit_all_of_a_fleet_in_order(desk: Desk) -> None:
    head = desk.head
    desk.edit()
    desk.mend()
    desk.fleet.stage("secrets/rekeyed")
    _passed(desk, head, desk.git("commit", "-a", "-m", "Edit and rekey"))


def test_commit_of_a_path_is_judged_by_what_it_commits(desk: Desk) -> None:
    head = desk.head
    desk.fleet.write("README.md", "Another text.\n")
    desk.edit()
    desk.fleet.stage("secrets/db.age")
    before = desk.state()
    _refused(desk, head, desk.git("commit", "-m", "Edit", "secrets/db.age"), "output-stale")
    assert desk.state() == before
    assert desk.git("commit", "-m", "Write", "README.md").code == 0
    assert desk.ask("diff", "--name-only", "HEAD") == "secrets/db.age"


def test_commit_of_a_path_does_not_see_what_is_staged_besides(desk: Desk) -> None:
    head = desk.head
    desk.edit()
    desk.mend()
    desk.fleet.stage("secrets/rekeyed")
    before = desk.state()
    done = desk.git("commit", "-m", "Only the outputs", "secrets/rekeyed")
    _refused(desk, head, done, "output-untraceable")
    assert desk.state() == before


def test_an_output_that_is_deleted_is_only_noted(desk: Desk) -> None:
    # Names cannot tell a lost output from a declaration that was dropped.
    head = desk.head
    desk.ask("rm", "--quiet", str(desk.output("alpha")))
    _passed(desk, head, desk.git("commit", "-m", "Delete an output"))


def test_a_commit_that_only_deletes_is_judged(desk: Desk) -> None:
    desk.fleet.write(CONFIG, strict(desk.tool.config))
    desk.fleet.commit("Let warnings fail")
    head = desk.head
    desk.ask("rm", "--quiet", "secrets/db.age")
    before = desk.state()
    _refused(desk, head, desk.git("commit", "-m", "Delete a source"), "output-orphan")
    assert desk.state() == before


def test_a_commit_that_only_renames_is_judged(desk: Desk) -> None:
    head = desk.head
    output = desk.output("alpha")
    renamed = output.with_name("0" * 32 + "-db.age")
    desk.ask("mv", str(output), str(renamed))
    _refused(desk, head, desk.git("commit", "-m", "Rename an output"), renamed.name)


def test_what_is_staged_is_judged_and_not_the_unstaged_edit(desk: Desk) -> None:
    head = desk.head
    desk.fleet.write("README.md", "Another text.\n")
    desk.fleet.stage("README.md")
    desk.edit()
    edited = desk.fleet.read("secrets/db.age")
    done = desk.git("commit", "-m", "Write")
    assert done.code == 0, done.output
    assert desk.head != head
    assert desk.fleet.read("secrets/db.age") == edited
    assert desk.ask("diff", "--name-only") == "secrets/db.age"


def test_what_is_staged_is_judged_and_not_the_work_tree_in_order(desk: Desk) -> None:
    head = desk.head
    in_order = desk.fleet.read("secrets/db.age")
    desk.edit()
    desk.fleet.stage()
    desk.fleet.write("secrets/db.age", in_order)
    before = desk.state()
    _refused(desk, head, desk.git("commit", "-m", "Edit"), "output-stale")
    assert desk.state() == before


def test_a_commit_in_a_linked_work_tree(desk: Desk) -> None:
    linked = desk.fleet.top.with_name("linked")
    desk.ask("worktree", "add", "--quiet", "-b", "linked", str(linked))
    (linked / "secrets/db.age").write_bytes((linked / "secrets/wifi.age").read_bytes())
    done = desk.git("-C", str(linked), "commit", "-a", "-m", "Edit")
    assert done.code == 1
    assert "output-stale" in done.output


def test_a_merge_of_two_branches_in_order_is_judged(desk: Desk) -> None:
    desk.ask("checkout", "--quiet", "-b", "drop")
    desk.ask("rm", "--quiet", "-r", "secrets/rekeyed/beta")
    desk.ask("commit", "--no-verify", "--quiet", "-m", "Take beta down")
    desk.ask("checkout", "--quiet", "-b", "edit")
    desk.edit()
    desk.mend("alpha", "gamma", "delta")
    desk.fleet.stage()
    assert desk.git("commit", "-m", "Edit and rekey").code == 0
    head = desk.head
    desk.ask("checkout", "--quiet", "-b", "return", "drop")
    desk.fleet.rekey("beta", "db", "secrets/db.age", "postgres://db\n")
    desk.fleet.stage()
    assert desk.git("commit", "-m", "Take beta up again").code == 0
    desk.ask("checkout", "--quiet", "edit")
    done = desk.git("merge", "--no-edit", "return")
    _refused(desk, head, done, "output-stale")
    assert "rekeyed/beta" in done.output


def test_a_merge_that_is_in_order(desk: Desk) -> None:
    desk.ask("checkout", "--quiet", "-b", "text")
    desk.fleet.write("README.md", "Another text.\n")
    desk.fleet.commit("Write")
    desk.ask("checkout", "--quiet", "main")
    desk.edit()
    desk.mend()
    desk.fleet.commit("Edit and rekey")
    head = desk.head
    _passed(desk, head, desk.git("merge", "--no-edit", "text"))


def test_by_hand_in_the_manual_stage(desk: Desk) -> None:
    command = (desk.tool.program, "run", "--hook-stage", "manual", "--all-files")
    done = desk.run(*command)
    assert done.code == 0, done.output
    assert "Passed" in done.output
    desk.edit()
    desk.fleet.stage()
    done = desk.run(*command)
    assert done.code == 1
    assert "output-stale" in done.output
