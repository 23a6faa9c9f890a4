"""The command as a process: exit codes, what goes to which stream, and that nothing is a crash."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agenix_check import __version__
from agenix_check.cli.verbs import VERBS
from agenix_check.demo.workshop import Workshop
from tests.cli.running import break_fleet, complains, on_terminal, start
from tests.conftest import Result, Run
from tests.host_keys import HOSTS
from tests.pace import PATIENCE

COLOUR = "\x1b["


# Exit codes.


def test_a_fleet_in_order_exits_0(fleet: Workshop, run: Run) -> None:
    result = run(fleet.top)
    assert (result.code, result.stderr) == (0, "")
    assert "outputs on 4 nodes" in result.stdout
    assert run(fleet.top, "check") == result


def test_findings_exit_1(fleet: Workshop, run: Run) -> None:
    break_fleet(fleet)
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
        complains(run(tmp_path, verb), 3, "is in no Git repository")


def test_no_git_exits_3(fleet: Workshop, tmp_path: Path, run: Run) -> None:
    complains(run(fleet.top, env={"PATH": str(tmp_path)}), 3, "install Git")


@pytest.mark.parametrize("option", ["--rev", "--from-ref", "--new-from"])
def test_an_unknown_revision_exits_2(fleet: Workshop, run: Run, option: str) -> None:
    complains(run(fleet.top, option, "no-such"), 2, "no-such")
    complains(run(fleet.top, f"{option}=--all"), 2, "--all")


def test_two_snapshots_exit_2(fleet: Workshop, run: Run) -> None:
    complains(run(fleet.top, "--staged", "--rev", "HEAD"), 2, "--staged", "--rev")


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


def test_an_interrupt_while_modules_are_loaded_exits_130() -> None:
    program = (
        "import sys\n"
        "from agenix_check.__main__ import start\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == sys.argv[1]: raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "start()\n"
    )
    for module in ("agenix_check.cli", "agenix_check.cli.terminal", "agenix_check.cli.grammar"):
        done = subprocess.run(
            [sys.executable, "-c", program, module],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (130, b"", b""), module


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
    assert run(tmp_path, verb, "-h") == run(tmp_path, "help", verb) == result


def test_help_names_all_verbs_and_exit_codes(tmp_path: Path, run: Run) -> None:
    text = run(tmp_path, "--help").stdout
    for word in (*VERBS, "130", "--output FORMAT=FILE"):
        assert word in text
    assert all(len(line) <= 100 for line in text.splitlines())


def test_an_unknown_verb_names_the_nearest(tmp_path: Path, run: Run) -> None:
    complains(run(tmp_path, "chekc"), 2, "'chekc'", "'check'")
    complains(run(tmp_path, ""), 2, "''")


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
    complains(run(tmp_path, *words), 2, f"'{nearest}'")


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
    complains(run(fleet.top, *words), 2)


def test_words_that_no_terminal_should_see_are_escaped(fleet: Workshop, run: Run) -> None:
    for words in (("a\x1b[31mb\nc",), ("--rev", "a\x1b[31mb\nc"), ("inspect", "a\x1b[31mb\nc")):
        result = run(fleet.top, *words)
        complains(result, 2)
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
    for words in (
        ("-v",),
        ("fleet",),
        ("fleet", "--format", "json"),
        ("inspect", "::stop-commands::x/s.age"),
        ("inspect", "--format", "json", "a ##[stop-commands]x/s.age"),
        ("-v", "--format", "markdown"),
        ("-v", "--format", "html"),
        ("-v", "--format", "junit"),
    ):
        result = run(fleet.top, *words)
        lines = (result.stdout + result.stderr).splitlines()
        assert "stop-commands" in result.stdout, words
        assert not any(line.lstrip().startswith("::") or "##[" in line for line in lines)
    complains(run(fleet.top, "--rev", "##[stop-commands]x"), 2, r"\x23#[stop-commands]x")


# Streams.


@pytest.mark.parametrize("words", [("explain",), ("schema",), ("--help",), ("--version",), ()])
def test_a_reader_that_goes_away_ends_it(fleet: Workshop, words: tuple[str, ...]) -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        done = start(fleet.top, *words, stdout=write)
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
        done = start(fleet.top, *words, stdout=full.fileno())
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
    break_fleet(fleet)
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
    break_fleet(fleet)
    assert COLOUR not in run(fleet.top).stdout
    assert COLOUR in run(fleet.top, "--color", "always").stdout
    assert COLOUR in run(fleet.top, "--color=always", env={"NO_COLOR": "1"}).stdout
    assert COLOUR in run(fleet.top, env={"AGENIX_CHECK_COLOR": "always"}).stdout
    assert COLOUR in on_terminal(fleet.top)
    assert COLOUR not in on_terminal(fleet.top, "--color", "never")
    assert COLOUR not in on_terminal(fleet.top, NO_COLOR="1")
    assert COLOUR not in on_terminal(fleet.top, TERM="dumb")


def test_a_person_is_told_of_edits_that_are_not_staged(fleet: Workshop) -> None:
    edited = "hosts/alpha/host.pub"
    fleet.write(edited, fleet.read("hosts/beta/host.pub"))
    fleet.write("README.md", "more")
    ours, theirs = pty.openpty()
    try:
        said = [
            start(fleet.top, *words, stdout=where).stderr
            for words, where in (((), theirs), (("--worktree",), theirs), ((), subprocess.PIPE))
        ]
    finally:
        os.close(ours)
        os.close(theirs)
    hint = f"{edited} has edits that are not staged; --worktree judges them"
    assert [hint in one for one in said] == [True, False, False]
    assert "README" not in said[0]
