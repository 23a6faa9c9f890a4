"""Plain agenix: keys that are none, rules that left, names from above, and what a change did."""

import json
from collections.abc import Callable

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt, new_identity
from agenix_check.model.findings import Finding, Report
from tests.audit.by_declaration.test_plain import judge, of, the_only, write_rules
from tests.conftest import Run
from tests.host_keys import ALPHA, BETA, GAMMA, NEW
from tests.programs import encrypted


def write_keys(shop: Workshop, alice: str, host: str) -> None:
    short = [json.dumps(key.rsplit(" ", 1)[0]) for key in (alice, host)]
    shop.write("keys.nix", f"{{\n  alice = {short[0]};\n  host = {short[1]};\n}}\n")


def named(report: Report) -> dict[str, Finding]:
    """Return the findings by rule; there must be one of each."""
    found = {one.rule: one for one in report.findings}
    assert len(found) == len(report.findings)
    return found


def test_a_key_that_is_none_hides_no_stranger(workshop: Workshop) -> None:
    workshop.write("db.age", encrypt(b"x", [ALPHA, BETA]))
    workshop.write("ok.age", encrypt(b"x", [ALPHA]))
    bad = f"cert-authority {GAMMA}"
    workshop.write(
        "secrets.nix",
        f"""let
          bad = {json.dumps(bad.strip())};
        in {{
          "db.age".publicKeys = [ {json.dumps(ALPHA)} bad ];
          "ok.age".publicKeys = [ {json.dumps(ALPHA)} ];
        }}""",
    )

    report = judge(workshop)

    assert of(report) == {
        "db.age": ("wrong", ("plain-invalid-key", "plain-unknown-recipient")),
        "ok.age": ("ok", ()),
    }
    assert named(report)["plain-invalid-key"].message == (
        "its rule lists `cert-authority ssh-ed25519 AAAAC3NzaC1lZ…` (bad, secrets.nix:2), "
        "which age cannot take: this is neither an age recipient nor an SSH public key"
    )
    # Neither can be fixed before the rule is right.
    assert all((one.mend or "").startswith("# put its rule") for one in report.findings)


def test_a_key_with_one_wrong_letter(workshop: Workshop, run: Run) -> None:
    workshop.write("db.age", encrypt(b"x", [ALPHA, BETA]))
    write_rules(workshop, db=[ALPHA, BETA])
    workshop.commit("Begin")
    write_rules(workshop, db=[ALPHA, BETA.replace("IOkp", "IOk1")])
    workshop.stage()

    result = run(workshop.top, "--format", "json")

    assert result.code == 1
    found = {one["rule"]: one["message"] for one in json.loads(result.stdout)["findings"]}
    assert found["plain-invalid-key"] == (
        "its rule lists `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOk1…` (secrets.nix:2), which age "
        "cannot take: the ssh-ed25519 key is no point of its curve, most likely because of a "
        "typing error"
    )
    mended = run(workshop.top, "--fix")
    assert mended.code == 1
    assert "db.age: its rule has a key that is not a recipient (" in mended.stderr


def test_a_rule_without_keys_makes_nobody_a_stranger(workshop: Workshop) -> None:
    workshop.write("db.age", encrypt(b"x", [ALPHA, BETA]))
    write_rules(workshop, db=[])

    finding = the_only(judge(workshop))

    assert (finding.rule, finding.new) == ("plain-invalid-key", True)
    workshop.commit("Begin")
    workshop.write("secrets.nix", "# A comment.\n" + workshop.read("secrets.nix").decode())
    assert not the_only(judge(workshop)).new


def test_a_rule_that_left_while_its_file_stays(workshop: Workshop) -> None:
    workshop.write("db.age", encrypt(b"x", [ALPHA]))
    workshop.write("old.age", encrypt(b"x", [ALPHA, BETA]))
    write_rules(workshop, db=[ALPHA], old=[ALPHA, BETA])
    workshop.commit("Begin")
    write_rules(workshop, db=[ALPHA])

    finding = the_only(judge(workshop))

    assert (finding.rule, finding.severity, finding.path, finding.new) == (
        "plain-without-rule", "error", "old.age", True,
    )  # fmt: skip
    assert "root@alpha" in finding.message
    assert "root@beta" in finding.message
    assert finding.cause is not None
    assert finding.cause.path == "secrets.nix"

    workshop.commit("Take a rule away")
    finding = the_only(judge(workshop))
    assert (finding.severity, finding.new) == ("warning", False)

    workshop.remove("old.age")
    assert judge(workshop).findings == ()


def test_a_file_that_was_renamed_is_brought_back_from_both_its_names(workshop: Workshop) -> None:
    workshop.write("db.age", encrypt(b"x", [ALPHA]))
    workshop.write("web.age", encrypt(b"y", [ALPHA]))
    write_rules(workshop, db=[ALPHA], web=[ALPHA])
    workshop.commit("Begin")
    workshop.git.run("mv", "db.age", "data.age")

    found = named(judge(workshop))

    back = 'cd "$(git rev-parse --show-toplevel)" && git mv -- data.age db.age'
    for rule in ("plain-without-rule", "plain-missing-file"):
        assert found[rule].mend == f"{back}  # or name data.age in secrets.nix, and git add that"

    workshop.commit("Rename it")
    mend = named(judge(workshop))["plain-without-rule"].mend or ""
    assert "git mv -- data.age db.age" in mend
    assert "git rm" not in mend


def test_a_file_whose_rule_is_not_understood_is_not_without_one(workshop: Workshop) -> None:
    workshop.write("db.age", encrypt(b"x", [ALPHA]))
    workshop.write("else.age", encrypt(b"x", [ALPHA]))
    workshop.write(
        "secrets.nix",
        f'{{ "db.age".publicKeys = [ "{ALPHA.strip()}" ];'
        ' "else.age".publicKeys = [ (builtins.getEnv "KEY") ]; }',
    )

    assert judge(workshop).findings == ()


def test_an_identity_with_a_passphrase_needs_no_rule(workshop: Workshop) -> None:
    workshop.write("db.age", encrypt(b"x", [ALPHA]))
    write_rules(workshop, db=[ALPHA])
    header = b"age-encryption.org/v1\n-> scrypt rF0/NwblUHHTpgQgRpe5CQ 10\n"
    body = b"gUjEymFKMVXQEKdMMHL24oYexjE3TIC0O0zGSqJ2aUY\n--- "
    mac = b"IOoKr4zFrrXDqOcYDX2vN/ByCdcgRJ6xjAMmcXUVoVI\n"
    workshop.write("me.age", header + body + mac + bytes(48))

    assert not [one for one in judge(workshop).findings if one.rule == "plain-without-rule"]


@pytest.mark.parametrize("rules", ["secrets/secrets.nix", "secrets/nix/secrets.nix"])
def test_names_may_be_relative_to_where_agenix_runs(workshop: Workshop, rules: str) -> None:
    workshop.write("secrets/a.age", encrypt(b"x", [BETA]))
    write_rules(workshop, rules, **{"secrets/a": [ALPHA], "secrets/gone": [ALPHA]})

    report = judge(workshop)

    assert of(report) == {
        "secrets/a.age": ("wrong", ("plain-missing-recipient", "plain-unknown-recipient")),
        "secrets/gone.age": ("skipped", ("plain-missing-file",)),
    }
    assert (named(report)["plain-missing-file"].mend or "").startswith(
        f'cd "$(git rev-parse --show-toplevel)" && RULES=./{rules} agenix -e secrets/gone.age'
    )


def test_names_that_lead_upwards(workshop: Workshop) -> None:
    workshop.write("a.age", encrypt(b"x", [ALPHA]))
    workshop.write("hosts/b.age", encrypt(b"x", [BETA]))
    write_rules(workshop, "nix/secrets.nix", **{"../a": [ALPHA], "../hosts/b": [BETA]})

    assert of(judge(workshop)) == {"a.age": ("ok", ()), "hosts/b.age": ("ok", ())}


def test_what_was_wrong_before_stays_old_when_its_rules_are_edited(workshop: Workshop) -> None:
    workshop.write("db.age", encrypt(b"x", [ALPHA, GAMMA]))
    workshop.write("wifi.age", encrypt(b"x", [ALPHA]))
    write_rules(workshop, db=[ALPHA, BETA], wifi=[ALPHA])
    begun = workshop.commit("Begin")
    workshop.write("new.age", encrypt(b"x", [ALPHA]))
    write_rules(workshop, db=[ALPHA, BETA], wifi=[ALPHA, NEW], new=[ALPHA])

    found = {(one.rule, one.path): one for one in judge(workshop).findings}

    assert {key: one.new for key, one in found.items()} == {
        ("plain-missing-recipient", "db.age"): False,
        ("plain-unknown-recipient", "db.age"): False,
        ("plain-missing-recipient", "wifi.age"): True,
    }
    old = found["plain-missing-recipient", "db.age"]
    assert old.cause is not None
    assert (old.since, old.cause.path, old.cause.commit) == (begun, "secrets.nix", begun)


def test_what_is_wrong_behind_a_link_stays_old(workshop: Workshop) -> None:
    workshop.write("db.age", encrypt(b"x", [ALPHA]))
    (workshop.top / "link.age").symlink_to("db.age")
    write_rules(workshop, db=[ALPHA], link=[BETA])
    workshop.commit("Begin")
    workshop.write("README.md", "Nothing of it.\n")

    report = judge(workshop)

    assert {(one.path, one.rule, one.new) for one in report.findings} == {
        ("link.age", "plain-missing-recipient", False),
        ("link.age", "plain-unknown-recipient", False),
    }


def test_a_cause_names_the_file_and_the_binding(workshop: Workshop) -> None:
    workshop.write("db.age", encrypt(b"x", [ALPHA, BETA]))
    write_keys(workshop, ALPHA, BETA)
    workshop.write(
        "secrets.nix",
        'let k = import ./keys.nix; in { "db.age".publicKeys = with k; [ alice host ]; }',
    )
    workshop.commit("Begin")
    assert judge(workshop).findings == ()
    write_keys(workshop, ALPHA, NEW)

    found = named(judge(workshop))

    assert set(found) == {"plain-missing-recipient", "plain-unknown-recipient"}
    for finding in found.values():
        assert finding.new
        assert finding.cause is not None
        assert (finding.cause.path, finding.cause.binding) == ("keys.nix", "host")
    assert found["plain-missing-recipient"].message == (
        "cannot be read by host (…fdTFl71T, keys.nix:3) of secrets.nix"
    )
    assert found["plain-unknown-recipient"].message == (
        "can be read by host (…lLRZyyZD, keys.nix:3 before this change), not in secrets.nix"
    )


def test_an_anonymous_key_that_is_exchanged_cannot_read(workshop: Workshop) -> None:
    old, new, kept = (new_identity()[1] for _ in range(3))
    workshop.write("db.age", encrypt(b"x", [old, kept]))
    write_rules(workshop, db=[old, kept])
    workshop.commit("Begin")
    write_rules(workshop, db=[new, kept])

    finding = the_only(judge(workshop))

    assert (finding.rule, finding.severity) == ("plain-missing-recipient", "error")
    assert new[-8:] in finding.message

    # It lasts, whatever is committed meanwhile.
    workshop.commit("Exchange a key")
    workshop.write("README.md", "Nothing of it.\n")
    workshop.commit("Write about it")
    write_rules(workshop, db=[new, kept], more=[kept])
    workshop.write("more.age", encrypt(b"z", [kept]))
    workshop.commit("Add a rule")
    for rev in (None, "HEAD", "HEAD~2"):
        finding = the_only(judge(workshop, rev))
        assert (finding.rule, finding.new) == ("plain-missing-recipient", rev == "HEAD~2")
        assert new[-8:] in finding.message

    # Who moves a file does not write it.
    was = "db"
    (workshop.top / "vault").mkdir()
    for name in ("vault/db", "vault/data"):
        (workshop.top / f"{was}.age").rename(workshop.top / f"{name}.age")
        write_rules(workshop, "secrets.nix", **{name: [new, kept]}, more=[kept])
        staged = the_only(judge(workshop))
        workshop.commit("Move it")
        committed = the_only(judge(workshop, "HEAD"))
        for finding in (staged, committed):
            assert (finding.rule, finding.path) == ("plain-missing-recipient", f"{name}.age")
        was = name
    workshop.write("README.md", "Moved.\n")
    workshop.commit("Write about it again")
    finding = the_only(judge(workshop, "HEAD"))
    assert (finding.rule, finding.new) == ("plain-missing-recipient", False)

    workshop.write("vault/data.age", encrypt(b"y", [new, kept]))
    assert judge(workshop).findings == ()
    workshop.commit("Rekey it")
    assert judge(workshop).findings == ()


def _take_from_a_list(shop: Workshop) -> None:
    write_keys(shop, ALPHA, NEW)


def _write_for_others(shop: Workshop) -> None:
    shop.write("db.age", encrypt(b"y", [ALPHA, GAMMA]))


def _delete(shop: Workshop) -> None:
    shop.remove("db.age")


@pytest.mark.parametrize(
    ("act", "rules"),
    [
        (_take_from_a_list, {"plain-missing-recipient", "plain-unknown-recipient"}),
        (_write_for_others, {"plain-missing-recipient", "plain-unknown-recipient"}),
        (_delete, {"plain-missing-file"}),
    ],
)
def test_what_is_old_says_since_when(
    workshop: Workshop, act: Callable[[Workshop], None], rules: set[str]
) -> None:
    workshop.write("db.age", encrypt(b"x", [ALPHA, BETA]))
    write_keys(workshop, ALPHA, BETA)
    workshop.write(
        "secrets.nix",
        'let k = import ./keys.nix; in { "db.age".publicKeys = with k; [ alice host ]; }',
    )
    workshop.commit("Begin")
    before = workshop.commit("Nothing yet")
    act(workshop)
    broken = workshop.commit("Break it")
    for number in range(4):
        workshop.write("keys.nix", workshop.read("keys.nix").decode() + f"# {number}\n")
        workshop.commit("Write comments")
    assert before != broken

    for rev in (None, "HEAD", "HEAD~2"):
        report = judge(workshop, rev)
        assert {one.rule for one in report.findings} == rules
        for finding in report.findings:
            assert (finding.new, finding.since) == (False, broken)
            assert finding.cause is not None
            assert finding.cause.commit == broken


def test_a_file_that_was_written_before_its_rule(workshop: Workshop) -> None:
    old, new = (new_identity()[1] for _ in range(2))
    workshop.write("db.age", encrypt(b"x", [old, new]))
    write_rules(workshop, db=[old])
    workshop.commit("Rekey before the rules say so")
    write_rules(workshop, db=[old, new])

    assert judge(workshop).findings == ()
    workshop.commit("Let the rules say so")
    assert judge(workshop).findings == ()


def test_plain_text_under_a_rule_is_written_with_agenix(workshop: Workshop) -> None:
    workshop.write("deep/db.age", "hunter2\n")
    write_rules(workshop, "deep/secrets.nix", db=[ALPHA])

    finding = the_only(judge(workshop))

    assert finding.rule == "source-not-encrypted"
    assert (finding.mend or "").endswith(
        'cd "$(git rev-parse --show-toplevel)"/deep && agenix -e db.age && git add -f -- '
        ":/deep/db.age"
    )


def test_age_keys_are_listed_as_often_as_they_are(workshop: Workshop) -> None:
    workshop.write("db.age", encrypted("age", ALPHA, ALPHA) or b"")
    write_rules(workshop, db=[ALPHA, ALPHA.split(" root")[0]])

    assert judge(workshop).findings == ()
