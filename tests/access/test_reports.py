"""The change in who can read what, in every report of a change."""

import json
from pathlib import Path

from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt
from tests.access.test_present import DB, WIFI
from tests.conftest import Run
from tests.host_keys import NEW, STRANGER

_LINE = "access: now readable by h9 (ssh-ed25519 SHA256:"


def _add_host(fleet: Workshop) -> None:
    fleet.host("h9", NEW)
    fleet.rekey("h9", "db", DB, "postgres://db\n")
    fleet.rekey("h9", "wifi", WIFI, "correct horse\n")


def test_a_new_host_is_said_where_all_is_in_order(fleet: Workshop, run: Run) -> None:
    _add_host(fleet)
    fleet.stage()
    first = run(fleet.top)
    assert first.code == 0
    line = next(one for one in first.stdout.splitlines() if one.startswith("access: "))
    assert line.startswith(_LINE)
    assert line.endswith(f", hosts/h9/host.pub, a new key): {DB} {WIFI}")
    # The tree is remembered as one in order, and what it changes with it.
    assert run(fleet.top) == first
    assert run(fleet.top, "--no-cache") == first
    assert run(fleet.top, "--quiet").stdout == ""


def test_in_every_format_that_is_read_in_a_review(
    fleet: Workshop, run: Run, tmp_path: Path
) -> None:
    _add_host(fleet)
    fleet.commit("Add a host")
    markdown = run(fleet.top, "--rev", "HEAD", "--format", "markdown").stdout
    place = markdown.index("#### Now readable by")
    assert "a new key)`: `secrets/db.age`, `secrets/wifi.age`" in markdown[place:]
    assert place < markdown.index("| node |")
    document = json.loads(run(fleet.top, "--rev", "HEAD", "--format", "json").stdout)
    (added,) = document["access"]["added"]
    assert (added["name"], added["secrets"]) == ("h9", [DB, WIFI])
    summary = tmp_path / "summary.md"
    log = run(
        fleet.top, "--rev", "HEAD", "--format", "github", env={"GITHUB_STEP_SUMMARY": str(summary)}
    )
    assert _LINE in log.stdout
    assert "#### Now readable by" in summary.read_text()
    page = run(fleet.top, "--rev", "HEAD", "--format", "html").stdout
    assert page.index("Who can read what, by this change") < page.index('id="fleet"')


def test_nothing_is_said_where_nothing_changes(fleet: Workshop, run: Run) -> None:
    fleet.write("README.md", "Another.\n")
    fleet.commit("Edit a text")
    for options in ((), ("--rev", "HEAD")):
        assert "access" not in run(fleet.top, *options).stdout
        document = json.loads(run(fleet.top, *options, "--format", "json").stdout)
        assert document["access"] == {"added": [], "removed": [], "replaced": []}
        assert "readable" not in run(fleet.top, *options, "--format", "markdown").stdout
    document = json.loads(run(fleet.top, "--rev", "HEAD~2", "--format", "json").stdout)
    assert document["access"] is None


def test_beside_what_is_wrong(fleet: Workshop, run: Run) -> None:
    """A stranger who is no host: the finding says it is wrong, the line who gains what."""
    fleet.write("keys/nobody.pub", STRANGER)
    fleet.write(fleet.output_path("alpha", "wifi", WIFI), encrypt(b"correct horse\n", [STRANGER]))
    fleet.stage()
    result = run(fleet.top)
    assert result.code == 1
    line = next(one for one in result.stdout.splitlines() if one.startswith("access: "))
    assert "now readable by keys/nobody.pub (ssh-ed25519 SHA256:" in line
    assert "no longer readable by alpha (ssh-ed25519 SHA256:" in line


def test_a_range_over_a_merge(fleet: Workshop, run: Run) -> None:
    fleet.git.run("switch", "-qc", "side")
    _add_host(fleet)
    fleet.commit("Add a host aside")
    fleet.git.run("switch", "-q", "main")
    fleet.write("README.md", "Another.\n")
    before = fleet.commit("Edit a text")
    fleet.git.run("merge", "-q", "--no-ff", "-m", "Merge", "side")
    assert _LINE in run(fleet.top, "--from-ref", before, "--to-ref", "HEAD").stdout
    assert _LINE in run(fleet.top, "--rev", "HEAD").stdout
    assert _LINE in run(fleet.top, "--from-ref", "main^", "--to-ref", "side").stdout


def test_new_keys_are_never_folded_away(fleet: Workshop, run: Run) -> None:
    """Ten hosts gain a secret, and a planted one beside them."""
    fleet.source("secrets/new.age", "new\n")
    for node in ("alpha", "beta", "gamma", "delta"):
        fleet.rekey(node, "new", "secrets/new.age", "new\n")
    fleet.host("zz", NEW)
    fleet.rekey("zz", "new", "secrets/new.age", "new\n")
    fleet.stage()
    (line,) = (one for one in run(fleet.top).stdout.splitlines() if one.startswith("access: "))
    assert line.startswith("access: now readable by zz (ssh-ed25519 SHA256:")
    assert line.endswith("and 3 more")


def test_pages_of_both_verbs(fleet: Workshop, run: Run) -> None:
    """They hold what the text holds, load nothing and run nothing."""
    fleet.git.run("rm", "-rq", "secrets/rekeyed/beta", "hosts/beta")
    fleet.commit("Sell a host")
    for arguments, held in (
        (("access",), ('<h2 id="table-1">Secrets</h2>', "<div>hosts/alpha/host.pub</div>")),
        (("access", "--from-ref", "HEAD^", "--to-ref", "HEAD"), ("No longer readable by", WIFI)),
        (("exposure",), ("2 secrets to rotate, 1 former reader", f"<div>{DB}</div>", "in use")),
    ):
        result = run(fleet.top, *arguments, "--format", "html")
        assert result.code == (1 if arguments == ("exposure",) else 0)
        assert all(text in result.stdout for text in held)
        assert "default-src 'none'" in result.stdout
        assert "<script" not in result.stdout
        assert "http://" not in result.stdout
