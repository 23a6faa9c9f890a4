"""Plain agenix: every rule of every rules file against the header of its file."""

import json

import pytest

from agenix_check.cli.configuration import load_settings
from agenix_check.demo.workshop import Workshop
from agenix_check.gate import check
from agenix_check.git.repository import open_repository
from agenix_check.keys.encrypt import encrypt, new_identity
from agenix_check.model.findings import CauseKind, FileKind, Finding, JudgedFile, Report, Severity
from tests.conftest import Run
from tests.discover.declared.estate import Estate
from tests.host_keys import ALPHA, BETA, DELTA, NEW, RSA
from tests.programs import encrypted
from tests.settings_files import file_at


def write_rules(shop: Workshop, path: str = "secrets.nix", **rules: list[str]) -> None:
    """Write a rules file: the keys of each file, `.age` left out."""
    lines = [f'  "{name}.age".publicKeys = {_nix(keys)};' for name, keys in rules.items()]
    shop.write(path, "\n".join(["{", *lines, "}", ""]))


def _nix(keys: list[str]) -> str:
    return f"[ {' '.join(map(json.dumps, keys))} ]"


def judge(shop: Workshop, rev: str | None = None) -> Report:
    shop.stage()
    options = {} if rev is None else {"rev": rev}
    settings = load_settings(file_at(shop.top), {}, {"no-cache": True, **options})
    return check(open_repository(shop.top), settings)


def the_only(report: Report) -> Finding:
    (finding,) = report.findings
    return finding


def of(report: Report) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return the verdict and the broken rules of each plain file."""
    return {one.path: (str(one.verdict), one.rules) for one in report.plain}


def test_files_for_exactly_their_keys_are_right(workshop: Workshop) -> None:
    workshop.write("ssh.age", encrypt(b"x", [ALPHA, RSA]))
    workshop.write("age.age", encrypt(b"x", [ALPHA, DELTA]))
    workshop.write("armored.age", encrypt(b"x", [BETA], armored=True))
    write_rules(workshop, ssh=[ALPHA, RSA, ALPHA], age=[DELTA, ALPHA], armored=[BETA])

    report = judge(workshop)

    assert report.findings == ()
    assert report.incomplete == ()
    assert of(report) == {
        "ssh.age": ("ok", ()), "age.age": ("unverifiable", ()), "armored.age": ("ok", ()),
    }  # fmt: skip
    assert report.fleet.plain == 3
    assert {one.group for one in report.plain} == {"secrets.nix"}


def test_a_key_listed_twice_may_have_two_stanzas(workshop: Workshop) -> None:
    # As agenix hands them over; age writes a stanza for each mention.
    listed = [ALPHA, DELTA, ALPHA, DELTA]
    workshop.write("twice.age", encrypted("age", *listed) or b"")
    workshop.write("once.age", encrypt(b"x", listed))
    workshop.write("tagged.age", encrypted("age", ALPHA, ALPHA) or b"")
    workshop.write("thrice.age", encrypted("age", *listed, DELTA) or b"")
    workshop.write("other.age", encrypted("age", *listed, BETA) or b"")
    write_rules(
        workshop, twice=listed, once=listed, tagged=[ALPHA], thrice=listed, other=listed
    )  # fmt: skip

    report = judge(workshop)

    assert of(report) == {
        "twice.age": ("unverifiable", ()),
        "once.age": ("unverifiable", ()),
        "tagged.age": ("ok", ()),
        "thrice.age": ("wrong", ("plain-unknown-recipient",)),
        "other.age": ("wrong", ("plain-unknown-recipient",)),
    }


@pytest.mark.parametrize("name", ["db.age", "db"])
def test_armor_that_rage_refuses_is_a_warning(workshop: Workshop, name: str) -> None:
    armored = encrypt(b"x", [ALPHA], armored=True)
    workshop.write(name, b"\n" + armored)
    workshop.write("lines.age", armored.replace(b"\n", b"\r\n") + b" \n\t\n")
    workshop.write(
        "secrets.nix",
        f'{{ "{name}".publicKeys = {_nix([ALPHA])}; "lines.age".publicKeys = {_nix([ALPHA])}; }}',
    )

    report = judge(workshop)

    finding = the_only(report)
    assert (finding.rule, finding.path) == ("source-malformed", name)
    assert finding.severity is Severity.WARNING
    assert finding.mend == (
        f"# delete what stands before the armor in {name}, then: git add, and agenix-check --fix"
    )
    assert of(report) == {
        name: ("unverifiable", ("source-malformed",)), "lines.age": ("ok", ()),
    }  # fmt: skip


def test_nested_lists_are_flattened_and_reported(workshop: Workshop) -> None:
    workshop.write("db.age", encrypt(b"x", [ALPHA, BETA]))
    keys = f"[ {json.dumps(ALPHA)} [ [ {json.dumps(BETA)} ] ] ]"
    workshop.write("secrets.nix", f'{{ "db.age" = {{ publicKeys = {keys}; armor = false; }}; }}')

    assert of(judge(workshop)) == {"db.age": ("wrong", ("plain-invalid-key",))}


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (NEW, "root@new (…fdTFl71T, secrets.nix:2) of secrets.nix"),
        (RSA, "root@rsa (…"),
        (DELTA, "X25519 …9swvx579 (secrets.nix:2) of secrets.nix"),
    ],
    ids=["ed25519", "rsa", "anonymous"],
)
def test_a_key_that_cannot_read(workshop: Workshop, key: str, words: str) -> None:
    workshop.write("db.age", encrypt(b"x", [ALPHA]))
    write_rules(workshop, db=[ALPHA, key])

    report = judge(workshop)

    finding = the_only(report)
    assert finding.rule == "plain-missing-recipient"
    assert finding.severity is Severity.ERROR
    assert finding.path == "db.age"
    assert finding.mend == "agenix-check --fix  # or agenix -r, then git add"
    assert words in finding.message
    assert of(report) == {"db.age": ("wrong", ("plain-missing-recipient",))}


def test_a_stranger_who_can_read(workshop: Workshop) -> None:
    workshop.write("db.age", encrypt(b"x", [ALPHA, BETA]))
    write_rules(workshop, db=[ALPHA])

    finding = the_only(judge(workshop))

    assert finding.rule == "plain-unknown-recipient"
    assert finding.severity is Severity.ERROR
    assert "an SSH Ed25519 key with tag" in finding.message


def test_anonymous_keys_are_counted(workshop: Workshop) -> None:
    keys = [new_identity()[1] for _ in range(3)]
    workshop.write("few.age", encrypt(b"x", keys[:2]))
    workshop.write("many.age", encrypt(b"x", keys))
    write_rules(workshop, few=keys, many=keys[:2])

    report = judge(workshop)

    assert of(report) == {
        "few.age": ("wrong", ("plain-missing-recipient",)),
        "many.age": ("wrong", ("plain-unknown-recipient",)),
    }


def test_a_rule_without_file(workshop: Workshop) -> None:
    workshop.write("db.age", encrypt(b"x", [ALPHA]))
    write_rules(workshop, db=[ALPHA], gone=[ALPHA])

    report = judge(workshop)

    finding = the_only(report)
    assert (finding.rule, finding.path) == ("plain-missing-file", "gone.age")
    assert finding.severity is Severity.WARNING
    assert finding.new
    assert of(report)["gone.age"] == ("skipped", ("plain-missing-file",))
    workshop.commit("Begin")
    assert not the_only(judge(workshop)).new


def test_keys_that_are_none(workshop: Workshop) -> None:
    workshop.write("db.age", encrypt(b"x", [ALPHA]))
    write_rules(workshop, db=[ALPHA, "ssh-ed25519 AAAA"])

    finding = the_only(judge(workshop))

    assert finding.rule == "plain-invalid-key"
    assert finding.message == (
        "its rule lists `ssh-ed25519 AAAA` (secrets.nix:2), which age cannot take: "
        "the ssh-ed25519 key is cut short"
    )


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"hunter2\n", "source-not-encrypted"),
        (encrypt(b"x", [ALPHA])[:80], "source-malformed"),
        (f"# a key\n{ALPHA}".encode(), "source-not-encrypted"),
    ],
    ids=["text", "cut", "key"],
)
@pytest.mark.parametrize("name", ["db.age", "db"])
def test_a_file_that_is_no_whole_age_file_is_wrong(
    workshop: Workshop, content: bytes, rule: str, name: str
) -> None:
    workshop.write(name, content)
    workshop.write("secrets.nix", f'{{ "{name}".publicKeys = {_nix([ALPHA])}; }}')

    report = judge(workshop)

    assert [one.rule for one in report.findings if one.severity == "error"] == [rule]
    assert of(report) == {name: ("wrong", (rule,))}


def test_a_symlink_is_the_file_that_it_leads_to(workshop: Workshop) -> None:
    workshop.write("shared/real.age", encrypt(b"x", [ALPHA]))
    (workshop.top / "db.age").symlink_to("shared/real.age")
    (workshop.top / "linked").symlink_to("shared")
    write_rules(workshop, db=[ALPHA])
    write_rules(workshop, "other/secrets.nix", **{"../linked/real": [BETA]})

    report = judge(workshop)

    assert of(report) == {
        "db.age": ("ok", ()),
        "linked/real.age": ("wrong", ("plain-missing-recipient", "plain-unknown-recipient")),
    }
    assert report.incomplete == ()
    assert {one.path for one in report.findings} == {"linked/real.age"}


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("/persist/db.age", "to /persist/db.age, outside of the repository"),
        ("../db.age", "to ../db.age, outside of the repository"),
        ("db.age", "to db.age, outside of the repository"),
    ],
)
def test_a_symlink_that_leads_out_is_not_judged(workshop: Workshop, target: str, why: str) -> None:
    (workshop.top / "db.age").symlink_to(target)
    write_rules(workshop, db=[ALPHA])

    report = judge(workshop)

    assert of(report) == {"db.age": ("unverifiable", ())}
    assert report.incomplete == (f"db.age is a symbolic link {why}",)


def test_a_file_under_git_crypt_is_not_judged(workshop: Workshop) -> None:
    workshop.write("db.age", b"\0GITCRYPT\0" + b"x" * 40)
    write_rules(workshop, db=[ALPHA])

    report = judge(workshop)

    assert of(report) == {"db.age": ("unverifiable", ())}
    (sentence,) = report.incomplete
    assert sentence.startswith("db.age is encrypted with git-crypt in Git; ")


def test_every_rules_file_counts_and_those_that_are_named(workshop: Workshop) -> None:
    for path in ("one/a.age", "two/b.age", "c.age"):
        workshop.write(path, encrypt(b"x", [ALPHA]))
    write_rules(workshop, "one/secrets.nix", a=[ALPHA])
    write_rules(workshop, "two/secrets.nix", b=[BETA])
    write_rules(workshop, "rules.nix", c=[ALPHA])
    workshop.write("agenix-check.toml", 'rules = ["./rules.nix"]\n')
    workshop.write("modules/secrets.nix", "{ config, ... }: { }\n")

    report = judge(workshop)

    assert {one.path: one.group for one in report.plain} == {
        "one/a.age": "one/secrets.nix", "two/b.age": "two/secrets.nix", "c.age": "rules.nix",
    }  # fmt: skip
    assert {(one.rule, one.path) for one in report.findings} == {
        ("plain-missing-recipient", "two/b.age"),
        ("plain-unknown-recipient", "two/b.age"),
    }


def test_a_rules_file_that_does_not_evaluate(workshop: Workshop, run: Run) -> None:
    workshop.write("db.age", encrypt(b"x", [ALPHA]))
    workshop.write("secrets.nix", '{ "db.age".publicKeys = throw "no keys"; }')
    workshop.stage()

    result = run(workshop.top)

    assert result.code == 3
    (line,) = result.stderr.splitlines()
    assert line.startswith("agenix-check: could not check: secrets.nix: ")
    assert "no keys" in line


def test_the_rules_file_that_was_edited_is_the_cause(workshop: Workshop) -> None:
    workshop.write("db.age", encrypt(b"x", [ALPHA]))
    write_rules(workshop, db=[ALPHA])
    workshop.commit("Begin")
    write_rules(workshop, db=[ALPHA, BETA])

    finding = the_only(judge(workshop))

    assert finding.new
    assert finding.cause is not None
    assert (finding.cause.kind, finding.cause.path) == (CauseKind.FILE_CHANGED, "secrets.nix")


def test_plain_agenix_beside_agenix_rekey(estate: Estate) -> None:
    estate.shop.write("plain/wifi.age", encrypt(b"x", [ALPHA]))
    write_rules(estate.shop, "plain/secrets.nix", wifi=[ALPHA, BETA])

    report = judge(estate.shop)

    assert report.fleet.inventory == "nix"
    assert (report.counts.outputs, report.counts.ok) == (5, 4)
    assert the_only(report).rule == "plain-missing-recipient"
    assert report.plain == (
        JudgedFile(
            kind=FileKind.PLAIN,
            group="plain/secrets.nix",
            name="plain/wifi.age",
            source=None,
            path="plain/wifi.age",
            verdict=report.plain[0].verdict,
            rules=("plain-missing-recipient",),
        ),
    )


def test_a_private_key_among_public_ones_is_never_shown(workshop: Workshop, run: Run) -> None:
    workshop.write("db.age", encrypt(b"x", [ALPHA]))
    write_rules(workshop, db=[ALPHA, workshop.identity])

    report = judge(workshop)
    results = [run(workshop.top, *words) for words in ((), ("-v",), ("fleet",))]
    results += [run(workshop.top, *words, "--format", "json") for words in ((), ("fleet",))]

    assert {one.rule for one in report.findings} >= {"private-key", "plain-invalid-key"}
    assert workshop.identity not in repr(report)
    assert workshop.identity not in "".join(one.stdout + one.stderr for one in results)
    kept = (workshop.top / ".git/agenix-check").iterdir()
    assert not [file for file in kept if workshop.identity.encode() in file.read_bytes()]


def test_a_key_that_is_exchanged_in_an_imported_file(workshop: Workshop) -> None:
    workshop.write("db.age", encrypt(b"x", [ALPHA]))
    workshop.write("keys/host.nix", json.dumps(ALPHA))
    workshop.write("keys/more/one.pub", ALPHA)
    workshop.write(
        "secrets.nix",
        """
        let more = builtins.attrNames (builtins.readDir ./keys/more); in {
          "db.age".publicKeys = [ (import ./keys/host.nix) ]
            ++ map (name: builtins.readFile (./keys/more + "/${name}")) more;
        }
        """,
    )
    workshop.commit("Begin")
    assert judge(workshop).findings == ()

    workshop.write("README.md", "Nothing of it.\n")
    workshop.write("keys/host.nix", json.dumps(BETA))
    finding = the_only(judge(workshop))
    assert (finding.rule, finding.new) == ("plain-missing-recipient", True)
    assert finding.cause is not None
    assert finding.cause.path == "keys/host.nix"

    workshop.write("keys/host.nix", json.dumps(ALPHA))
    workshop.write("keys/more/two.pub", BETA)
    finding = the_only(judge(workshop))
    assert (finding.rule, finding.new) == ("plain-missing-recipient", True)
    assert finding.cause is not None
    assert finding.cause.path == "keys/more/two.pub"

    workshop.commit("Add a key, and rekey nothing")
    assert the_only(judge(workshop)).new is False


def test_unverifiable_files_fail_where_verified_ones_are_required(
    workshop: Workshop, run: Run
) -> None:
    workshop.write("db.age", encrypt(b"x", [ALPHA]))
    workshop.write("wifi.age", encrypt(b"x", [DELTA]))
    write_rules(workshop, db=[ALPHA], wifi=[DELTA])
    workshop.commit("Begin")

    assert run(workshop.top).code == 0
    for _ in range(2):  # the second time it is remembered
        done = run(workshop.top, "--require-verified")
        assert done.code == 1
        assert "1 plain agenix file is unverifiable" in done.stderr
    assert "wifi.age  secrets.nix" in run(workshop.top, "-v").stdout
    junit = run(workshop.top, "--require-verified", "--format", "junit").stdout
    assert 'failures="1"' in junit
