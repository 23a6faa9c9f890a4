"""What Git has and nobody can look into, by names: links that lead out, git-crypt, submodules."""

from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop, key_path
from agenix_check.model.findings import Report
from tests.audit.scenes import ALPHA_TOKEN, DB, WIFI, judge, judge_staged, storage
from tests.host_keys import ALPHA

LOCKED = b"\0GITCRYPT\0" + b"x" * 40


def link(shop: Workshop, path: str, target: str) -> None:
    place = shop.top / path
    place.unlink(missing_ok=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(target)


def said(report: Report) -> str:
    """Return the one sentence of a report without an error and without a command that removes."""
    assert [one.rule for one in report.findings if one.severity == "error"] == []
    assert "git rm" not in "".join(one.mend or "" for one in report.findings)
    (sentence,) = report.incomplete
    return sentence


@pytest.mark.parametrize("committed", [False, True])
@pytest.mark.parametrize("path", [DB, key_path("alpha")])
@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("/etc/hostname", "is a symbolic link to /etc/hostname, outside of the repository"),
        ("gone/x", "is a symbolic link to {directory}/gone/x, which is not in this tree"),
        (None, "is encrypted with git-crypt in Git"),
    ],
)
def test_a_source_or_key_that_nobody_can_read_makes_nothing_stale(
    fleet: Workshop, path: str, target: str | None, why: str, *, committed: bool
) -> None:
    if target is None:
        fleet.write(path, LOCKED)
    else:
        link(fleet, path, target)
    if committed:
        fleet.commit("Hide a file")

    sentence = said(judge_staged(fleet))

    why = why.format(directory=Path(path).parent)
    assert f"not explained, and {path}, which may do so, {why}" in sentence


@pytest.mark.parametrize("committed", [False, True])
def test_keys_that_moved_behind_the_link_of_a_directory(
    fleet: Workshop, tmp_path: Path, *, committed: bool
) -> None:
    directory = key_path("alpha").rpartition("/")[0]
    (fleet.top / directory).rename(tmp_path / "alpha")
    link(fleet, directory, str(tmp_path / "alpha"))
    if committed:
        fleet.commit("Move the keys out")

    assert f"and {directory}, which may do so, is a symbolic link to" in said(judge_staged(fleet))


def test_keys_that_moved_into_a_submodule(fleet: Workshop, tmp_path: Path) -> None:
    directory = key_path("alpha").rpartition("/")[0]
    other = Workshop(tmp_path / "other")
    other.write("host.pub", fleet.read(key_path("alpha")))
    other.commit("Keep the keys")
    fleet.git.run("rm", "-r", "--quiet", "--", directory)
    commit = other.git.run("rev-parse", "HEAD").decode().strip()
    fleet.git.run("update-index", "--add", "--cacheinfo", f"160000,{commit},{directory}")

    assert f"and {directory}, which may do so, is a submodule" in said(judge(fleet))


def test_outputs_under_git_crypt_are_not_passed(fleet: Workshop) -> None:
    for path in (fleet.top / storage("alpha")).iterdir():
        path.write_bytes(LOCKED + path.name.encode())

    sentence = said(judge_staged(fleet))

    assert sentence.startswith(f"{storage('alpha')}/")
    assert "is encrypted with git-crypt in Git, and " in sentence


def test_what_is_in_order_needs_no_file_under_git_crypt(fleet: Workshop) -> None:
    fleet.write("private.json", LOCKED)
    link(fleet, "result", "/nix/store/x")
    fleet.commit("Hide something else")
    assert judge_staged(fleet).incomplete == ()

    fleet.source(DB, "another text")
    report = judge_staged(fleet)

    assert report.incomplete == ()
    assert {one.rule for one in report.findings} == {"output-stale"}


def test_a_link_in_the_tree_explains_as_its_file_does(fleet: Workshop) -> None:
    for path, place in ((DB, "shared/db.age"), (key_path("alpha"), "keys/alpha.pub")):
        fleet.write(place, fleet.read(path))
        link(fleet, path, f"{'../' * path.count('/')}{place}")

    report = judge_staged(fleet)

    assert (report.findings, report.incomplete) == ((), ())


def test_a_link_that_leads_to_another_source_is_warned_of(fleet: Workshop) -> None:
    fleet.write("shared/db.age", fleet.read(DB))
    link(fleet, DB, "../shared/db.age")
    fleet.commit("Share a source")
    link(fleet, DB, "../secrets/wifi.age")
    assert WIFI == "secrets/wifi.age"

    (finding,) = judge_staged(fleet).findings

    assert (finding.rule, finding.severity, finding.path) == ("output-stale", "warning", DB)
    assert "shared/db.age, to which it led before" in finding.message


def test_a_directory_that_leads_to_another_is_warned_of(fleet: Workshop) -> None:
    fleet.write("one/token.age", fleet.read(ALPHA_TOKEN))
    fleet.source("two/token.age", "another token")
    fleet.remove(ALPHA_TOKEN)
    link(fleet, "linked", "one")
    fleet.commit("Share a directory")
    link(fleet, "linked", "two")

    (finding,) = (one for one in judge_staged(fleet).findings if one.severity != "note")

    assert (finding.rule, finding.path) == ("output-stale", "linked")


def test_a_link_that_leads_to_another_key_is_warned_of(fleet: Workshop) -> None:
    path = key_path("beta")
    fleet.write("keys/beta.pub", fleet.read(path))
    link(fleet, path, f"{'../' * path.count('/')}keys/beta.pub")
    fleet.commit("Share a key")
    link(fleet, path, f"{'../' * path.count('/')}{key_path('alpha')}")

    (finding,) = judge_staged(fleet).findings

    assert (finding.rule, finding.path, finding.node) == (
        "output-mixed-keys", path, storage("beta"),
    )  # fmt: skip


def test_sources_that_were_never_here(workshop: Workshop) -> None:
    commit = workshop.commit("Begin")
    workshop.host("alpha", ALPHA)
    workshop.source("secrets/a.age", "a")
    path = workshop.rekey("alpha", "a", "secrets/a.age", "a")
    workshop.git.run("add", "--", key_path("alpha"), path)
    workshop.git.run("update-index", "--add", "--cacheinfo", f"160000,{commit},private")
    (workshop.top / "secrets/a.age").unlink()

    assert said(judge(workshop)).startswith(
        "the 1 output is not explained by a key and a source in this tree: it has no source; are "
        "they in the submodule private, or in another repository?"
    )


def test_plain_text_under_a_name_that_nothing_explains_stays_wrong(fleet: Workshop) -> None:
    fleet.write("hosts/alpha/host.pub", LOCKED)
    fleet.write(f"{storage('alpha')}/{'0' * 32}-db.age", "hunter2\n")

    rules = {one.rule for one in judge_staged(fleet).findings if one.severity == "error"}

    assert rules == {"output-not-encrypted"}
