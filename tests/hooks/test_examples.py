"""The examples of hook managers, copied into a fleet and run by real commits, merges and pushes."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from agenix_check.demo.workshop import Workshop
from tests.checkout import run
from tests.examples import EXAMPLES, HOME, PROGRAMS, VERSION, example, with_programs
from tests.hooks.conftest import CONFIG, Desk, Tool, make_tool

# What git-hooks.nix passes on of a hook (modules/hook.nix), with its defaults.
_RAW = {
    "language": "system", "files": "", "types": ["file"], "types_or": [], "exclude_types": [],
    "pass_filenames": True, "fail_fast": False, "require_serial": False, "verbose": False,
    "always_run": False, "args": [],
}  # fmt: skip
_OPTIONS = {*_RAW, "enable", "name", "description", "package", "entry", "stages"}


def _repository(program: str, name: str, file: str) -> Callable[[pytest.TempPathFactory], Tool]:
    """Return a maker of a manager that reads an example, with this checkout in our place."""

    def make(factory: pytest.TempPathFactory) -> Tool:
        tool = make_tool(program, factory)
        (repository,) = json.loads(tool.config)["repos"]
        text = example(name)
        assert f"{HOME}\n" in text.replace('"', "")
        assert f"rev: {VERSION}\n" in text or f'rev = "{VERSION}"\n' in text
        text = text.replace(HOME, repository["repo"]).replace(VERSION, repository["rev"])
        return tool._replace(config=text, file=file)

    return make


def _lefthook(_: pytest.TempPathFactory) -> Tool:
    program = str(PROGRAMS / "lefthook")
    return Tool(program, with_programs(), example("lefthook.yml"), "lefthook.yml")


def _git_hooks_nix(factory: pytest.TempPathFactory) -> Tool:
    """Return pre-commit with the settings that git-hooks.nix makes of the module."""
    hooks = evaluate_module()["hooks"]
    raw = []
    for id_, hook in hooks.items():
        assert hook.keys() <= _OPTIONS
        assert hook["enable"] is True
        given = {name: value for name, value in hook.items() if name not in ("enable", "package")}
        raw.append({**_RAW, "id": id_, **given})
    config = json.dumps({"repos": [{"repo": "local", "hooks": raw}]})
    environment = {**with_programs(), "PRE_COMMIT_HOME": str(factory.mktemp("pre-commit"))}
    return Tool(str(PROGRAMS / "pre-commit"), environment, config)


def evaluate_module() -> Mapping[str, Any]:
    """Evaluate git-hooks.nix with the little of nixpkgs' lib that it uses."""
    expression = f"""
      import {EXAMPLES / "git-hooks.nix"}
        {{ outPath = "{PROGRAMS.parent}"; meta.mainProgram = "agenix-check"; }}
        {{ lib.getExe = package: "${{package}}/bin/${{package.meta.mainProgram}}"; }}
    """
    done = run(
        EXAMPLES, {}, "nix-instantiate", "--store", "dummy://", "--eval", "--strict", "--json",
        "--expr", expression,
    )  # fmt: skip
    assert done.code == 0, done.output
    module: dict[str, Any] = json.loads(done.output)
    return module


_MENDING = {
    "pre-commit": _repository("pre-commit", "pre-commit-config.yaml", CONFIG),
    "prek with pre-commit's file": _repository("prek", "pre-commit-config.yaml", CONFIG),
    "prek": _repository("prek", "prek.toml", "prek.toml"),
}
_ALL = {**_MENDING, "lefthook": _lefthook, "git-hooks.nix": _git_hooks_nix}


@pytest.fixture(scope="session")
def manager(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Tool:
    """Return the hook manager of an example."""
    maker: Callable[[pytest.TempPathFactory], Tool] = request.param
    return maker(tmp_path_factory)


@pytest.fixture
def desk(fleet: Workshop, manager: Tool, request: pytest.FixtureRequest) -> Desk:
    """Return a fleet in order into which an example was copied."""
    # git-hooks.nix installs what the stages of its hooks need; the other files say it themselves.
    if "git-hooks.nix" in request.node.name:
        (hook,) = evaluate_module()["hooks"].values()
        return Desk(fleet, manager, hook["stages"])
    return Desk(fleet, manager, ())


@pytest.fixture
def remote(desk: Desk, tmp_path: Path) -> Path:
    """Return an empty bare repository, which is the remote `origin`."""
    path = tmp_path / "remote.git"
    desk.ask("init", "--quiet", "--bare", str(path))
    desk.ask("remote", "add", "origin", str(path))
    return path


everywhere = pytest.mark.parametrize("manager", _ALL.values(), ids=_ALL, indirect=True)
where_it_mends = pytest.mark.parametrize("manager", _MENDING.values(), ids=_MENDING, indirect=True)


def _refused(desk: Desk, *command: str, rule: str = "output-stale") -> str:
    before = desk.ask("for-each-ref")
    done = desk.git(*command)
    assert done.code == 1, done.output
    assert rule in done.output
    assert "Traceback" not in done.output
    assert desk.ask("for-each-ref") == before
    return done.output


def _leave_out_the_mend(desk: Desk) -> None:
    """Make of the hook that mends the one that checks, as an example says can be done."""
    text = desk.tool.config.replace("agenix-check-fix", "agenix-check")
    desk.fleet.write(desk.tool.file, text)
    desk.fleet.commit("Check only")


@everywhere
def test_a_commit(desk: Desk) -> None:
    desk.edit()
    desk.fleet.stage()
    _refused(desk, "commit", "-m", "Edit", rule="secrets/db.age")
    desk.mend()
    desk.fleet.stage()
    done = desk.git("commit", "-m", "Edit and rekey")
    assert done.code == 0, done.output
    assert "agenix-check" in done.output
    assert desk.ask("status", "--porcelain") == ""


@everywhere
def test_a_commit_on_top_of_an_old_error(desk: Desk) -> None:
    """It is made, whoever can or cannot fix what was wrong before; that is shown."""
    desk.output("alpha").write_text("no age file\n")
    desk.fleet.commit("Break an output")
    desk.fleet.write("README.md", "Another text.\n")
    done = desk.git("commit", "-a", "-m", "Write")
    assert done.code == 0, done.output
    assert "error[output-not-encrypted]" in done.output
    assert "does not fail this run (--fail-on new)" in done.output


@everywhere
def test_a_push_of_an_old_error(desk: Desk, remote: Path) -> None:
    """The first one is refused, and one that breaks nothing more is not."""
    assert remote.exists()
    desk.output("alpha").write_text("no age file\n")
    desk.fleet.commit("Break an output")
    _refused(desk, "push", "origin", "main", rule="output-not-encrypted")
    desk.ask("push", "--quiet", "--no-verify", "origin", "main")
    desk.fleet.write("README.md", "Another text.\n")
    desk.fleet.commit("Write")
    done = desk.git("push", "origin", "main")
    assert done.code == 0, done.output
    assert "does not fail this run (--fail-on new)" in done.output


@everywhere
def test_a_commit_that_only_deletes(desk: Desk) -> None:
    desk.fleet.write("agenix-check.toml", "strict = true\n")
    _leave_out_the_mend(desk)
    desk.ask("rm", "--quiet", "secrets/db.age")
    _refused(desk, "commit", "-m", "Delete a source", rule="secrets/db.age")


@everywhere
def test_a_merge(desk: Desk) -> None:
    desk.ask("checkout", "--quiet", "-b", "drop")
    desk.ask("rm", "--quiet", "-r", "secrets/rekeyed/beta")
    desk.ask("commit", "--no-verify", "--quiet", "-m", "Take beta down")
    desk.ask("checkout", "--quiet", "-b", "edit")
    desk.edit()
    desk.mend("alpha", "gamma", "delta")
    desk.fleet.commit("Edit and rekey")
    desk.ask("checkout", "--quiet", "-b", "return", "drop")
    desk.fleet.rekey("beta", "db", "secrets/db.age", "postgres://db\n")
    desk.fleet.commit("Take beta up again")
    desk.ask("checkout", "--quiet", "edit")
    _refused(desk, "merge", "--no-edit", "return", rule="output-stale")


@everywhere
def test_a_push(desk: Desk, remote: Path) -> None:
    done = desk.git("push", "origin", "main")
    assert done.code == 0, done.output
    desk.edit()
    desk.fleet.commit("Edit")
    desk.fleet.write("README.md", "Another text.\n")
    desk.fleet.commit("Write")
    _refused(desk, "push", "origin", "main")
    _refused(desk, "push", "origin", "main:refs/heads/new")
    desk.ask("checkout", "--quiet", "-b", "elsewhere", "origin/main")
    _refused(desk, "push", "origin", "main:refs/heads/new")
    desk.ask("checkout", "--quiet", "main")
    desk.mend()
    desk.fleet.commit("Rekey")
    done = desk.git("push", "origin", "main", "main:refs/heads/new")
    assert done.code == 0, done.output
    done = desk.git("push", "origin", ":new")
    assert done.code == 0, done.output
    assert desk.ask("ls-remote", "--heads", "origin").split("\n") == [
        f"{desk.head}\trefs/heads/main"
    ]


@where_it_mends
def test_a_commit_is_fixed(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = tmp_path / "master.key"
    key.write_text(f"{desk.fleet.identity}\n")
    monkeypatch.setenv("AGENIX_CHECK_IDENTITY", str(key))
    desk.edit()
    desk.fleet.stage("secrets/db.age")
    done = desk.git("commit", "-m", "Edit")
    assert done.code == 0, done.output
    assert len(desk.ask("diff", "--name-only", "--no-renames", "HEAD~").split("\n")) == 9
    assert desk.ask("status", "--porcelain") == ""


@where_it_mends
def test_without_the_hook_that_fixes(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "master.key"
    key.write_text(f"{desk.fleet.identity}\n")
    monkeypatch.setenv("AGENIX_CHECK_IDENTITY", str(key))
    _leave_out_the_mend(desk)
    desk.edit()
    desk.fleet.stage()
    _refused(desk, "commit", "-m", "Edit")


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("pre-commit-config.yaml", ("pre-commit", "validate-config")),
        ("pre-commit-config.yaml", ("prek", "validate-config")),
        ("prek.toml", ("prek", "validate-config")),
    ],
)
def test_the_settings_are_valid(name: str, command: tuple[str, str], tmp_path: Path) -> None:
    program = str(PROGRAMS / command[0])
    environment = {"PREK_HOME": str(tmp_path / "prek"), "PRE_COMMIT_HOME": str(tmp_path / "home")}
    done = run(EXAMPLES, environment, program, command[1], name)
    assert done.code == 0, done.output
    broken = tmp_path / name
    broken.write_text(example(name).replace("stages", "stagings").replace("hooks", "hokks"))
    assert run(tmp_path, environment, program, command[1], name).code != 0


def test_lefthook_says_that_its_settings_are_valid(fleet: Workshop) -> None:
    program = str(PROGRAMS / "lefthook")
    fleet.write("lefthook.yml", example("lefthook.yml"))
    done = run(fleet.top, {}, program, "validate")
    assert done.code == 0, done.output
    fleet.write("lefthook.yml", example("lefthook.yml").replace("jobs:", "jobz:"))
    assert run(fleet.top, {}, program, "validate").code != 0
