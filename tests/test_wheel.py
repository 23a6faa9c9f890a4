"""The package as users install it: the wheel alone, in an environment of its own."""

import os
import pwd
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from agenix_check import __version__
from agenix_check.demo.workshop import Workshop
from tests.checkout import ROOT, publish, run

_BIN = Path(sys.executable).parent
_UV = _BIN / "uv"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel, built from the files of this checkout."""
    directory = tmp_path_factory.mktemp("wheel")
    source, _ = publish(directory / "source")
    done = run(
        directory, {}, sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", "dist", str(source)
    )
    assert done.code == 0, done.output
    (built,) = (directory / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """Return the directory of programs of a new environment that holds the wheel alone."""
    environment = wheel.parent / "environment"
    pip = (sys.executable, "-m", "pip", "--python", str(environment / "bin" / "python"))
    for command in (
        (sys.executable, "-m", "venv", "--without-pip", str(environment)),
        (*pip, "install", str(wheel)),
    ):
        done = run(wheel.parent, {}, *command)
        assert done.code == 0, done.output
    return environment / "bin"


def test_what_the_wheel_holds(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert "agenix_check/py.typed" in names
    tops = {name.split("/")[0] for name in names}
    assert tops == {
        "agenix_check",
        f"agenix_check-{__version__}.data",
        f"agenix_check-{__version__}.dist-info",
    }
    share = f"agenix_check-{__version__}.data/data/share"
    shared = {name.removeprefix(f"{share}/") for name in names if name.startswith(share)}
    assert shared == {
        "bash-completion/completions/agenix-check",
        "fish/vendor_completions.d/agenix-check.fish",
        "man/man1/agenix-check.1",
        "zsh/site-functions/_agenix-check",
    }
    assert any(name.endswith("/LICENSE") for name in names)
    package = Path(__file__).parents[1] / "agenix_check"
    files = {
        path.relative_to(package.parent).as_posix()
        for path in package.rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }
    assert "agenix_check/report/formats/html/static/frame.css" in files
    assert files <= set(names)


@pytest.fixture(scope="module")
def source_distribution(wheel: Path) -> Path:
    """Return the source distribution, built from the same files."""
    source, target = wheel.parents[1] / "source", wheel.parents[1] / "sdist"
    done = run(source, _caches(wheel), str(_UV), "build", "--quiet", "--sdist", "-o", str(target))
    assert done.code == 0, done.output
    (built,) = target.glob("*.tar.gz")
    return built


def test_what_the_source_distribution_holds(wheel: Path, source_distribution: Path) -> None:
    with tarfile.open(source_distribution) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    listing = run(wheel.parents[1] / "source", {}, "git", "ls-files", "-z").output
    assert names - {"PKG-INFO"} == set(listing.split("\0")[:-1])


def test_pypi_shows_readme_with_links_that_lead_somewhere(wheel: Path) -> None:
    from readme_renderer.markdown import render

    with zipfile.ZipFile(wheel) as archive:
        (name,) = (one for one in archive.namelist() if one.endswith("/METADATA"))
        head, _, text = archive.read(name).decode().partition("\n\n")
    assert "Description-Content-Type: text/markdown" in head
    shown = render(text)
    assert shown is not None
    assert re.search("<h1[^>]*>agenix-check<", shown)
    places = re.findall(r'(?:href|src)="([^"]+)"', shown)
    of_ours = f"agenix-check/agenix-check/blob/v{__version__}/CHANGELOG.md"
    assert f"https://github.com/{of_ours}" in places
    assert [one for one in places if not one.startswith(("https://", "#"))] == []
    # What they lead to is in the repository.
    paths = [one.split(f"/v{__version__}/", 1)[1] for one in places if f"/v{__version__}/" in one]
    assert [one for one in paths if not (ROOT / one.partition("#")[0]).exists()] == []


def test_it_runs_without_being_installed(wheel: Path, fleet: Workshop) -> None:
    fleet.source("secrets/db.age", "another\n")
    fleet.stage()
    environment = _caches(wheel)
    for words in ((str(_UV), "tool", "run", "--from"), (str(_BIN / "pipx"), "run", "--spec")):
        done = run(fleet.top, environment, *words, str(wheel), "agenix-check")
        assert done.code == 1, done.output
        assert "output-stale" in done.output
        fixing = ("agenix-check", "--fix", "--dry-run")
        done = run(fleet.top, environment, *words, str(wheel), *fixing)
        assert done.code == 1, done.output
        assert "not fixed: secrets/db.age: there is no identity" in done.output


def test_it_installs_on_every_python_from_its_source(
    wheel: Path, source_distribution: Path, fleet: Workshop
) -> None:
    home = {"HOME": pwd.getpwuid(os.getuid()).pw_dir}
    listed = run(ROOT, home, "sh", "tests/setup/python.sh", "all")
    assert listed.code == 0, listed.output
    for python in listed.output.splitlines():
        done = run(
            fleet.top, _caches(wheel), str(_UV), "tool", "run", "--python", python,
            "--from", str(source_distribution), "agenix-check", "--format", "json",
        )  # fmt: skip
        assert done.code == 0, (python, done.output)
        assert '"schema": "agenix-check/report/1"' in done.output


def test_the_wheel_works_alone(installed: Path, fleet: Workshop) -> None:
    program = str(installed / "agenix-check")
    assert _start(fleet, program, "--version") == (0, f"agenix-check {__version__}\n")
    code, output = _start(fleet, program)
    assert code == 0, output
    fleet.source("secrets/db.age", "another\n")
    fleet.stage()
    code, output = _start(fleet, program, "--format", "junit")
    assert code == 1
    assert "output-stale" in output
    code, output = _start(fleet, program, "init", "--dry-run")
    assert code == 0, output
    assert "+      - id: agenix-check" in output
    code, output = _start(fleet, program, "--format", "html")
    assert code == 1
    assert output.startswith("<!doctype html>")
    code, output = _start(fleet, str(installed / "python"), "-m", "agenix_check", "explain")
    assert code == 0, output


def test_the_wheel_brings_what_it_needs_and_no_more(installed: Path) -> None:
    program = (
        "from importlib.metadata import distributions;"
        "print(*sorted(d.metadata['Name'].lower() for d in distributions()))"
    )
    done = subprocess.run(
        [installed / "python", "-I", "-c", program], capture_output=True, check=True, text=True
    )
    assert done.stdout.split() == [
        "agenix-check", "gitdb", "gitpython", "jinja2", "junit-xml", "markupsafe", "pyrage", "six",
        "smmap", "tqdm", "tree-sitter", "tree-sitter-nix",
    ]  # fmt: skip


def _caches(wheel: Path) -> dict[str, str]:
    """Return variables by which uv and pipx keep what they make beside the wheel."""
    place = wheel.parents[1]
    return {
        "UV_CACHE_DIR": str(place / "uv"),
        "UV_PYTHON_DOWNLOADS": "never",
        "PIPX_HOME": str(place / "pipx"),
        "CI": "",
        "HOME": str(place / "home"),
        **{f"XDG_{one}_HOME": str(place / "home") for one in ("CACHE", "CONFIG", "DATA", "STATE")},
    }


def _start(fleet: Workshop, *command: str) -> tuple[int, str]:
    """Run a program of another environment, with nothing of this one."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        command, cwd=fleet.top, env=clean, capture_output=True, check=False, text=True
    )
    assert done.stderr == ""
    return done.returncode, done.stdout
