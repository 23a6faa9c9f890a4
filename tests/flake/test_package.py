"""The flake's package, app and overlay, as far as they can be evaluated without nixpkgs."""

import json
import re
import shutil
import sys
import tarfile
import tomllib
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from agenix_check import __version__
from tests.checkout import ROOT, run
from tests.flake.conftest import Nix

WHEELS = ("pyrage", "tree-sitter-nix")
SYSTEMS = ("x86_64-linux", "aarch64-linux", "x86_64-darwin", "aarch64-darwin")


def _given(nix: Nix, system: str) -> dict[str, Any]:
    given: dict[str, Any] = nix.evaluate(f"packages.{system}.default.given")
    return given


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_package(nix: Nix, system: str) -> None:
    given = _given(nix, system)
    assert (given["pname"], given["version"]) == ("agenix-check", __version__)
    assert given["pyproject"] is True
    assert given["meta"]["mainProgram"] == "agenix-check"
    assert [path.rpartition("/")[2] for path in given["src"]["fileset"]] == [
        "agenix_check", "ci-examples", "hatch_build.py", "share", "pyproject.toml", "README.md",
        "LICENSE",
    ]  # fmt: skip
    assert given["makeWrapperArgs"] == ["--suffix", "PATH", ":", "/git/bin"]


def test_the_manual_and_completions_are_installed_as_nixpkgs_does(nix: Nix, tmp_path: Path) -> None:
    """The phase runs in a checkout with the wheel's files, and functions like those of nixpkgs."""
    given = _given(nix, "x86_64-linux")
    assert given["nativeBuildInputs"] == ["/installShellFiles"]
    out = tmp_path / "out"
    shutil.copytree(ROOT / "share", out / "share")
    (out / "share/other").touch()
    script = f"""
        set -eu
        installManPage() {{ for one; do test -s "$one"; echo "manual $one"; done; }}
        installShellCompletion() {{
            test "$1 $2" = "--cmd agenix-check"; shift 2
            while test $# -gt 0; do test -s "$2"; echo "${{1#--}} $2"; shift 2; done
        }}
        {given["postInstall"]}
    """
    done = run(ROOT, {"out": str(out)}, "bash", "-c", script)
    assert done.code == 0, done.output
    files = {str(one.relative_to(ROOT)) for one in (ROOT / "share").rglob("*") if one.is_file()}
    installed = [line.split() for line in done.output.splitlines()]
    assert {file for _, file in installed} == files
    assert sorted(kind for kind, _ in installed) == ["bash", "fish", "manual", "zsh"]
    assert [one.name for one in (out / "share").iterdir()] == ["other"]


def test_it_has_what_pyproject_asks_for(nix: Nix) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = {re.split(r"[<>=]", line)[0].lower() for line in project["project"]["dependencies"]}
    has = set()
    for one in _given(nix, "x86_64-linux")["dependencies"]:
        if isinstance(one, str):
            has.add(one.strip("/"))
        else:
            has.add(one["given"].get("pname") or one["given"]["src"]["pname"])
    assert has == asked
    assert _given(nix, "x86_64-linux")["build-system"] == ["/hatchling"]
    assert project["build-system"]["build-backend"] == "hatchling.build"


def test_gitpython_is_not_older_than_it_must_be(nix: Nix) -> None:
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    (floor,) = (line.partition(">=")[2] for line in dependencies if line.startswith("GitPython"))
    assert f'versionAtLeast gitpython.version "{floor}"' in (ROOT / "nix/gitpython.nix").read_text()
    (older,) = (
        one["given"]
        for one in _given(nix, "x86_64-linux")["dependencies"]
        if isinstance(one, dict) and "pname" not in one["given"]
    )
    assert older["version"] == older["src"]["version"]
    assert [int(part) for part in older["version"].split(".")] >= [
        int(part) for part in floor.split(".")
    ]


def _wheel(nix: Nix, system: str, name: str) -> dict[str, Any]:
    (given,) = (
        one["given"]
        for one in _given(nix, system)["dependencies"]
        if isinstance(one, dict) and one["given"].get("pname") == name
    )
    wheel: dict[str, Any] = given["src"]
    return wheel


@pytest.mark.parametrize("name", WHEELS)
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_wheel_is_that_of_the_system(nix: Nix, system: str, name: str) -> None:
    source = _wheel(nix, system, name)
    machine, _, kernel = system.partition("-")
    platform = source["platform"]
    assert {"linux": "manylinux", "darwin": "macosx"}[kernel] in platform
    machines = {machine, "arm64" if machine == "aarch64" else machine, "universal2"}
    assert any(one in platform for one in machines)
    assert source["hash"].startswith("sha256-")


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_app_is_the_program(nix: Nix, system: str) -> None:
    app = nix.evaluate(f"apps.{system}.default")
    assert app["type"] == "app"
    assert app["program"].endswith("-agenix-check/bin/agenix-check")


@pytest.mark.parametrize(("release", "count"), [("26.05", 4), ("26.11", 3)])
def test_intel_macs_are_left_out_where_nixpkgs_refuses_them(
    nix: Nix, release: str, count: int
) -> None:
    expression = f"""
      let
        nixpkgs = builtins.getFlake "{nix.nixpkgs}";
        lib = nixpkgs.lib // {{ trivial.release = "{release}"; }};
        ours = (import {ROOT / "flake.nix"}).outputs {{
          self = null;
          nixpkgs = {{ inherit lib; }};
        }};
      in
      map (kind: builtins.attrNames ours.${{kind}}) [ "packages" "apps" "devShells" ]
    """
    done = nix.run(ROOT, "eval", "--impure", "--json", "--expr", expression)
    assert done.code == 0, done.output
    for systems in json.loads(done.output.splitlines()[-1]):
        assert len(systems) == count
        assert ("x86_64-darwin" in systems) == (count == 4)


def test_the_overlay(nix: Nix) -> None:
    expression = f"""
      let
        final = (builtins.getFlake "{nix.nixpkgs}").newer.x86_64-linux;
        ours = (import {ROOT / "flake.nix"}).outputs {{ self = null; nixpkgs = null; }};
        inherit (ours.overlays.default final {{ }}) agenix-check;
        gitpython = builtins.head agenix-check.given.dependencies;
      in
      [ agenix-check.given.version gitpython.version ]
    """
    done = nix.run(ROOT, "eval", "--impure", "--json", "--expr", expression)
    assert done.code == 0, done.output
    # A GitPython that is new enough stays as it is.
    assert json.loads(done.output.splitlines()[-1]) == [__version__, "3.3"]


def test_nix_run(nix: Nix) -> None:
    done = nix.run(
        ROOT, "run", "--no-write-lock-file", "--override-input", "nixpkgs", nix.nixpkgs, nix.ours,
        "--", "--version",
    )  # fmt: skip
    assert done.code == 0, done.output
    assert done.output.splitlines()[-1] == f"agenix-check {__version__}"


def test_flake_check(nix: Nix) -> None:
    done = nix.run(
        ROOT, "flake", "check", "--no-write-lock-file", "--override-input", "nixpkgs",
        nix.nixpkgs, nix.ours,
    )  # fmt: skip
    assert done.code == 0, done.output


def test_the_shell_for_contributors_has_what_the_tests_need(nix: Nix) -> None:
    has = {one.strip("/") for one in nix.evaluate(f"devShells.{SYSTEMS[0]}.default.given.packages")}
    (needed,) = re.findall(r"^PROGRAMS = (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    packages = {"npm": "nodejs", "ssh-keygen": "openssh"}
    assert has >= {packages.get(program, program) for program in needed.split()}
    other = {
        one.strip("/") for one in nix.evaluate("devShells.aarch64-darwin.default.given.packages")
    }
    assert has - other == {"chromium", "chromedriver"}  # nixpkgs has them for Linux only
    assert has >= {"git", "gnumake", "python311", "python313"}


def test_nixpkgs_is_locked() -> None:
    lock = json.loads((ROOT / "flake.lock").read_text())
    assert lock["nodes"].keys() == {"nixpkgs", "root"}
    locked = lock["nodes"]["nixpkgs"]["locked"]
    assert re.fullmatch("[0-9a-f]{40}", locked["rev"])
    assert locked["narHash"].startswith("sha256-")


@pytest.mark.parametrize("name", WHEELS)
@pytest.mark.parametrize("system", SYSTEMS)
def test_the_wheels_are_those_of_pypi(nix: Nix, system: str, name: str, tmp_path: Path) -> None:
    source = _wheel(nix, system, name)
    platform = source["platform"].rpartition(".")[2]
    _download(tmp_path, f"{name}=={source['version']}", "--only-binary=:all:",
              f"--platform={platform}", "--python-version=3.13")  # fmt: skip
    file = "-".join(source[key] for key in ("pname", "version", "python", "abi", "platform"))
    assert _hash(tmp_path / f"{file}.whl") == source["hash"]


def test_the_source_of_gitpython_is_that_of_pypi(nix: Nix, tmp_path: Path) -> None:
    (source,) = (
        one["given"]["src"]
        for one in _given(nix, "x86_64-linux")["dependencies"]
        if isinstance(one, dict) and "pname" not in one["given"]
    )
    _download(tmp_path, f"GitPython=={source['version']}", "--no-binary=:all:")
    archive = tmp_path / f"{source['pname']}-{source['version']}.tar.gz"
    assert _hash(archive) == source["hash"]
    # What nixpkgs replaces in it by the path of its own Git.
    with tarfile.open(archive) as files:
        member = files.extractfile(f"{source['pname']}-{source['version']}/git/cmd.py")
        assert member is not None
        assert b'git_exec_name = "git"' in member.read()


def _download(directory: Path, what: str, *options: str) -> None:
    done = run(
        directory, {}, sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest",
        str(directory), *options, what,
    )  # fmt: skip
    assert done.code == 0, done.output


def _hash(path: Path) -> str:
    """Return a file's hash as Nix writes it."""
    return f"sha256-{b64encode(sha256(path.read_bytes()).digest()).decode()}"
