"""Who an output is addressed to: its node and nobody else."""

import subprocess
from collections.abc import Callable

import pytest

from agenix_check.age import DUMMY_RECIPIENT, read_age
from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt, new_identity
from agenix_check.model.findings import Report, Verdict
from tests.audit.scenes import judge_staged, old_output, result, storage, the_only
from tests.host_keys import ALPHA, BETA, DELTA, RSA, STRANGER

TOKEN = b"token of alpha\n"


def with_age(plaintext: bytes, *recipients: str, armored: bool = False) -> bytes:
    """Encrypt with the real program."""
    arguments = [word for text in recipients for word in ("-r", text.strip())]
    return subprocess.run(
        ["age", "-e", *(["-a"] if armored else []), *arguments],
        input=plaintext, capture_output=True, check=True,
    ).stdout  # fmt: skip


def with_pyrage(plaintext: bytes, *recipients: str, armored: bool = False) -> bytes:
    return encrypt(plaintext, recipients, armored=armored)


Program = Callable[..., bytes]
PROGRAMS = pytest.mark.parametrize("program", [with_age, with_pyrage], ids=["age", "pyrage"])
FORMS = pytest.mark.parametrize("armored", [False, True], ids=["binary", "armored"])


def overwritten(fleet: Workshop, content: bytes, node: str = "alpha") -> Report:
    fleet.write(old_output(fleet, node, "token"), content)
    return judge_staged(fleet)


@FORMS
@PROGRAMS
def test_the_right_recipient(fleet: Workshop, program: Program, armored: bool) -> None:
    report = overwritten(fleet, program(TOKEN, ALPHA, armored=armored))

    the_only(report, "output-rewritten")
    assert result(report, "alpha", "token").verdict is Verdict.OK


@FORMS
@PROGRAMS
def test_a_wrong_recipient(fleet: Workshop, program: Program, armored: bool) -> None:
    report = overwritten(fleet, program(TOKEN, BETA, armored=armored))

    finding = the_only(report, "output-wrong-recipient")
    assert finding.message == "addressed to the key in hosts/beta/host.pub, not to its node's key"
    assert (finding.node, finding.secret) == (storage("alpha"), "token")
    assert result(report, "alpha", "token").verdict is Verdict.WRONG


@FORMS
@PROGRAMS
def test_an_extra_recipient(fleet: Workshop, program: Program, armored: bool) -> None:
    report = overwritten(fleet, program(TOKEN, ALPHA, STRANGER, armored=armored))

    finding = the_only(report, "output-extra-recipient")
    assert "addressed to its node and also to an SSH Ed25519 key with tag " in finding.message


@pytest.mark.parametrize(
    ("others", "message"),
    [
        ([BETA], "the key in hosts/beta/host.pub"),
        ([RSA], "an SSH RSA key with tag "),
        ([DELTA], "an age X25519 key (anonymous)"),
        ([BETA, DELTA], "the key in hosts/beta/host.pub, an age X25519 key (anonymous)"),
    ],
    ids=["a node's", "rsa", "anonymous", "two"],
)
def test_each_extra_recipient_is_named(fleet: Workshop, others: list[str], message: str) -> None:
    report = overwritten(fleet, encrypt(TOKEN, [ALPHA, *others]))

    assert message in the_only(report, "output-extra-recipient").message


def test_the_node_twice_is_nobody_besides_it(fleet: Workshop) -> None:
    # We write each recipient once; age writes a stanza for each mention.
    file = with_age(TOKEN, ALPHA, ALPHA)
    assert len(read_age(file).real_stanzas) == 2

    report = overwritten(fleet, file)

    the_only(report, "output-rewritten")


def test_an_anonymous_recipient_for_a_node_with_a_tag(fleet: Workshop) -> None:
    report = overwritten(fleet, encrypt(TOKEN, [DELTA]))

    finding = the_only(report, "output-wrong-recipient")
    assert "an age X25519 key (anonymous)" in finding.message


def test_a_tagged_recipient_for_an_anonymous_node(fleet: Workshop) -> None:
    report = overwritten(fleet, encrypt(b"token of delta\n", [ALPHA]), node="delta")

    the_only(report, "output-wrong-recipient")


def test_anonymous_recipients_cannot_be_told_apart(fleet: Workshop) -> None:
    _, other = new_identity()
    report = overwritten(fleet, encrypt(b"token of delta\n", [other]), node="delta")

    the_only(report, "output-rewritten")
    output = result(report, "delta", "token")
    assert output.verdict is Verdict.UNVERIFIABLE
    assert output.reason is not None
    assert "anonymous" in output.reason
    assert report.counts.unverifiable == 2


def test_anonymous_recipients_can_be_counted(fleet: Workshop) -> None:
    _, other = new_identity()
    report = overwritten(fleet, encrypt(b"token of delta\n", [DELTA, other]), node="delta")

    finding = the_only(report, "output-extra-recipient")
    assert finding.message == "addressed to 2 keys of type X25519, not to one"


def test_a_wrong_recipient_and_a_wrong_length_are_both_said(fleet: Workshop) -> None:
    report = overwritten(fleet, encrypt(b"x", [BETA]))

    assert {finding.rule for finding in report.findings} == {
        "output-length",
        "output-wrong-recipient",
    }
    assert sorted(result(report, "alpha", "token").rules) == [
        "output-length",
        "output-wrong-recipient",
    ]


@pytest.mark.parametrize("armored", [False, True])
def test_an_rsa_host(workshop: Workshop, armored: bool) -> None:
    workshop.host("alpha", RSA)
    source = workshop.source("secrets/a.age", "a")
    path = workshop.rekey("alpha", "a", source, "a")
    workshop.write(path, with_age(b"a", RSA, armored=armored))

    report = judge_staged(workshop)

    assert report.findings == ()
    assert [output.verdict for output in report.outputs] == [Verdict.OK]


def test_an_output_for_the_key_before_a_rotation_names_that(fleet: Workshop) -> None:
    """Made under the new name from the old key, as a hand-made copy would be."""
    fleet.host("alpha", STRANGER)
    for secret, source, text in (
        ("db", "secrets/db.age", "postgres://db\n"),
        ("wifi", "secrets/wifi.age", "correct horse\n"),
        ("token", "secrets/alpha-token.age", "token of alpha\n"),
    ):
        fleet.remove(old_output(fleet, "alpha", secret))
        fleet.write(fleet.output_path("alpha", secret, source), encrypt(text.encode(), [ALPHA]))

    report = judge_staged(fleet)

    assert {finding.rule for finding in report.findings} == {"output-wrong-recipient"}
    assert len(report.findings) == 3
    for finding in report.findings:
        assert finding.message == (
            "addressed to the key that hosts/alpha/host.pub held before, not to its node's key"
        )


def test_a_placeholder_node_is_skipped(fleet: Workshop) -> None:
    fleet.host("omega", DUMMY_RECIPIENT)
    fleet.rekey("omega", "db", "secrets/db.age", "postgres://db\n")

    report = judge_staged(fleet)

    output = result(report, "omega", "db")
    assert output.verdict is Verdict.SKIPPED
    assert output.reason == "its node has agenix-rekey's placeholder key"
    assert report.counts.skipped == 1
    assert the_only(report, "node-placeholder-key").node == storage("omega")


def test_a_file_for_a_thousand_unknown_recipients_is_said_in_a_line(fleet: Workshop) -> None:
    stanzas = "".join(f"-> kind{number:04}{'x' * 90}\n\n" for number in range(1000))
    text = f"age-encryption.org/v1\n{stanzas}--- {'A' * 43}\n{'x' * 60}"
    (output,) = (fleet.top / "secrets/rekeyed/alpha").glob("*-db.age")
    output.write_text(text)
    fleet.stage()
    (message,) = {one.message for one in judge_staged(fleet).findings if "kind0000" in one.message}
    assert "kind0999" in message
    assert len(message) <= 4100
