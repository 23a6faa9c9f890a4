"""Plain agenix: the fixes that are printed, ours and agenix's own."""

import json
import subprocess

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt, new_identity
from tests.audit.by_declaration.test_plain import judge, write_rules
from tests.audit.texts import TOP
from tests.conftest import Run
from tests.host_keys import ALPHA, BETA, DELTA


def _nix(keys: list[str]) -> str:
    return f"[ {' '.join(map(json.dumps, keys))} ]"


def test_how_agenix_fixes_it_stands_behind_our_fix(workshop: Workshop) -> None:
    workshop.write("hosts/db.age", encrypt(b"x", [ALPHA, BETA]))
    workshop.write("top.age", encrypt(b"x", [ALPHA]))
    write_rules(workshop, "hosts/secrets.nix", db=[ALPHA])
    workshop.write("agenix-check.toml", 'rules = ["rules.nix"]\n')
    workshop.write("rules.nix", f'{{ "top.age".publicKeys = {_nix([ALPHA, BETA])}; }}')

    mends = {finding.path: finding.mend for finding in judge(workshop).findings}

    assert mends == {
        "hosts/db.age": (
            "agenix-check --fix  # or in hosts: agenix -r, then git add; then change the secret: "
            "what Git keeps of it can still be read"
        ),
        "top.age": "agenix-check --fix  # or RULES=./rules.nix agenix -r, then git add",
    }


def test_a_renamed_file_is_named_as_before_or_by_its_rule(workshop: Workshop) -> None:
    workshop.write("secrets/a b.age", encrypt(b"x", [ALPHA]))
    workshop.write("secrets/secrets.nix", f'{{ "a b.age".publicKeys = {_nix([ALPHA])}; }}')
    workshop.commit("Build")
    workshop.write("secrets/c.age", workshop.read("secrets/a b.age"))
    workshop.remove("secrets/a b.age")

    mends = {finding.rule: finding.mend for finding in judge(workshop).findings}

    assert mends["plain-missing-file"] == (
        "cd \"$(git rev-parse --show-toplevel)\" && git mv -- secrets/c.age 'secrets/a b.age'  "
        "# or name secrets/c.age in secrets/secrets.nix, and git add that"
    )


@pytest.mark.parametrize("keys", [[ALPHA, BETA], [ALPHA, DELTA]], ids=["shown", "anonymous"])
def test_a_rule_that_was_renamed_alone(workshop: Workshop, run: Run, keys: list[str]) -> None:
    workshop.write("secrets/token.age", encrypt(b"x", keys))
    workshop.write("secrets/db.age", encrypt(b"x", [ALPHA]))
    write_rules(workshop, "secrets/secrets.nix", token=keys, db=[ALPHA])
    workshop.commit("Build")
    # db.age left as well, and has the recipients of nothing that is missing.
    write_rules(workshop, "secrets/secrets.nix", **{"api-token": keys})
    workshop.stage()

    found = json.loads(run(workshop.top, "--format", "json").stdout)["findings"]

    mends = {(one["rule"], one["path"]): one["mend"] for one in found}
    assert mends.pop(("plain-without-rule", "secrets/db.age")).startswith("# put its rule back")
    assert set(mends) == {
        ("plain-missing-file", "secrets/api-token.age"),
        ("plain-without-rule", "secrets/token.age"),
    }
    (mend,) = set(mends.values())
    command, _, prose = mend.partition("  # ")
    assert command == f"{TOP} && git mv -- secrets/token.age secrets/api-token.age"
    assert prose == "or, if it was not renamed: put its rule back into secrets/secrets.nix"
    workshop.remove("secrets/db.age")
    workshop.stage()
    subprocess.run(["sh", "-c", mend], cwd=workshop.top, check=True)
    assert run(workshop.top).code == 0


def test_a_rule_that_two_files_fit_is_for_neither(workshop: Workshop) -> None:
    workshop.write("one.age", encrypt(b"x", [ALPHA]))
    workshop.write("two.age", encrypt(b"y", [ALPHA]))
    write_rules(workshop, one=[ALPHA], two=[ALPHA])
    workshop.commit("Build")
    write_rules(workshop, three=[ALPHA])

    assert not [one for one in judge(workshop).findings if "git mv" in (one.mend or "")]


def test_a_name_with_a_typing_error_is_seen_from_both_sides(workshop: Workshop) -> None:
    _, anonymous = new_identity()
    for name in ("wfi", "token2", "db_of_me", "mial"):
        workshop.write(f"{name}.age", encrypt(b"x", [anonymous if name == "wfi" else ALPHA]))
    write_rules(workshop, wifi=[anonymous], token1=[ALPHA], db_of_you=[ALPHA], mail=[BETA])

    found = {(one.rule, one.path): one for one in judge(workshop).findings}

    missing, lonely = (
        found["plain-missing-file", "wifi.age"],
        found["plain-without-rule", "wfi.age"],
    )
    assert missing.message.endswith("it is not in the tree; wfi.age is, which no rule names")
    assert "but secrets.nix has one for wifi.age, which is not there" in lonely.message
    right = f"{TOP} && git mv -- wfi.age wifi.age  # or, if the file's name is right: write it in "
    assert missing.mend == lonely.mend == f"{right}secrets.nix"
    other = found["plain-without-rule", "token2.age"].mend or ""
    assert other.endswith(", or, if nobody needs it: git rm --cached -- :/token2.age")
    # Other numbers, other words, other keys: other files.
    assert sum("git mv" in (one.mend or "") for one in found.values()) == 2


def test_a_file_that_is_not_there_may_have_been(workshop: Workshop) -> None:
    write_rules(workshop, db=[ALPHA])
    workshop.write("wifi.age", encrypt(b"x", [ALPHA]))

    (mend,) = [one.mend for one in judge(workshop).findings if one.rule == "plain-missing-file"]

    assert mend is not None
    assert mend.endswith("  # or, if it was there once: git log --oneline -- :/db.age")
