"""Rules files that the tree names with `RULES=`."""

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt
from tests.audit.by_declaration.test_plain import judge, of, write_rules
from tests.host_keys import ALPHA, BETA

WRONG = ("wrong", ("plain-missing-recipient", "plain-unknown-recipient"))


@pytest.mark.parametrize(
    ("path", "script", "rules"),
    [
        ("justfile", "edit:\n    RULES=./secrets/rules.nix agenix -e x\n", "secrets/rules.nix"),
        ("nix/shell.nix", "{ h = ''export RULES=\"$PWD/nix/keys.nix\"''; }\n", "nix/keys.nix"),
        ("secrets/rekey.sh", "RULES=rules.nix agenix -r\n", "secrets/rules.nix"),
        (".github/workflows/check.yml", "env:\n  RULES= ./age.nix\n", "age.nix"),
    ],
)  # fmt: skip
def test_a_rules_file_that_a_script_names(
    workshop: Workshop, path: str, script: str, rules: str
) -> None:
    workshop.write("secrets/db.age", encrypt(b"x", [BETA]))
    workshop.write(path, script)
    name = "db" if rules.startswith("secrets/") else "secrets/db"
    write_rules(workshop, rules, **{name if rules != "nix/keys.nix" else "../secrets/db": [ALPHA]})

    report = judge(workshop)

    assert of(report) == {"secrets/db.age": WRONG}
    assert {one.group for one in report.plain} == {rules}


def test_it_counts_beside_others_and_at_the_base(workshop: Workshop) -> None:
    workshop.write("a.age", encrypt(b"x", [ALPHA]))
    workshop.write("b.age", encrypt(b"x", [ALPHA]))
    write_rules(workshop, a=[ALPHA])
    write_rules(workshop, "more.nix", b=[ALPHA])
    workshop.write("Makefile", "rekey:\n\tRULES=more.nix agenix -r\n")
    workshop.commit("Begin")
    assert judge(workshop).findings == ()

    write_rules(workshop, "more.nix", b=[ALPHA, BETA])
    (finding,) = judge(workshop).findings
    assert (finding.rule, finding.new) == ("plain-missing-recipient", True)
    workshop.commit("Add a key")
    (finding,) = judge(workshop).findings
    assert not finding.new


def test_a_name_of_no_rules_file(workshop: Workshop) -> None:
    workshop.write("a.age", encrypt(b"x", [ALPHA]))
    workshop.write("b.age", encrypt(b"x", [ALPHA]))
    write_rules(workshop, a=[ALPHA])
    workshop.write("other.nix", "{ }\n")
    workshop.write("rekey.sh", "RULES=other.nix\nRULES=gone.nix\nRULES=../../x.nix\n")

    assert {one.rule for one in judge(workshop).findings} == {"plain-without-rule"}
