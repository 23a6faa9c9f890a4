"""The JSON Schemas behind `agenix-check schema`: of the report, and of other documents."""

import json
from enum import StrEnum

from agenix_check.model.findings import CauseKind, Severity, Verdict
from agenix_check.report.access.access_schema import access_schema, change_schema
from agenix_check.report.exposure.exposure_schema import exposure_schema
from agenix_check.report.formats.json import REPORT_SCHEMA
from agenix_check.report.lock_schema import lock_schema
from agenix_check.report.schema_parts import Schema, described_array, described_object


def render(of: str = "report") -> str:
    """Return the schema (draft 2020-12) of one of `DOCUMENTS`, as JSON text."""
    return json.dumps(DOCUMENTS[of](), indent=2) + "\n"


def report_schema() -> Schema:
    """Return the schema of the report; a field that is not described here never occurs."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Report of agenix-check",
        **described_object(
            "The result of one run. Arrays are sorted, and the same tree gives the same bytes.",
            schema={
                "const": REPORT_SCHEMA,
                "description": "Which version of this schema it follows.",
            },
            tool=described_object(
                "The program that wrote the report.",
                name={"const": "agenix-check", "description": "Its name."},
                version=_text("Its version."),
            ),
            snapshot=_snapshot(),
            fleet=_fleet(),
            counts=_counts(),
            outputs=described_array("Every output that should exist, right or wrong.", _output()),
            plain=described_array("Every file that a rule of plain agenix names.", _plain()),
            findings=described_array("Everything that is wrong.", _finding()),
            fixed=described_array("Everything that this run fixed.", _fix()),
            incomplete=described_array(
                "What could not be checked, one sentence each; such a run does not pass.",
                {"$ref": "#/$defs/name"},
            ),
            skipped=described_array(
                "What was skipped on purpose, one sentence each.", {"$ref": "#/$defs/name"}
            ),
            decrypted={
                "anyOf": [_decrypted(), {"type": "null"}],
                "description": "The result of --decrypt; null without it.",
            },
            access={
                "anyOf": [
                    described_object("Who gains and who loses what.", **change_schema()),
                    {"type": "null"},
                ],
                "description": (
                    "What the change does to who can read what, also where nothing is wrong; null"
                    " where there is nothing to compare with."
                ),
            },
        ),
        "$defs": {
            "name": {
                "type": "string",
                "description": (
                    "A text that may hold a path or a name from the repository, with / between"
                    " directories and relative to the root. Such names are bytes: a byte that is"
                    r" not UTF-8 is written \xNN (backslash, x, two lower-case hexadecimal digits),"
                    r" and a backslash of the name itself is written \x5c where it stands before"
                    " what looks like such an escape. To get the bytes back, encode the text as"
                    r" UTF-8 and replace each \xNN, from left to right, by that byte."
                ),
            },
            "rule": {
                "type": "string",
                "pattern": "^[a-z]+(-[a-z]+)+$",
                "description": "The id of a rule; `agenix-check explain RULE` explains it.",
            },
            "oid": {
                "type": "string",
                "pattern": "^([0-9a-f]{40}|[0-9a-f]{64})$",
                "description": "The id of a Git object, SHA-1 or SHA-256.",
            },
        },
    }


def _snapshot() -> Schema:
    return described_object(
        "The tree that was checked.",
        kind={
            "enum": ["index", "commit", "worktree"],
            "description": "What was checked: the index, a commit, or the work tree.",
        },
        tree=_ref("oid", "The id of its Git tree."),
        commit=_nullable("oid", "The id of the commit, if a commit was checked."),
        base=_nullable("oid", "The commit that it was compared with; null if there is none."),
    )


def _fleet() -> Schema:
    return described_object(
        "What should exist, and how the program knows that.",
        inventory={
            "enum": ["nix", "lock", "names"],
            "description": "Where the fleet comes from: Nix, the lock file, or file names alone.",
        },
        complete={
            "type": "boolean",
            "description": (
                "Whether everything that is declared is known. File names do not show a secret that"
                " is declared and was never rekeyed."
            ),
        },
        nodes=_number("How many nodes; if only names are known, how many output directories."),
        secrets=_number("How many secrets."),
        plain=_number("How many files of plain agenix."),
    )


def _counts() -> Schema:
    return described_object(
        "How many there are of each kind.",
        outputs=_number("Outputs that should exist."),
        ok=_number("Outputs that are right."),
        wrong=_number("Outputs that are wrong."),
        unverifiable=_number("Outputs that look right, for a key that leaves no tag in the file."),
        skipped=_number("Outputs that were not checked; each gives its reason."),
        errors=_number("Findings that fail the run."),
        warnings=_number("Findings that fail it with --strict."),
        notes=_number("Findings that never fail it."),
        ignored=_number("Findings that a setting silenced; they are not in the report."),
    )


def _output() -> Schema:
    return described_object(
        "One output.",
        node=_ref("name", "The node that it is for, by the name that every format shows."),
        secret=_ref("name", "The secret; if only names are known, its name."),
        source=_nullable("name", "The source that it is made from; null if that is unknown."),
        path=_ref("name", "The file."),
        verdict=_enum("Its verdict.", Verdict),
        rules=described_array("The rules it breaks.", {"$ref": "#/$defs/rule"}),
        reason=_nullable("name", "Why it is unverifiable or skipped."),
    )


def _plain() -> Schema:
    return described_object(
        "One file of plain agenix.",
        path=_ref("name", "The file."),
        rules_file=_ref("name", "The secrets.nix that names it."),
        verdict=_enum("Its verdict.", Verdict),
        rules=described_array("The rules it breaks.", {"$ref": "#/$defs/rule"}),
        reason=_nullable("name", "Why it is unverifiable or skipped."),
        optional=("reason",),
    )


def _finding() -> Schema:
    cause = described_object(
        "The edit that caused it.",
        kind=_enum("What happened.", CauseKind),
        path=_ref("name", "The file that was edited."),
        commit=_nullable("oid", "The commit that made the edit, if history shows it."),
        binding=_ref("name", "The variable or attribute of the file that was edited, if known."),
        optional=("binding",),
    )
    return described_object(
        "One thing that is wrong.",
        rule=_ref("rule", "The rule that is broken."),
        severity=_enum("Its severity; it may differ from that of the rule.", Severity),
        node=_nullable("name", "The node that is affected, by the name that every format shows."),
        secret=_nullable("name", "The secret that is affected."),
        path=_nullable(
            "name", "The file that it is about; for a missing output, the file that should exist."
        ),
        source=_nullable("name", "The source of the secret."),
        message=_ref("name", "What is wrong, in one sentence."),
        new={
            "type": "boolean",
            "description": "Whether this change brought it: the base does not have it.",
        },
        cause={"anyOf": [cause, {"type": "null"}], "description": "Its cause, if known."},
        since=_nullable("oid", "The commit since which it is so; null for this very change."),
        mend=_nullable("name", "The command that fixes it."),
    )


def _fix() -> Schema:
    return described_object(
        "One thing that was fixed.",
        action={
            "enum": ["rekeyed", "staged", "removed"],
            "description": "What was done to the file.",
        },
        path=_ref("name", "The file."),
        node=_nullable("name", "The node that it is for."),
        secret=_nullable("name", "The secret in it."),
    )


def _decrypted() -> Schema:
    return described_object(
        "Result of comparing plaintexts; no plaintext is ever reported.",
        compared=_number(
            "Outputs that were compared with their sources, including those that differ."
        ),
        not_compared=described_array(
            "Outputs that were not compared.",
            described_object(
                "One output.",
                node=_ref("name", "The node that it is for."),
                secret=_ref("name", "The secret."),
                path=_ref("name", "The file."),
                verdict=_enum("Its verdict without the comparison.", Verdict),
                reason=_ref("name", "Why it was not compared."),
            ),
        ),
    )


def _text(description: str) -> Schema:
    return {"description": description, "type": "string"}


def _number(description: str) -> Schema:
    return {"description": description, "type": "integer", "minimum": 0}


def _enum(description: str, values: type[StrEnum]) -> Schema:
    return {"description": description, "enum": [str(value) for value in values]}


def _ref(name: str, description: str) -> Schema:
    return {"description": description, "$ref": f"#/$defs/{name}"}


def _nullable(name: str, description: str) -> Schema:
    return {"description": description, "anyOf": [{"$ref": f"#/$defs/{name}"}, {"type": "null"}]}


DOCUMENTS = {
    "report": report_schema,
    "lock": lock_schema,
    "access": access_schema,
    "exposure": exposure_schema,
}
