"""The command as a process: exit codes, what goes to which stream, and that nothing is a crash."""

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from agenix_check import __version__
from agenix_check.cli.verbs import VERBS
from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt
from agenix_check.report import schema
from agenix_check.report.registry import format_names
from agenix_check.rules import RULES
from tests.conftest import Result, Run
from tests.host_keys import HOSTS
from tests.pace import PATIENCE

COLOUR = "\x1b["


def _break(fleet: Workshop) -> None:
    fleet.source("secrets/db.age", "another\n")
    fleet.stage()


def _complains(result: Result, code: int, *words: str) -> None:
    """Assert one line on standard error, which holds some words, and nothing else."""
    assert result.code == code, result
    assert result.stdout == ""
    assert result.stderr.startswith("agenix-check: ")
    assert result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr


# Exit codes.


def test_a_fleet_in_order_exits_0(fleet: Workshop, run: Run) -> None:
    result = run(fleet.top)
    assert (result.code, result.stderr) == (0, "")
    assert "outputs on 4 nodes" in result.stdout
    assert run(fleet.top, "check") == result


def test_findings_exit_1(fleet: Workshop, run: Run) -> None:
    _break(fleet)
    result = run(fleet.top)
    assert (result.code, result.stderr) == (1, "")
    assert "output-stale" in result.stdout


def test_nothing_to_check_exits_3(workshop: Workshop, run: Run) -> None:
    result = run(workshop.top)
    assert result.code == 3
    assert "nothing to check" in result.stderr
    assert run(workshop.top, "--allow-empty").code == 0


def test_no_repository_exits_3(tmp_path: Path, run: Run) -> None:
    for verb in ("check", "fleet"):
        _complains(run(tmp_path, verb), 3, "is in no Git repository")


def test_no_git_exits_3(fleet: Workshop, tmp_path: Path, run: Run) -> None:
    _complains(run(fleet.top, env={"PATH": str(tmp_path)}), 3, "install Git")


@pytest.mark.parametrize("option", ["--rev", "--from-ref", "--new-from"])
def test_an_unknown_revision_exits_2(fleet: Workshop, run: Run, option: str) -> None:
    _complains(run(fleet.top, option, "no-such"), 2, "no-such")
    _complains(run(fleet.top, f"{option}=--all"), 2, "--all")


def test_two_snapshots_exit_2(fleet: Workshop, run: Run) -> None:
    _complains(run(fleet.top, "--staged", "--rev", "HEAD"), 2, "--staged", "--rev")


def test_an_interrupt_exits_130(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    process = subprocess.Popen(
        [sys.executable, "-m", "agenix_check", "inspect", str(pipe)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process, pipe.open("wb"):  # opens once the command reads
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=PATIENCE) == (b"", b"")
    assert process.returncode == 130


# The grammar.


def test_version_imports_next_to_nothing() -> None:
    program = (
        "import sys; from agenix_check.cli import main; code = main(['--version']);"
        "print(code, sorted({'argparse', 'git', 'json', 'pathlib', 'subprocess', 'tomllib'}"
        " & (set(sys.modules) - before)))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; before = set(sys.modules); {program}"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stdout == f"agenix-check {__version__}\n0 []\n"


@pytest.mark.parametrize("words", [("--version",), ("check", "--version"), ("-q", "--version")])
def test_version_anywhere(tmp_path: Path, run: Run, words: tuple[str, ...]) -> None:
    assert run(tmp_path, *words) == Result(0, f"agenix-check {__version__}\n", "")


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_each_verb(tmp_path: Path, run: Run, verb: str) -> None:
    result = run(tmp_path, verb, "--help")
    assert (result.code, result.stderr) == (0, "")
    assert result.stdout.startswith("usage: agenix-check")
    assert run(tmp_path, verb, "-h") == result


def test_help_names_all_verbs_and_exit_codes(tmp_path: Path, run: Run) -> None:
    text = run(tmp_path, "--help").stdout
    for word in (*VERBS, "130", "--output FORMAT=FILE"):
        assert word in text
    assert all(len(line) <= 100 for line in text.splitlines())


def test_an_unknown_verb_names_the_nearest(tmp_path: Path, run: Run) -> None:
    _complains(run(tmp_path, "chekc"), 2, "'chekc'", "'check'")
    _complains(run(tmp_path, ""), 2, "''")


@pytest.mark.parametrize(
    ("words", "nearest"),
    [
        (("--strct",), "--strict"),
        (("--ouput=json=x",), "--output"),
        (("check", "--verbos"), "--verbose"),
        (("fleet", "--formt", "json"), "--format"),
        (("inspect", "--fromat", "json", "x"), "--format"),
        (("schema", "--hlep"), "--help"),
    ],
)
def test_an_unknown_option_names_the_nearest(
    tmp_path: Path, run: Run, words: tuple[str, ...], nearest: str
) -> None:
    _complains(run(tmp_path, *words), 2, f"'{nearest}'")


@pytest.mark.parametrize(
    "words",
    [
        ("--rev",),
        ("--format", "xml"),
        ("--color=blue",),
        ("-v", "fleet"),
        ("check", "more"),
        ("fleet", "--version"),
        ("inspect",),
        ("explain", "output-stale", "output-dummy"),
        ("schema", "fleet"),
        ("demo", "one", "two"),
        ("--ignore", "output-stal"),
    ],
)
def test_wrong_usage_exits_2(fleet: Workshop, run: Run, words: tuple[str, ...]) -> None:
    _complains(run(fleet.top, *words), 2)


def test_words_that_no_terminal_should_see_are_escaped(fleet: Workshop, run: Run) -> None:
    for words in (("a\x1b[31mb\nc",), ("--rev", "a\x1b[31mb\nc"), ("inspect", "a\x1b[31mb\nc")):
        result = run(fleet.top, *words)
        _complains(result, 2)
        assert "\x1b" not in result.stderr


def test_no_name_is_a_command_for_the_runner_that_keeps_the_log(fleet: Workshop, run: Run) -> None:
    for name in ("::stop-commands::x", "a ##[stop-commands]x"):
        (fleet.top / name).mkdir()
        (fleet.top / name / "key.pub").write_text(f"{HOSTS['alpha']} {name}\n")
        source = f"{name}/s.age"
        fleet.source(source, "text")
        (output,) = (fleet.top / "secrets/rekeyed/alpha").glob("*-db.age")
        (fleet.top / name / output.name).write_bytes(output.read_bytes())
    fleet.stage()
    for words in (("-v",), ("fleet",), ("inspect", "::stop-commands::x/s.age")):
        result = run(fleet.top, *words)
        lines = (result.stdout + result.stderr).splitlines()
        assert "stop-commands" in result.stdout, words
        assert not any(line.lstrip().startswith("::") or "##[" in line for line in lines)
    _complains(run(fleet.top, "--rev", "##[stop-commands]x"), 2, r"\x23#[stop-commands]x")


# Streams.


@pytest.mark.parametrize("words", [("explain",), ("schema",), ("--help",), ("--version",), ()])
def test_a_reader_that_goes_away_ends_it(fleet: Workshop, words: tuple[str, ...]) -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        done = _start(fleet.top, *words, stdout=write)
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (3, "")


def test_a_reader_of_one_line_gets_it(fleet: Workshop) -> None:
    command = f"{sys.executable} -m agenix_check explain | head -n 1"
    done = subprocess.run(
        ["bash", "-c", command], cwd=fleet.top, capture_output=True, check=True, text=True
    )
    assert done.stdout.startswith("output-missing")
    assert done.stderr == ""


@pytest.mark.parametrize("words", [("explain",), ("--help",), ("--version",), ()])
def test_a_full_disk_is_said(fleet: Workshop, words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = _start(fleet.top, *words, stdout=full.fileno())
    assert done.returncode == 3
    assert done.stderr == (
        "agenix-check: cannot write to standard output: No space left on device\n"
    )


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("check >&-", 3),
        ("--rev no-such 2>&-", 2),
        ("--rev no-such 2>/dev/full", 2),
        ("inspect - <&-", 2),
        ("check <&-", 0),
    ],
)
def test_closed_streams(fleet: Workshop, command: str, code: int) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m agenix_check {command}"],
        cwd=fleet.top,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_a_directory_that_is_gone(tmp_path: Path) -> None:
    command = f"mkdir gone && cd gone && rmdir ../gone && {sys.executable} -P -m agenix_check"
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, capture_output=True, check=False, text=True
    )
    assert done.returncode == 3
    assert "current directory" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_name_that_the_encoding_lacks_is_escaped(fleet: Workshop, run: Run) -> None:
    fleet.source("secrets/schlüssel.age", "text")
    fleet.rekey("alpha", "schlüssel", "secrets/schlüssel.age", "text")
    fleet.stage()
    result = run(fleet.top, "fleet", env={"PYTHONIOENCODING": "ascii"})
    assert result.code == 0
    assert r"schl\xfcssel" in result.stdout


def test_quiet_says_only_what_is_wrong(fleet: Workshop, run: Run) -> None:
    assert run(fleet.top, "-q") == Result(0, "", "")
    _break(fleet)
    assert "output-stale" in run(fleet.top, "--quiet").stdout


@pytest.mark.parametrize("options", [(), ("-q",), ("--format", "github")])
def test_that_unverifiable_outputs_fail_the_run_is_said(
    fleet: Workshop, run: Run, options: tuple[str, ...]
) -> None:
    assert run(fleet.top, *options).stderr == ""
    for _ in range(2):  # the second run remembers the first
        result = run(fleet.top, "--require-verified", *options)
        assert result.code == 1
        assert result.stderr == (
            "agenix-check: 2 outputs are unverifiable, which --require-verified does not allow "
            "(-v shows which, and why)\n"
        )
    only = run(fleet.top, "--require-verified", "--node", "alpha", *options)
    assert (only.code, only.stderr) == (0, "")


def test_where_a_path_behind_a_command_starts_is_said_too(fleet: Workshop, run: Run) -> None:
    fleet.host("alpha", "to be filled in\n")
    fleet.stage()
    result = run(fleet.top / "secrets")
    assert "fix: # put hosts/alpha/host.pub right (" in result.stdout
    assert result.stderr == (
        "agenix-check: paths are relative to the top of the repository: cd ..\n"
    )
    assert run(fleet.top).stderr == run(fleet.top / "secrets", "--format=json").stderr == ""


def test_verbose_says_more(fleet: Workshop, run: Run) -> None:
    short, long = run(fleet.top), run(fleet.top, "-v")
    assert (short.code, long.code) == (0, 0)
    assert len(long.stdout) > len(short.stdout)
    assert run(fleet.top, "--verbose") == long


def test_colour_is_for_terminals_only(fleet: Workshop, run: Run) -> None:
    _break(fleet)
    assert COLOUR not in run(fleet.top).stdout
    assert COLOUR in run(fleet.top, "--color", "always").stdout
    assert COLOUR in run(fleet.top, "--color=always", env={"NO_COLOR": "1"}).stdout
    assert COLOUR in run(fleet.top, env={"AGENIX_CHECK_COLOR": "always"}).stdout
    assert COLOUR in _on_terminal(fleet.top)
    assert COLOUR not in _on_terminal(fleet.top, "--color", "never")
    assert COLOUR not in _on_terminal(fleet.top, NO_COLOR="1")
    assert COLOUR not in _on_terminal(fleet.top, TERM="dumb")


# Reports.


def test_reports_are_written_also_when_the_run_fails(
    fleet: Workshop, tmp_path: Path, run: Run
) -> None:
    _break(fleet)
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


@pytest.mark.parametrize("code", [0, 1, 3])
def test_every_format_is_written_however_the_run_ends(
    fleet: Workshop, tmp_path: Path, run: Run, code: int
) -> None:
    if code == 1:
        _break(fleet)
    top = fleet.top if code < 3 else Workshop(tmp_path / "empty").top
    outputs = [
        word for form in format_names() for word in ("--output", f"{form}={tmp_path / f'a.{form}'}")
    ]
    assert run(top, *outputs).code == code
    for form in format_names():
        assert (tmp_path / f"a.{form}").read_text() == run(top, "--format", form).stdout


def test_reports_are_written_also_when_the_reader_went_away(
    fleet: Workshop, tmp_path: Path
) -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        done = _start(fleet.top, "--output", f"json={tmp_path / 'report.json'}", stdout=write)
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
        assert run(fleet.top, *options, "--format", form).stdout == report.read_text()


def test_a_report_where_there_is_no_repository(tmp_path: Path, run: Run) -> None:
    result = run(tmp_path, "--junit", "report.xml")
    assert (result.code, result.stdout) == (3, "")
    assert "is in no Git repository" in (tmp_path / "report.xml").read_text()


def test_a_report_of_a_fix_that_came_to_nothing(fleet: Workshop, tmp_path: Path, run: Run) -> None:
    _break(fleet)
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
        _complains(run(fleet.top, "--output", f"json={file}"), 2, str(file), why)
        _complains(run(fleet.top, "--junit", str(file)), 2, str(file), why)
    assert target.read_text() == "as it was"
    assert link.is_symlink()


@pytest.mark.parametrize("value", ["json", "json=", "=file", "jsno=file"])
def test_an_output_that_is_none(fleet: Workshop, run: Run, value: str) -> None:
    _complains(run(fleet.top, "--output", value), 2, "--output")


# Settings.


@pytest.mark.parametrize(
    ("variable", "value", "code"),
    [
        ("AGENIX_CHECK_STRICT", "1", 0),
        ("AGENIX_CHECK_STRICT", "maybe", 2),
        ("AGENIX_CHECK_REQUIRE_VERIFIED", "true", 1),
        ("AGENIX_CHECK_REQUIRE_VERIFIED", "no", 0),
        ("AGENIX_CHECK_REV", "HEAD", 0),
        ("AGENIX_CHECK_REV", "no-such", 2),
        ("AGENIX_CHECK_FORMAT", "xml", 2),
        ("AGENIX_CHECK_NODE", "*/alpha,*/beta", 0),
        ("AGENIX_CHECK_NODE", "no-such", 3),
        ("AGENIX_CHECK_IGNORE", "output-stale,output-orphan", 0),
        ("AGENIX_CHECK_IGNORE", "output-stal", 2),
    ],
)
def test_variables(fleet: Workshop, run: Run, variable: str, value: str, code: int) -> None:
    result = run(fleet.top, env={variable: value})
    assert result.code == code, result
    assert "Traceback" not in result.stderr


def test_an_option_wins_over_a_variable(fleet: Workshop, run: Run) -> None:
    result = run(fleet.top, "--format", "json", env={"AGENIX_CHECK_FORMAT": "junit"})
    assert json.loads(result.stdout)["counts"]["wrong"] == 0


def test_a_variable_wins_over_the_settings_file(fleet: Workshop, run: Run) -> None:
    fleet.write("agenix-check.toml", 'format = "junit"\n')
    fleet.stage()
    assert run(fleet.top).stdout.startswith("<?xml")
    result = run(fleet.top, env={"AGENIX_CHECK_FORMAT": "json"})
    assert json.loads(result.stdout)["counts"]["wrong"] == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("strict = 1", ("strict", "true or false")),
        ("format = 3", ("format", "string")),
        ('format = "xml"', ("format", "xml")),
        ("nodes = [1]", ("nodes", "strings")),
        ("stict = true", ("'stict'", "'strict'")),
        ("strict = [", ("agenix-check.toml",)),
        ("nix-timeout = true", ("nix-timeout", "number above 0")),
        ("[[ignore]]\nrule = 'output-stale'", ("reason",)),
        ("[[ignore]]\nrule = 'output-stal'\nreason = 'x'", ("'output-stale'",)),
        ("\xff\xfe", ("agenix-check.toml",)),
    ],
)
def test_a_settings_file_that_is_wrong(
    fleet: Workshop, run: Run, text: str, words: tuple[str, ...]
) -> None:
    fleet.write("agenix-check.toml", text.encode("latin-1"))
    fleet.stage()
    _complains(run(fleet.top), 2, "agenix-check.toml", *words)


def test_a_settings_file_that_is_no_file(fleet: Workshop, run: Run) -> None:
    settings = fleet.top / "agenix-check.toml"
    fleet.write("agenix-check.toml/settings.toml", "strict = true\n")
    fleet.stage()
    _complains(run(fleet.top), 2, "agenix-check.toml", "regular file")
    fleet.remove("agenix-check.toml/settings.toml")
    settings.rmdir()
    settings.symlink_to("/etc/passwd")
    fleet.stage()
    _complains(run(fleet.top), 2, "agenix-check.toml", "regular file")


# The other verbs.


def test_inspect_a_file(fleet: Workshop, run: Run) -> None:
    result = run(fleet.top, "inspect", "secrets/db.age")
    assert (result.code, result.stderr) == (0, "")
    assert "secrets/db.age" in result.stdout
    assert "plaintext of 14 bytes" in result.stdout
    one = encrypt(b"x", [fleet.master])
    assert "plaintext of 1 byte\n" in run(fleet.top, "inspect", "-", stdin=one).stdout


def test_inspect_standard_input(fleet: Workshop, run: Run) -> None:
    data = fleet.read("secrets/db.age")
    result = run(fleet.top, "inspect", "-", stdin=data)
    assert result.code == 0
    assert "plaintext of 14 bytes" in result.stdout


def test_inspect_as_json(fleet: Workshop, run: Run) -> None:
    output = next((fleet.top / "secrets/rekeyed/alpha").glob("*-db.age"))
    files = ("secrets/db.age", str(output), "README.md")
    result = run(fleet.top, "inspect", "--format", "json", *files)
    assert result.code == 1
    source, made, text = json.loads(result.stdout)
    keys = ["file", "valid", "error", "armored", "stanzas", "payload_size", "plaintext_size"]
    assert all(list(document) == keys for document in (source, made, text))
    assert (source["file"], source["valid"], source["error"]) == ("secrets/db.age", True, None)
    assert (source["armored"], source["payload_size"], source["plaintext_size"]) == (False, 46, 14)
    assert source["stanzas"][0]["type"] == "X25519"
    assert made["stanzas"][0]["type"] == "ssh-ed25519"
    assert all(list(one) == ["type", "args", "recipient"] for one in made["stanzas"])
    assert (text["valid"], text["stanzas"], text["plaintext_size"]) == (False, [], None)
    assert text["error"] == "not an age file"


@pytest.mark.parametrize("content", [b"", b"text", b"age-encryption.org/v1\n", b"\0" * 100])
def test_inspect_what_is_no_age_file(tmp_path: Path, run: Run, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    result = run(tmp_path, "inspect", "file")
    assert (result.code, result.stderr) == (1, "")
    assert "not valid" in result.stdout


def test_inspect_a_file_that_was_cut(fleet: Workshop, run: Run) -> None:
    data = fleet.read("secrets/db.age")
    for size in (len(data) - 40, len(data) // 2, 30):
        assert run(fleet.top, "inspect", "-", stdin=data[:size]).code == 1


def test_inspect_what_cannot_be_read(tmp_path: Path, run: Run) -> None:
    _complains(run(tmp_path, "inspect", "none"), 2, "none", "No such file")
    _complains(run(tmp_path, "inspect", "."), 2, "directory")
    _complains(run(tmp_path, "inspect", "x" * 5000), 2, "too long")


@pytest.mark.parametrize("rule", sorted(RULES))
def test_explain_a_rule(rule: str, capsys: pytest.CaptureFixture[str]) -> None:
    from agenix_check.cli import main

    assert main(["explain", rule]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(rule)
    assert err == ""


def test_explain_without_a_rule_lists_all(tmp_path: Path, run: Run) -> None:
    result = run(tmp_path, "explain")
    assert result.code == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == list(RULES)


def test_explain_a_rule_that_is_none(tmp_path: Path, run: Run) -> None:
    _complains(run(tmp_path, "explain", "output-stal"), 2, "'output-stal'", "'output-stale'")
    _complains(run(tmp_path, "explain", "nope"), 2, "'nope'", "`agenix-check explain` lists all")


def test_schema_is_json(tmp_path: Path, run: Run) -> None:
    result = run(tmp_path, "schema")
    assert (result.code, result.stderr) == (0, "")
    assert json.loads(result.stdout)["$schema"].startswith("https://json-schema.org/")


def test_fleet_as_text(fleet: Workshop, run: Run) -> None:
    result = run(fleet.top, "fleet")
    assert (result.code, result.stderr) == (0, "")
    assert "secrets/rekeyed/alpha\n  key     ssh-ed25519 AAAA" in result.stdout
    assert "  secret  db     secrets/db.age" in result.stdout
    assert "4 nodes, 9 outputs of 5 sources" in result.stdout


def test_fleet_as_json(fleet: Workshop, run: Run) -> None:
    result = run(fleet.top, "fleet", "--format", "json")
    assert (result.code, result.stderr) == (0, "")
    document = json.loads(result.stdout)
    assert document["schema"] == "agenix-check/fleet/1"
    assert (document["inventory"], document["complete"]) == ("names", False)
    assert [node["name"] for node in document["nodes"]] == [
        f"secrets/rekeyed/{node}" for node in ("alpha", "beta", "delta", "gamma")
    ]
    assert len(document["outputs"]) == 9
    made = {(output["node"], *output["sources"]) for output in document["outputs"]}
    assert ("secrets/rekeyed/delta", "secrets/delta-token.age") in made


def test_fleet_of_some(fleet: Workshop, run: Run) -> None:
    result = run(fleet.top, "fleet", "--node", "*/alpha", "--secret", "t*", "--format=json")
    (output,) = json.loads(result.stdout)["outputs"]
    assert (output["node"], output["secret"]) == ("secrets/rekeyed/alpha", "token")
    short = run(fleet.top, "fleet", "--node", "alpha", "--secret", "t*", "--format=json")
    assert short == result


def test_fleet_of_a_commit(fleet: Workshop, run: Run) -> None:
    result = run(fleet.top, "fleet", "--rev", "HEAD^")
    assert result.code == 0
    assert "0 nodes, 0 outputs" in result.stdout


def _start(top: Path, *words: str, stdout: int) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "agenix_check", *words],
        cwd=top,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
        text=True,
        timeout=PATIENCE,
    )


def _on_terminal(top: Path, *words: str, **variables: str) -> str:
    ours, theirs = pty.openpty()
    try:
        subprocess.run(
            [sys.executable, "-m", "agenix_check", *words],
            cwd=top,
            env={**os.environ, "TERM": "xterm", **variables},
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            check=False,
            timeout=PATIENCE,
        )
        return os.read(ours, 1 << 16).decode()
    finally:
        os.close(ours)
        os.close(theirs)
