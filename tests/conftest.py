"""What every room's tests share: a clean environment, real repositories, and the real command."""

import gc
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from copy import copy
from pathlib import Path
from typing import NamedTuple, Protocol

import pytest
from hypothesis import HealthCheck, settings

from agenix_check.cli import main
from agenix_check.demo.workshop import Workshop
from tests.host_keys import HOSTS
from tests.pace import PATIENCE

_LEAKS = ("GIT_", "PRE_COMMIT", "PREK", "AGENIX_", "CI_", "GITHUB_", "GITLAB_", "XDG_")
_LEAKS_WHOLE = ("CI", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "SSH_AUTH_SOCK")

# The sample fleet: source, secret's name, plaintext, and the nodes that have it.
SECRETS = (
    ("secrets/db.age", "db", "postgres://db\n", ("alpha", "beta", "gamma", "delta")),
    ("secrets/wifi.age", "wifi", "correct horse\n", ("alpha", "beta")),
    ("secrets/alpha-token.age", "token", "token of alpha\n", ("alpha",)),
    ("secrets/gamma-token.age", "token", "token of gamma\n", ("gamma",)),
    ("secrets/delta-token.age", "token", "token of delta\n", ("delta",)),
)

_ROOMS_OF_STORIES = frozenset({"decrypt", "mend", "nix"})
# Who asks for one of these looks at a whole repository.
_REPOSITORIES = frozenset({"fleet", "estate", "keyed", "large", "slow", "workshop"})

# The same examples in every run, however slow the machine is. For other ones:
# EXPLORE=1 .venv/bin/python -m pytest
settings.register_profile(
    "house",
    deadline=None,
    derandomize="EXPLORE" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
# The second Python looks at what each property reaches, not at all of its examples.
settings.register_profile("one-case", settings.get_profile("house"), max_examples=30)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that `make test` gives on its second Python."""
    parser.addoption("--one-case", action="store_true", help="run one case of each test only")


def pytest_configure(config: pytest.Config) -> None:
    """Choose how many examples properties have, before their files are loaded."""
    settings.load_profile("one-case" if config.getoption("--one-case") else "house")


def pytest_xdist_auto_num_workers() -> int:
    """Return how many tests run at a time: they wait for programs and disks too."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the first case of each test that is not skipped, if that is asked for.

    Where tests start many programs in a whole repository, and run the same lines in many stories,
    keep one in three of each file.
    """
    if not config.getoption("--one-case"):
        return
    chosen: dict[str, pytest.Item] = {}
    for item in items:
        test = item.nodeid.partition("[")[0]
        if test not in chosen or chosen[test].get_closest_marker("skip"):
            chosen[test] = item
    told: Counter[Path] = Counter()
    kept = []
    for item in chosen.values():
        story = item.path.parent.name in _ROOMS_OF_STORIES and not _REPOSITORIES.isdisjoint(
            getattr(item, "fixturenames", ())
        )
        if not story or told[item.path] % 3 == 0:
            kept.append(item)
        told[item.path] += story
    left = set(items).difference(kept)
    config.hook.pytest_deselected(items=[item for item in items if item in left])
    items[:] = kept


class Result(NamedTuple):
    """What a run of the command gave."""

    code: int
    stdout: str
    stderr: str


class Run(Protocol):
    """Runs `agenix-check` in a directory, with variables set on top of the environment."""

    def __call__(
        self,
        directory: Path,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
    ) -> Result: ...


@pytest.fixture(scope="session", autouse=True)
def _scrubbed() -> Iterator[None]:
    """Take out of the environment whatever could steer Git or the command."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(_LEAKS) or name in _LEAKS_WHOLE:
                patch.delenv(name)
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        yield


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """Let signals end what is started here, where whoever started the tests ignores them.

    A job in the background ignores interrupts, one under nohup hangups, and so would everything
    that they start.
    """
    for number, usual in (
        (signal.SIGINT, signal.default_int_handler),
        (signal.SIGHUP, signal.SIG_DFL),
    ):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set an empty home directory, and return it."""
    directory = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(directory))
    for name in ("CONFIG", "CACHE", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(directory / name.lower()))
    return directory


@pytest.fixture(autouse=True)
def _untouched_home(home: Path) -> Iterator[None]:
    """Fail where the home directory was written to; who must write there sets another HOME."""
    yield
    assert list(home.rglob("*")) == []


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """Return an empty repository to build a fleet in."""
    return Workshop(tmp_path / "repository")


def build_fleet(top: Path, hosts: Mapping[str, str] = HOSTS) -> Workshop:
    """Build the sample fleet in order, for the public keys of its hosts."""
    workshop = Workshop(top)
    workshop.write("README.md", "A fleet.\n")
    workshop.commit("Begin")
    for source, _, plaintext, _ in SECRETS:
        workshop.source(source, plaintext)
    for node, key in hosts.items():
        workshop.host(node, key)
        had = [(source, name, text) for source, name, text, nodes in SECRETS if node in nodes]
        for source, name, text in had:
            workshop.rekey(node, name, source, text)
        lines = [f"  age.secrets.{name}.rekeyFile = ../../{source};\n" for source, name, _ in had]
        workshop.write(f"hosts/{node}/default.nix", "{\n" + "".join(lines) + "}\n")
    workshop.commit("Build the fleet")
    return workshop


def copy_fleet(shop: Workshop, top: Path) -> Workshop:
    """Copy a fleet and its repository."""
    shutil.copytree(shop.top, top, symlinks=True, ignore=shutil.ignore_patterns("*.sample"))
    made = copy(shop)
    made.top, made.git = top, shop.git.at(str(top))
    made.git.run("update-index", "--refresh")  # the files are others now
    return made


@pytest.fixture(scope="session")
def _fleet_in_order(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return build_fleet(tmp_path_factory.mktemp("fleet"))


@pytest.fixture
def fleet(tmp_path: Path, _fleet_in_order: Workshop) -> Workshop:
    """Return a fleet in order, two commits old: the nodes of `HOSTS`, the secrets of `SECRETS`."""
    return copy_fleet(_fleet_in_order, tmp_path / "fleet")


@pytest.fixture
def run() -> Run:
    """Return a function that runs the real command and gives its code and what it wrote."""

    def run_command(
        directory: Path,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
    ) -> Result:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "agenix_check", *arguments],
            cwd=directory,
            env={**os.environ, **(env or {})},
            input=stdin,
            capture_output=True,
            check=False,
            timeout=PATIENCE,
        )
        out, err = (text.decode("utf-8", "surrogateescape") for text in (done.stdout, done.stderr))
        return Result(done.returncode, out, err)

    return run_command


@pytest.fixture
def run_here(capfd: pytest.CaptureFixture[str]) -> Run:
    """Return what does the same in this process: for tests of what is said, not of a program.

    It saves the start of Python, half of what most runs cost or more.
    """

    def run_command(
        directory: Path,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
    ) -> Result:
        assert not stdin
        capfd.readouterr()
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(directory)
            for name, value in (env or {}).items():
                patch.setenv(name, value)
            try:
                code = main(arguments)
            finally:
                gc.enable()
        return Result(code, *capfd.readouterr())

    return run_command
