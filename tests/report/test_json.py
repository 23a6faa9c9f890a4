"""The JSON report: valid, sorted, complete, and just as the schema says."""

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenix_check.model.findings import (
    CauseKind,
    Counts,
    FileKind,
    Fix,
    JudgedFile,
    Report,
    Verdict,
)
from agenix_check.model.frozen import field_names, replace
from agenix_check.report import schema
from agenix_check.report.formats.json import render
from tests.report.sample import ALL, GREEN, HOSTILE, SOURCE_EDIT, TROUBLE, finding, output, report


def load(rendered: str) -> Any:
    """Read like a strict reader: UTF-8, no lone surrogates, no key twice, no NaN."""

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        assert len({name for name, _ in pairs}) == len(pairs)
        return dict(pairs)

    document = json.loads(rendered.encode(), object_pairs_hook=once)
    json.dumps(document, ensure_ascii=False, allow_nan=False).encode("utf-8", "strict")
    return document


def validate(document: Any) -> None:
    jsonschema.Draft202012Validator(json.loads(schema.render())).validate(document)


PLAIN = JudgedFile(FileKind.PLAIN, "secrets.nix", "b.age", None, "b.age", Verdict.OK)
FULL = replace(
    TROUBLE,
    files=(
        *TROUBLE.files,
        PLAIN,
        PLAIN._replace(path="a.age", verdict=Verdict.WRONG, rules=("plain-x", "a-b")),
    ),
    fixed=(Fix(action="removed", path="b"), Fix(action="staged", path="a", node="n", secret="s")),
)


@pytest.mark.parametrize("sample", [*ALL.values(), FULL], ids=[*ALL, "full"])
def test_reports_match_the_schema(sample: Report) -> None:
    validate(load(render(sample, "1.2.3")))


@pytest.mark.parametrize("sample", [*ALL.values(), FULL], ids=[*ALL, "full"])
def test_the_layout_is_the_usual_one(sample: Report) -> None:
    rendered = render(sample, "1.2.3")

    assert rendered == json.dumps(json.loads(rendered), indent=2) + "\n"
    assert rendered.isascii()


def test_the_schema_is_a_valid_one() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(schema.render()))


def described(node: object) -> bool:
    """Return whether every property in a schema has a description and every object is closed."""
    if isinstance(node, list):
        return all(map(described, node))
    if not isinstance(node, dict):
        return True
    properties = node.get("properties", {})
    return (
        all("description" in each for each in properties.values())
        and (node.get("type") != "object" or node["additionalProperties"] is False)
        and all(map(described, node.values()))
    )


def test_the_schema_describes_every_field() -> None:
    assert described(schema.report_schema())


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.update(more=1),
        lambda document: document.pop("skipped"),
        lambda document: document["outputs"][0].update(verdict="fine"),
        lambda document: document["findings"][0].update(line=1),
        lambda document: document["snapshot"].update(tree="HEAD"),
        lambda document: document["counts"].update(ok=-1),
    ],
)
def test_the_schema_refuses_what_is_not_a_report(change: Any) -> None:
    document = load(render(TROUBLE, "1.2.3"))
    change(document)

    with pytest.raises(jsonschema.ValidationError):
        validate(document)


def test_fields_are_those_of_the_contract_in_its_order() -> None:
    document = load(render(FULL, "1.2.3"))

    assert list(document) == [
        *("schema", "tool", "snapshot", "fleet", "counts"),
        *("outputs", "plain", "findings", "fixed", "incomplete", "skipped", "decrypted", "access"),
    ]
    assert document["schema"] == "agenix-check/report/1"
    assert document["tool"] == {"name": "agenix-check", "version": "1.2.3"}
    assert list(document["snapshot"]) == ["kind", "tree", "commit", "base"]
    assert list(document["fleet"]) == ["inventory", "complete", "nodes", "secrets", "plain"]
    assert list(document["counts"]) == [
        *("outputs", "ok", "wrong", "unverifiable", "skipped"),
        *("errors", "warnings", "notes", "ignored"),
    ]
    assert list(document["counts"]) == list(field_names(Counts))
    assert list(document["outputs"][0]) == [
        *("node", "secret", "source", "path", "verdict", "rules", "reason")
    ]
    assert list(document["plain"][0]) == ["path", "rules_file", "verdict", "rules", "reason"]
    assert list(document["findings"][0]) == [
        *("rule", "severity", "node", "secret", "path", "source"),
        *("message", "new", "cause", "since", "mend"),
    ]
    assert list(document["fixed"][0]) == ["action", "path", "node", "secret"]


def test_values_are_those_of_the_report() -> None:
    document = load(render(FULL, "1.2.3"))
    stale = next(f for f in document["findings"] if f["cause"] and f["node"] == "nixos:alpha")

    assert stale["cause"] == {
        "kind": "source-changed",
        "path": "secrets/db.age",
        "commit": SOURCE_EDIT.commit,
    }
    assert stale["new"] is True
    assert stale["mend"] == "agenix-check --fix"
    assert document["plain"][0]["rules"] == ["a-b", "plain-x"]
    assert document["counts"]["ignored"] == 2
    assert document["skipped"] == ["vendor/other is a submodule"]
    assert len(document["outputs"]) == len(FULL.outputs)
    assert len(document["findings"]) == len(FULL.findings)


def test_the_order_of_discovery_does_not_show() -> None:
    turned = replace(
        FULL,
        files=FULL.files[::-1],
        findings=FULL.findings[::-1],
        fixed=FULL.fixed[::-1],
        skipped=("b", "a"),
        incomplete=("d", "c"),
    )
    sorted_ones = replace(FULL, skipped=("a", "b"), incomplete=("c", "d"))

    assert render(turned, "1") == render(sorted_ones, "1")


def test_an_empty_report_is_one() -> None:
    document = load(render(report(), "1"))

    validate(document)
    assert document["outputs"] == document["findings"] == document["incomplete"] == []


def test_hostile_names_are_data() -> None:
    document = load(render(TROUBLE, "1"))
    secrets = {each["secret"] for each in document["outputs"]}

    assert HOSTILE.replace("\udcff", r"\xff") in secrets


@given(
    st.text(st.characters(), max_size=30),
    st.sampled_from(CauseKind),
    st.text(st.characters(), max_size=30),
)
def test_no_text_makes_it_invalid(name: str, kind: CauseKind, path: str) -> None:
    sample = report(
        output(name, path, Verdict.SKIPPED, reason=path),
        findings=(finding("a-b", name, path, cause=replace(SOURCE_EDIT, kind=kind, path=path)),),
        skipped=(name,),
        incomplete=(path,),
    )

    validate(load(render(sample, name)))


def test_two_hundred_thousand_outputs_are_no_problem() -> None:
    sample = replace(GREEN, files=GREEN.files * 50_000)

    assert len(json.loads(render(sample, "1"))["outputs"]) == 200_000
