"""Settings: from file, variables and command line, and every way to get them wrong."""

from pathlib import Path
from typing import Any

import pytest

from agenix_check.cli.configuration import load_settings, with_hook
from agenix_check.cli.options import OPTION_TEXTS, OPTIONS, Option, OptionValue
from agenix_check.cli.settings_file import FILE
from agenix_check.demo.workshop import Workshop
from agenix_check.errors import UsageError
from agenix_check.model.frozen import field_names
from agenix_check.model.settings import Settings
from tests.conftest import Run
from tests.settings_files import file_at


def load(
    top: Path, text: str = "", env: dict[str, str] | None = None, **given: OptionValue
) -> Settings:
    if text:
        (top / FILE).write_text(text)
    named = {name.replace("_", "-"): value for name, value in given.items()}
    return load_settings(file_at(top), env or {}, named)


def test_nothing_set(tmp_path: Path) -> None:
    settings = load(tmp_path)

    assert settings == Settings()
    assert not settings.strict
    assert settings.rev is None
    assert settings.node == ()


def test_a_bare_repository_has_no_file() -> None:
    assert load_settings(None, {}, {}) == Settings()


def test_the_file(tmp_path: Path) -> None:
    settings = load(tmp_path, 'strict = true\nnodes = ["a", "b"]\nformat = "json"\nrules = "x"\n')

    assert settings.strict
    assert settings.nodes == ("a", "b")
    assert settings.rules == ("x",)
    assert settings.format == "json"


def test_pyproject(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.agenix-check]\nstrict = true\n")

    assert load(tmp_path).strict
    assert not load(tmp_path, "verbose = true\n").strict  # the own file comes first


@pytest.mark.parametrize("text", ["", "[tool.other]\nx = 1\n", "[tool]\n", "not toml at all ["])
def test_a_pyproject_of_other_tools_is_nobodys_business(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)

    assert load(tmp_path) == Settings()


# What is looked at, what is shown of it, what is written and who gets something is not the
# business of the tree that is checked.
NEVER_IN_A_FILE = {
    "rev", "to-ref", "from-ref", "staged", "worktree", "node", "secret", "new-from", "quiet",
    "allow-empty", "output", "junit", "decrypt", "fix", "identity", "update-masters", "settings",
    "grant",
}  # fmt: skip
SPELLED = [option for option in OPTIONS if option.name != "ignore"]


def test_the_table_of_options_has_every_setting_and_no_other() -> None:
    assert {name.replace("_", "-") for name in field_names(Settings)} == OPTION_TEXTS.keys()
    assert [one.name for one in OPTIONS] == list(OPTION_TEXTS)  # one order, that of `--help`


@pytest.mark.parametrize("option", SPELLED, ids=lambda option: str(option.name))
def test_every_option_has_one_name_everywhere(tmp_path: Path, option: Option) -> None:
    field = option.name.replace("-", "_")
    flag = not getattr(Settings(), field)
    word = option.values[-1] if option.values else "age" if option.name == "age" else "30"
    forms: dict[str, OptionValue] = {"flag": flag, "list": (word,), "number": 30.0, "count": 30}
    value = forms.get(option.kind, word)
    written = {"flag": str(flag).lower(), "list": f'["{word}"]', "number": "30", "count": "30"}
    variable = "AGENIX_CHECK_" + field.upper()
    fields: dict[str, Any] = {field: value}
    also = {}
    if option.name == "to-ref":  # never alone
        also, fields["from_ref"] = {"AGENIX_CHECK_FROM_REF": "main"}, "main"
    expected = Settings(**fields)

    assert expected != Settings()
    if option.name != "identity":  # a list of paths, read where identities are
        text = str(int(flag)) if option.kind == "flag" else word
        assert load(tmp_path, env={variable: text, **also}) == expected
    given = {option.name: value, **({"from-ref": "main"} if also else {})}
    assert load_settings(file_at(tmp_path), {}, given) == expected
    toml = written.get(option.kind, f'"{word}"')
    if option.name not in NEVER_IN_A_FILE:
        assert load(tmp_path, f"{option.name} = {toml}\n") == expected
        return
    with pytest.raises(UsageError, match=f"{option.name} cannot be set in a file; use --"):
        load(tmp_path, f"{option.name} = {toml}\n")


def test_a_repository_names_no_program_of_its_own_for_age(tmp_path: Path) -> None:
    for known in ("age", "rage"):
        assert load(tmp_path, f'age = "{known}"\n').age == known
    # Python takes an age file for a script, if it is written that way.
    for other in ("./evil", "/evil/age", "python3", "sh", "", "agetty"):
        with pytest.raises(UsageError, match="age must be "):
            load(tmp_path, f'age = "{other}"\n')


def test_a_person_names_any_program_for_age_but_none_without_a_name(tmp_path: Path) -> None:
    assert load_settings(file_at(tmp_path), {}, {"age": "/my/own"}).age == "/my/own"
    with pytest.raises(UsageError, match="--age must be the name or the path of a program"):
        load_settings(file_at(tmp_path), {}, {"age": ""})


def test_a_later_source_wins(tmp_path: Path) -> None:
    text = 'format = "json"\nnodes = ["file"]\nstrict = true\n'
    env = {"AGENIX_CHECK_FORMAT": "junit", "AGENIX_CHECK_NODES": "a,b", "AGENIX_CHECK_STRICT": "0"}

    assert load(tmp_path, text).format == "json"
    settings = load(tmp_path, text, env)
    assert settings.format == "junit"
    assert settings.nodes == ("a", "b")
    assert not settings.strict
    settings = load(tmp_path, text, env, format="text", nodes=("c",), strict=True)
    assert settings.format == "text"
    assert settings.nodes == ("c",)
    assert settings.strict


def test_an_empty_variable_is_not_set(tmp_path: Path) -> None:
    assert load(tmp_path, env={"AGENIX_CHECK_STRICT": ""}) == Settings()


@pytest.mark.parametrize(("text", "flag"), [("1", True), ("YES", True), ("no", False)])
def test_flags_in_variables(tmp_path: Path, text: str, flag: bool) -> None:
    assert load(tmp_path, env={"AGENIX_CHECK_STRICT": text}).strict is flag


def test_what_is_ignored(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        'ignore = ["source-unused", {rule = "output-lfs", path = "a/*", reason = "LFS"}]\n',
        ignore=("output-orphan",),
    )

    assert [(one.rule, one.path, one.node, one.reason) for one in settings.ignore] == [
        ("source-unused", None, None, "switched off"),
        ("output-lfs", "a/*", None, "LFS"),
        ("output-orphan", None, None, "switched off"),
    ]


def test_ignore_as_tables(tmp_path: Path) -> None:
    settings = load(
        tmp_path, '[[ignore]]\nrule = "output-stale"\nnode = "*/old"\nreason = "retired"\n'
    )

    (one,) = settings.ignore
    assert (one.rule, one.path, one.node, one.reason) == (
        "output-stale", None, "*/old", "retired",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("strict = 1", f"{FILE}: strict must be true or false"),
        ('strict = "true"', f"{FILE}: strict must be true or false"),
        ("flake = 1", f"{FILE}: flake must be a string"),
        ("flake = ['a']", f"{FILE}: flake must be a string"),
        ("nodes = 1", f"{FILE}: nodes must be a list of strings"),
        ("nodes = ['a', 1]", f"{FILE}: nodes must be a list of strings"),
        ("[nodes]\na = 1", f"{FILE}: nodes must be a list of strings"),
        ("format = 'jsn'", f"{FILE}: format must be one of "),
        ("color = 'blue'", f"{FILE}: color must be one of auto, always, never, not 'blue'"),
        ("strikt = true", f"{FILE}: there is no setting 'strikt' (did you mean 'strict'?)"),
        ("new_from = 'x'", f"{FILE}: there is no setting 'new_from' (did you mean 'new-from'?)"),
        ("zzzzzz = 1", f"{FILE}: there is no setting 'zzzzzz'"),
        ("ignore = 1", f"{FILE}: ignore must hold rule names, or tables with rule and reason"),
        ("ignore = ['output-stal']", "no rule 'output-stal' (did you mean 'output-stale'?)"),
        ("[[ignore]]\nreason = 'x'", f"{FILE}: ignore: an entry has no rule"),
        ("[[ignore]]\nrule = 'output-stale'", "the entry for output-stale has no reason"),
        ("[[ignore]]\nrule = 'output-stale'\nreason = ' '", "has no reason"),
        ("[[ignore]]\nrule = 'output-stale'\nreason = 1", "ignore: reason must be a string"),
        ("[[ignore]]\nrule = 'x'\nreason = 'y'\npth = 'z'", "no key 'pth' (did you mean 'path'?)"),
        ("[[ignore]]\nrule = 'source-usd'\nreason = 'y'", "(did you mean 'source-unused'?)"),
        ("strict = ", f"{FILE}: "),
        ("a = 1\na = 2", f"{FILE}: "),
        (f"nix-timeout = {'9' * 5000}", f"{FILE} has a number that is too long"),
        (f"\na = {{ {'b . ' * 100}c = 1 }}", f"{FILE}: a key has more than 100 names (line 2)"),
        ("[" + '"b".' * 100 + "c]", f"{FILE}: a key has more than 100 names (line 1)"),
        (f"{'x' * 5000} = 1", "xxxx … xxxx"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, text)

    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.agenix-check]\nstrict = 1", "tool.agenix-check: strict must be true or false"),
        ("[tool]\nagenix-check = 1", "tool.agenix-check must be a table"),
        ("[tool.agenix-check]\nstrict = [", "pyproject.toml: "),
        (f"[tool.agenix-check]\n[tool.other]\na = {'9' * 5000}", "has a number that is too long"),
        (f"[tool.agenix-check]\n[tool.other]\na = {'[' * 5000}", "nested too deeply"),
        (f"[tool.agenix-check]\n[tool.{'a.' * 100}b]", "a key has more than 100 names (line 2)"),
    ],
)
def test_a_wrong_pyproject_is_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)

    with pytest.raises(UsageError, match=r"pyproject\.toml") as caught:
        load(tmp_path)

    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        ("AGENIX_CHECK_STRICT", "maybe", "AGENIX_CHECK_STRICT must be 1 or 0, not 'maybe'"),
        ("AGENIX_CHECK_FORMAT", "jsn", "AGENIX_CHECK_FORMAT must be one of "),
        ("AGENIX_CHECK_IGNORE", "output-stal", "there is no rule 'output-stal'"),
    ],
)
def test_a_wrong_variable_is_one_clear_line(
    tmp_path: Path, variable: str, text: str, message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, env={variable: text})

    assert message in str(caught.value)


def test_bytes_that_are_not_utf_8(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"strict = '\xff'\n")

    with pytest.raises(UsageError, match=FILE):
        load(tmp_path)


def test_a_file_that_is_nested_too_deeply(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nested too deeply"):
        load(tmp_path, f"ignore = {'[' * 5000}{']' * 5000}")


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="larger than 1 MiB"):
        load(tmp_path, "#" * (1 << 20) + "\n")


@pytest.mark.parametrize(
    ("variable", "word"),
    [
        ("AGENIX_CHECK_STRIKT", "AGENIX_CHECK_STRICT"),
        ("AGENIX_CHECK_FAILON", "AGENIX_CHECK_FAIL_ON"),
        ("AGENIX_CHECK_IDENTITIY", "AGENIX_CHECK_IDENTITY"),
        ("AGENIX_CHECK_REQUIRE-VERIFIED", "AGENIX_CHECK_REQUIRE_VERIFIED"),
    ],
)
def test_a_mistyped_variable_names_the_nearest(tmp_path: Path, variable: str, word: str) -> None:
    with pytest.raises(UsageError, match=f"no variable {variable} .*{word}") as caught:
        load(tmp_path, env={variable: "1"})
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("also", [{}, {"AGENIX_CHECK_FROM_REF": "main"}])
def test_the_end_of_a_range_needs_its_beginning(tmp_path: Path, also: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="--to-ref needs --from-ref"):
        load(tmp_path, env=also, to_ref="HEAD")


def test_prek_names_only_the_end_of_a_first_push(tmp_path: Path) -> None:
    settings = with_hook(load(tmp_path), {"PRE_COMMIT_TO_REF": "b" * 40})
    assert (settings.from_ref, settings.to_ref) == (None, "b" * 40)


HOOK = {"PRE_COMMIT_FROM_REF": "a" * 40, "PRE_COMMIT_TO_REF": "b" * 40}


def test_the_range_of_a_hook(tmp_path: Path) -> None:
    settings = with_hook(load(tmp_path, "strict = true\n"), HOOK)

    assert settings.from_ref == "a" * 40
    assert settings.to_ref == "b" * 40
    assert settings.strict


@pytest.mark.parametrize("name", ["staged", "worktree"])
def test_a_named_snapshot_wins_over_a_hooks_range(tmp_path: Path, name: str) -> None:
    settings = load_settings(file_at(tmp_path), {}, {name: True})

    assert with_hook(settings, HOOK) == settings


@pytest.mark.parametrize("name", ["rev", "from-ref"])
def test_a_named_revision_wins_over_a_hooks_range(tmp_path: Path, name: str) -> None:
    settings = load_settings(file_at(tmp_path), {}, {name: "HEAD"})

    assert with_hook(settings, HOOK) == settings


def test_without_a_hook_there_is_no_range(tmp_path: Path) -> None:
    assert with_hook(load(tmp_path), {"PRE_COMMIT_FROM_REF": ""}) == Settings()


def test_a_wrong_setting_ends_the_command(workshop: Workshop, run: Run) -> None:
    workshop.write(FILE, "strikt = true\n")
    workshop.stage()

    result = run(workshop.top)

    assert result.code == 2
    assert result.stdout == ""
    assert result.stderr == (
        f"agenix-check: {FILE}: there is no setting 'strikt' (did you mean 'strict'?)\n"
    )
