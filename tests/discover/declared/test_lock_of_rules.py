"""Rules files in the lock file: what judges them where neither the evaluator nor Nix can."""

import json
from pathlib import Path

import jsonschema
import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.discover.tree.evidence import LOCK
from agenix_check.keys.encrypt import encrypt
from agenix_check.report import schema
from tests.audit.by_declaration.test_plain import write_rules
from tests.conftest import Result, Run
from tests.discover.declared.test_plain_rules import of, only_nix
from tests.host_keys import ALPHA, BETA

WRITTEN = (
    "agenix-check: wrote agenix-check.lock (1 rules file); now: git add -- :/agenix-check.lock\n"
)


@pytest.fixture
def locked(workshop: Workshop, run: Run, nix_home: Path) -> Workshop:
    """Return a repository whose rules only Nix understands, with a lock file."""
    workshop.write("db.age", encrypt(b"x", [ALPHA]))
    workshop.write("secrets.nix", only_nix(ALPHA))
    workshop.stage()
    assert run(workshop.top, "fleet", "--lock") == Result(0, "", WRITTEN)
    workshop.commit("Build")
    return workshop


def errors(result: Result) -> list[tuple[str, str]]:
    findings = json.loads(result.stdout)["findings"]
    return [(one["rule"], one["path"]) for one in findings if one["severity"] == "error"]


def test_a_lock_judges_rules_that_only_nix_understands(
    locked: Workshop, run: Run, without_nix: dict[str, str]
) -> None:
    done = run(locked.top, "--format", "json", env=without_nix)
    assert of(done) == (0, {"db.age": "ok"})

    locked.write("db.age", encrypt(b"x", [ALPHA, BETA]))
    locked.stage()
    done = run(locked.top, "--format", "json", env=without_nix)
    assert of(done) == (1, {"db.age": "wrong"})
    assert errors(done) == [("plain-unknown-recipient", "db.age")]

    assert run(locked.top, "--inventory", "names", env=without_nix).code == 3


def test_it_is_as_its_schema_says_and_holds_what_the_evaluator_understands_too(
    locked: Workshop, run: Run
) -> None:
    locked.write("more/wifi.age", encrypt(b"x", [BETA]))
    write_rules(locked, "more/secrets.nix", wifi=[BETA])
    locked.stage()
    assert run(locked.top, "fleet", "--lock").code == 0

    document = json.loads(locked.read(LOCK))
    jsonschema.Draft202012Validator(json.loads(schema.render("lock"))).validate(document)
    assert document["nodes"] == {}
    assert document["plain"]["more/secrets.nix"]["rules"] == {
        "more/wifi.age": {"publicKeys": [BETA.strip()], "again": [], "armor": None}
    }


def test_rules_that_changed_since_are_not_judged_by_it(
    locked: Workshop, run: Run, without_nix: dict[str, str]
) -> None:
    locked.write("secrets.nix", only_nix(BETA))
    locked.stage()

    done = run(locked.top, env=without_nix)

    assert done.code == 3
    assert f"{LOCK} has its rules from before secrets.nix changed" in done.stderr


def test_a_change_does_not_say_itself_what_its_rules_are(
    locked: Workshop, run: Run, without_nix: dict[str, str]
) -> None:
    locked.git.run("switch", "--quiet", "--create", "stranger")
    locked.write("secrets.nix", only_nix(BETA))
    locked.write("db.age", encrypt(b"x", [ALPHA, BETA]))
    locked.stage()
    assert run(locked.top, "fleet", "--lock").code == 0
    lock = json.loads(locked.read(LOCK))
    lock["plain"]["secrets.nix"]["rules"]["db.age"]["publicKeys"].append(ALPHA.strip())
    locked.write(LOCK, json.dumps(lock))
    locked.commit("Let me in")

    done = run(locked.top, "--from-ref", "main", "--to-ref", "stranger", env=without_nix)

    assert done.code == 3
    assert f"{LOCK} has its rules from before secrets.nix changed" in done.stderr


def test_a_lock_with_other_rules_is_stale(locked: Workshop, run: Run) -> None:
    locked.write("db.age", encrypt(b"x", [BETA]))
    locked.write("secrets.nix", only_nix(BETA))
    locked.stage()
    done = run(locked.top, "--format", "json")
    assert errors(done) == [("lock-stale", LOCK)]

    locked.commit("Forget the lock")
    locked.write("README.md", "a page")
    locked.stage()
    (finding,) = json.loads(run(locked.top, "--format", "json").stdout)["findings"]
    assert (finding["rule"], finding["new"]) == ("lock-stale", False)
    assert finding["mend"].startswith("agenix-check fleet --lock && git add")

    locked.remove("secrets.nix")
    locked.remove("db.age")
    locked.stage()
    done = run(locked.top, "--allow-empty")
    assert "secrets.nix is no rules file any more" in done.stdout


def test_rules_that_cannot_be_read_are_not_in_it(locked: Workshop, run: Run) -> None:
    locked.write("more/secrets.nix", '{ "x.age".publicKeys = [ (import <nixpkgs> { }).key ]; }')
    locked.stage()

    done = run(locked.top, "fleet", "--lock")

    assert done.code == 0
    assert "not in the lock file: more/secrets.nix: x.age: " in done.stderr
    assert list(json.loads(locked.read(LOCK))["plain"]) == ["secrets.nix"]


@pytest.mark.parametrize(
    ("plain", "where"),
    [
        ([], "plain"),
        ({"../secrets.nix": {"files": {}, "rules": {}}}, "plain.../secrets.nix"),
        ({"secrets.nix": {"files": {}, "rules": {"/etc/x": {}}}}, "plain.secrets.nix.rules./etc/x"),
        ({"secrets.nix": {"files": [], "rules": {}}}, "plain.secrets.nix.files"),
        (
            {"secrets.nix": {"files": {}, "rules": {"x": {"publicKeys": 1, "again": []}}}},
            "plain.secrets.nix.rules.x.publicKeys",
        ),
    ],
)
def test_a_damaged_one_judges_nothing(
    locked: Workshop, run: Run, without_nix: dict[str, str], plain: object, where: str
) -> None:
    document = json.loads(locked.read(LOCK))
    locked.write(LOCK, json.dumps(document | {"plain": plain}))
    locked.commit("Damage it")

    done = run(locked.top, env=without_nix)

    assert done.code == 3
    assert "Traceback" not in done.stderr
    assert f"{LOCK}: {where} is not" in done.stderr
