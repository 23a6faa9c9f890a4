"""GitHub's runner, as far as a composite action and a job's commands need one.

Steps are run by real bash, as the documentation of `jobs.<id>.steps[*].shell` says. An expression
that is not understood here is an error: nothing passes because it was not looked at.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from tests.checkout import ROOT
from tests.examples import HOME, VERSION, load_yaml
from tests.pace import PATIENCE

ACTION = ROOT / "action.yml"
OURS = f"{HOME.removeprefix('https://github.com/')}@{VERSION}"

_SHELLS = {
    None: ["bash", "-e"],
    "bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail"],
}
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_NAME = re.compile(r"[a-z_]+(\.[a-zA-Z_-]+)+")


class Ended(NamedTuple):
    """How a step or an action ended: its code, its outputs and what it wrote."""

    code: int
    outputs: Mapping[str, str]
    log: str


@dataclass
class Runner:
    """A machine with a checkout in `workspace`, and the event that a job is run for.

    `temporary` is what the steps of a job share. `used` are the others' actions that ours would
    have used, by the ids of its steps, and what it gives to them.
    """

    workspace: Path
    scratch: Path
    temporary: Path
    event_name: str
    event: Mapping[str, Any]
    action: Path = ROOT
    environment: Mapping[str, str] = field(default_factory=dict)
    log: str = ""
    used: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.scratch.mkdir()
        self.temporary.mkdir(exist_ok=True)
        (self.scratch / "event.json").write_text(json.dumps(self.event))

    @property
    def summary(self) -> str:
        """What was written for the job's page."""
        file = self.scratch / "summary"
        return file.read_text() if file.exists() else ""

    def use(self, **inputs: str) -> Ended:
        """Run our composite action with these inputs; `_` stands for `-`."""
        document = load_yaml(self.action / "action.yml")
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        assert given.keys() <= document["inputs"].keys()
        values = {
            name: given.get(name, one.get("default", ""))
            for name, one in document["inputs"].items()
        }
        return self._use(document, values)

    def job(self, steps: list[dict[str, Any]]) -> tuple[int, list[str]]:
        """Run a job's steps; return its code, and which of others' actions it would have used.

        Those are not run: they are not ours.
        """
        code, others = 0, []
        for step in steps:
            condition = step.get("if")
            assert condition in (None, "${{ !cancelled() }}"), condition
            if code and condition is None:
                continue
            if step.get("uses") == OURS:
                ended = self.use(**{k.replace("-", "_"): v for k, v in step["with"].items()})
            elif "uses" in step:
                others.append(step["uses"])
                continue
            else:
                ended = self._run(step, {})
            self.log += ended.log
            if not step.get("continue-on-error"):
                code = code or ended.code
        return code, others

    def _use(self, document: Mapping[str, Any], inputs: Mapping[str, str]) -> Ended:
        done: dict[str, Any] = {}
        code, log = 0, ""
        for step in document["runs"]["steps"]:
            assert step.keys() <= {"id", "name", "if", "shell", "env", "run", "uses", "with"}
            contexts = {"inputs": inputs, "steps": done}
            if not _applies(step.get("if"), contexts, failed=bool(code)):
                continue
            if "uses" in step:
                given = {name: self.expand(v, contexts) for name, v in step["with"].items()}
                self.used[step["id"]] = {"uses": step["uses"], **given}
                continue
            ended = self._run(step, contexts)
            done[step["id"]] = {"outputs": ended.outputs}
            code, log = ended.code or code, log + ended.log
        outputs = {
            name: self.expand(one["value"], {"steps": done})
            for name, one in document["outputs"].items()
        }
        return Ended(code, outputs, log)

    def _run(self, step: Mapping[str, Any], contexts: Mapping[str, Any]) -> Ended:
        assert "${{" not in step["run"], "text of others would become a part of the script"
        script, output = self.scratch / "step.sh", self.scratch / "output"
        script.write_text(step["run"])
        output.write_text("")
        given = {name: self.expand(v, contexts) for name, v in step.get("env", {}).items()}
        done = subprocess.run(
            [*_SHELLS[step.get("shell")], str(script)],
            cwd=self.workspace,
            env={**os.environ, **self._variables(output), **self.environment, **given},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            text=True,
            timeout=PATIENCE,
        )
        lines = output.read_text().splitlines()
        outputs = {name: value for name, _, value in (line.partition("=") for line in lines)}
        return Ended(done.returncode, outputs, done.stdout)

    def _variables(self, output: Path) -> Mapping[str, str]:
        return {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(self.action),
            "GITHUB_EVENT_NAME": self.event_name,
            "GITHUB_JOB": "check",
            "GITHUB_EVENT_PATH": str(self.scratch / "event.json"),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(self.scratch / "summary"),
            "GITHUB_WORKSPACE": str(self.workspace),
            "HOME": str(self.scratch),
            "RUNNER_ARCH": "X64",
            "RUNNER_OS": "Linux",
            "RUNNER_TEMP": str(self.temporary),
        }

    def expand(self, text: str, contexts: Mapping[str, Any]) -> str:
        """Put the values of contexts where expressions stand."""
        run = {"run_id": "7", "run_attempt": "1"}
        known = {"github": {"event": self.event, "event_name": self.event_name, **run}, **contexts}
        return _EXPRESSION.sub(lambda found: _evaluate(found[1], known), str(text))


def steps_of(workflow: Path, job: str) -> list[dict[str, Any]]:
    """Return the steps of a workflow's job."""
    steps: list[dict[str, Any]] = load_yaml(workflow)["jobs"][job]["steps"]
    return steps


def names_of(actions: Iterable[str]) -> list[str]:
    """Return actions without their versions."""
    return [action.partition("@")[0] for action in actions]


def _applies(condition: str | None, contexts: Mapping[str, Any], *, failed: bool) -> bool:
    """Return whether a step is run: without `!cancelled()`, not after one that failed."""
    terms = (
        [] if condition is None else condition.removeprefix("${{").removesuffix("}}").split("&&")
    )
    words = [term.strip() for term in terms]
    for word in words:
        if word == "!cancelled()":
            continue
        name, sign, text = word.split(" ")
        assert sign in ("==", "!="), f"this is not understood: {condition}"
        if (_evaluate(name, contexts) == text.strip("'")) is (sign == "!="):
            return False
    return not failed or "!cancelled()" in words


def _evaluate(expression: str, contexts: Mapping[str, Any]) -> str:
    """Return the first value of `a || b` that is not empty."""
    for term in expression.split("||"):
        name = term.strip()
        assert _NAME.fullmatch(name), f"this is not understood: {expression}"
        value: Any = contexts
        for step in name.split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
        if isinstance(value, bool):
            return str(value).lower()
        if value not in (None, ""):
            return str(value)
    return ""
