"""The SARIF report: by the official schema, and by what GitHub's code scanning asks for besides."""

import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import jsonschema
import pytest
from hypothesis import given

from agenix_check.model.findings import Report, Severity
from agenix_check.model.frozen import replace
from agenix_check.report.explain import rule_texts
from agenix_check.report.finding_places import shown_path
from agenix_check.report.formats.sarif import MOST_RESULTS, render
from agenix_check.rules import RULES, Rule
from tests.pace import per_hundred
from tests.report.sample import (
    ALL,
    ALPHA,
    BETA,
    GREEN,
    HOSTILE,
    PLAIN_AGENIX,
    TROUBLE,
    finding,
    path_of,
    report,
)
from tests.report.strategies import REPORTS

# The schema that GitHub's documentation names, as tests/setup/packages.sh fetched it.
PACKAGE = Path(__file__).parents[2] / ".cache/@microsoft/jest-sarif/1.0.0-beta.0/package"
SCHEMA = PACKAGE / "lib/schemas/sarif-2.1.0-rtm.5.json"
if not SCHEMA.is_file():
    raise FileNotFoundError("the schema of SARIF is missing: run make test (it fetches it)")
VALIDATOR = jsonschema.Draft4Validator(
    json.loads(SCHEMA.read_text()), format_checker=jsonschema.FormatChecker()
)

_RELATIVE = re.compile(r"(?!/)(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})+")


def run_of(sample: Report) -> Any:
    """Read the only run, and hold the log against every rule that readers are known to have."""
    rendered = render(sample, "1.2.3")
    log = json.loads(rendered.encode())
    VALIDATOR.validate(log)
    json.dumps(log, ensure_ascii=False).encode("utf-8", "strict")
    assert rendered.isascii()
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        check_rule(rule)
    results = run["results"]
    assert len(results) <= MOST_RESULTS
    fingerprints = {each["partialFingerprints"]["primaryLocationLineHash"] for each in results}
    assert len(fingerprints) == len(results)
    assert len({"baselineState" in each for each in results}) <= 1
    for result in results:
        check_result(result, rules)
    for notification in run["invocations"][0]["toolExecutionNotifications"]:
        assert notification["message"]["text"].isprintable()
    return run


def check_rule(rule: Any) -> None:
    assert len(rule["id"]) <= 255
    assert 0 < len(rule["shortDescription"]["text"]) <= 1024
    assert 0 < len(rule["fullDescription"]["text"]) <= 1024
    assert rule["help"]["text"]
    assert rule["help"]["markdown"]
    assert len(rule["properties"]["tags"]) <= 10


def check_result(result: Any, rules: Any) -> None:
    if "ruleIndex" in result:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    else:
        assert result["ruleId"] not in {rule["id"] for rule in rules}
    assert result["message"]["text"].isprintable()
    assert len(result["message"]["text"]) <= 1024
    related = result.get("relatedLocations", [])
    assert [each["id"] for each in related] == list(range(1, len(related) + 1))
    assert links_of(result["message"]["text"]) == [
        (each["message"]["text"], str(each["id"])) for each in related
    ]
    (primary,) = result["locations"]
    for location in (primary, *related):
        physical = location["physicalLocation"]
        assert _RELATIVE.fullmatch(physical["artifactLocation"]["uri"])
        assert physical["artifactLocation"]["uriBaseId"] == "%SRCROOT%"
        assert physical["region"] == {"startLine": 1}


def links_of(text: str) -> list[tuple[str, str]]:
    r"""Find the links that a reader would show; `\[`, `\]` and `\\` stand for themselves."""
    return re.findall(r"\[([^][]*)\]\(([^()]*)\)", re.sub(r"\\[\\\[\]]", "", text))


def result_of(run: Any, rule: str, who: str = "") -> Any:
    (result,) = (
        each
        for each in run["results"]
        if each["ruleId"] == rule and each["message"]["text"].startswith(who)
    )
    return result


def uri_of(location: Any) -> str:
    return str(location["physicalLocation"]["artifactLocation"]["uri"])


def test_the_schema_refuses_what_is_no_log() -> None:
    log = json.loads(render(TROUBLE, "1.2.3"))
    log["runs"][0]["results"][0]["level"] = "severe"

    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(log)


@pytest.mark.parametrize("sample", [*ALL.values(), report()], ids=[*ALL, "empty"])
def test_logs_are_valid(sample: Report) -> None:
    run = run_of(sample)

    assert len(run["results"]) == len(sample.findings) + len(sample.incomplete)


def test_the_tool_says_who_it_is() -> None:
    driver = run_of(GREEN)["tool"]["driver"]

    assert driver["name"] == "agenix-check"
    assert driver["semanticVersion"] == "1.2.3"
    assert driver["informationUri"].startswith("https://")


def test_every_rule_is_described_whether_broken_or_not() -> None:
    rules = {rule["id"]: rule for rule in run_of(GREEN)["tool"]["driver"]["rules"]}

    assert list(rules) == [*RULES, "not-checked"]
    for rule in RULES.values():
        described = rules[rule.id]
        assert re.sub("(?<=[a-z])(?=[A-Z])", "-", described["name"]).lower() == rule.id
        assert described["defaultConfiguration"]["level"] == rule.severity
        for _, text in rule_texts(rule):
            assert text in described["help"]["text"]
            assert text in described["help"]["markdown"]


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_the_text_of_a_rule_means_the_same_as_markdown(rule: Rule) -> None:
    for paragraph in "\n\n".join(text for _, text in rule_texts(rule)).split("\n\n"):
        if paragraph.startswith(" "):
            # Code, each line of it.
            assert all(line.startswith("    ") for line in paragraph.splitlines())
            continue
        assert paragraph.count("`") % 2 == 0
        prose = re.sub("`[^`]*`", "", paragraph)
        assert not re.search(r"[<*\[\\]|^[#>+-]|^\d+[.)]|(?<!\w)_|_(?!\w)", prose, re.MULTILINE)


def test_what_gives_secrets_away_is_a_matter_of_security() -> None:
    for rule in run_of(GREEN)["tool"]["driver"]["rules"]:
        properties = rule["properties"]
        assert ("security" in properties["tags"]) == ("security-severity" in properties)
        if "security-severity" in properties:
            assert 0.1 <= float(properties["security-severity"]) <= 10.0


def test_a_result_says_what_a_person_needs() -> None:
    result = result_of(run_of(TROUBLE), "output-stale", "nixos:beta wifi")

    assert result["level"] == "error"
    assert result["message"]["text"] == (
        "nixos:beta wifi: made for the same key with another comment. "
        "hosts/beta/host.pub changed: the same key, but another comment or newline. "
        "Files: [source](1), [key](2), [output](3). Fix: agenix-check --fix"
    )
    assert uri_of(result["locations"][0]) == "hosts/beta/host.pub"
    assert [uri_of(each) for each in result["relatedLocations"]] == [
        "secrets/wifi.age",
        "hosts/beta/host.pub",
        path_of(BETA, "wifi"),
    ]


def test_levels_are_those_of_the_findings() -> None:
    run = run_of(TROUBLE)

    assert result_of(run, "output-lfs")["level"] == "warning"
    assert result_of(run, "source-unused")["level"] == "note"
    assert result_of(run, "output-missing")["level"] == "note"


def test_hosts_that_share_a_source_are_told_apart() -> None:
    stale = [each for each in run_of(TROUBLE)["results"] if each["ruleId"] == "output-stale"]
    at_one_file = [each for each in stale if uri_of(each["locations"][0]) == "secrets/db.age"]

    assert len({str(each["partialFingerprints"]) for each in at_one_file}) == 3
    # Where place and rule are equal, Microsoft's baseline goes by this name, not by fingerprints.
    logical = [each["locations"][0]["logicalLocations"] for each in at_one_file]
    assert logical == [
        [{"name": name, "fullyQualifiedName": name}]
        for name in ("host-nixos:alpha-user-bob db", "nixos:alpha db", "nixos:beta db")
    ]


@pytest.mark.parametrize("base", [None, "ba5e" * 10])
def test_what_is_new_is_told_where_a_base_is_known(base: str | None) -> None:
    run = run_of(replace(TROUBLE, snapshot=replace(TROUBLE.snapshot, base=base)))
    states = [
        each.get("baselineState")
        for each in (result_of(run, "output-lfs"), result_of(run, "not-checked"))
    ]

    assert states == ([None, None] if base is None else ["unchanged", "new"])
    assert run["properties"]["snapshot"]["base"] == base


def test_what_could_not_be_checked_is_a_failure() -> None:
    run = run_of(TROUBLE)
    (invocation,) = run["invocations"]

    assert invocation["executionSuccessful"] is False
    assert [
        (each["level"], each["message"]["text"])
        for each in invocation["toolExecutionNotifications"]
    ] == [
        ("error", "could not check: secrets/merge.age is not merged"),
        ("note", "skipped: vendor/other is a submodule"),
    ]
    assert run["results"][0]["ruleId"] == "not-checked"
    assert run["results"][0]["level"] == "error"
    assert run_of(GREEN)["invocations"] == [
        {"executionSuccessful": True, "toolExecutionNotifications": []}
    ]


def test_a_finding_without_a_file_is_at_the_flake() -> None:
    (result,) = run_of(report(findings=(finding("node-not-evaluated", ALPHA),)))["results"]

    assert uri_of(result["locations"][0]) == "flake.nix"
    assert "relatedLocations" not in result
    assert result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == ALPHA


def test_a_rule_that_is_not_described_has_no_index() -> None:
    (result,) = run_of(report(findings=(finding("fleet-wide", path="x"),)))["results"]

    assert "ruleIndex" not in result


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a [note] (b) {c}", "a [note] (b) {c}"),
        ("[x](https://evil.example)", r"\[x\](https://evil.example)"),
        (r"\[x](1)", r"\\\[x\](1)"),
        ("{0} {12} {a}", "{{0}} {{12}} {a}"),
    ],
)
def test_names_are_neither_links_nor_placeholders(name: str, shown: str) -> None:
    run = run_of(report(findings=(finding("output-stale", name, "db"),), incomplete=(name,)))

    assert run["results"][1]["message"]["text"].startswith(f"{shown} db: ")
    assert run["results"][0]["message"]["text"] == f"Could not check: {shown}."


def test_hostile_names_can_be_had_back() -> None:
    result = result_of(run_of(TROUBLE), "output-malformed")

    wanted = f"secrets/{HOSTILE}.age".encode("utf-8", "surrogateescape")
    assert unquote_to_bytes(uri_of(result["locations"][0])) == wanted
    assert r"evil\x1b[31m\n\u202e" in result["message"]["text"]


@pytest.mark.parametrize("sample", [TROUBLE, PLAIN_AGENIX], ids=["trouble", "plain"])
def test_the_order_of_discovery_does_not_show(sample: Report) -> None:
    turned = replace(
        sample,
        findings=sample.findings[::-1],
        files=sample.files[::-1],
        incomplete=("b", "a"),
        skipped=("d", "c"),
    )

    assert render(turned, "1") == render(
        replace(sample, incomplete=("a", "b"), skipped=("c", "d")), "1"
    )


def test_the_least_important_are_left_out_of_too_many() -> None:
    warnings = [
        finding("output-orphan", f"n{number}", "db", severity=Severity.WARNING)
        for number in range(MOST_RESULTS)
    ]
    errors = [finding("output-stale", f"n{number}", "db") for number in range(10)]
    log = json.loads(
        render(report(findings=(*warnings, *errors), incomplete=("x is not merged",)), "1")
    )
    (run,) = log["runs"]
    levels = [(each["ruleId"], each["level"]) for each in run["results"]]
    (unchecked, cut) = run["invocations"][0]["toolExecutionNotifications"]

    assert len(levels) == MOST_RESULTS
    assert levels[:12] == [
        ("not-checked", "error"),
        *[("output-stale", "error")] * 10,
        ("output-orphan", "warning"),
    ]
    assert unchecked["level"] == "error"
    assert cut["level"] == "warning"
    assert cut["message"]["text"].startswith("11 more findings")


@given(REPORTS)
@per_hundred(50)
def test_no_name_makes_it_invalid(sample: Report) -> None:
    run = run_of(sample)
    uris = {unquote_to_bytes(uri_of(each["locations"][0])) for each in run["results"]}
    paths = {shown_path(one) or "flake.nix" for one in sample.findings}
    paths |= {"flake.nix"} if sample.incomplete else set()

    assert uris == {os.fsencode(path.replace("\ud800", "?")) for path in paths}
