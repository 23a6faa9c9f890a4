"""Declarations by strangers: names that are no names, and paths that lead elsewhere."""

import json
from pathlib import Path

import pytest

from agenix_check.discover.declared.lock import render_lock
from agenix_check.discover.tree.evidence import LOCK
from agenix_check.model.declaration import DeclaredPath, DeclaredSecret
from agenix_check.model.frozen import replace
from tests.conftest import Run
from tests.discover.declared.estate import DB, Estate, Secret, judge

NAMES = [
    "../../../outside",
    "/etc/passwd",
    "a\nb",
    "\x1b[31mred\x07",
    "x" * 5000,
    "a" * 255 + "/b",
    "..",
    ".",
    "a/../../../../b",
    "%0A::error::",
    "<b>&\"']]>",
    "\udcff\udc80",
    "-rf",
    "\u202etxt",
    "",
    "$(touch pwned)",
    "~/x",
    "con\r\nsole",
]


def declare(estate: Estate, name: str) -> None:
    """Write a lock file in which a secret and a node have that name; stage everything."""
    declaration = estate.declare()
    first = declaration.nodes[0]
    secret = DeclaredSecret(
        id=name, name=name, source=DeclaredPath(path=DB), intermediary=False, generator=None
    )
    secrets = tuple(sorted((*first.secrets, secret), key=lambda one: one.id))
    nodes = (replace(first, secrets=secrets), replace(first, name=name), *declaration.nodes[1:])
    estate.shop.write(LOCK, render_lock(replace(declaration, nodes=nodes)))
    estate.shop.stage()


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_names_reach_no_report_raw_and_no_file_elsewhere(
    estate: Estate, run: Run, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    declare(estate, name)
    reports = {kind: tmp_path_factory.mktemp("reports") / kind for kind in ("json", "junit")}
    outputs = [f"--output={kind}={file}" for kind, file in reports.items()]
    around = sorted(estate.shop.top.parent.iterdir())

    texts = []
    for code, *words in ((1, "-v", *outputs), (0, "fleet"), (0, "fleet", "--format", "json")):
        done = run(estate.shop.top, *map(str, words), "--inventory", "lock")
        assert (done.code, done.stderr) == (code, ""), done
        texts.append(done.stdout)
    json.loads(texts[-1])
    json.loads(reports["json"].read_text())
    for text in (*texts, *(file.read_text() for file in reports.values())):
        assert not any(ord(one) < 32 and one != "\n" for one in text)
        assert "\u202e" not in text
    assert sorted(estate.shop.top.parent.iterdir()) == around
    assert not (estate.shop.top / "pwned").exists()


@pytest.mark.parametrize("name", ["a\nb", "x" * 300, "../up", "%0A::error::"])
def test_names_in_a_flake_are_no_better(estate: Estate, run: Run, name: str) -> None:
    estate.nodes["alpha"].secrets[name] = Secret(DB)
    estate.write_flake()
    estate.shop.remove(LOCK)
    estate.shop.stage()

    done = run(estate.shop.top, "-v")

    assert (done.code, done.stderr) == (1, "")
    assert "error[output-missing]" in done.stdout


@pytest.mark.parametrize("target", ["/etc/hostname", "../outside"])
def test_a_source_behind_a_symlink_that_leads_out_is_not_read(estate: Estate, target: str) -> None:
    (estate.shop.top.parent / "outside").mkdir()
    (estate.shop.top.parent / "outside" / "x.age").write_text("secret of another\n")
    estate.nodes["alpha"].secrets["x"] = Secret("link/x.age")
    (estate.shop.top / "link").symlink_to(target)
    estate.write_lock()
    estate.shop.stage()

    report = judge(estate)

    assert [one for one in report.findings if one.secret == "x"] == []
    (sentence,) = report.incomplete
    assert sentence == (
        "nixos:alpha x could not be judged: its source is outside the repository: "
        f"{target} (by the symbolic link link)"
    )


def test_a_source_behind_a_symlink_that_leads_nowhere_is_missing(estate: Estate) -> None:
    estate.nodes["alpha"].secrets["x"] = Secret("link/x.age")
    (estate.shop.top / "link").symlink_to("nowhere")
    estate.write_lock()
    estate.shop.stage()

    (finding,) = (one for one in judge(estate).findings if one.secret == "x")

    assert (finding.rule, finding.path) == ("source-missing", "nowhere/x.age")


def test_an_output_behind_a_symlink_is_not_read(estate: Estate) -> None:
    path = estate.output("alpha", "token")
    elsewhere = estate.shop.top.parent / "elsewhere"
    (estate.shop.top / "secrets/rekeyed/alpha").rename(elsewhere)
    (estate.shop.top / "secrets/rekeyed/alpha").symlink_to(elsewhere)
    estate.shop.stage()

    report = judge(estate)

    (finding,) = (one for one in report.findings if one.secret == "token")
    assert (finding.rule, finding.path) == ("output-missing", path)


def test_an_output_that_is_a_symlink_is_none(estate: Estate) -> None:
    path = estate.output("alpha", "token")
    (estate.shop.top / path).unlink()
    (estate.shop.top / path).symlink_to("/etc/hostname")
    estate.shop.stage()

    report = judge(estate)

    (finding,) = report.findings
    assert (finding.rule, finding.path) == ("output-not-encrypted", path)
    assert "symlink" in finding.message


def test_an_identity_that_is_a_symlink_or_leads_outside_is_not_read(
    estate: Estate, tmp_path: Path
) -> None:
    (tmp_path / "key.txt").write_text(f"# public key: {estate.shop.master}\n{estate.shop.identity}")
    (estate.shop.top / "link.txt").symlink_to(tmp_path / "key.txt")
    estate.masters = [
        replace(estate.masters[0], pubkey=None, identity=DeclaredPath(path="link.txt")),
        replace(
            estate.masters[0], pubkey=None, identity=DeclaredPath(path=None, outside="/etc/key.txt")
        ),
    ]
    estate.write_lock()
    estate.shop.stage()

    report = judge(estate)

    assert report.findings == ()  # nobody is known, so nothing is claimed


def test_a_lock_file_may_not_be_a_submodule(estate: Estate, run: Run) -> None:
    commit = estate.shop.git.run("rev-parse", "HEAD").decode().strip()
    estate.shop.git.run("update-index", "--cacheinfo", f"160000,{commit},{LOCK}")

    done = run(estate.shop.top, "--inventory", "lock")

    assert (done.code, len(done.stderr.splitlines())) == (3, 1)


def test_a_flake_cannot_make_nix_run_or_read_anything(estate: Estate, run: Run) -> None:
    flag = estate.shop.top.parent / "pwned"
    flake = estate.shop.read("flake.nix").decode()
    key = 'hostPubkey = ((builtins.exec or (_: throw "no exec")) [ "touch" "FLAG" ])'
    estate.shop.write(
        "flake.nix",
        flake.replace("hostPubkey = ./hosts/alpha/host.pub", key.replace("FLAG", str(flag))),
    )
    estate.shop.stage()

    done = run(estate.shop.top)

    assert done.code == 3
    assert "error[node-not-evaluated]: no exec\n  nixos:alpha" in done.stdout
    assert not flag.exists()
