"""What outputs tell who looks closer, and that nobody pays for it who does not."""

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.model.findings import JudgedFile, MadeFrom, OutputDetail, Report
from tests.audit.scenes import DB, WIFI, judge, name_key_file, old_output, storage
from tests.conftest import Run
from tests.host_keys import NEW


def output_of(report: Report, node: str, secret: str) -> JudgedFile:
    (found,) = (one for one in report.outputs if (one.node, one.secret) == (storage(node), secret))
    return found


def detail_of(report: Report, node: str, secret: str) -> OutputDetail:
    detail = output_of(report, node, secret).detail
    assert detail is not None
    return detail


def test_an_output_in_order(fleet: Workshop) -> None:
    detail = detail_of(judge(fleet, format="html"), "alpha", "wifi")

    (addressee,) = detail.addressed_to
    assert addressee.startswith("an SSH Ed25519 key with tag ")
    assert addressee.endswith(f", in {name_key_file('alpha')}")
    assert detail.plaintext_size == detail.source_size is not None
    assert detail.source == MadeFrom(path=WIFI)
    assert detail.key == MadeFrom(path=name_key_file("alpha"))


def test_an_anonymous_recipient_is_said_to_be_one(fleet: Workshop) -> None:
    detail = detail_of(judge(fleet, format="html"), "delta", "token")
    assert detail.addressed_to == ("an age X25519 key (anonymous)",)


def test_a_stale_output_is_of_the_version_before_the_change(fleet: Workshop) -> None:
    fleet.source(DB, "another, and longer\n")
    fleet.stage()
    detail = detail_of(judge(fleet, format="html"), "alpha", "db")
    assert detail.source == MadeFrom(path=DB, current=False)
    assert detail.key == MadeFrom(path=name_key_file("alpha"))
    assert detail.source_size == len("another, and longer\n") != detail.plaintext_size


def test_a_committed_change_is_named(fleet: Workshop) -> None:
    fleet.write(name_key_file("alpha"), NEW)
    commit = fleet.commit("Install alpha anew")
    detail = detail_of(judge(fleet, format="html", rev="HEAD"), "alpha", "db")
    assert detail.key == MadeFrom(path=name_key_file("alpha"), current=False, until=commit)
    assert detail.source == MadeFrom(path=DB)
    (addressee,) = detail.addressed_to
    assert addressee.endswith(f"in {name_key_file('alpha')} before this change")


def test_an_output_that_is_no_age_file_tells_no_more_than_its_name(fleet: Workshop) -> None:
    fleet.write(old_output(fleet, "alpha", "wifi"), "plain\n")
    fleet.stage()
    detail = detail_of(judge(fleet, format="html"), "alpha", "wifi")
    assert (detail.addressed_to, detail.plaintext_size) == ((), None)
    assert detail.source == MadeFrom(path=WIFI)


def test_details_are_there_for_a_page_that_is_written_besides(fleet: Workshop) -> None:
    report = judge(fleet, output=("html=page.html",))
    assert all(one.detail is not None for one in report.outputs)


@pytest.mark.parametrize("form", ["text", "json", "junit"])
def test_no_other_format_pays_for_details(fleet: Workshop, form: str) -> None:
    assert {one.detail for one in judge(fleet, format=form).outputs} == {None}


def test_the_page_has_them(fleet: Workshop, run: Run) -> None:
    result = run(fleet.top, "--format", "html")
    assert result.code == 0, result.stderr
    assert f"{WIFI}, as it is" in result.stdout
    assert f"in {name_key_file('alpha')}" in result.stdout
