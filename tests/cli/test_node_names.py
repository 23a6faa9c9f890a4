"""Nodes have the same names in every format and verb, and are identified by their directories."""

import csv
import io
import json
import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from agenix_check.demo.workshop import Workshop, key_path
from tests.conftest import Run
from tests.host_keys import ALPHA, BETA, DELTA, GAMMA, NEW

# Two with the same last part, one in another, and one whose last part is another's first.
SHAPES = {
    "fleet/site/a/web/.rekey": "a/web",
    "fleet/site/b/web/.rekey": "b/web",
    "fleet/site/b/.rekey": "b",
    "fleet/site/a/.rekey": "a",
}
KEYS = dict(zip(SHAPES, (ALPHA, BETA, GAMMA, DELTA), strict=True))
SECRET, TEXT = "secrets/shared.age", "shared by all\n"


@pytest.fixture
def run(run_here: Run) -> Run:
    return run_here


@pytest.fixture
def shapes(fleet: Workshop) -> Workshop:
    """A fleet whose directories are called in several ways, with one secret for all of them."""
    fleet.git.run("rm", "-rq", ".")
    fleet.storage = "fleet/site"
    fleet.source(SECRET, TEXT)
    for directory, key in KEYS.items():
        node = directory.removeprefix("fleet/site/")
        fleet.host(node, key)
        fleet.rekey(node, "shared", SECRET, TEXT, key=key)
    fleet.stage()
    fleet.commit("Have other hosts")
    return fleet


def _of_json(text: str) -> set[str]:
    """Return every value of a member called `node`, and the names of nodes and readers."""
    found: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            found.update(filter(None, [value.get("node")]))
            if value.get("kind") == "node" or "storage" in value:
                found.add(value["name"])
            for one in value.values():
                walk(one)
        elif isinstance(value, list):
            for one in value:
                walk(one)

    walk(json.loads(text))
    return found


def _words(text: str) -> set[str]:
    """Return which of the names stand in a text as words, the longest that fit."""
    return set(re.findall(r"(?<![\w/.])(?:[ab]/web|[ab])(?![\w/])", text))


def test_every_verb_and_format_has_one_set_of_names(shapes: Workshop, run: Run) -> None:
    names = set(SHAPES.values())

    def ask(*words: str, code: int = 0) -> str:
        done = run(shapes.top, *words)
        assert done.code == code, done
        # A directory stands nowhere but in a path to a file, and where a name is taken apart.
        for directory in SHAPES:
            assert not re.search(rf"{re.escape(directory)}(?!/|\")", done.stdout + done.stderr)
        return done.stdout

    fleet = json.loads(ask("fleet", "--format", "json"))
    assert {one["storage"]: one["name"] for one in fleet["nodes"]} == SHAPES
    assert {one["node"] for one in fleet["outputs"]} == names
    assert names <= set(ask("fleet").splitlines())
    assert set(ask("completion", "--list", "nodes").splitlines()) == names
    access = ask("access", "--format", "json")
    assert {one["name"] for one in json.loads(access)["readers"] if one["kind"] == "node"} == names
    rows = list(csv.DictReader(io.StringIO(ask("access", "--format", "csv"))))
    assert {one["reader"] for one in rows if one["kind"] == "node"} == names
    for form in ("text", "markdown", "html"):
        assert _words(ask("access", "--format", form)) >= names
    assert _of_json(ask("inspect", "--format", "json", SECRET)) == names
    (host,) = json.loads(ask("inspect", "--format", "json", key_path("a/web/.rekey")))
    assert host["known"]["people"] == ["a/web"]

    for directory, name in SHAPES.items():
        (path,) = (shapes.top / directory).glob("*.age")
        assert f"output of {name} for shared" in ask("inspect", str(path))
        found = json.loads(ask("--node", name, "--format", "json"))
        assert name in {one["node"] for one in found["outputs"]}
        whole = json.loads(ask("--node", directory, "--format", "json"))
        assert {one["node"] for one in whole["outputs"]} == {name}
    refused = run(shapes.top, "fleet", "zeta")
    assert refused.stderr.endswith(f"there are {', '.join(sorted(names))}\n")

    # One directory leaves with its host, and the secret is edited: a name in each finding.
    shapes.git.run("rm", "-rq", "fleet/site/a/.rekey", key_path("a/.rekey"))
    shapes.source(SECRET, "another text\n")
    shapes.stage()
    left = names - {"a"}
    report = ask("--format", "json", code=1)
    assert {one["node"] for one in json.loads(report)["findings"] if one["node"]} >= left
    assert _of_json(report) <= names
    line = next(one for one in ask(code=1).splitlines() if one.startswith("access: "))
    assert "no longer readable by a (" in line
    suites = ET.fromstring(ask("--format", "junit", code=1)).iter("testsuite")  # noqa: S314
    assert {one.get("name") for one in suites} == left | {"repository"}
    for form in ("text", "markdown", "html", "github", "gitlab", "sarif"):
        assert _words(ask("--format", form, code=1)) >= left
    plan = ask("--fix", "--dry-run", "--format", "json", code=1)
    assert _of_json(plan) <= names
    shapes.commit("Take a host out")
    former = ("exposure", "--node", "fleet/site/a/.rekey")
    (key,) = json.loads(ask(*former, "--format", "json"))["keys"]
    assert key["nodes"] == ["a", "secrets/rekeyed/delta"]
    assert ask(*former).startswith("a (age1")


def test_findings_are_identified_by_directories(shapes: Workshop, run: Run) -> None:
    """A directory elsewhere changes the names that are shown, and no fingerprint."""
    shapes.source(SECRET, "another text\n")
    shapes.stage()
    before = _fingerprints(shapes, run)
    assert len(before["sarif"]) == len(before["gitlab"]) == len(SHAPES)
    shapes.storage = "."
    shapes.write("new.pub", NEW)
    shapes.source("secrets/other.age", TEXT)
    shapes.rekey("a", "other", "secrets/other.age", TEXT, key=NEW)
    shapes.stage()
    assert "fleet/site/a/web/.rekey  shared" in run(shapes.top).stdout
    after = _fingerprints(shapes, run)
    for form, fingerprints in before.items():
        assert fingerprints <= after[form]

    ignored = '[[ignore]]\nrule = "output-stale"\nnode = "%s"\nreason = "x"\n'
    for directory in SHAPES:
        shapes.write("agenix-check.toml", ignored % directory)
        shapes.stage()
        found = json.loads(run(shapes.top, "--format", "json").stdout)
        assert found["counts"]["ignored"] == 1
        stale = [one for one in found["findings"] if one["rule"] == "output-stale"]
        assert {one["node"] for one in stale} == SHAPES.keys() - {directory}


def _fingerprints(fleet: Workshop, run: Run) -> dict[str, set[str]]:
    """Return by what GitHub, GitLab and JUnit's readers know findings again; none occurs twice."""
    sarif = json.loads(run(fleet.top, "--format", "sarif").stdout)["runs"][0]["results"]
    gitlab = json.loads(run(fleet.top, "--format", "gitlab").stdout)
    cases = ET.fromstring(run(fleet.top, "--format", "junit").stdout).iter("testcase")  # noqa: S314
    found = {
        "sarif": [one["partialFingerprints"]["primaryLocationLineHash"] for one in sarif],
        "gitlab": [one["fingerprint"] for one in gitlab],
    }
    names = [(one.get("classname"), one.get("name")) for one in cases]
    assert len(set(names)) == len(names)
    assert all(len({*those}) == len(those) for those in found.values())
    return {form: {*those} for form, those in found.items()}
