"""A flake comes with a change: it must not lead to a weaker inventory than what was there."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.discover.tree.evidence import LOCK
from agenix_check.keys.encrypt import encrypt
from tests.audit.by_declaration.test_plain import write_rules
from tests.conftest import Run
from tests.discover.declared.estate import DB, Estate
from tests.discover.declared.test_inventory import without_lock
from tests.host_keys import ALPHA
from tests.report.every_format import options_for, read_reports

RANGE = ("--from-ref", "main", "--to-ref", "topic", "--format", "json")
NO_NODES = "{ outputs = { self }: { packages = { }; }; }\n"
Step = Callable[[Estate], None]


def by_lock(estate: Estate) -> None:
    """Let the lock file alone decide: there is no flake."""
    estate.shop.remove("flake.nix")


def by_lock_beside_a_flake(estate: Estate) -> None:
    """Let the lock file alone decide: the flake declares no node."""
    estate.shop.write("flake.nix", NO_NODES)


def by_both(estate: Estate) -> None:
    """Leave the flake and the lock file."""


def by_nix(estate: Estate) -> None:
    """Let the flake alone decide."""
    without_lock(estate)


def plant_flake(estate: Estate) -> None:
    estate.shop.write("flake.nix", NO_NODES)


def remove_flake(estate: Estate) -> None:
    estate.shop.remove("flake.nix")


def remove_lock(estate: Estate) -> None:
    estate.shop.remove(LOCK)


def declare_one(estate: Estate) -> None:
    del estate.nodes["beta"], estate.nodes["delta"]
    estate.write_flake()


def lock_one(estate: Estate) -> None:
    declare_one(estate)
    estate.write_lock()


def begin(estate: Estate, by: Step) -> None:
    """Commit a fleet that is in order and judged by something, to main."""
    by(estate)
    estate.shop.commit("Be judged so")
    estate.shop.git.run("checkout", "--quiet", "-B", "topic")
    estate.shop.git.run("branch", "-f", "main")


@pytest.mark.parametrize(
    ("by", "steps", "code", "inventory", "says"),
    [
        (by_lock, [], 0, "lock", ""),
        (by_lock, [plant_flake], 0, "lock", ""),
        (by_lock, [plant_flake, remove_lock], 1, "names", "nixos:beta left it"),
        (by_lock, [declare_one], 1, "nix", "nixos:beta, nixos:delta is no longer declared"),
        (by_lock, [declare_one, remove_lock], 1, "nix", "nixos:beta left it"),
        (by_lock, [lock_one], 1, "nix", "nixos:beta left it"),
        (by_lock_beside_a_flake, [], 0, "lock", ""),
        (by_lock_beside_a_flake, [remove_flake], 0, "lock", ""),
        (by_lock_beside_a_flake, [remove_lock], 1, "names", "nixos:beta left it"),
        (by_lock_beside_a_flake, [lock_one], 1, "nix", "nixos:beta left it"),
        (by_both, [], 0, "nix", ""),
        (by_both, [plant_flake], 0, "lock", ""),
        (by_both, [remove_flake], 0, "lock", ""),
        (by_both, [remove_flake, remove_lock], 3, "names", "declares nixos:alpha, nixos:beta"),
        (by_both, [plant_flake, remove_lock], 3, "names", "declares nixos:alpha, nixos:beta"),
        (by_both, [remove_lock], 0, "nix", ""),
        (by_both, [lock_one], 0, "nix", ""),  # what Nix says is the truth: hosts are retired so
        (by_nix, [], 0, "nix", ""),
        (by_nix, [plant_flake], 3, "names", "declares nixos:alpha, nixos:beta, nixos:delta, and"),
        (by_nix, [remove_flake], 3, "names", "declares nixos:alpha, nixos:beta, nixos:delta, and"),
    ],
)
def test_a_change_chooses_no_weaker_inventory(
    estate: Estate,
    run: Run,
    by: Step,
    steps: list[Step],
    code: int,
    inventory: str,
    says: str,
) -> None:
    begin(estate, by)
    for step in steps:
        step(estate)
    estate.shop.write("README.md", "Another text.\n")
    estate.shop.commit("Improve things")
    for words in (RANGE, ("--format", "json", "--rev", "topic")):
        done = run(estate.shop.top, *words)
        report = json.loads(done.stdout)
        assert (done.code, report["fleet"]["inventory"]) == (code, inventory), done
        said = [*report["incomplete"], *(one["message"] for one in report["findings"])]
        assert any(says in one for one in said) or not says, said


def test_the_branch_that_decides_is_asked_not_where_the_change_began(
    estate: Estate, run: Run
) -> None:
    flake = estate.shop.read("flake.nix")
    estate.shop.write("flake.nix", NO_NODES)
    without_lock(estate)
    estate.shop.git.run("branch", "-f", "topic")
    estate.shop.write("flake.nix", flake)
    estate.shop.commit("Declare the fleet")
    estate.shop.git.run("branch", "-f", "main")
    estate.shop.git.run("checkout", "--quiet", "topic")
    estate.shop.write("README.md", "Another text.\n")
    estate.shop.commit("Improve things")

    done = run(estate.shop.top, *RANGE)

    assert done.code == 3
    assert "declares nixos:alpha" in json.loads(done.stdout)["incomplete"][0]


@pytest.mark.parametrize("text", [NO_NODES, "{ outputs = { self }: throw ''no''; }\n"])
def test_a_flake_that_did_not_evaluate_may_have_had_nodes(
    estate: Estate, run: Run, text: str
) -> None:
    estate.shop.write("flake.nix", "{ outputs = { self }: throw ''nothing here''; }\n")
    begin(estate, by_nix)
    estate.shop.write("flake.nix", text)
    estate.shop.commit("Improve things")

    done = run(estate.shop.top, *RANGE)

    assert done.code == 3
    assert len(json.loads(done.stdout)["incomplete"]) == 1


def test_a_fleet_that_never_declared_a_node_is_judged_by_names(estate: Estate, run: Run) -> None:
    estate.shop.write("flake.nix", NO_NODES)
    begin(estate, by_nix)
    estate.shop.write("flake.nix", NO_NODES.replace("packages", "checks"))
    estate.shop.commit("Improve things")

    done = run(estate.shop.top, *RANGE)

    assert (done.code, json.loads(done.stdout)["fleet"]["inventory"]) == (0, "names")


def test_beside_plain_agenix_the_same_is_said_where_nix_was_asked_for(
    estate: Estate, run: Run
) -> None:
    write_rules(estate.shop, "plain/secrets.nix", wifi=[ALPHA])
    estate.shop.write("plain/wifi.age", encrypt(b"x", [ALPHA]))
    begin(estate, by_nix)
    plant_flake(estate)
    estate.shop.commit("Improve things")

    done = run(estate.shop.top, *RANGE, "--inventory", "nix")

    assert done.code == 3
    assert "declares nixos:alpha" in json.loads(done.stdout)["incomplete"][0]


def test_by_the_lock_file_the_content_is_judged_as_before(estate: Estate, run: Run) -> None:
    """What a planted flake was for: an output that names would not miss."""
    begin(estate, by_lock)
    plant_flake(estate)
    estate.shop.remove(estate.output("beta", "db"))
    estate.shop.commit("Improve things")

    done = run(estate.shop.top, *RANGE)

    assert done.code == 1
    assert [one["rule"] for one in json.loads(done.stdout)["findings"]] == ["output-missing"]
    assert DB in done.stdout


@pytest.mark.parametrize("inventory", ["auto", "nix"])
def test_the_flake_of_a_repository_of_plain_agenix_does_not_matter(
    workshop: Workshop, run: Run, inventory: str
) -> None:
    """Its hosts have no outputs: nothing would be judged by names."""
    hosts = "nixosConfigurations.h.config = throw ''not here'';"
    workshop.write("flake.nix", f"{{ outputs = {{ self }}: {{ {hosts} }}; }}\n")
    write_rules(workshop, "secrets.nix", wifi=[ALPHA])
    workshop.write("wifi.age", encrypt(b"x", [ALPHA]))
    workshop.commit("Begin")
    workshop.git.run("checkout", "--quiet", "-b", "topic")
    workshop.write("flake.nix", NO_NODES)
    workshop.commit("Improve things")
    for words in (("--from-ref", "main", "--to-ref", "topic"), ("--rev", "main")):
        assert run(workshop.top, *words).code == 0, words
    assert run(workshop.top, *RANGE, "--inventory", inventory).code == 0


def test_every_format_says_it(estate: Estate, run: Run, tmp_path: Path) -> None:
    begin(estate, by_nix)
    plant_flake(estate)
    estate.shop.commit("Improve things")

    options = ("--fail-on", "new", "--ignore", "lock-stale", *options_for(tmp_path / "reports"))
    done = run(estate.shop.top, *RANGE, *options)

    assert done.code == 3, done
    assert "declares nixos:alpha" in done.stderr
    for form, report in read_reports(tmp_path / "reports").items():
        shown = " ".join(report.replace("&#39;", "'").split())
        assert "declares nixos:alpha" in shown.replace("%3A", ":") or form == "text", shown
