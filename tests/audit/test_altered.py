"""Files that were changed after they were encrypted, as by a hook that took them for text."""

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from agenix_check.cli.configuration import load_settings
from agenix_check.demo.workshop import Workshop
from agenix_check.gate import check
from agenix_check.git.repository import open_repository
from agenix_check.keys.encrypt import encrypt
from tests.audit.scenes import DB, judge, judge_staged, of_rule
from tests.host_keys import ALPHA
from tests.settings_files import file_at

if TYPE_CHECKING:
    from agenix_check.cli.options import OptionValue

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
    fleet.stage()
    spoil = fleet.commit("Spoil it")
    assert [(one.path, one.since) for one in of_rule(judge(fleet), "source-malformed")] == [
        (DB, spoil)
    ]


def test_armor_may_be_put_around_a_file_and_end_in_blank_lines(workshop: Workshop) -> None:
    text = encrypt(b"secret", [ALPHA], armored=True)
    workshop.write("secrets.nix", f'{{ "a.age".publicKeys = [ {json.dumps(ALPHA)} ]; }}')
    workshop.write("a.age", text)
    workshop.commit("Begin")
    workshop.write("a.age", text + b"\n\n")

    assert judge_staged(workshop).findings == ()


def _encrypt(content: bytes) -> bytes:
    """Encrypt so that the file has no line break at its end by chance."""
    while (file := encrypt(content, [ALPHA])).endswith(b"\n"):
        pass
    return file


@pytest.mark.parametrize("content", [b"secret", LARGE], ids=["small", "large"])
def test_a_line_break_that_came_with_the_file_may_be_taken_out(
    workshop: Workshop, content: bytes
) -> None:
    good = _encrypt(content)
    workshop.write("secrets.nix", f'{{ "a.age".publicKeys = [ {json.dumps(ALPHA)} ]; }}')
    workshop.write("a.age", good + b"\n")
    workshop.commit("Begin, with a hook that adds one")
    workshop.write("a.age", good)
    assert judge_staged(workshop).findings == ()
    workshop.commit("Take it out")
    assert judge(workshop).findings == ()


def test_it_stays_reported_until_it_is_taken_back(workshop: Workshop) -> None:
    content = b"secret" * 20_000
    good = {name: _encrypt(content) for name in ("cut", "empty", "gone", "longer", "other", "torn")}
    rules = (f'"{name}.age".publicKeys = [ {json.dumps(ALPHA)} ];' for name in good)
    workshop.write("secrets.nix", f"{{ {' '.join(rules)} }}")
    for name, text in good.items():
        workshop.write(f"{name}.age", text)
    begin = workshop.commit("Begin")
    workshop.write("cut.age", good["cut"][:-1])
    workshop.write("empty.age", b"")
    workshop.remove("gone.age")
    workshop.write("longer.age", good["longer"] + b"\n")
    workshop.write("other.age", good["other"][:-1] + bytes([good["other"][-1] ^ 1]))
    workshop.write("torn.age", good["torn"][:100])
    spoil = workshop.commit("Spoil")
    workshop.write("README.md", "more\n")
    workshop.commit("Go on")

    views: list[tuple[dict[str, OptionValue], bool]] = [
        ({"rev": spoil}, True), ({"from-ref": begin}, True), ({"rev": "HEAD"}, False), ({}, False),
    ]  # fmt: skip
    fixes: list[str] = []
    for options, new in views:
        found = {one.path: one for one in judge(workshop, **options).findings}
        assert found.keys() == {f"{name}.age" for name in good}
        gone = found.pop("gone.age")
        assert (gone.new, gone.since) == (new, None if new else spoil)
        if new:  # that of an old one begins a new secret
            fixes = [gone.mend or ""]
        for path, one in found.items():
            back = f"git restore --source={spoil[:10]}~ --staged --worktree -- :/"
            assert one.mend == f"{back}{path}"
            assert fixes[0].startswith(back + "gone.age  # ")
            assert (one.new, one.since) == (new, None if new else spoil)
        assert "has other bytes" in found["other.age"].message
        for name in ("cut", "longer", "other"):
            assert f"the version of {begin[:10]}" in found[f"{name}.age"].message

    for fix in [*fixes, *(one.mend or "" for one in found.values())]:
        subprocess.run(["sh", "-c", fix], cwd=workshop.top, check=True)
    assert judge_staged(workshop).findings == ()


def test_what_was_cut_may_be_taken_back(workshop: Workshop) -> None:
    good = _encrypt(b"secret" * 20_000)
    workshop.write("secrets.nix", f'{{ "a.age".publicKeys = [ {json.dumps(ALPHA)} ]; }}')
    workshop.write("a.age", good)
    workshop.commit("Begin")
    workshop.write("a.age", good[:-1])
    assert [one.rule for one in judge_staged(workshop).findings] == ["source-malformed"]
    workshop.commit("Cut it")
    workshop.write("a.age", good)
    assert judge_staged(workshop).findings == ()


def test_many_files_are_looked_up_at_the_top_and_below_it(workshop: Workshop) -> None:
    names = [f"{place}{number}.age" for place in ("", "a/", "a/b/") for number in range(7)]
    rules = (f'"{name}".publicKeys = [ {json.dumps(ALPHA)} ];' for name in names)
    workshop.write("secrets.nix", f"{{ {' '.join(rules)} }}")
    for name in names:
        workshop.write(name, _encrypt(b"secret"))
    workshop.commit("Begin")
    spoilt = ["3.age", "a/3.age", "a/b/3.age"]
    for name in spoilt:
        workshop.write(name, workshop.read(name) + b"\n")
    spoil = workshop.commit("Spoil some")
    workshop.write("README.md", "Something else\n")
    workshop.commit("Something else")

    found = of_rule(judge(workshop), "source-malformed")

    assert [(one.path, one.since) for one in found] == [(name, spoil) for name in spoilt]


@pytest.mark.parametrize("is_large", [False, True], ids=["small", "large"])
def test_what_is_moved_and_altered_at_once_is_seen(workshop: Workshop, *, is_large: bool) -> None:
    content = LARGE if is_large else b"secret" * 20_000
    good = _encrypt(content)
    head, dashes, mac = good.partition(b"\n--- ")
    turned = bytes([mac[0] ^ 1 if mac[:1].isalpha() else ord("a")]) + mac[1:]
    spoilt = {
        "cut": good[:-1],
        "longer": good + b"\n",
        "mac": head + dashes + turned,
        "other": good[:-1] + bytes([good[-1] ^ 1]),
        "same": good,
    }
    if is_large:
        spoilt = {name: spoilt[name] for name in ("longer", "same")}
    names = [f"{place}{name}" for name in spoilt for place in ("", "new/")]
    rules = (f'"{name}.age".publicKeys = [ {json.dumps(ALPHA)} ];' for name in names)
    for name in spoilt:
        workshop.write(f"{name}.age", good)
    workshop.commit("Begin")
    workshop.write("secrets.nix", f"{{ {' '.join(rules)} }}")
    for name, text in spoilt.items():
        workshop.remove(f"{name}.age")
        workshop.write(f"new/{name}.age", text)
    wrong = {f"new/{name}.age" for name in spoilt if name != "same"}

    for commit in (None, "Move them", "Move them again", "Go on"):
        found = of_rule(judge_staged(workshop), "source-malformed")
        assert {one.path for one in found} == wrong, commit
        if commit == "Move them again":
            workshop.git.run("mv", "new", "newer")
            wrong = {path.replace("new/", "newer/") for path in wrong}
            rules = (f'"newer/{name}.age".publicKeys = [ {json.dumps(ALPHA)} ];' for name in spoilt)
            workshop.write("secrets.nix", f"{{ {' '.join(rules)} }}")
        workshop.commit(commit or "Move them")


def test_what_goes_after_its_altered_copy_was_staged_is_seen(workshop: Workshop) -> None:
    good = _encrypt(b"secret")
    rules = (f'"{name}".publicKeys = [ {json.dumps(ALPHA)} ];' for name in ("a.age", "b.age"))
    workshop.write("secrets.nix", f"{{ {' '.join(rules)} }}")
    workshop.write("a.age", good)
    workshop.commit("Begin")
    workshop.write("b.age", good[:-1] + bytes([good[-1] ^ 1]))
    workshop.stage()
    settings = load_settings(file_at(workshop.top), {}, {})
    assert check(open_repository(workshop.top), settings).findings == ()
    workshop.remove("a.age")
    workshop.write("secrets.nix", f'{{ "b.age".publicKeys = [ {json.dumps(ALPHA)} ]; }}')
    workshop.stage()
    (finding,) = check(open_repository(workshop.top), settings).findings
    assert (finding.rule, finding.path) == ("source-malformed", "b.age")
