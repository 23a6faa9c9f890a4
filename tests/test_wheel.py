"""The package as users install it: the wheel alone, in an environment of its own."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from agenix_check import __version__
from agenix_check.demo.workshop import Workshop
from tests.checkout import publish, run


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
    assert tops == {"agenix_check", f"agenix_check-{__version__}.dist-info"}
    assert any(name.endswith("/LICENSE") for name in names)
    package = Path(__file__).parents[1] / "agenix_check"
    files = {
        path.relative_to(package.parent).as_posix()
        for path in package.rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }
    assert "agenix_check/report/formats/html/static/frame.css" in files
    assert files <= set(names)


def test_what_the_source_distribution_holds(wheel: Path, tmp_path: Path) -> None:
    backend = tmp_path / "backend"
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--target", str(backend))
    done = run(tmp_path, {"HOME": str(tmp_path)}, *pip, "hatchling>=1.25")
    assert done.code == 0, done.output
    source = wheel.parents[1] / "source"
    program = f"from hatchling.build import build_sdist; build_sdist({str(tmp_path)!r})"
    done = run(source, {"PYTHONPATH": str(backend)}, sys.executable, "-c", program)
    assert done.code == 0, done.output
    (built,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(built) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    listing = run(source, {}, "git", "ls-files", "-z").output
    assert names - {"PKG-INFO"} == set(listing.split("\0")[:-1])


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


def _start(fleet: Workshop, *command: str) -> tuple[int, str]:
    """Run a program of another environment, with nothing of this one."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        command, cwd=fleet.top, env=clean, capture_output=True, check=False, text=True
    )
    assert done.stderr == ""
    return done.returncode, done.stdout
