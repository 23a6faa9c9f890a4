"""Reports that the command writes into files, however the run ends."""

import json
import os
import re
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.report import schema
from agenix_check.report.registry import format_names
from tests.cli.running import break_fleet, complains, start
from tests.conftest import Run


@pytest.fixture
def run(run_here: Run) -> Run:
    return run_here


def test_reports_are_written_also_when_the_run_fails(
    fleet: Workshop, tmp_path: Path, run: Run
) -> None:
    break_fleet(fleet)
    names = ("report.json", "one.xml", "two.xml", "report.txt")
    files = [tmp_path / name for name in names]
    result = run(
        fleet.top,
        *("--output", f"json={files[0]}", "--output", f"junit={files[1]}"),
        *("--junit", str(files[2]), f"--output=text={files[3]}"),
    )
    assert (result.code, result.stderr) == (1, "")
    assert json.loads(files[0].read_text())["counts"]["errors"] == 4
    assert files[1].read_text() == files[2].read_text()
    assert ElementTree.parse(files[1]).getroot().tag == "testsuites"  # noqa: S314 - our own
    assert files[3].read_text() == result.stdout
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == set(names)


def without_what_is_said_apart(report: str, form: str) -> str:
    """Return a written report as standard output has it, where standard error says the rest."""
    if form not in ("text", "github"):
        return report
    return re.sub(r"^could not check: .*\n", "", report, flags=re.MULTILINE)


@pytest.mark.parametrize("code", [0, 1, 3])
def test_every_format_is_written_however_the_run_ends(
    fleet: Workshop, tmp_path: Path, run: Run, code: int
) -> None:
    if code == 1:
        break_fleet(fleet)
    top = fleet.top if code < 3 else Workshop(tmp_path / "empty").top
    outputs = [
        word for form in format_names() for word in ("--output", f"{form}={tmp_path / f'a.{form}'}")
    ]
    assert run(top, *outputs).code == code
    for form in format_names():
        written, shown = (tmp_path / f"a.{form}").read_text(), run(top, "--format", form).stdout
        assert without_what_is_said_apart(written, form) == shown


def test_reports_are_written_also_when_the_reader_went_away(
    fleet: Workshop, tmp_path: Path
) -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        done = start(fleet.top, "--output", f"json={tmp_path / 'report.json'}", stdout=write)
    finally:
        os.close(write)
    assert done.returncode == 3
    assert json.loads((tmp_path / "report.json").read_text())["counts"]["errors"] == 0


def test_a_report_replaces_the_one_before(fleet: Workshop, tmp_path: Path, run: Run) -> None:
    report = tmp_path / "report.json"
    report.write_text("x" * 100_000)
    assert run(fleet.top, "--output", f"json={report}").code == 0
    assert json.loads(report.read_text())["schema"] == "agenix-check/report/1"


def test_two_reports_want_two_files(fleet: Workshop, tmp_path: Path, run: Run) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    options = ["--output", f"html={tmp_path / 'report'}", "--junit"]
    for other in ("report", "./report", "link/report"):
        result = run(fleet.top, *options, f"{tmp_path}/{other}")
        assert (result.code, result.stdout) == (2, "")
        assert "html and junit cannot both go to" in result.stderr
    assert not (tmp_path / "report").exists()
    twice = ["--output", f"json={tmp_path / 'report'}"] * 2
    assert run(fleet.top, *twice).code == 0


def test_standard_output_is_no_file(fleet: Workshop, run: Run) -> None:
    result = run(fleet.top, "--output", "html=-")
    assert result.code == 2
    assert "use --format html" in result.stderr
    assert not (fleet.top / "-").exists()


def test_a_report_written_when_nothing_could_be_checked(
    workshop: Workshop, tmp_path: Path, run: Run
) -> None:
    assert run(workshop.top, "--junit", str(tmp_path / "report.xml")).code == 3
    assert "nothing to check" in (tmp_path / "report.xml").read_text()


@pytest.mark.parametrize("form", format_names())
def test_a_report_of_a_run_that_ended_before_there_was_one(
    fleet: Workshop, tmp_path: Path, run: Run, form: str
) -> None:
    report = tmp_path / "report"
    options = ("--inventory", "lock", "--output", f"{form}={report}")
    report.write_text("all was well last time")
    result = run(fleet.top, *options)
    assert (result.code, result.stdout) == (3, "")
    assert result.stderr.count("there is no agenix-check.lock") == 1
    assert "there is no agenix-check.lock" in report.read_text()
    if form == "json":
        jsonschema.validate(json.loads(report.read_text()), json.loads(schema.render("report")))
    if form != "text":
        shown = run(fleet.top, *options, "--format", form).stdout
        assert shown == without_what_is_said_apart(report.read_text(), form)


def test_a_report_where_there_is_no_repository(tmp_path: Path, run: Run) -> None:
    result = run(tmp_path, "--junit", "report.xml")
    assert (result.code, result.stdout) == (3, "")
    assert "is in no Git repository" in (tmp_path / "report.xml").read_text()


def test_a_report_of_a_fix_that_came_to_nothing(fleet: Workshop, tmp_path: Path, run: Run) -> None:
    break_fleet(fleet)
    report = tmp_path / "report.xml"
    result = run(fleet.top, "--fix", "--junit", str(report))
    assert result.code == 3
    (error,) = ElementTree.parse(report).iter("error")  # noqa: S314 - our own
    assert "no identity" in str(error.get("message"))


def test_a_report_goes_to_no_directory_device_or_link(
    fleet: Workshop, tmp_path: Path, run: Run
) -> None:
    target = tmp_path / "target"
    target.write_text("as it was")
    link = tmp_path / "link"
    link.symlink_to(target)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for file, why in (
        (tmp_path, "directory"),
        (tmp_path / "none" / "report", "no directory"),
        (target / "report", "target"),
        (link, "not a regular file"),
        (pipe, "not a regular file"),
    ):
        complains(run(fleet.top, "--output", f"json={file}"), 2, str(file), why)
        complains(run(fleet.top, "--junit", str(file)), 2, str(file), why)
    assert target.read_text() == "as it was"
    assert link.is_symlink()


@pytest.mark.parametrize("value", ["json", "json=", "=file", "jsno=file"])
def test_an_output_that_is_none(fleet: Workshop, run: Run, value: str) -> None:
    complains(run(fleet.top, "--output", value), 2, "--output")


@pytest.mark.parametrize("more", [(), ("-v",), ("-q",)])
def test_what_could_not_be_checked_is_said_once(
    workshop: Workshop, run: Run, more: tuple[str, ...]
) -> None:
    workshop.write("README.md", "Nothing here.\n")
    workshop.commit("Begin")

    done = run(workshop.top, *more, "--output", "text=report.txt")

    assert done.code == 3
    assert (done.stdout + done.stderr).count("could not check") == 1
    assert done.stderr.startswith("agenix-check: could not check: nothing to check: ")
    assert (workshop.top / "report.txt").read_text().count("could not check") == 1


def test_in_the_log_of_an_action_it_is_an_annotation_and_a_line(
    workshop: Workshop, run: Run
) -> None:
    workshop.write("README.md", "Nothing here.\n")
    workshop.commit("Begin")

    done = run(workshop.top, "--format", "github")

    assert done.code == 3
    assert done.stdout.count("nothing to check: no file") == 1
    assert done.stderr.count("nothing to check: no file") == 1
