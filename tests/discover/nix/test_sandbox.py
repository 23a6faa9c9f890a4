"""An evaluation is pure, offline, builds nothing and obeys no setting of the flake or of a hook."""

from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.errors import CannotCheckError
from tests.discover.nix.flakes import (
    declare,
    declare_worktree,
    failures,
    names,
    only_node,
    write_flake,
)
from tests.programs import version_of


def _complaint(workshop: Workshop, host_pubkey: str) -> str:
    """Return what is said of a node with that key, beside a good one."""
    write_flake(
        workshop,
        f"""
        nixosConfigurations.bad = node {{ hostPubkey = {host_pubkey}; }} {{ }};
        nixosConfigurations.good = node {{ }} {{ }};
        """,
    )
    workshop.stage()
    declaration = declare(workshop.top)
    assert names(declaration) == ["nixos:good"]
    return failures(declaration)["nixos:bad"]


def test_import_from_derivation_is_refused(workshop: Workshop) -> None:
    derivation = """import (builtins.derivation {
      name = "key"; system = "x86_64-linux"; builder = "/bin/sh";
      args = [ "-c" "echo '\\"key\\"' > $out" ];
    })"""
    assert "allow-import-from-derivation" in _complaint(workshop, derivation)


@pytest.mark.parametrize(
    "impure",
    [
        "builtins.readFile /etc/passwd",
        'builtins.readFile "/etc/passwd"',
        "builtins.readFile ../../outside",
        "toString builtins.currentTime",
        "builtins.fetchGit ./.",
        'builtins.fetchurl "https://example.org/key"',
        "<nixpkgs>",
    ],
)
def test_what_is_impure_is_refused(workshop: Workshop, impure: str) -> None:
    assert _complaint(workshop, impure)


def test_the_environment_is_not_seen(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SECRET", "leaked")
    monkeypatch.setenv("NIX_PATH", f"nixpkgs={tmp_path}")
    monkeypatch.setenv("NIX_CONFIG", "pure-eval = false\nexperimental-features =")
    node = only_node(workshop, '{ hostPubkey = "[" + builtins.getEnv "SECRET" + "]"; }')
    assert node.host_pubkey == "[]"


def test_settings_of_the_users_do_not_open_it(
    workshop: Workshop, nix_root: Path, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    settings = nix_root / "conf" / "nix.conf"
    settings.write_text(
        "pure-eval = false\nallow-unsafe-native-code-during-evaluation = true\n"
        "accept-flake-config = true\nshow-trace = true\n"
    )
    try:
        code = f'builtins.exec [ "/bin/sh" "-c" "touch {ran}; echo 1" ]'
        assert "attribute 'exec' missing" in _complaint(workshop, code)
        assert _complaint(workshop, "builtins.readFile /etc/passwd")
    finally:
        settings.unlink()
    assert not ran.exists()


def test_the_flakes_own_settings_are_not_accepted(
    workshop: Workshop, nix_home: Path, tmp_path: Path
) -> None:
    write_flake(workshop, "nixosConfigurations.alpha = node { } { };")
    text = workshop.read("flake.nix").decode()
    hook = tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    setting = f'nixConfig = {{ allow-import-from-derivation = true; post-build-hook = "{hook}"; }};'
    workshop.write("flake.nix", text.replace("outputs", f"{setting}\n  outputs", 1))
    workshop.stage()
    assert names(declare(workshop.top)) == ["nixos:alpha"]
    assert not (tmp_path / "ran").exists()
    assert list(nix_home.rglob("trusted-settings.json")) == []


_UNLOCKED = (
    "flake.lock does not fit flake.nix: run `nix flake lock` and stage it, or judge by "
    "`--inventory names` or `--inventory lock` (agenix-check.lock)"
)


def test_the_lock_file_is_not_written(workshop: Workshop) -> None:
    workshop.write("sub/flake.nix", '{ outputs = { self }: { key = "age1x"; }; }')
    write_flake(workshop, "nixosConfigurations.alpha = node { } { };")
    # Newer Nix needs no lock for what is in the same tree.
    text = workshop.read("flake.nix").decode()
    workshop.write("flake.nix", '{ inputs.sub.url = "path:./sub";' + text.strip().removeprefix("{"))
    workshop.stage()
    for evaluate in (declare, declare_worktree):
        try:
            found = names(evaluate(workshop.top))
        except CannotCheckError as error:
            found = [str(error).partition("; ")[2]]
        assert found == (["nixos:alpha"] if version_of("nix") >= (2, 26) else [_UNLOCKED])
    assert not (workshop.top / "flake.lock").exists()
    assert workshop.git.run("status", "--porcelain") == b"A  flake.nix\nA  sub/flake.nix\n"


def test_a_complaint_without_end_costs_little(workshop: Workshop) -> None:
    flood = """builtins.foldl' (x: n: builtins.trace "flood ${toString n}" x) "age1x"
      (builtins.genList (n: n) 100000)"""
    assert only_node(workshop, f"{{ hostPubkey = {flood}; }}").host_pubkey == "age1x"
    assert _complaint(workshop, f'builtins.seq ({flood}) (abort "the point")') == "the point"
