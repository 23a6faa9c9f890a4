"""What action.yml runs: install agenix-check, find what to compare with, run it, say how it went.

It needs the standard library of Python 3.11, pip, Git, and no token. Inputs reach it as variables,
because text of others (a branch's name) must not become a part of a script.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CANNOT_CHECK = 3
WRONG_USAGE = 2
_VERDICTS = {0: "ok", 1: "wrong"}
_COUNTS = ("outputs", "ok", "wrong", "unverifiable", "errors", "warnings")
_REPORTS = ("junit", "sarif", "html")
# Where an event says which commit the change is for.
_BASES = {
    "pull_request": ("pull_request", "base", "sha"),
    "pull_request_target": ("pull_request", "base", "sha"),
    "merge_group": ("merge_group", "base_sha"),
}
_SNAPSHOT = ("--staged", "--worktree", "--rev", "--from-ref", "--to-ref")
_VERSION = re.compile(r"v?([0-9][0-9A-Za-z.+!]*)")
_DEEPER = "give actions/checkout `fetch-depth: 0`"


class Stop(Exception):  # noqa: N818 - it is the end of the run, with what to say
    """The run cannot go on: its exit code, and what to do."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def main(environment: Mapping[str, str]) -> int:
    """Run the check and return its exit code; verdict and counts go to `GITHUB_OUTPUT`."""
    try:
        options = _options(environment)
        program = _install(environment)
        code, counts = _check(program, options, Path(environment["RUNNER_TEMP"]))
    except Stop as stop:
        _complain(str(stop))
        code, counts = stop.code, {}
    lines = [f"verdict={_VERDICTS.get(code, 'unchecked')}"]
    lines += [f"{name}={counts[name]}" for name in _COUNTS if isinstance(counts.get(name), int)]
    with Path(environment["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
        file.write("".join(f"{line}\n" for line in lines))
    return code


def _options(environment: Mapping[str, str]) -> list[str]:
    """Return the options of agenix-check that the inputs and the event ask for."""
    try:
        given = shlex.split(environment["INPUT_ARGS"])
    except ValueError as error:
        raise Stop(WRONG_USAGE, f"args cannot be split: {error}") from error
    reports = [
        f"--output={name}={path}"
        for name in _REPORTS
        if (path := environment[f"INPUT_{name.upper()}"].strip())
    ]
    named = any(word.partition("=")[0] in _SNAPSHOT for word in given)
    return [*([] if named else _range(environment)), *reports, *given]


def _range(environment: Mapping[str, str]) -> list[str]:
    """Return what to check and what to compare it with, as the input or the event says it."""
    if base := environment["INPUT_FROM_REF"].strip():
        return _against(base, _find(base) or _find(f"refs/remotes/origin/{base}"))
    kind = environment["GITHUB_EVENT_NAME"]
    if kind in _BASES:
        base = _text(_event(environment), *_BASES[kind])
        return _against(base, _find(base))
    if kind == "push":
        return _pushed(_event(environment))
    return ["--rev=HEAD"]


def _pushed(event: Mapping[str, Any]) -> list[str]:
    """Return the range of a push: since what was there, or since a new branch left the main one.

    What a forced push took away is in no clone; of the main branch, the event says what it brought.
    """
    before = _text(event, "before")
    if before.strip("0") and (_find(before) or event.get("forced") is not True):
        return _against(before, _find(before))
    branch = _text(event, "repository", "default_branch")
    if _text(event, "ref") == f"refs/heads/{branch}":
        first = _first(event)
        branch = f"{first}^"
        commit = _find(branch) if first else None
    else:
        commit = _find(f"refs/remotes/origin/{branch}")
    return ["--rev=HEAD"] if commit is None else _against(branch, commit)


def _first(event: Mapping[str, Any]) -> str:
    """Return the oldest of the commits that a push brought."""
    commits = event.get("commits")
    return _text(commits[0], "id") if isinstance(commits, list) and commits else ""


def _against(base: str, commit: str | None) -> list[str]:
    """Return the options that compare with a commit, which was called `base`."""
    if commit is None:
        raise Stop(
            CANNOT_CHECK, f"{base!r}, which to compare with, is not in this clone: {_DEEPER}"
        )
    return [f"--from-ref={commit}", "--to-ref=HEAD"]


def _find(revision: str) -> str | None:
    """Return the commit that a revision names, or None."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}"],
            capture_output=True,
            check=False,
            text=True,
        )
    except FileNotFoundError:
        raise Stop(CANNOT_CHECK, "there is no Git on this runner's PATH") from None
    if done.returncode > 1:  # no repository, or one that Git does not trust
        raise Stop(CANNOT_CHECK, f"Git cannot read the checkout: {done.stderr.strip()}")
    return done.stdout.strip() or None


def _event(environment: Mapping[str, str]) -> Mapping[str, Any]:
    try:
        event = json.loads(Path(environment["GITHUB_EVENT_PATH"]).read_bytes())
    except (KeyError, OSError, ValueError) as error:
        raise Stop(
            CANNOT_CHECK, f"the event that this run is for cannot be read: {error}"
        ) from None
    return event if isinstance(event, dict) else {}


def _text(event: object, *path: str) -> str:
    """Return the text at a place of the event, or an empty one."""
    value = event
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def _install(environment: Mapping[str, str]) -> Path:
    """Install the wanted version into an environment of its own, and return its program."""
    wanted = environment["INPUT_VERSION"].strip()
    found = _VERSION.fullmatch(wanted)
    if wanted and found is None:
        raise Stop(WRONG_USAGE, f"version is no version: {wanted!r}")
    what = f"agenix-check=={found[1]}" if found else environment["GITHUB_ACTION_PATH"]
    directory = Path(environment["RUNNER_TEMP"]) / "agenix-check"
    programs, installed = directory / "bin", directory / "installed"
    if not installed.exists() or installed.read_text() != what:  # an earlier step of this job
        _run(
            "there is no Python with venv and pip here: put actions/setup-python before this step",
            sys.executable, "-I", "-m", "venv", "--clear", str(directory),
        )  # fmt: skip
        _run(
            f"{what} could not be installed",
            str(programs / "python"), "-I", "-m", "pip", "install", "--quiet",
            "--disable-pip-version-check", "--no-input", what,
        )  # fmt: skip
        installed.write_text(what)
    return programs / "agenix-check"


def _run(complaint: str, *command: str) -> None:
    """Run a program, and show what it said only where it failed."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True
    )
    if done.returncode != 0:
        sys.stdout.write(done.stdout)
        raise Stop(CANNOT_CHECK, complaint)


def _check(program: Path, options: list[str], scratch: Path) -> tuple[int, Mapping[str, object]]:
    """Run the check; return its exit code and the counts of its report, if it wrote one."""
    report = scratch / "agenix-check.json"
    report.unlink(missing_ok=True)
    command = [str(program), f"--output=json={report}", *options]
    _write(f"agenix-check {' '.join(shlex.join(options).splitlines())}")
    done = subprocess.run(command, stderr=subprocess.PIPE, check=False, text=True, errors="replace")
    if not report.exists():  # the run's page shows no line of the log but those that complain
        said = (
            done.stderr.strip().removeprefix("agenix-check: ")
            or f"agenix-check ended with {done.returncode}"
        )
        raise Stop(done.returncode if done.returncode > 1 else CANNOT_CHECK, said)
    sys.stderr.write(done.stderr)
    counts: Mapping[str, object] = json.loads(report.read_bytes())["counts"]
    return done.returncode, counts


def _complain(message: str) -> None:
    """Write an error annotation; what would end it or begin another is escaped."""
    escaped = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    _write(f"::error title=agenix-check::{escaped}")


def _write(line: str) -> None:
    """Write a line at once: it comes before what the programs write that are run next."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(os.environ))
