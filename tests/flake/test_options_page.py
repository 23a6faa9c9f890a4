"""docs/flake-parts.md says what the module's options are, and the settings are the program's."""

import json
import os
import re
from typing import Any

import pytest

from agenix_check.cli.options import OPTIONS
from agenix_check.model.settings import Settings
from tests.checkout import ROOT, run

PAGE = ROOT / "docs/flake-parts.md"
_SETTINGS = "perSystem.agenix-check.settings."
_HEAD = "| key | what it says | type | default | example |\n| --- | --- | --- | --- | --- |\n"
_STAND_IN = f"(import {ROOT}/tests/flake/flake_parts.nix {{ lib = {{ }}; }}).moduleLib"
_TYPES = {
    "flag": "null or boolean",
    "text": "null or string",
    "number": "null or signed integer or floating point number",
    "count": "null or signed integer",
    "list": "null or (list of string)",
}


def _options() -> list[dict[str, Any]]:
    lib = f"import {os.environ['NIXPKGS_LIB']}/lib" if "NIXPKGS_LIB" in os.environ else _STAND_IN
    done = run(
        ROOT, {}, "nix-instantiate", "--store", "dummy://", "--eval", "--strict", "--json",
        "--expr", f"import {ROOT}/tests/flake/options.nix ({lib})",
    )  # fmt: skip
    assert done.code == 0, done.output
    options: list[dict[str, Any]] = json.loads(done.output)
    return options


def _entry(option: dict[str, Any]) -> str:
    read_only = " (read only)" if option["readOnly"] else ""
    lines = [
        f"### `{option['name']}`", "", option["description"].strip(), "",
        f"- type: {option['type']}{read_only}", f"- default: `{option['default']}`",
        f"- example: `{option['example']}`", "", "",
    ]  # fmt: skip
    return "\n".join(lines)


def _row(option: dict[str, Any]) -> str:
    """Describe a setting in a line; where nobody sets it, the program's own default counts."""
    name = option["name"].removeprefix(_SETTINGS)
    default = getattr(Settings(), name.replace("-", "_"), None)
    said = "" if default in (None, ()) else f"`{json.dumps(default)}`"
    kind = option["type"].removeprefix("null or ")
    kind = kind[1:-1] if kind.startswith("(") else kind
    text = " ".join(option["description"].split())
    cells = (f"`{name}`", text, kind, said, f"`{option['example']}`")
    assert not any("|" in cell for cell in cells), name
    return f"| {' | '.join(cells)} |\n"


@pytest.mark.parametrize("marker", ["options", "settings"])
def test_the_page_lists_every_option(marker: str) -> None:
    text = PAGE.read_text()
    pattern = rf"(<!-- {marker} -->\n)(.*?)(<!-- /{marker} -->)"
    found = re.search(pattern, text, re.DOTALL)
    assert found is not None
    if marker == "options":
        options = (one for one in _options() if not one["name"].startswith(_SETTINGS))
        said = "\n" + "".join(map(_entry, options))
    else:
        settings = (one for one in _options() if one["name"].startswith(_SETTINGS))
        said = f"{_HEAD}{''.join(map(_row, settings))}"
    if os.environ.get("UPDATE_README"):
        PAGE.write_text(text[: found.start(2)] + said + text[found.end(2) :])
        return
    assert found.group(2) == said, "renew it with UPDATE_README=1"


def test_every_option_has_a_type_a_default_an_example_and_a_description() -> None:
    needed = {f"{_SETTINGS}ignore.{name}" for name in ("rule", "reason")}
    for option in _options():
        assert option["description"].strip().endswith((".", "`")), option["name"]
        assert option["type"], option["name"]
        assert (option["default"] is None) == (option["name"] in needed), option["name"]
        assert option["example"] is not None, option["name"]


@pytest.mark.parametrize("option", [one for one in OPTIONS if one.text.in_file], ids=str)
def test_a_setting_has_the_type_of_its_option(option: Any) -> None:
    (described,) = (one for one in _options() if one["name"] == _SETTINGS + option.name)
    if option.name == "ignore":
        assert described["type"] == "null or (list of (submodule))"
    elif option.name == "age":
        assert described["type"] == 'null or one of "age", "rage"'
    elif option.kind == "choice":
        values = ", ".join(f'"{value}"' for value in option.values)
        assert described["type"] == f"null or one of {values}"
    else:
        assert described["type"] == _TYPES[option.kind]


def test_no_setting_is_made_up() -> None:
    named = {one["name"].removeprefix(_SETTINGS) for one in _options()}
    settings = {name for name in named if "." not in name}
    assert settings == {one.name for one in OPTIONS if one.text.in_file}
