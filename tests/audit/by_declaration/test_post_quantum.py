"""Nobody is advised to encrypt one file to post-quantum and to other keys: no program does that."""

import pytest

from agenix_check.age.encoding import encode_bech32
from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt
from agenix_check.keys.errors import EncryptionError
from agenix_check.model.findings import Report
from tests.age.points import multiple
from tests.audit.by_declaration import test_plain as plain
from tests.conftest import Run
from tests.discover.declared.estate import DB, Estate, Secret, judge_all
from tests.host_keys import ALPHA, DELTA

TAG_PQ = encode_bech32("age1tagpq", bytes(1184) + multiple(3)[1])
PQ = encode_bech32("age1pq", bytes(1216))
FIRST = (
    "# age and rage encrypt no file to post-quantum keys and others together: declare keys of one "
    "of the two kinds only, then: "
)
UPDATE = "agenix-check --fix --update-masters"


def mends(report: Report, rule: str) -> set[str | None]:
    return {one.mend for one in report.findings if one.rule == rule}


def test_the_programs_refuse_it() -> None:
    assert encrypt(b"", [ALPHA, DELTA])
    with pytest.raises(EncryptionError):
        encrypt(b"", [DELTA, TAG_PQ])


@pytest.mark.parametrize("key", [PQ, TAG_PQ], ids=["age1pq", "age1tagpq"])
def test_masters_of_both_kinds(estate: Estate, key: str) -> None:
    estate.extra = [key]

    assert mends(judge_all(estate), "source-missing-recipient") == {FIRST + UPDATE}


def test_strangers_where_masters_are_of_both_kinds(estate: Estate) -> None:
    estate.extra = [TAG_PQ]
    estate.shop.write("secrets/db.age", encrypt(b"x", [estate.shop.master, ALPHA]))

    assert mends(judge_all(estate), "source-unknown-recipient") == {FIRST + UPDATE}


def test_masters_of_one_kind(estate: Estate) -> None:
    estate.extra = [ALPHA.strip()]

    assert mends(judge_all(estate), "source-missing-recipient") == {UPDATE}


@pytest.mark.parametrize("content", ["", "hunter2\n"], ids=["empty", "plain text"])
def test_a_source_to_be_written_anew_for_masters_of_both_kinds(
    estate: Estate, content: str
) -> None:
    estate.extra = [TAG_PQ]
    estate.shop.write(DB, "no age file\n")
    estate.shop.commit("Spoil it")
    estate.shop.write(DB, content)

    (mend,) = mends(judge_all(estate), "source-not-encrypted")

    assert mend is not None
    assert mend.startswith("#")
    assert FIRST.removeprefix("# ") in mend


def test_a_source_to_be_made_for_masters_of_both_kinds(estate: Estate) -> None:
    estate.extra = [TAG_PQ]
    estate.nodes["beta"].secrets["api"] = Secret("secrets/api.age")

    (mend,) = mends(judge_all(estate), "source-missing")
    assert (mend or "").startswith(FIRST)


def test_rules_of_both_kinds(workshop: Workshop) -> None:
    workshop.write("mixed.age", encrypt(b"x", [DELTA]))
    workshop.write("stranger.age", encrypt(b"x", [ALPHA, DELTA]))
    workshop.write("classic.age", encrypt(b"x", [DELTA]))
    plain.write_rules(
        workshop, mixed=[DELTA, TAG_PQ], stranger=[DELTA, TAG_PQ], classic=[DELTA, ALPHA],
        missing=[ALPHA, TAG_PQ],
    )  # fmt: skip

    report = plain.judge(workshop)

    told = {(one.rule, one.path): one.mend or "" for one in report.findings}
    assert told["plain-missing-recipient", "mixed.age"] == f"{FIRST}agenix-check --fix"
    assert told["plain-unknown-recipient", "stranger.age"] == f"{FIRST}agenix-check --fix"
    assert told["plain-missing-recipient", "classic.age"].startswith("agenix-check --fix  # ")
    assert told["plain-missing-file", "missing.age"].startswith(FIRST)


def test_fix_changes_nothing_for_masters_of_both_kinds(estate: Estate, run: Run) -> None:
    estate.extra = [TAG_PQ]
    judge_all(estate)
    identity = estate.shop.top.parent / "identity"
    identity.write_text(estate.shop.identity)
    before = estate.shop.git.run("write-tree")

    done = run(
        estate.shop.top, "--fix", "--update-masters", "-i", str(identity), "--inventory", "lock"
    )

    assert done.code in (1, 2, 3)
    assert "Traceback" not in done.stderr
    assert estate.shop.git.run("write-tree") == before
