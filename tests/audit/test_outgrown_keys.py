"""Key files that got a newline, a comment or a second key: agenix-rekey hashes that too."""

from collections.abc import Callable

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.gate import check
from agenix_check.git.repository import open_repository
from agenix_check.model.findings import CauseKind
from agenix_check.model.settings import Settings
from tests.audit.scenes import DB, judge, name_key_file, of_rule, old_output, storage, told
from tests.conftest import SECRETS
from tests.host_keys import ALPHA, HOSTS, NEW

HOST = name_key_file("alpha")
BARE = ALPHA.removesuffix(" root@alpha\n")
TRIMMED = ALPHA.strip()
WARNED = {("warning", "output-stale", "alpha", "")}
STALE = {("error", "output-stale", "alpha", secret) for secret in ("db", "wifi", "token")}
INVALID = ("error", "node-invalid-key", "alpha", "")


def rekey_for(fleet: Workshop, node: str, key: str) -> None:
    """Make the outputs of a node anew for a text of its key."""
    for source, secret, plaintext, nodes in SECRETS:
        if node in nodes:
            fleet.remove(old_output(fleet, node, secret))
            fleet.rekey(node, secret, source, plaintext, key=key)


def begin_with(fleet: Workshop, content: str, key: str) -> None:
    """Give alpha another text of its key, and outputs for it, in two commits."""
    fleet.host("alpha", content)
    fleet.commit("Write the key in another way")
    rekey_for(fleet, "alpha", key)
    fleet.commit("Rekey alpha")


def trim_all(fleet: Workshop) -> None:
    """Make all outputs for keys without their newlines, as `lib.trim` gives them."""
    for node, key in HOSTS.items():
        rekey_for(fleet, node, key.strip())
    fleet.commit("Trim the keys")


def something_else(fleet: Workshop) -> None:
    fleet.write("notes.txt", "later\n")
    fleet.commit("Write notes")


def rename_it(fleet: Workshop) -> None:
    fleet.write("hosts/alpha/renamed.pub", fleet.read(HOST))
    fleet.remove(HOST)
    fleet.commit("Rename the key file")


def merge_a_side(fleet: Workshop) -> None:
    fleet.git.run("checkout", "--quiet", "-b", "side", "HEAD^")
    something_else(fleet)
    fleet.git.run("checkout", "--quiet", "main")
    fleet.git.run("merge", "--quiet", "--no-edit", "side")


def be_merged(fleet: Workshop) -> None:
    fleet.git.run("branch", "--quiet", "side")
    fleet.git.run("reset", "--quiet", "--hard", "HEAD^")
    something_else(fleet)
    fleet.git.run("merge", "--quiet", "--no-edit", "side")


LATER: tuple[Callable[[Workshop], None], ...] = (
    something_else,
    rename_it,
    merge_a_side,
    be_merged,
)


def whole(fleet: Workshop) -> None:
    """Outputs are made for a text with its newline: nothing trims it."""
    begin_with(fleet, f"{BARE}\n", f"{BARE}\n")


def without_newline(fleet: Workshop) -> None:
    begin_with(fleet, TRIMMED, TRIMMED)


def without_comment(fleet: Workshop) -> None:
    begin_with(fleet, BARE, BARE)


@pytest.mark.parametrize(
    ("begin", "now", "expected"),
    [
        (whole, ALPHA, STALE),
        (whole, BARE, STALE),
        (whole, f"{BARE}\n{NEW}", STALE | {INVALID}),
        (without_newline, ALPHA, WARNED),
        (without_newline, f"{ALPHA}{NEW}", WARNED),
        (without_comment, ALPHA, WARNED),
    ],
)
def test_it_lasts_in_every_view(
    fleet: Workshop,
    begin: Callable[[Workshop], None],
    now: str,
    expected: set[tuple[str, str, str, str]],
) -> None:
    begin(fleet)
    assert told(judge(fleet)) == set()
    fleet.host("alpha", now)
    fleet.stage()
    assert told(judge(fleet)) == expected
    broken = fleet.commit("Write a little more")
    assert told(judge(fleet, rev="HEAD")) == expected

    for later in LATER:
        later(fleet)

        for options in ({}, {"rev": "HEAD"}, {"worktree": True}, {"no_cache": False}):
            report = judge(fleet, **options)
            assert told(report) == expected, later
            assert {one.since for one in of_rule(report, "output-stale")} == {broken}, later
        report = judge(fleet, from_ref=f"{broken}^", to_ref="HEAD")
        assert told(report) == expected, later
        assert all(one.new for one in of_rule(report, "output-stale")), later
        fleet.git.run("reset", "--quiet", "--hard", broken)
        fleet.git.attempt("branch", "--quiet", "-D", "side")


def test_what_it_got_is_said(fleet: Workshop) -> None:
    without_newline(fleet)
    fleet.host("alpha", ALPHA)
    fleet.stage()
    (finding,) = of_rule(judge(fleet), "output-stale")
    assert f"{HOST} got a newline" in finding.message
    assert finding.cause is not None
    assert (finding.cause.kind, finding.cause.path) == (CauseKind.KEY_TEXT_CHANGED, HOST)
    assert (finding.new, finding.since, finding.node) == (True, None, storage("alpha"))


def test_an_output_that_came_later_for_the_trimmed_text_ends_it(fleet: Workshop) -> None:
    without_newline(fleet)
    fleet.host("alpha", ALPHA)
    fleet.commit("Write a newline")
    source = fleet.source("secrets/new.age", "new\n")
    fleet.rekey("alpha", "new", source, "new\n", key=TRIMMED)
    fleet.stage()
    assert told(judge(fleet)) == set()
    fleet.commit("Add a secret")
    something_else(fleet)
    assert told(judge(fleet, rev="HEAD")) == set()


def test_what_one_branch_shows_is_not_taken_for_another(fleet: Workshop) -> None:
    fleet.git.run("checkout", "--quiet", "-b", "trimmed", "main")
    rekey_for(fleet, "alpha", TRIMMED)
    fleet.commit("Trim the key of alpha")
    assert told(judge(fleet, no_cache=False)) == set()
    fleet.git.run("checkout", "--quiet", "-b", "grown", "main")
    without_newline(fleet)
    fleet.host("alpha", ALPHA)
    fleet.commit("Write a newline")
    for _ in range(2):
        something_else(fleet)
        assert told(judge(fleet, no_cache=False)) == WARNED
    fleet.git.run("checkout", "--quiet", "trimmed")
    something_else(fleet)
    assert told(judge(fleet, no_cache=False)) == set()


def test_an_output_that_went_shows_nothing_any_more(fleet: Workshop) -> None:
    begin_with(fleet, TRIMMED, TRIMMED)
    fleet.host("alpha", f"{TRIMMED}\n# the key of alpha\n")
    fleet.commit("Add a comment")
    source = fleet.source("secrets/new.age", "new\n")
    output = fleet.rekey("alpha", "new", source, "new\n", key=TRIMMED)
    fleet.commit("Add a secret")
    repository = open_repository(fleet.top)
    assert of_rule(check(repository, Settings()), "output-stale") == []
    fleet.remove(output)
    fleet.remove(source)
    fleet.commit("Drop it")

    known, fresh = (check(repository, Settings(no_cache=one)) for one in (False, True))

    assert len(of_rule(fresh, "output-stale")) == 1
    assert known.findings == fresh.findings


def test_what_was_staged_for_a_while_shows_nothing(fleet: Workshop) -> None:
    without_newline(fleet)
    fleet.host("alpha", ALPHA)
    fleet.commit("Write a newline")
    source = fleet.source("secrets/new.age", "new\n")
    fleet.rekey("alpha", "new", source, "new\n", key=TRIMMED)
    fleet.stage()
    assert told(judge(fleet, no_cache=False)) == set()
    fleet.git.run("reset", "--quiet", "--hard")
    assert told(judge(fleet, no_cache=False)) == WARNED


def test_an_output_that_was_moved_later_ends_nothing(fleet: Workshop) -> None:
    without_newline(fleet)
    fleet.host("alpha", ALPHA)
    fleet.commit("Write a newline")
    old = old_output(fleet, "alpha", "db")
    fleet.write(old.replace("/alpha/", "/moved/"), fleet.read(old))
    fleet.remove(old)
    fleet.commit("Move an output")
    assert told(judge(fleet)) >= WARNED


def test_an_output_of_the_same_commit_shows_nothing(fleet: Workshop) -> None:
    """It may have been made before."""
    without_newline(fleet)
    fleet.host("alpha", ALPHA)
    source = fleet.source("secrets/new.age", "new\n")
    fleet.rekey("alpha", "new", source, "new\n", key=TRIMMED)
    fleet.commit("Add a secret, and write a newline")
    something_else(fleet)
    assert told(judge(fleet)) == WARNED


def test_taking_it_back_ends_it(fleet: Workshop) -> None:
    without_newline(fleet)
    fleet.host("alpha", ALPHA)
    fleet.commit("Write a newline")
    fleet.host("alpha", TRIMMED)
    fleet.commit("Take it back")
    assert told(judge(fleet)) == set()


def test_rekeying_ends_it(fleet: Workshop) -> None:
    without_newline(fleet)
    fleet.host("alpha", ALPHA)
    fleet.commit("Write a newline")
    rekey_for(fleet, "alpha", ALPHA)
    fleet.commit("Rekey")
    assert told(judge(fleet)) == set()


def test_a_fleet_that_trims_its_keys_may_write_newlines(fleet: Workshop) -> None:
    trim_all(fleet)
    fleet.host("alpha", TRIMMED)
    fleet.commit("Write no newline")
    rekey_for(fleet, "alpha", TRIMMED)
    fleet.host("alpha", ALPHA)
    fleet.commit("Write one again")
    something_else(fleet)
    for options in ({}, {"no_cache": False}, {"no_cache": False, "rev": "HEAD"}):
        assert told(judge(fleet, **options)) == set()


def test_a_key_in_a_string_says_nothing(fleet: Workshop) -> None:
    without_newline(fleet)
    fleet.write("keys.nix", f'{{ alpha = "{TRIMMED}"; }}\n')
    fleet.host("alpha", ALPHA)
    fleet.commit("Write a newline")
    something_else(fleet)
    assert told(judge(fleet)) == set()


def test_a_shallow_clone_says_what_it_cannot_see(fleet: Workshop) -> None:
    trim_all(fleet)
    something_else(fleet)
    (fleet.top / ".git" / "shallow").write_bytes(fleet.git.run("rev-parse", "HEAD"))
    report = judge(fleet)
    assert told(report) == set()
    (sentence,) = report.skipped
    assert HOST in sentence
    assert "fetch-depth: 0" in sentence
    assert DB in {one.source for one in report.files}
