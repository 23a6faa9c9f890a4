"""Files that contradict their names: copies of other outputs, and what was written anew."""

from hashlib import sha256

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt, new_identity
from agenix_check.model.findings import Verdict
from tests.audit.scenes import (
    ALPHA_TOKEN,
    DB,
    judge,
    judge_staged,
    of_rule,
    old_output,
    result,
    storage,
    the_only,
)
from tests.host_keys import ALPHA
from tests.mend.mending import fix

TOKEN = "token of alpha\n"
OTHER = "TOKEN OF ALPHA\n"  # as long
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 1234\n"


def give_two_secrets(fleet: Workshop) -> tuple[str, str]:
    """Give alpha a second secret that is as long as its token; return both outputs."""
    source = fleet.source("secrets/key.age", OTHER)
    second = fleet.rekey("alpha", "key", source, OTHER)
    fleet.commit("Add a secret")
    return old_output(fleet, "alpha", "token"), second


def test_one_file_for_two_secrets_stays_an_error_until_it_is_fixed(fleet: Workshop) -> None:
    token, key = give_two_secrets(fleet)
    right = fleet.read(token)
    fleet.write(key, right)

    report = judge_staged(fleet)

    assert {one.path for one in of_rule(report, "output-copied")} == {token, key}
    assert len(report.findings) == 2
    assert all(one.new and one.severity == "error" for one in report.findings)
    assert result(report, "alpha", "key").verdict is Verdict.WRONG
    fleet.commit("Copy a file")
    fleet.write("notes.txt", "later\n")
    for later in (judge_staged(fleet), judge(fleet, rev="HEAD"), judge(fleet)):
        assert len(of_rule(later, "output-copied")) == 2
    assert not any(one.new for one in judge_staged(fleet).findings)

    done = fix(fleet)
    assert done.code == 0, done
    assert judge(fleet).findings == ()
    assert right not in (fleet.read(token), fleet.read(key))


def test_the_file_that_was_copied_is_left_alone(fleet: Workshop) -> None:
    token, key = give_two_secrets(fleet)
    files = fleet.read(token), fleet.read(key)
    fleet.write(key, files[0])
    fleet.stage()

    done = fix(fleet)

    assert done.code == 0, done
    assert (fleet.read(token), fleet.read(key)) == files


def test_an_old_file_beside_its_copy_under_the_new_name(fleet: Workshop) -> None:
    old = old_output(fleet, "alpha", "token")
    fleet.source(ALPHA_TOKEN, OTHER)
    new = fleet.write(fleet.output_path("alpha", "token", ALPHA_TOKEN), fleet.read(old))

    report = judge_staged(fleet)

    (finding,) = of_rule(report, "output-copied")
    assert finding.path == new
    fleet.commit("Copy it")
    assert [one.path for one in of_rule(judge(fleet), "output-copied")] == [new]


def test_a_copy_that_its_header_shows_leaves_the_other_one_in_order(fleet: Workshop) -> None:
    fleet.write(old_output(fleet, "beta", "db"), fleet.read(old_output(fleet, "alpha", "db")))

    report = judge_staged(fleet)

    assert the_only(report, "output-wrong-recipient").node == storage("beta")
    assert result(report, "alpha", "db").verdict is Verdict.OK


def test_a_copy_for_a_host_that_no_header_names(fleet: Workshop) -> None:
    _, recipient = new_identity()
    fleet.host("omega", f"{recipient}\n")
    fleet.rekey("omega", "db", DB, "postgres://db\n")
    fleet.commit("Add a host with an age key")
    fleet.write(old_output(fleet, "omega", "db"), fleet.read(old_output(fleet, "delta", "db")))

    found = of_rule(judge_staged(fleet), "output-copied")

    assert {one.node for one in found} == {storage("omega"), storage("delta")}


def test_a_copy_made_in_a_merge(fleet: Workshop) -> None:
    token, _ = give_two_secrets(fleet)
    fleet.git.run("checkout", "--quiet", "-b", "side")
    fleet.source("secrets/key.age", "another text..\n")
    fleet.remove(old_output(fleet, "alpha", "key"))
    new = fleet.rekey("alpha", "key", "secrets/key.age", "another text..\n")
    fleet.commit("Edit a secret and rekey")
    fleet.git.run("checkout", "--quiet", "main")
    fleet.write("notes.txt", "something else\n")
    fleet.commit("Write notes")
    fleet.git.run("merge", "--quiet", "--no-commit", "side")
    fleet.write(new, fleet.read(token))

    assert {one.path for one in of_rule(judge_staged(fleet), "output-copied")} == {token, new}
    fleet.git.run("commit", "--quiet", "-m", "Merge side")
    assert len(of_rule(judge(fleet, rev="HEAD"), "output-copied")) == 2


@pytest.mark.parametrize("text", [ALPHA, ALPHA.replace("root@alpha", "root@guest")])
def test_a_key_of_two_directories_may_have_one_file(fleet: Workshop, text: str) -> None:
    fleet.host("guest", text)
    path = fleet.output_path("guest", "db", DB)
    fleet.write(path, fleet.read(old_output(fleet, "alpha", "db")))

    report = judge_staged(fleet)

    assert report.findings == ()
    assert result(report, "guest", "db").verdict is Verdict.OK


def test_an_output_that_is_renamed_for_another_comment_of_its_key(fleet: Workshop) -> None:
    old = old_output(fleet, "alpha", "token")
    fleet.remove(old_output(fleet, "alpha", "db"))
    fleet.remove(old_output(fleet, "alpha", "wifi"))
    fleet.commit("Leave alpha one secret")
    fleet.host("alpha", ALPHA.replace("root@alpha", "root@omega"))
    fleet.write(fleet.output_path("alpha", "token", ALPHA_TOKEN), fleet.read(old))
    fleet.remove(old)

    assert judge_staged(fleet).findings == ()


def test_storage_that_is_renamed_has_no_copies(fleet: Workshop) -> None:
    fleet.git.run("mv", "secrets/rekeyed", "secrets/elsewhere")

    assert judge(fleet).findings == ()


def test_a_pointer_of_git_lfs_under_two_names(fleet: Workshop) -> None:
    for path in give_two_secrets(fleet):
        fleet.write(path, POINTER.format("0" * 64))

    assert len(of_rule(judge_staged(fleet), "output-copied")) == 2


def test_files_that_go_into_git_lfs_and_out_of_it_are_the_same(fleet: Workshop) -> None:
    path = old_output(fleet, "alpha", "token")
    content = fleet.read(path)
    fleet.write(path, POINTER.format(sha256(content).hexdigest()))
    the_only(judge_staged(fleet), "output-lfs")
    fleet.commit("Track it with LFS")
    fleet.write(path, content)

    assert judge_staged(fleet).findings == ()


def force(fleet: Workshop) -> str:
    """Rekey alpha's token although nothing changed; return its path."""
    path = old_output(fleet, "alpha", "token")
    return fleet.write(path, encrypt(TOKEN.encode(), [ALPHA]))


def test_a_forced_rekey_is_a_warning_and_can_be_taken_back(fleet: Workshop) -> None:
    path = old_output(fleet, "alpha", "token")
    right = fleet.read(path)
    force(fleet)

    report = judge_staged(fleet)

    finding = the_only(report, "output-rewritten")
    assert (finding.severity, finding.path, finding.new) == ("warning", path, True)
    output = result(report, "alpha", "token")
    assert (output.verdict, output.rules) == (Verdict.OK, ("output-rewritten",))
    done = fix(fleet)
    assert done.code == 0, done
    assert fleet.read(path) == right
    assert judge(fleet).findings == ()


def test_a_forced_rekey_that_was_committed_is_reported_for_its_commit_alone(
    fleet: Workshop,
) -> None:
    path = old_output(fleet, "alpha", "token")
    right = fleet.read(path)
    force(fleet)
    fleet.commit("Force a rekey")

    finding = the_only(judge(fleet, rev="HEAD"), "output-rewritten")

    assert judge(fleet).findings == ()
    command = (finding.mend or "").replace(":/", "")
    fleet.git.run(*command.removeprefix("git ").split())
    assert fleet.read(path) == right


def test_what_was_wrong_may_be_written_anew(fleet: Workshop) -> None:
    path = old_output(fleet, "alpha", "token")
    fleet.write(path, encrypt(b"x", [ALPHA]))
    fleet.commit("Write something else")
    force(fleet)

    assert judge_staged(fleet).findings == ()


def test_a_merge_that_takes_what_its_other_side_wrote_anew(fleet: Workshop) -> None:
    fleet.git.run("checkout", "--quiet", "-b", "side")
    force(fleet)
    fleet.commit("Force a rekey")
    fleet.git.run("checkout", "--quiet", "main")
    fleet.write("notes.txt", "something else\n")
    fleet.commit("Write notes")
    fleet.git.run("merge", "--quiet", "--no-commit", "side")
    assert judge(fleet).findings == ()
    fleet.git.run("commit", "--quiet", "-m", "Merge side")

    assert judge(fleet, rev="HEAD").findings == ()
    the_only(judge(fleet, from_ref="HEAD^", to_ref="HEAD"), "output-rewritten")


def test_a_shallow_clone_without_the_base_reports_copies_alone(
    fleet: Workshop, tmp_path_factory: pytest.TempPathFactory
) -> None:
    token, key = give_two_secrets(fleet)
    force(fleet)
    fleet.write(key, fleet.read(token))
    fleet.commit("Force a rekey, and copy")
    clone = Workshop(tmp_path_factory.mktemp("clone") / "clone")
    allowed = clone.git.with_environment({"GIT_ALLOW_PROTOCOL": "file"})
    allowed.run("fetch", "--quiet", "--depth=1", f"file://{fleet.top}", "main")
    clone.git.run("reset", "--quiet", "--hard", "FETCH_HEAD")

    report = judge(clone, rev="HEAD")

    assert {one.rule for one in report.findings} == {"output-copied"}
