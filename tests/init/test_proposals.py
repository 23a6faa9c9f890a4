"""What `init` proposes: pure, from what is there."""

import tomllib
from collections.abc import Collection

import pytest
import yaml

from agenix_check.cli.settings_file import FILE, parse_file
from agenix_check.init import Proposal, look_around, propose
from tests.checkout import ROOT

OUTPUT = f"secrets/rekeyed/a/{'0' * 32}-db.age"
OURS = "https://github.com/agenix-check/agenix-check"


def _proposed(
    paths: Collection[str] = (), remotes: Collection[str] = (), **texts: str
) -> tuple[dict[str, Proposal], tuple[str, ...]]:
    named = {name.replace("__", "."): text for name, text in texts.items()}
    proposals, advice = propose(look_around({*paths, *named}, named, remotes))
    return {one.path: one for one in proposals}, advice


def _agree(name: str, text: str) -> tuple[dict[str, Proposal], tuple[str, ...]]:
    proposals, advice = propose(look_around({name}, {name: text}, ()))
    return {one.path: one for one in proposals}, advice


@pytest.mark.parametrize(
    ("remote", "path"),
    [
        ("git@github.com:me/fleet.git", ".github/workflows/agenix-check.yml"),
        ("https://gitlab.example.org/me/fleet", ".gitlab-ci.yml"),
        ("ssh://git@codeberg.org/me/fleet", ".forgejo/workflows/agenix-check.yml"),
    ],
)
def test_a_forge_gets_its_workflow(remote: str, path: str) -> None:
    found, _ = _proposed([OUTPUT], [remote])
    workflow = yaml.safe_load(found[path].after)
    assert workflow
    assert "Copy it to" not in found[path].after


def test_without_a_forge_there_is_advice() -> None:
    found, advice = _proposed([OUTPUT])
    assert [path for path in found if path.endswith(".yml")] == []
    assert any(line.startswith("CI: ") for line in advice)


@pytest.mark.parametrize("flake", [True, False])
def test_nix_is_asked_for_where_it_can_answer(flake: bool) -> None:
    texts = {"flake__nix": "{ }"} if flake else {}
    found, _ = _proposed([OUTPUT], ["git@github.com:me/fleet.git"], **texts)
    jobs = yaml.safe_load(found[".github/workflows/agenix-check.yml"].after)["jobs"]
    assert list(jobs) == (["check", "check-with-nix"] if flake else ["check"])


HOOKS = """\
# mine
repos:
%(at)s- repo: https://example.org/hooks # keep
%(at)s  rev: &rev v1
%(at)s  hooks:
%(at)s    - id: one
"""


@pytest.mark.parametrize("at", ["", "  ", "    "])
@pytest.mark.parametrize("tail", ["", "\n# about ci\nci:\n  autofix: false\n", "fail_fast: true\n"])
def test_hooks_are_added_to_the_list_and_the_rest_is_kept(at: str, tail: str) -> None:
    before = HOOKS % {"at": at} + tail
    found, advice = _agree(".pre-commit-config.yaml", before)
    after = found[".pre-commit-config.yaml"].after
    there, then = yaml.safe_load(before), yaml.safe_load(after)
    assert then["repos"][0] == there["repos"][0]
    assert [one["repo"] for one in then["repos"][1:]] == [OURS]
    assert {key: value for key, value in then.items() if key != "repos"} == {
        key: value for key, value in there.items() if key != "repos"
    }
    lines = iter(after.splitlines())
    assert all(line in lines for line in before.splitlines())  # every line, in its order
    assert any("pre-commit install" in line for line in advice)
    assert ".pre-commit-config.yaml" not in _agree(".pre-commit-config.yaml", after)[0]


@pytest.mark.parametrize(
    "text", ["repos: []\n", "repos: [{repo: local, hooks: []}]\n", "x: 1\n", ""]
)
def test_a_file_of_another_form_is_left_to_its_owner(text: str) -> None:
    found, advice = _agree(".pre-commit-config.yaml", text)
    assert ".pre-commit-config.yaml" not in found
    assert any("add to .pre-commit-config.yaml" in line for line in advice)


def test_prek_gets_its_own_form() -> None:
    before = '[[repos]]\nrepo = "local"\n\n[[repos.hooks]]\nid = "one"\n'
    found, _ = _agree("prek.toml", before)
    assert [one["repo"] for one in tomllib.loads(found["prek.toml"].after)["repos"]] == [
        "local",
        OURS,
    ]
    assert found["prek.toml"].after.startswith(before)
    assert ".pre-commit-config.yaml" not in found


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("lefthook.yml", "pre-commit: {}\n"),
        ("flake.lock", '{"nodes": {"git-hooks": {"original": {"repo": "git-hooks.nix"}}}}'),
    ],
)
def test_other_hook_managers_are_left_to_their_owner(name: str, text: str) -> None:
    text = text.replace('"git-hooks.nix"', '"git-hooks.nix", "owner": "cachix"')
    found, advice = _agree(name, text)
    assert ".pre-commit-config.yaml" not in found
    assert any(line.startswith("hook: ") for line in advice)


def test_the_settings_are_accepted_and_change_nothing() -> None:
    found, _ = _proposed()
    settings = parse_file(FILE, found[FILE].after.encode())
    assert settings is not None
    assert (settings.values, settings.ignore) == ({}, ())
    # What stands there behind a `#` is accepted too.
    shown = "".join(
        f"{line.removeprefix('# ')}\n"
        for line in found[FILE].after.splitlines()
        if line.startswith(
            ("# strict", "# require", "# fail", "# ident", "# [[", "# rule", "# path", "# reason")
        )
    )
    assert parse_file(FILE, shown.encode()) is not None
    assert tomllib.loads(shown)["ignore"]


def test_settings_that_are_there_are_enough() -> None:
    assert FILE not in _agree("pyproject.toml", "[tool.agenix-check]\nstrict = true\n")[0]
    assert FILE not in _agree(FILE, "")[0]


def test_attributes_are_added_once() -> None:
    found, _ = _agree(".gitattributes", "*.png binary")
    after = found[".gitattributes"].after
    assert after.startswith("*.png binary\n")
    assert after.endswith("\n*.age -text diff=agenix-check merge=agenix-check\n")
    assert ".gitattributes" not in _agree(".gitattributes", after)[0]
    for known in ("*.age binary\n", "*.age -text\n"):
        assert ".gitattributes" not in _agree(".gitattributes", known)[0]
    theirs, advice = _agree(".gitattributes", "*.age diff=age\n")
    assert ".gitattributes" not in theirs
    assert (
        ".gitattributes: add to the line of *.age: diff=agenix-check merge=agenix-check" in advice
    )


def test_every_example_that_is_written_is_one_of_ours() -> None:
    for name in ("github-actions.yml", "gitlab-ci.yml", "forgejo-actions.yml"):
        assert (ROOT / "ci-examples" / name).is_file()
