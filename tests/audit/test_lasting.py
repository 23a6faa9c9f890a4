"""What a commit broke stays broken, and what speaks for leaving it (docs/design.md, 5.1)."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agenix_check.demo.workshop import Workshop
from agenix_check.gate import check
from agenix_check.git.repository import open_repository
from agenix_check.model.findings import Finding, Report
from agenix_check.model.frozen import replace
from agenix_check.model.settings import InventoryChoice, Settings
from tests.audit.scenes import (
    ALPHA_TOKEN,
    DB,
    WIFI,
    judge,
    name_key_file,
    of_rule,
    old_output,
    rekey,
    rekey_all,
    storage,
    told,
)
from tests.conftest import SECRETS, build_fleet
from tests.host_keys import NEW, OTHER
from tests.pace import per_hundred

STALE_TOKEN = ("error", "output-stale", "alpha", "token")


def something_else(fleet: Workshop, text: str = "later") -> str:
    """Commit what has nothing to do with secrets, and return the commit."""
    fleet.write("notes.txt", f"{text}\n")
    return fleet.commit("Write notes")


def forget_to_rekey(fleet: Workshop) -> str:
    """Edit alpha's token, commit that alone, and return the commit."""
    fleet.source(ALPHA_TOKEN, "another\n")
    return fleet.commit("Edit a source")


def orphan_of(report: Report, secret: str) -> Finding:
    """Return the orphan of a secret, which is the only finding about it."""
    (finding,) = (one for one in report.findings if one.secret == secret)
    assert finding.rule == "output-orphan", finding
    return finding


def test_a_break_is_an_error_however_many_commits_follow(fleet: Workshop) -> None:
    broken = forget_to_rekey(fleet)
    for number in range(4):
        something_else(fleet, str(number))
    for options in ({}, {"rev": "HEAD"}, {"worktree": True}):
        report = judge(fleet, **options)
        assert told(report) == {STALE_TOKEN}
        (finding,) = of_rule(report, "output-stale")
        assert (finding.new, finding.since) == (False, broken)
        assert finding.cause is not None
        assert (finding.cause.path, finding.cause.commit) == (ALPHA_TOKEN, broken)


def test_rekeying_it_ends_it(fleet: Workshop) -> None:
    forget_to_rekey(fleet)
    something_else(fleet)
    rekey(fleet, "alpha", "token", ALPHA_TOKEN, "another\n")
    fleet.commit("Rekey")
    assert told(judge(fleet, rev="HEAD")) == set()


def test_taking_the_edit_back_ends_it(fleet: Workshop) -> None:
    before = fleet.read(ALPHA_TOKEN)
    forget_to_rekey(fleet)
    something_else(fleet)
    fleet.write(ALPHA_TOKEN, before)
    fleet.commit("Take it back")
    assert told(judge(fleet, rev="HEAD")) == set()


def test_a_rotated_key_lasts(fleet: Workshop) -> None:
    fleet.write(name_key_file("alpha"), NEW)
    rotated = fleet.commit("Install alpha anew")
    something_else(fleet)
    findings = of_rule(judge(fleet), "output-stale")
    assert {one.secret for one in findings} == {"db", "wifi", "token"}
    assert {one.since for one in findings} == {rotated}


def test_old_keys_in_nix_files_count(fleet: Workshop) -> None:
    fleet.write("keys.nix", f'{{ east = "{OTHER.strip()}"; }}\n')
    key = OTHER.strip()
    fleet.rekey("east", "db", DB, "postgres://db\n", key=key)
    fleet.commit("Give east a secret")
    fleet.write("keys.nix", f'{{ east = "{NEW.strip()}"; }}\n')
    rotated = fleet.commit("Rotate the key of east")
    something_else(fleet)
    (finding,) = of_rule(judge(fleet), "output-stale")
    assert (finding.node, finding.since) == (storage("east"), rotated)


def test_one_new_secret_of_the_same_host_excuses_nothing(fleet: Workshop) -> None:
    forget_to_rekey(fleet)
    source = fleet.source("secrets/new.age", "new\n")
    fleet.rekey("alpha", "new", source, "new\n")
    fleet.commit("Add a secret")
    assert STALE_TOKEN in told(judge(fleet))


def test_two_commits_that_bring_outputs_show_that_nobody_waits(fleet: Workshop) -> None:
    forget_to_rekey(fleet)
    for name in ("one", "two"):
        source = fleet.source(f"secrets/{name}.age", "new\n")
        fleet.rekey("alpha", name, source, "new\n")
        fleet.commit("Add a secret")
    assert "later commits brought outputs" in orphan_of(judge(fleet), "token").message


def test_a_rekey_of_other_hosts_from_the_new_version_excuses(fleet: Workshop) -> None:
    fleet.source(WIFI, "another\n")
    fleet.commit("Edit a source")
    rekey(fleet, "beta", "wifi", WIFI, "another\n")
    fleet.commit("Rekey beta")
    finding = orphan_of(judge(fleet), "wifi")
    assert finding.node == storage("alpha")
    assert "rekeyed for other hosts" in finding.message


def test_a_fix_of_others_through_the_same_key_excuses(fleet: Workshop) -> None:
    shared = "\n".join((NEW.strip(), "")).encode()
    for node in ("alpha", "beta"):
        fleet.write(name_key_file(node), shared)
        rekey(fleet, node, "db", DB, "postgres://db\n")
    fleet.commit("Let two hosts share a key")
    for node in ("alpha", "beta"):
        fleet.write(name_key_file(node), OTHER)
    fleet.commit("Rotate it")
    rekey(fleet, "beta", "db", DB, "postgres://db\n")
    fleet.commit("Rekey beta")
    lost = [one for one in judge(fleet).findings if one.node == storage("alpha")]
    assert {one.rule for one in lost if one.secret == "db"} == {"output-orphan"}


def test_a_source_that_is_deleted_later_excuses(fleet: Workshop) -> None:
    forget_to_rekey(fleet)
    fleet.remove(ALPHA_TOKEN)
    fleet.commit("Drop the secret")
    assert "its source" in orphan_of(judge(fleet), "token").message


def test_a_source_that_is_renamed_is_followed(fleet: Workshop) -> None:
    forget_to_rekey(fleet)
    fleet.write("secrets/moved.age", fleet.read(ALPHA_TOKEN))
    fleet.remove(ALPHA_TOKEN)
    module = fleet.read("hosts/alpha/default.nix").decode()
    fleet.write("hosts/alpha/default.nix", module.replace("alpha-token.age", "moved.age"))
    fleet.commit("Rename the source")
    assert STALE_TOKEN in told(judge(fleet))


def test_a_source_that_is_moved_and_encrypted_anew_at_once_is_followed(fleet: Workshop) -> None:
    fleet.source("secrets/alpha/alpha-token.age", "token of alpha\n")
    fleet.remove(ALPHA_TOKEN)
    fleet.commit("Move it, and encrypt it to a new master")
    something_else(fleet)
    assert STALE_TOKEN in told(judge(fleet))


def test_a_key_file_that_goes_later_excuses(fleet: Workshop) -> None:
    fleet.write(name_key_file("gamma"), NEW)
    fleet.commit("Rotate a key")
    fleet.remove(name_key_file("gamma"))
    fleet.commit("Retire the host")
    assert {one.rule for one in judge(fleet).findings if one.node == storage("gamma")} == {
        "output-orphan"
    }


def test_a_key_file_that_another_replaces_excuses_nothing(fleet: Workshop) -> None:
    fleet.write(name_key_file("gamma"), NEW)
    fleet.commit("Rotate a key")
    fleet.remove(name_key_file("gamma"))
    fleet.write("hosts/gamma/ssh.pub", OTHER)
    fleet.commit("Rotate it again, into another file")
    assert {one.rule for one in judge(fleet).findings if one.node == storage("gamma")} == {
        "output-stale"
    }


def test_a_name_that_no_nix_file_has_any_more_excuses(fleet: Workshop) -> None:
    forget_to_rekey(fleet)
    lines = fleet.read("hosts/alpha/default.nix").decode().splitlines(keepends=True)
    fleet.write("hosts/alpha/default.nix", "".join(one for one in lines if "token" not in one))
    fleet.commit("Declare it no more")
    assert "no .nix file names" in orphan_of(judge(fleet), "token").message


def test_an_output_that_is_moved_is_followed(fleet: Workshop) -> None:
    broken = forget_to_rekey(fleet)
    old = old_output(fleet, "alpha", "token")
    fleet.write(old.replace("/rekeyed/", "/moved/"), fleet.read(old))
    fleet.remove(old)
    fleet.commit("Move an output")
    (finding,) = of_rule(judge(fleet), "output-stale")
    assert (finding.since, finding.new) == (broken, False)
    assert "/moved/" in f"{finding.path}"


def test_a_merge_looks_on_the_side_that_broke_it(fleet: Workshop) -> None:
    fleet.git.run("checkout", "--quiet", "-b", "side")
    broken = forget_to_rekey(fleet)
    something_else(fleet, "on the side")
    fleet.git.run("checkout", "--quiet", "main")
    fleet.write("README.md", "Another.\n")
    fleet.commit("Something on main")
    fleet.git.run("merge", "--quiet", "--no-edit", "side")
    fleet.write("other.txt", "after\n")
    fleet.commit("After the merge")
    (finding,) = of_rule(judge(fleet), "output-stale")
    assert (finding.since, finding.new) == (broken, False)


@pytest.mark.parametrize("view", ["index", "commit", "range", "worktree"])
def test_a_merge_that_brings_a_host_while_the_source_is_edited(fleet: Workshop, view: str) -> None:
    fleet.git.run("checkout", "--quiet", "-b", "side")
    fleet.host("east", NEW)
    fleet.rekey("east", "db", DB, "postgres://db\n")
    fleet.commit("Add a host")
    fleet.git.run("checkout", "--quiet", "main")
    fleet.source(DB, "another\n")
    rekey_all(fleet, "db", DB, "another\n")
    start = fleet.commit("Edit a source and rekey")
    fleet.git.run("merge", "--quiet", "--no-edit", "side")
    options = {
        "index": {},
        "commit": {"rev": "HEAD"},
        "range": {"from_ref": start, "to_ref": "HEAD"},
        "worktree": {"worktree": True},
    }[view]
    report = judge(fleet, **options)  # type: ignore[arg-type]
    assert told(report) == {("error", "output-stale", "east", "db")}


@pytest.mark.parametrize(
    ("option", "said", "fix"),
    [
        ("--depth=1", "fetch-depth: 0", "git fetch --unshallow"),
        ("--filter=blob:none", "--filter", "# clone the repository again, without --filter"),
        ("--filter=tree:0", "--filter", "# clone the repository again, without --filter"),
    ],
)
def test_what_history_at_hand_does_not_show_cannot_be_judged(
    fleet: Workshop, tmp_path: Path, option: str, said: str, fix: str
) -> None:
    forget_to_rekey(fleet)
    something_else(fleet)
    fleet.git.run("config", "uploadpack.allowFilter", "true")
    top = tmp_path / "clone"
    allowed = fleet.git.with_environment({"GIT_ALLOW_PROTOCOL": "file", "GIT_NO_LAZY_FETCH": "0"})
    allowed.run("clone", "--quiet", option, f"file://{fleet.top}", str(top))
    report = check(open_repository(top), Settings(inventory=InventoryChoice.NAMES))
    (sentence,) = report.incomplete
    assert said in sentence
    (finding,) = of_rule(report, "output-orphan")
    assert (finding.cause, finding.since, finding.mend) == (None, None, fix)


ACTS = ("edit", "rekey", "rotate", "drop", "other", "side", "merge", "new")


def _act(fleet: Workshop, act: str, number: int) -> None:
    source, secret, _, nodes = SECRETS[number % len(SECRETS)]
    node = nodes[number % len(nodes)]
    branches = fleet.git.run("branch", "--format=%(refname:short)").decode().split()
    if act == "edit" and (fleet.top / source).exists():
        fleet.source(source, f"edited {number}\n")
    elif act == "rekey" and (fleet.top / source).exists():
        for path in fleet.top.glob(f"{storage(node)}/*-{secret}.age"):
            path.unlink()
        fleet.rekey(node, secret, source, f"edited {number}\n")
    elif act == "rotate":
        fleet.host(node, NEW if number % 2 else OTHER)
    elif act == "drop" and (fleet.top / source).exists():
        fleet.remove(source)
    elif act == "new":
        fleet.rekey(
            node, f"new{number}", fleet.source(f"secrets/new{number}.age", "new\n"), "new\n"
        )
    elif act == "side" and "side" not in branches:
        fleet.git.run("checkout", "--quiet", "-b", "side")
    elif act == "merge" and "side" in branches:
        fleet.git.run("checkout", "--quiet", "main")
        fleet.git.run("merge", "--quiet", "--no-edit", "-X", "ours", "side")
        fleet.git.run("branch", "--quiet", "-D", "side")
        return
    fleet.write("notes.txt", f"{number}\n")
    fleet.commit(act)


def _wrong(report: Report) -> set[tuple[str, str | None, str]]:
    return {
        (one.rule, one.path, str(one.severity)) for one in report.findings if one.severity != "note"
    }


@settings(per_hundred(8), suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 40)), min_size=4, max_size=10))
def test_one_tree_has_one_verdict_whatever_is_remembered(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[str, int]]
) -> None:
    top = tmp_path_factory.mktemp("fleet")
    fleet = build_fleet(top / "fleet")
    names = Settings(inventory=InventoryChoice.NAMES)
    for act, number in acts:
        _act(fleet, act, number)
        repository = open_repository(fleet.top)
        plain = _wrong(check(repository, names))
        assert plain == _wrong(check(repository, Settings(inventory=names.inventory, rev="HEAD")))
        fresh = Settings(inventory=names.inventory, no_cache=True)
        assert plain == _wrong(check(repository, fresh))
        worktree = Settings(inventory=names.inventory, worktree=True)
        assert plain == _wrong(check(repository, worktree))
    shutil.rmtree(top)


def _edit_while_a_host_comes(fleet: Workshop) -> Iterator[None]:
    """Bring a host with an old version of a secret that all others get anew later."""
    fleet.host("new", NEW)
    fleet.rekey("new", "db", DB, "postgres://db\n")
    fleet.source(DB, "another\n")
    yield
    rekey_all(fleet, "db", DB, "another\n")
    yield


def _merge_a_branch_that_was_looked_at(fleet: Workshop) -> Iterator[None]:
    """Make an output from a version that stands on a branch alone, and take nothing from that."""
    old, new = fleet.read(WIFI), fleet.read(fleet.source(WIFI, "of the side\n"))
    fleet.rekey("alpha", "again", WIFI, "of the side\n")
    fleet.write(WIFI, old)
    fleet.commit("Make an output")
    fleet.git.run("checkout", "--quiet", "-b", "side")
    fleet.write(WIFI, new)
    fleet.commit("Edit a source")
    yield
    fleet.git.run("checkout", "--quiet", "main")
    fleet.git.run("merge", "--quiet", "--strategy=ours", "--no-ff", "--no-edit", "side")
    yield


@pytest.mark.parametrize("story", [_edit_while_a_host_comes, _merge_a_branch_that_was_looked_at])
def test_which_commits_were_looked_at_changes_nothing(
    fleet: Workshop, story: Callable[[Workshop], Iterator[None]]
) -> None:
    repository = open_repository(fleet.top)
    for number, _ in enumerate(story(fleet)):
        something_else(fleet, f"{number}")
        here = Settings(inventory=InventoryChoice.NAMES, rev="HEAD")
        known, fresh = check(repository, here), check(repository, replace(here, no_cache=True))
        assert known.findings == fresh.findings


def test_what_was_named_before_a_staged_output_came_shows_nothing(fleet: Workshop) -> None:
    old, source = fleet.read(WIFI), fleet.source(WIFI, "draft\n")
    fleet.rekey("alpha", "ghost", source, "draft\n")
    fleet.write(WIFI, old)
    fleet.stage()
    names = Settings(inventory=InventoryChoice.NAMES)
    first = check(open_repository(fleet.top), names)
    for text in ("{ ghost = 1; }\n", "{ }\n"):
        module = fleet.write("hosts/alpha/more.nix", text)
        fleet.stage(module)
        fleet.git.run("commit", "--quiet", "-m", "Edit a module", "--", module)

    repository = open_repository(fleet.top)
    known, fresh = (check(repository, replace(names, no_cache=one)) for one in (False, True))

    assert [one.rule for one in first.findings] == ["output-untraceable"]
    assert known.findings == fresh.findings == first.findings


def test_a_damaged_memory_is_dropped(fleet: Workshop) -> None:
    forget_to_rekey(fleet)
    something_else(fleet)
    repository = open_repository(fleet.top)
    names = Settings(inventory=InventoryChoice.NAMES)
    first = check(repository, names)
    memory = repository.common_dir / "agenix-check" / "history"
    content = bytearray(memory.read_bytes())
    content[-1] ^= 1
    memory.write_bytes(content)
    assert check(repository, names) == first
    memory.write_bytes(b"")
    assert check(repository, names) == first
