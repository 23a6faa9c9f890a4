"""Plain agenix: strangers are named as people know them, from the tree and from history."""

import json
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt
from tests.audit.by_declaration.test_plain import judge, the_only, write_rules
from tests.conftest import Run
from tests.host_keys import ALPHA, BETA, GAMMA, NEW
from tests.report.every_format import options_for, read_reports


def bare(key: str) -> str:
    """Return a key without its comment."""
    return key.rsplit(" ", 1)[0]


def test_a_stranger_whose_key_is_in_the_tree(workshop: Workshop) -> None:
    workshop.write("hosts/beta.pub", f"{bare(BETA)}\n")
    workshop.write("hosts/gamma.pub", GAMMA)
    workshop.write("users.nix", f'{{ users.users.root.keys = rec {{ carol = "{bare(NEW)}"; }}; }}')
    workshop.write("db.age", encrypt(b"x", [ALPHA, BETA, GAMMA, NEW]))
    write_rules(workshop, db=[ALPHA])

    assert the_only(judge(workshop)).message == (
        "can be read by beta (in hosts/beta.pub), root@gamma (in hosts/gamma.pub), "
        "carol (in users.nix), not in secrets.nix"
    )


def test_a_stranger_whose_key_left_the_tree(workshop: Workshop) -> None:
    workshop.write("hosts.nix", f'{{\n  poseidon = "{bare(BETA)}";\n  kept = "{bare(ALPHA)}";\n}}')
    workshop.write("db.age", encrypt(b"x", [ALPHA, BETA, GAMMA]))
    workshop.write("gamma.pub", GAMMA)
    write_rules(workshop, db=[ALPHA, BETA, GAMMA])
    workshop.commit("Begin")
    workshop.write("hosts.nix", f'{{\n  kept = "{bare(ALPHA)}";\n}}')
    workshop.remove("gamma.pub")
    write_rules(workshop, db=[ALPHA])
    commit = workshop.commit("Retire two hosts")
    workshop.write("README.md", "Nothing of it.\n")
    workshop.commit("Write about it")

    # The text of a rule is the newest place that had the key.
    for _ in range(2):
        assert the_only(judge(workshop)).message == (
            f"can be read by poseidon (in hosts.nix until {commit[:10]}), "
            f"root@gamma (in gamma.pub until {commit[:10]}), not in secrets.nix"
        )


def test_a_stranger_whom_nobody_knows(workshop: Workshop) -> None:
    workshop.write("db.age", encrypt(b"x", [ALPHA, BETA]))
    write_rules(workshop, db=[ALPHA])
    workshop.commit("Begin")

    assert "by an SSH Ed25519 key with tag " in the_only(judge(workshop)).message


def test_every_format_names_people(workshop: Workshop, run: Run, tmp_path: Path) -> None:
    workshop.write("hosts/beta.pub", BETA)
    workshop.write("db.age", encrypt(b"x", [ALPHA, BETA]))
    workshop.write(
        "secrets.nix",
        f"let alice = {json.dumps(ALPHA)}; carol = {json.dumps(NEW)}; in"
        ' { "db.age".publicKeys = [ alice carol ]; }',
    )
    workshop.stage()

    assert run(workshop.top, *options_for(tmp_path / "reports")).code == 1
    for name, report in read_reports(tmp_path / "reports").items():
        said = " ".join(report.split())
        assert "carol" in said, name
        assert "beta" in said, name


def test_of_many_strangers_some_are_named(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agenix_check.audit.plain_people._MOST_SAID", 2)
    workshop.write("db.age", encrypt(b"x", [ALPHA, BETA, GAMMA, NEW]))
    write_rules(workshop, db=[ALPHA])

    assert the_only(judge(workshop)).message.endswith(" and 1 more, not in secrets.nix")
