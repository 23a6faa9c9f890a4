"""Files that were changed after they were encrypted, as by a hook that took them for text."""

import json

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.discover.tree.facts import is_textual
from agenix_check.keys.encrypt import encrypt
from tests.audit.scenes import DB, judge_staged, of_rule
from tests.host_keys import ALPHA

LARGE = b"x" * ((3 << 20) + 1)  # of which Git gives the head only


@pytest.mark.parametrize("content", [b"secret", LARGE], ids=["small", "large"])
def test_a_plain_file_with_a_newline_at_its_end(workshop: Workshop, content: bytes) -> None:
    names = ["edited.age", "fixed.age", "same.age"]
    rules = (f'"{name}".publicKeys = [ {json.dumps(ALPHA)} ];' for name in names)
    workshop.write("secrets.nix", f"{{ {' '.join(rules)} }}")
    for name in names:
        workshop.write(name, encrypt(content, [ALPHA]))
    workshop.commit("Begin")
    assert judge_staged(workshop).findings == ()

    workshop.write("edited.age", encrypt(content + b"s", [ALPHA]))
    workshop.write("fixed.age", workshop.read("fixed.age") + b"\n")
    report = judge_staged(workshop)

    (finding,) = report.findings
    assert (finding.rule, finding.path, finding.new) == ("source-malformed", "fixed.age", True)
    assert "end-of-file-fixer" in finding.message
    assert finding.mend == "git restore --source=HEAD --staged --worktree -- :/fixed.age"
    assert {one.path: str(one.verdict) for one in report.plain} == {
        "edited.age": "ok", "fixed.age": "wrong", "same.age": "ok",
    }  # fmt: skip


def test_a_source_with_a_newline_at_its_end(fleet: Workshop) -> None:
    fleet.write(DB, fleet.read(DB) + b"\n")

    (finding,) = of_rule(judge_staged(fleet), "source-malformed")

    assert (finding.severity, finding.path) == ("error", DB)
    assert of_rule(judge_staged(fleet), "output-stale")


def test_armor_may_be_put_around_a_file_and_end_in_blank_lines(workshop: Workshop) -> None:
    text = encrypt(b"secret", [ALPHA], armored=True)
    workshop.write("secrets.nix", f'{{ "a.age".publicKeys = [ {json.dumps(ALPHA)} ]; }}')
    workshop.write("a.age", text)
    workshop.commit("Begin")
    workshop.write("a.age", text + b"\n\n")

    assert judge_staged(workshop).findings == ()


def _encrypt_to_text(content: bytes) -> bytes:
    """Encrypt until a hook for text files takes the file for one: one in some forty."""
    while not is_textual(file := encrypt(content, [ALPHA]) + b"\n"):
        pass
    return file[:-1]


def test_it_stays_reported_until_it_is_taken_back(workshop: Workshop) -> None:
    good = _encrypt_to_text(b"secret")
    workshop.write("secrets.nix", f'{{ "a.age".publicKeys = [ {json.dumps(ALPHA)} ]; }}')
    workshop.write("a.age", good)
    begin = workshop.commit("Begin")
    workshop.write("a.age", good + b"\n")
    workshop.commit("Fix the ends of files")
    workshop.write("README.md", "more\n")

    (finding,) = judge_staged(workshop).findings
    assert (finding.rule, finding.path, finding.new) == ("source-malformed", "a.age", False)
    assert f"the version of {begin[:10]}" in finding.message
    workshop.git.run("restore", f"--source={begin[:10]}", "--worktree", "--", "a.age")
    assert judge_staged(workshop).findings == ()
    workshop.commit("Take it back")
    assert judge_staged(workshop).findings == ()


def test_what_was_cut_may_be_taken_back(workshop: Workshop) -> None:
    good = encrypt(b"secret" * 20_000, [ALPHA])
    workshop.write("secrets.nix", f'{{ "a.age".publicKeys = [ {json.dumps(ALPHA)} ]; }}')
    workshop.write("a.age", good)
    workshop.commit("Begin")
    workshop.write("a.age", good[:-1])
    assert [one.rule for one in judge_staged(workshop).findings] == ["source-malformed"]
    workshop.commit("Cut it")
    workshop.write("a.age", good)
    assert judge_staged(workshop).findings == ()


def test_a_file_that_is_text_by_chance_is_right(workshop: Workshop) -> None:
    workshop.write("secrets.nix", f'{{ "a.age".publicKeys = [ {json.dumps(ALPHA)} ]; }}')
    workshop.write("a.age", _encrypt_to_text(b"secret") + b"\n")  # of which there is no other one
    for number in range(3):
        workshop.write("README.md", f"{number}\n")
        assert judge_staged(workshop).findings == ()
        workshop.commit("Go on")
