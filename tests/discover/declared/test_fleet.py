"""`agenix-check fleet`: who has which secrets, as they are declared."""

import json

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt
from tests.conftest import Run
from tests.discover.declared.estate import Estate, Secret
from tests.host_keys import ALPHA, BETA, DELTA


def short(key: str) -> str:
    """Return an SSH key as it is shown."""
    kind, body, comment = key.split()
    return f"{kind} {body[:24]}…{body[-8:]} {comment}"


@pytest.mark.parametrize("inventory", ["nix", "lock"])
def test_a_declared_fleet_as_text(estate: Estate, run: Run, inventory: str) -> None:
    estate.nodes["beta"].secrets["group/wifi"].intermediary = True
    estate.write_flake()
    estate.write_lock()
    estate.shop.stage()

    done = run(estate.shop.top, "fleet", "--inventory", inventory)

    assert (done.code, done.stderr) == (0, "")
    assert done.stdout == (
        f"nixos:alpha\n  key     {short(ALPHA)}\n"
        "  secret  db     secrets/db.age\n  secret  token  secrets/alpha-token.age\n\n"
        f"nixos:beta\n  key     {short(BETA)}\n"
        "  secret  db          secrets/db.age\n"
        "  secret  group/wifi  secrets/wifi.age  (an intermediary secret has no output)\n\n"
        "nixos:delta\n"
        f"  key     {estate.key_text('delta').strip()}\n"
        "  secret  db  secrets/db.age\n\n"
        f"every source is for\n  master  {estate.shop.master}\n\n"
        f"3 nodes, 5 outputs of 3 sources, known from {inventory}\n"
    )


@pytest.mark.parametrize("inventory", ["nix", "lock"])
def test_a_declared_fleet_as_json(estate: Estate, run: Run, inventory: str) -> None:
    done = run(estate.shop.top, "fleet", "--inventory", inventory, "--format", "json")

    document = json.loads(done.stdout)
    assert (document["inventory"], document["complete"]) == (inventory, True)
    assert document["nodes"][0] == {
        "name": "nixos:alpha", "storage": "secrets/rekeyed/alpha", "keys": [ALPHA],
    }  # fmt: skip
    assert document["masters"] == [estate.shop.master]
    assert document["outputs"][0] == {
        "node": "nixos:alpha",
        "secret": document["outputs"][0]["secret"],
        "path": min(estate.output("alpha", id_) for id_ in ("db", "token")),
        "sources": document["outputs"][0]["sources"],
        "skipped": None,
        "verdict": "ok",
        "rules": [],
        "reason": None,
    }
    assert len(document["outputs"]) == 5


def test_secrets_without_output_are_shown_too(estate: Estate, run: Run) -> None:
    estate.nodes["alpha"].secrets["api"] = Secret("secrets/api.age", generator=True)
    estate.nodes["alpha"].secrets["far"] = Secret("/nix/store/x/far.age", outside=True)
    estate.write_lock()
    estate.shop.stage()

    text = run(estate.shop.top, "fleet", "--inventory", "lock").stdout
    document = json.loads(
        run(estate.shop.top, "fleet", "--inventory", "lock", "--format", "json").stdout
    )

    assert "  secret  api    secrets/api.age  (its source is not in the tree)" in text
    assert "  secret  far    ?  (its source is outside the repository: /nix/store/x/far" in text
    assert {one["secret"] for one in document["outputs"] if one["path"] is None} == {"api", "far"}


def test_a_node_without_secrets_is_shown(estate: Estate, run: Run) -> None:
    estate.nodes["delta"].secrets = {}
    estate.write_lock()
    estate.shop.stage()

    text = run(estate.shop.top, "fleet", "--inventory", "lock").stdout

    assert "nixos:delta\n  key " in text


def test_a_failed_node_is_named(estate: Estate, run: Run) -> None:
    estate.write_flake('nixosConfigurations.broken = throw "no such host";')
    estate.shop.stage()

    done = run(estate.shop.top, "fleet", "--inventory", "nix")

    assert done.code == 3
    assert "nixos:broken could not be evaluated: no such host" in done.stderr
    assert "known from nix, incomplete" in done.stdout


def test_rules_files_with_their_files_and_readers(
    workshop: Workshop, run: Run, without_nix: dict[str, str]
) -> None:
    workshop.write("plain/db.age", encrypt(b"x", [ALPHA, BETA]))
    workshop.write("hosts/beta.pub", BETA)
    workshop.write(
        "plain/secrets.nix",
        f"""
        let alice = "{ALPHA.strip()}"; beta = builtins.readFile ../hosts/beta.pub; in {{
          "db.age".publicKeys = [ alice beta ];
          "to-come.age".publicKeys = [ "{DELTA.strip()}" alice ];
        }}
        """,
    )
    workshop.stage()

    text = run(workshop.top, "fleet", env=without_nix)
    document = json.loads(run(workshop.top, "fleet", "--format", "json", env=without_nix).stdout)

    assert (text.code, text.stderr) == (0, "")
    shown = DELTA.strip()
    assert text.stdout == (
        "plain/secrets.nix\n"
        "  file    plain/db.age       alice, hosts/beta.pub\n"
        f"  file    plain/to-come.age  {shown}, alice\n"
        f"  key     {shown}  {shown}\n"
        f"  key     {'alice':<{len(shown)}}  {short(ALPHA)}\n"
        f"  key     {'hosts/beta.pub':<{len(shown)}}  {short(BETA)}\n"
        "\n"
        "plain agenix: 2 files for 3 keys in 1 rules file\n"
    )
    first, second = document["plain"]
    assert first == {
        "path": "plain/db.age",
        "rules_file": "plain/secrets.nix",
        "recipients": [ALPHA.strip(), BETA.strip()],
        "names": ["alice", "hosts/beta.pub"],
    }
    assert second["names"][1] == "alice"
