"""What an output's content must be: an age file, whole, with its source's plaintext length."""

from collections.abc import Iterable
from hashlib import sha256

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt
from agenix_check.model.findings import JudgedFile, Report, Verdict
from tests.audit.scenes import ALPHA_TOKEN, DB, judge_staged, old_output, result, storage, the_only
from tests.audit.texts import TOP
from tests.host_keys import ALPHA, DELTA, HOSTS
from tests.programs import encrypted

TOKEN = "token of alpha\n"  # the plaintext of ALPHA_TOKEN


def overwritten(fleet: Workshop, content: bytes | str) -> tuple[Report, JudgedFile]:
    """Put something else in the place of alpha's token, and check."""
    fleet.write(old_output(fleet, "alpha", "token"), content)
    report = judge_staged(fleet)
    return report, result(report, "alpha", "token")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("# PLACEHOLDER\n", "not an age file"),
        ("", "an empty file"),
        ("\0\1\2", "not an age file"),
        ("age1 is not age\n", "not an age file"),
    ],
    ids=["text", "empty", "binary", "almost"],
)
def test_what_is_no_age_file(fleet: Workshop, content: str, what: str) -> None:
    report, output = overwritten(fleet, content)

    finding = the_only(report, "output-not-encrypted")
    path = old_output(fleet, "alpha", "token")
    assert finding.message == f"{what}: its node cannot decrypt it"
    assert finding.mend == "agenix-check --fix"
    assert (finding.severity, finding.node, finding.secret, finding.path, finding.source) == (
        "error", storage("alpha"), "token", path, ALPHA_TOKEN,
    )  # fmt: skip
    assert (output.verdict, output.rules) == (Verdict.WRONG, ("output-not-encrypted",))


def test_a_symlink_is_not_followed(fleet: Workshop) -> None:
    path = old_output(fleet, "alpha", "token")
    fleet.write("aside.age", fleet.read(path))
    fleet.remove(path)
    (fleet.top / path).symlink_to("../../../aside.age")

    finding = the_only(judge_staged(fleet), "output-not-encrypted")

    assert finding.message == "a symlink: its node cannot decrypt it"


@pytest.mark.parametrize("length", [22, 60, 150, -17, -16, -1])
def test_a_cut_file(fleet: Workshop, length: int) -> None:
    """Wherever it is cut: in the header, or in the payload, where only its length can tell."""
    whole = fleet.read(old_output(fleet, "alpha", "token"))
    report, output = overwritten(fleet, whole[:length])

    assert output.verdict is Verdict.WRONG
    expected = "output-malformed" if length > 0 or length < -15 else "output-length"
    assert the_only(report, expected).severity == "error"


def test_armor_that_rage_refuses_is_a_warning(fleet: Workshop) -> None:
    report, output = overwritten(fleet, b"\n \n" + encrypt(TOKEN.encode(), [ALPHA], armored=True))

    finding = the_only(report, "output-malformed")
    assert finding.severity == "warning"
    assert finding.message == (
        "white space stands before its armor: rage, and age before 1.3, refuse to open it"
    )
    assert (output.verdict, output.reason) == (
        Verdict.UNVERIFIABLE, "not every program reads its form"
    )  # fmt: skip
    assert report.counts.errors == 0


def test_what_age_refuses_for_its_many_stanzas(fleet: Workshop) -> None:
    report, output = overwritten(fleet, encrypted("age", *[DELTA] * 1025) or b"")

    assert "over 1,024 stanzas: age refuses to" in the_only(report, "output-malformed").message
    assert output.verdict is Verdict.WRONG


def test_an_old_rage_is_named(fleet: Workshop) -> None:
    first, rest = encrypt(TOKEN.encode(), [ALPHA]).split(b"\n", 1)
    stanza = b"-> other\n" + b"A" * 64 + b"\n"
    report, _ = overwritten(fleet, first + b"\n" + stanza + rest)

    assert "made by an old rage (before 0.6)" in the_only(report, "output-malformed").message


def test_conflict_markers(fleet: Workshop) -> None:
    whole = fleet.read(old_output(fleet, "alpha", "token"))
    first, rest = whole.split(b"\n", 1)
    content = first + b"\n<<<<<<< HEAD\n" + rest + b"\n=======\n" + rest + b"\n>>>>>>> other\n"
    report, _ = overwritten(fleet, content)

    assert the_only(report, "output-malformed").message == "it has Git conflict markers"


def test_a_broken_header(fleet: Workshop) -> None:
    whole = fleet.read(old_output(fleet, "alpha", "token"))
    report, _ = overwritten(fleet, whole.replace(b"\n--- ", b"\n-- ", 1))

    assert "offset" in the_only(report, "output-malformed").message


def test_broken_armor(fleet: Workshop) -> None:
    armored = encrypt(TOKEN.encode(), [ALPHA], armored=True)
    report, _ = overwritten(fleet, armored.replace(b"-----END AGE", b"-----END"))

    assert "offset" in the_only(report, "output-malformed").message


def test_an_armored_file_for_the_right_node_is_in_order(fleet: Workshop) -> None:
    report, output = overwritten(fleet, encrypt(TOKEN.encode(), [ALPHA], armored=True))

    the_only(report, "output-rewritten")
    assert output.verdict is Verdict.OK


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 1234\n"


def test_a_pointer_of_git_lfs(fleet: Workshop) -> None:
    report, output = overwritten(fleet, POINTER.format("0" * 64))

    finding = the_only(report, "output-lfs")
    assert (finding.severity, finding.node, finding.secret) == (
        "warning",
        storage("alpha"),
        "token",
    )
    assert output.verdict is Verdict.UNVERIFIABLE
    assert output.rules == ("output-lfs",)
    assert finding.mend is not None
    assert finding.mend.startswith(f"{TOP} && git lfs pull && git lfs untrack")


def test_conflict_markers_around_a_whole_file(fleet: Workshop) -> None:
    whole = fleet.read(old_output(fleet, "alpha", "token"))
    torn = b"<<<<<<< HEAD\n" + whole + b"\n=======\n" + whole + b"\n>>>>>>> other\n"
    report, _ = overwritten(fleet, torn)

    assert the_only(report, "output-malformed").message == "it has Git conflict markers"


# The texts of agenix-rekey (its apps/rekey.nix), written down here once more on purpose.
DUMMY = (
    "This is a dummy replacement value. The actual secret age.secrets.{id}.rekeyFile "
    "(/nix/store/x8k3n4m5p6q7r8s9a0b1c2d3f4g5h6i7-source/{path}) {why}\n"
)
REASONS = ("was not rekeyed because --dummy was used.", "could not be decrypted.")


@pytest.mark.parametrize("why", REASONS)
def test_a_dummy(fleet: Workshop, why: str) -> None:
    text = DUMMY.format(id="token", path=ALPHA_TOKEN, why=why)
    report, output = overwritten(fleet, encrypt(text.encode(), [ALPHA]))

    finding = the_only(report, "output-dummy")
    assert finding.severity == "error"
    assert output.rules == ("output-dummy",)


@pytest.mark.parametrize("why", REASONS)
def test_a_dummy_of_a_name_with_a_slash(fleet: Workshop, why: str) -> None:
    source = fleet.source("secrets/tls.age", "key\n")
    text = DUMMY.format(id="nginx/key", path=source, why=why)
    path = fleet.rekey("alpha", "nginx/key", source, text)
    assert path.endswith("-nginx/key.age")

    finding = the_only(judge_staged(fleet), "output-dummy")

    assert (finding.node, finding.secret) == (storage("alpha"), "nginx/key")


@pytest.mark.parametrize("more", [-1, 1])
def test_one_byte_off_a_dummy_is_a_wrong_length(fleet: Workshop, more: int) -> None:
    text = DUMMY.format(id="token", path=ALPHA_TOKEN, why=REASONS[0])
    report, _ = overwritten(fleet, encrypt(b"x" * (len(text) + more), [ALPHA]))

    assert the_only(report, "output-length").severity == "error"


ALPHAS = (("db", DB), ("wifi", "secrets/wifi.age"), ("token", ALPHA_TOKEN))


def write_dummies(fleet: Workshop, secrets: Iterable[tuple[str, str]], more: int) -> None:
    """Put dummies, with store paths that are longer than usual, in place of some of alpha's."""
    for name, source in secrets:
        text = DUMMY.format(id=name, path=source, why=REASONS[0])
        start, rest = text.split("-source/")
        text = f"{start}{'-source' + 'x' * more if more > 0 else '-source'[:more]}/{rest}"
        fleet.write(old_output(fleet, "alpha", name), encrypt(text.encode(), [ALPHA]))


@pytest.mark.parametrize("more", [1, 15, 200, -5])
def test_several_dummies_agree_on_a_store_path_of_another_length(
    fleet: Workshop, more: int
) -> None:
    write_dummies(fleet, ALPHAS, more)

    report = judge_staged(fleet)

    assert {one.rule for one in report.findings} == {"output-dummy"}
    assert len(report.findings) == 3
    assert "3 outputs agree" in report.findings[0].message
    assert result(report, "alpha", "token").rules == ("output-dummy",)


@pytest.mark.parametrize(("secrets", "more"), [(ALPHAS[:2], 15), (ALPHAS, 201)])
def test_few_wrong_lengths_or_odd_ones_prove_no_dummy(
    fleet: Workshop, secrets: tuple[tuple[str, str], ...], more: int
) -> None:
    write_dummies(fleet, secrets, more)

    report = judge_staged(fleet)

    assert {one.rule for one in report.findings} == {"output-length"}


def test_one_wrong_text_for_all_hosts_is_no_dummy(fleet: Workshop) -> None:
    for node, key in HOSTS.items():
        fleet.write(old_output(fleet, node, "db"), encrypt(b"x" * 200, [key]))

    report = judge_staged(fleet)

    assert {one.rule for one in report.findings} == {"output-length"}


def test_a_secret_that_is_as_long_as_the_dummy_is_in_order(fleet: Workshop) -> None:
    plaintext = "x" * len(DUMMY.format(id="token", path=ALPHA_TOKEN, why=REASONS[0]))
    fleet.remove(old_output(fleet, "alpha", "token"))
    fleet.source(ALPHA_TOKEN, plaintext)
    fleet.rekey("alpha", "token", ALPHA_TOKEN, plaintext)

    assert judge_staged(fleet).findings == ()


@pytest.mark.parametrize("size", [0, 14, 16, 70_000])
def test_another_length(fleet: Workshop, size: int) -> None:
    report, output = overwritten(fleet, encrypt(b"x" * size, [ALPHA]))

    finding = the_only(report, "output-length")
    assert finding.message == f"it holds another text than its source: {size} bytes, not 15"
    assert output.verdict is Verdict.WRONG


@pytest.mark.parametrize("size", [0, 65_535, 65_536, 65_537])
def test_lengths_at_the_edge_of_a_chunk(workshop: Workshop, size: int) -> None:
    workshop.host("alpha", ALPHA)
    source = workshop.source("secrets/a", b"x" * size)
    workshop.rekey("alpha", "a", source, b"x" * size)

    report = judge_staged(workshop)

    assert [output.verdict for output in report.outputs] == [Verdict.OK]
    assert {finding.rule for finding in report.findings} <= {"source-empty"}


def test_old_outputs_are_judged_as_well(fleet: Workshop) -> None:
    """Their names are right, so nothing else looks at them ever again."""
    fleet.write(old_output(fleet, "alpha", "token"), encrypt(b"x", [ALPHA]))
    fleet.commit("Break an output")
    fleet.source(DB, "another\n")
    fleet.commit("Something else")
    fleet.write("README.md", "Another.\n")

    report = judge_staged(fleet)

    (finding,) = (one for one in report.findings if one.rule == "output-length")
    assert not finding.new
    assert finding.severity == "error"


def test_without_a_readable_source_the_length_says_nothing(fleet: Workshop) -> None:
    digest = sha256(fleet.read(ALPHA_TOKEN)).hexdigest()
    fleet.write(ALPHA_TOKEN, POINTER.format(digest))

    report = judge_staged(fleet)

    assert report.findings == ()
    output = result(report, "alpha", "token")
    assert output.verdict is Verdict.UNVERIFIABLE
    assert output.reason == "its source's content cannot be read"
