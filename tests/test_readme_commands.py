"""Every command in README is run as it stands there; one that nobody runs fails here."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from agenix_check import __version__
from agenix_check.demo.isolation import plain_git
from agenix_check.demo.plain_sample import PlainSample
from agenix_check.demo.sample_fleet import DB, STORAGE, TLS, SampleFleet
from agenix_check.demo.workshop import Workshop
from tests.checkout import ROOT, Done, run
from tests.conftest import Run
from tests.examples import example, load_yaml, with_programs

README = (ROOT / "README.md").read_text()
HOST_KEY = "/etc/ssh/ssh_host_ed25519_key"  # given another place below

# What README types, with how it ends in a fleet in order and in one whose source was edited.
CODES = {
    "agenix-check fleet": (0, 0),
    "agenix-check access": (0, 0),
    "agenix-check exposure": (1, 1),  # its host was reinstalled with another key
    "agenix-check access --from-ref origin/main --to-ref HEAD": (0, 0),
    "agenix-check": (0, 1),
    "agenix-check --from-ref origin/main --to-ref HEAD --junit report.xml": (0, 1),
    "agenix-check --rev HEAD --junit report.xml": (0, 1),
    "agenix-check --fix --dry-run": (0, 1),
    "agenix-check --fix -i ~/.age/key.txt": (0, 0),
    f"agenix-check --decrypt -i ~/.age/key.txt -i {HOST_KEY}": (0, 1),
    "pre-commit install -t pre-commit -t pre-merge-commit -t pre-push": (0, 0),
    "agenix-check --rev HEAD": (0, 1),
    "agenix-check --output html=fleet.html": (0, 1),
    "agenix-check explain output-stale": (0, 0),
    "agenix-check fleet --lock": (3, 3),  # there is no flake
    "agenix-check schema": (0, 0),
}
# What is run elsewhere, because it installs, builds or takes long.
ELSEWHERE = {
    "agenix-check config": "tests/cli/test_config.py",
    "agenix-check init": "tests/cli/test_init.py",
    "agenix-check fleet NODE": "tests/cli/test_see_one.py",
    "agenix-check inspect FILE": "tests/cli/test_see_one.py",
    "agenix-check --fix --grant nixos:h9": (
        "tests/mend/test_grants_declared.py::test_a_host_that_is_merged_gets_its_secrets_by_a_grant"
    ),
    "agenix-check explain RULE": "tests/report/test_explain.py",
    "agenix-check hook pre-push": "tests/hooks/test_pre_push_by_git.py",
    "agenix-check demo": "tests/demo/test_demo.py",
    "make demo": "tests/demo/test_demo.py",
    "make test": ".ci/run",
    "make bench": "tests/bench/test_fleet.py",
    "pipx install agenix-check": "tests/test_wheel.py::test_the_wheel_works_alone",
    "pipx run agenix-check": "tests/test_wheel.py::test_it_runs_without_being_installed",
    "pipx run agenix-check --fix": "tests/test_wheel.py::test_it_runs_without_being_installed",
    "uvx agenix-check": "tests/test_wheel.py::test_it_runs_without_being_installed",
    "uvx agenix-check --fix": "tests/test_wheel.py::test_it_runs_without_being_installed",
    "pre-commit run agenix-check-fix": "tests/hooks/test_only_hook.py",
    "nix run github:agenix-check/agenix-check -- fleet": (
        "tests/flake/test_package.py::test_nix_run"
    ),
    "pre-commit run --all-files": "tests/hooks/test_old_problems.py",
    "nix flake check": "tests/flake/test_check.py::test_a_fleet_in_order_passes",
    "nix flake archive": "tests/ci/nix/test_workflow.py::test_the_check_with_nix_on_github",
}


def _blocks() -> list[str]:
    """Return the commands in blocks, without what a `#` says about them."""
    lines = re.findall(r"^(?: {4}|\$ )(\S.*)$", _without_generated(README), re.MULTILINE)
    return [re.split(r"\s+#", line)[0].strip() for line in lines]


def _inline() -> list[str]:
    """Return the commands within sentences; a program's name or an option alone is none."""
    spans = re.findall(r"`([^`\n]+)`", _without_generated(README))
    programs = r"(agenix-check|make|nix|pre-commit|pipx|uvx) [\w-]"
    return [one for one in spans if re.match(programs, one)]


def _also() -> list[str]:
    return re.findall(r"# or: (.*)$", README, re.MULTILINE)


def _without_generated(text: str) -> str:
    text = re.sub(r"<!-- (help|rules|bench) -->.*?<!-- /\1 -->", "", text, flags=re.DOTALL)
    return re.sub(r"```(yaml|toml|nix|console)\n.*?```", _prompted, text, flags=re.DOTALL)


def _prompted(block: re.Match[str]) -> str:
    """Keep of a block what was typed."""
    return "\n".join(line for line in block[0].splitlines() if line.startswith("$ "))


def test_every_command_is_run() -> None:
    typed = {*_blocks(), *_inline(), *_also()}
    assert typed - CODES.keys() - ELSEWHERE.keys() == set(), "nobody runs these"
    assert CODES.keys() - typed == set(), "README has these no more"
    assert ELSEWHERE.keys() - typed == set(), "README has these no more"


@pytest.mark.parametrize("place", sorted(set(ELSEWHERE.values())))
def test_what_runs_it_is_there(place: str) -> None:
    file, _, function = place.partition("::")
    text = (ROOT / file).read_text()
    assert f"def {function}(" in text if function else "make test" in text or "def test_" in text


@pytest.fixture
def clone(fleet: Workshop, tmp_path: Path, ssh_key: Path) -> Path:
    """Return a clone of a fleet, of which a host is this one, with the keys at their places."""
    fleet.host("alpha", ssh_key.with_suffix(".pub").read_text())
    for name in ("db", "wifi", "token"):
        (old,) = (fleet.top / "secrets/rekeyed/alpha").glob(f"*-{name}.age")
        old.unlink()
    fleet.rekey("alpha", "db", "secrets/db.age", "postgres://db\n")
    fleet.rekey("alpha", "wifi", "secrets/wifi.age", "correct horse\n")
    fleet.rekey("alpha", "token", "secrets/alpha-token.age", "token of alpha\n")
    fleet.write(".pre-commit-config.yaml", _yaml()[0])
    fleet.commit("Install alpha anew")
    top = tmp_path / "clone"
    assert run(tmp_path, {}, "git", "clone", "--quiet", str(fleet.top), str(top)).code == 0
    (tmp_path / "home/.age").mkdir(parents=True)
    (tmp_path / "home/.age/key.txt").write_text(f"{fleet.identity}\n")
    return top


@pytest.fixture
def ssh_key(tmp_path: Path) -> Path:
    path = tmp_path / "host_key"
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "root@alpha", "-f", str(path)]
    subprocess.run(command, check=True)
    return path


def _type(command: str, clone: Path) -> Done:
    """Run a command in a shell, as somebody types it."""
    home = clone.with_name("home")
    environment = {**with_programs(), "HOME": str(home), "PRE_COMMIT_HOME": str(home / "hooks")}
    typed = command.replace(HOST_KEY, str(clone.with_name("host_key")))
    return run(clone, environment, "sh", "-c", typed)


def _edit(clone: Path, fleet: Workshop) -> None:
    fleet.source("secrets/db.age", "another\n")
    (clone / "secrets/db.age").write_bytes(fleet.read("secrets/db.age"))


@pytest.mark.parametrize("command", CODES)
def test_in_a_fleet_in_order(clone: Path, command: str) -> None:
    done = _type(command, clone)
    assert done.code == CODES[command][0], done.output


@pytest.mark.parametrize("command", CODES)
def test_in_a_broken_fleet(clone: Path, fleet: Workshop, command: str) -> None:
    _edit(clone, fleet)
    words = ("commit", "--quiet", "-a", "-m", "Edit") if "HEAD" in command else ("add", "--all")
    assert run(clone, {}, "git", *words).code == 0
    done = _type(command, clone)
    assert done.code == CODES[command][1], done.output
    if done.code == 1:
        assert "output-stale" in done.output or "rekey" in done.output


def _yaml() -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)


def test_the_settings_of_the_hook_are_those_of_the_example() -> None:
    shown = yaml.safe_load(_yaml()[0])["repos"]
    whole = yaml.safe_load(example("pre-commit-config.yaml"))["repos"]
    assert [shown[0][key] for key in ("repo", "rev")] == [whole[0][key] for key in ("repo", "rev")]
    assert {hook["id"] for hook in shown[0]["hooks"]} <= {hook["id"] for hook in whole[0]["hooks"]}


def test_the_workflow_on_github_does_as_the_example_does() -> None:
    text = _yaml()[1]
    pinned = f"agenix-check/agenix-check@v{__version__} # safer: its commit id\n"
    assert pinned in text
    assert all(pinned in example(name) for name in ("github-actions.yml", "plain-agenix.yml"))
    assert f"ls-remote\nhttps://github.com/agenix-check/agenix-check v{__version__}`" in README
    shown = yaml.safe_load(text)
    whole = load_yaml(ROOT / "ci-examples/github-actions.yml")
    assert shown[True].keys() == {"push", "pull_request"}  # `on`, as YAML 1.1 reads it
    assert shown["permissions"] == {"contents": "read"}
    (job,) = shown["jobs"].values()
    checkout, check = job["steps"]
    steps = whole["jobs"]["check"]["steps"]
    assert checkout == steps[0]
    (ours,) = (one for one in steps if one.get("uses", "").startswith("agenix-check/"))
    assert check["with"].items() <= ours["with"].items()


def test_the_settings_file_is_accepted(fleet: Workshop, run: Run) -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    assert tomllib.loads(text)
    fleet.write("agenix-check.toml", text)
    fleet.stage()
    done = run(fleet.top)
    assert done.code == 0, done.stderr


def test_what_it_says_first_is_what_the_program_says(tmp_path: Path, run: Run) -> None:
    plainly, shown = re.findall(r"```console\n\$ agenix-check\n(.*?)```", README, re.DOTALL)
    with plain_git():
        plain = PlainSample(tmp_path / "plain")
        plain.build()
        plain.rule(["alice"])
    assert run(plain.shop.top, env={"COLUMNS": "80"}).stdout == plainly
    with plain_git():
        sample = SampleFleet(tmp_path / "sample")
        sample.build()
    sample.shop.source(DB.source, "postgres://app:another@db/app\n")
    sample.shop.stage()
    done = run(sample.shop.top, env={"COLUMNS": "80"})
    assert done.code == 1
    assert _masked(done.stdout) == _masked(shown)


def test_who_can_read_what_is_what_the_program_says(tmp_path: Path, run: Run) -> None:
    with plain_git():
        sample = SampleFleet(tmp_path / "sample")
        sample.build()
        (shown,) = re.findall(r"```console\n\$ agenix-check access\n(.*?)```", README, re.DOTALL)
        assert run(sample.shop.top, "access").stdout == shown
        sample.shop.git.run("rm", "-rq", f"{STORAGE}/gamma", "hosts/gamma", TLS.source)
        sample.shop.commit("Gamma was stolen")
    (shown,) = re.findall(r"```console\n\$ agenix-check exposure\n(.*?)```", README, re.DOTALL)
    done = run(sample.shop.top, "exposure")
    assert done.code == 1
    assert _masked(done.stdout) == _masked(shown)


def _masked(text: str) -> str:
    return re.sub(r"[0-9a-f]{32}|\d{4}-\d\d-\d\d \([0-9a-f]{10}\)", "…", text)


def test_files_that_it_names_are_there() -> None:
    links = re.findall(r"\]\(([^):]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
    assert os.access(ROOT / ".ci/run", os.X_OK)
