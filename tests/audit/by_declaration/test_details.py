"""From which version a declared output was made, however long ago."""

from agenix_check.model.findings import MadeFrom, OutputDetail, Verdict
from tests.discover.declared.estate import DB, Estate, judge, judge_all, result
from tests.host_keys import NEW


def detail_of(estate: Estate, node: str, secret: str) -> OutputDetail:
    detail = result(judge(estate, format="html"), node, secret).detail
    assert detail is not None
    return detail


def test_history_names_the_commit_that_an_old_output_was_left_behind_by(estate: Estate) -> None:
    estate.shop.source(DB, "another\n")
    commit = estate.shop.commit("Edit a source")
    estate.shop.write("README.md", "Another text.\n")
    estate.shop.commit("Go on")

    detail = detail_of(estate, "alpha", "db")

    assert detail.source == MadeFrom(path=DB, current=False, until=commit)
    assert detail.key is None or detail.key.current


def test_of_an_output_that_is_missing_its_length_is_known(estate: Estate) -> None:
    estate.shop.remove(estate.output("alpha", "token"))

    report = judge_all(estate, format="html")

    missing = result(report, "alpha", "token")
    assert missing.verdict is Verdict.WRONG
    assert missing.detail == OutputDetail(source_size=len(estate.plaintexts[missing.source or ""]))


def test_an_output_whose_key_is_in_no_file_is_of_its_declared_source(estate: Estate) -> None:
    estate.nodes["alpha"].key = NEW
    estate.rekey()
    estate.write_lock()
    estate.shop.stage()

    report = judge(estate, format="html")

    assert result(report, "alpha", "db").verdict is Verdict.OK
    detail = result(report, "alpha", "db").detail
    assert detail is not None
    assert (detail.source, detail.key) == (MadeFrom(path=DB), None)
    assert detail.plaintext_size == detail.source_size is not None
