"""The measured fleet is a real one, in order, and built once."""

from pathlib import Path

from agenix_check.access.exposure import find_exposures, only_former
from agenix_check.gate import check
from agenix_check.git.repository import open_repository
from agenix_check.inquiries import discover_past_readers
from agenix_check.model.findings import Verdict
from agenix_check.model.settings import Settings
from tests.bench.fleet import git, prepare
from tests.bench.history import prepare_history, prepare_leavers
from tests.bench.measure import Side, run
from tests.bench.mending import edit_all, race_inside
from tests.bench.plain import prepare_plain
from tests.bench.scene import Scene, edits, source_edits


def test_the_gate_finds_every_output_in_order(tmp_path: Path) -> None:
    top = prepare(tmp_path, 3, 4)

    report = check(open_repository(top), Settings(no_cache=True))

    assert report.findings == ()
    assert [output.verdict for output in report.outputs] == [Verdict.OK] * 12
    assert (report.fleet.nodes, report.fleet.secrets) == (3, 4)


def test_a_fleet_is_built_once(tmp_path: Path) -> None:
    first = prepare(tmp_path, 2, 2)
    commit = git(first, "rev-parse", "HEAD")

    assert prepare(tmp_path, 2, 2) == first
    assert git(first, "rev-parse", "HEAD") == commit


def test_a_build_that_was_interrupted_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "2x2-1.new" / ".git").mkdir(parents=True)

    assert len(git(prepare(tmp_path, 2, 2), "ls-files").splitlines()) == 2 * 2 + 2 + 2 * 2


def test_an_edit_makes_stale_what_it_says(tmp_path: Path) -> None:
    top = prepare(tmp_path / "cache", 3, 4)
    copy = Scene(cache=tmp_path, scratch=tmp_path / "scratch", turns=1, old=None).copy(top)

    for edit, rules in ((edits(copy), []), (source_edits(copy), ["output-stale"] * 3)):
        edit()
        report = check(open_repository(copy), Settings(no_cache=True))
        assert [one.rule for one in report.findings if one.new] == rules
    assert git(top, "diff", "--cached", "--name-only") == b""


def test_a_fix_and_what_it_is_measured_against_do_the_same_work(tmp_path: Path) -> None:
    stale = edit_all(tmp_path, tmp_path / "scratch", 3, 2)

    result, decryptions = race_inside(stale, 1)
    assert decryptions == 2
    assert result.ratio > 0
    for command, count in ((stale.fix, 6), (stale.bare, 6), (stale.pipelines, 12)):
        copy = stale.copy()
        run(Side(commands=command, cwd=copy))
        outputs = git(copy, "ls-files", "--cached", "--others", "secrets/rekeyed")
        assert len(outputs.splitlines()) == count


def test_a_history_leaves_what_it_says_behind(tmp_path: Path) -> None:
    top = prepare_history(tmp_path, 220, 3)

    left = check(open_repository(top), Settings(rev="main", no_cache=True))
    clean = check(open_repository(top), Settings(rev="clean", no_cache=True))

    assert len(git(top, "rev-list", "main").splitlines()) == 220
    assert [one.rule for one in left.findings if one.severity != "note"] == ["output-orphan"] * 3
    assert [one for one in clean.findings if one.severity != "note"] == []
    assert clean.counts.outputs == clean.counts.ok > 0


def test_rules_are_of_files_that_are_in_order(tmp_path: Path) -> None:
    report = check(open_repository(prepare_plain(tmp_path, 12)), Settings(no_cache=True))

    assert report.findings == ()
    assert [one.verdict for one in report.plain] == [Verdict.OK] * 12


def test_hosts_that_left_could_read_what_is_in_use(tmp_path: Path) -> None:
    top = prepare_leavers(tmp_path, 230)

    settings = Settings(no_cache=True)
    found = only_former(find_exposures(discover_past_readers(open_repository(top), settings, ())))

    assert check(open_repository(top), settings).findings == ()
    assert sorted(key.names for key in found) == [
        ("hosts/node-000/host.pub",),
        ("hosts/node-001/host.pub",),
    ]
