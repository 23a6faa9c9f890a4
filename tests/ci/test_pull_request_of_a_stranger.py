"""The action on a fork's pull request that does what it can to be let through.

The workflow is that of the base, as with a required workflow or a merge queue: whoever may edit the
workflow that is run decides everything, and SECURITY.md says so.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.discover.declared.lock import render_lock
from agenix_check.model.declaration import Declaration
from tests.ci.hub import Hub, Start, merge_group, pull_request, push

WORKFLOW = """\
on: pull_request
jobs:
  secrets:
    runs-on: ubuntu-latest
    steps:
      - uses: agenix-check/agenix-check@v0.1.0
        with: { args: --allow-empty --ignore output-stale, from-ref: topic, version: "0.0.1" }
"""
INJECTED = "x\n::stop-commands::ever\n::error::trap\r##[error]trap"


def edit_the_inputs(fleet: Workshop) -> None:
    fleet.write(".github/workflows/check.yml", WORKFLOW)
    fleet.write("action.yml", "runs: { using: composite, steps: [] }\n")
    fleet.write(".github/action.py", "raise SystemExit(0)\n")


def edit_the_settings(fleet: Workshop) -> None:
    fleet.write("agenix-check.toml", 'ignore = ["output-stale", "settings-changed"]\n')


def edit_pyproject(fleet: Workshop) -> None:
    fleet.write("pyproject.toml", '[tool.agenix-check]\nignore = ["output-stale"]\n')


def bring_a_lock_file(fleet: Workshop) -> None:
    fleet.write("agenix-check.lock", render_lock(Declaration(nodes=())))


def bring_attributes(fleet: Workshop) -> None:
    every = "-text -diff binary ident export-ignore export-subst filter=lfs merge=ours eol=crlf"
    fleet.write(".gitattributes", f"* {every}\n")
    fleet.write(".mailmap", "Owner <owner@example.org> <demo@example.org>\n")


def bring_names(fleet: Workshop) -> None:
    ident = "0" * 32
    for name in (INJECTED, "\u202egpj.ega", "%0A::error::trap", "<b>&'\"", "\x1b[2J"):
        fleet.write(f"secrets/rekeyed/alpha/{ident}-{name}.age", "no age file\n")
        fleet.write(f"{name}.nix", "{ }\n")


def bring_modules(fleet: Workshop) -> None:
    for name in ("agenix_check/__init__.py", "tomllib.py", "sitecustomize.py", "git.py"):
        fleet.write(name, "raise SystemExit(0)\n")


TRICKS = (
    edit_the_inputs, edit_the_settings, edit_pyproject, bring_a_lock_file, bring_attributes,
    bring_names, bring_modules,
)  # fmt: skip
Trick = Callable[[Workshop], None]


def all_at_once(fleet: Workshop) -> None:
    for trick in TRICKS:
        trick(fleet)


@pytest.mark.parametrize(
    ("trick", "event"),
    [
        *((trick, pull_request) for trick in TRICKS),
        *((all_at_once, event) for event in (pull_request, merge_group, push)),
    ],
)
def test_the_verdict_holds(hub: Hub, start: Start, trick: Trick, event: Any) -> None:
    hub.breaks()
    trick(hub.fleet)
    change = hub.fleet.commit(f"Improve things\n\n{INJECTED}")
    runner = start(*event(hub.base), change)
    ended = runner.use(junit="report.xml", sarif="report.sarif", html="report.html")
    assert (ended.code, ended.outputs["verdict"]) == (1, "wrong"), ended.log
    assert int(ended.outputs["wrong"]) >= 4
    assert "output-stale" in ended.log
    assert "output-stale" in runner.summary
    assert "output-stale" in (runner.workspace / "report.xml").read_text()
    results = json.loads((runner.workspace / "report.sarif").read_text())["runs"][0]["results"]
    assert "output-stale" in {one["ruleId"] for one in results}
    assert "Traceback" not in ended.log
    for line in ended.log.split("\n"):
        assert not line.startswith(("::stop-commands", "::error::trap", "##["))


@pytest.mark.parametrize("trick", [edit_the_settings, edit_pyproject])
def test_what_it_would_hide_is_shown(hub: Hub, start: Start, trick: Trick) -> None:
    hub.breaks()
    trick(hub.fleet)
    runner = start(*pull_request(hub.base), hub.fleet.commit("Improve things"))
    ended = runner.use()
    assert "::warning file=" in ended.log
    assert "settings-changed" in ended.log
    assert "settings-changed" in runner.summary


def test_the_settings_of_the_base_hold(hub: Hub, start: Start) -> None:
    hub.fleet.write("agenix-check.toml", "strict = true\n")
    base = hub.fleet.commit("Be strict")
    hub.fleet.write("agenix-check.toml", "")
    hub.fleet.source("secrets/empty.age", "")
    change = hub.fleet.commit("Improve things")
    ended = start(*pull_request(base), change).use()
    assert (ended.code, ended.outputs["verdict"], ended.outputs["errors"]) == (1, "wrong", "0")


def test_an_honest_change_of_the_settings_is_let_through(hub: Hub, start: Start) -> None:
    hub.fleet.write("agenix-check.toml", "strict = true\n")
    hub.fleet.write("README.md", "A fleet with a gate.\n")
    change = hub.fleet.commit("Be strict")
    ended = start(*pull_request(hub.base), change).use()
    assert (ended.code, ended.outputs["verdict"]) == (0, "ok")
    assert "::notice file=agenix-check.toml" in ended.log
