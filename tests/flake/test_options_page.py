"""docs/flake-parts.md says what the module's options are, and the settings are the program's."""

import json
import os
import re
from typing import Any

import pytest

from agenix_check.cli.options import OPTIONS
from tests.checkout import ROOT, run

PAGE = ROOT / "docs/flake-parts.md"
_SETTINGS = "perSystem.agenix-check.settings."
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
    name = option["name"].removeprefix("perSystem.")
    lines = [f"### `{name}`", "", option["description"].strip(), "", f"- type: {option['type']}"]
    if option["readOnly"]:
        lines[-1] += " (read only)"
    # A setting that is not set is left to the program.
    if option["default"] is not None and option["default"] != "null":
        lines.append(f"- default: `{option['default']}`")
    if option["example"] is not None:
        lines.append(f"- example: `{option['example']}`")
    return "\n".join([*lines, "", ""])


def test_the_page_lists_every_option() -> None:
    text = PAGE.read_text()
    found = re.search(r"(<!-- options -->\n)(.*?)(<!-- /options -->)", text, re.DOTALL)
    assert found is not None
    said = "\n" + "".join(map(_entry, _options()))
    if os.environ.get("UPDATE_README"):
        PAGE.write_text(text[: found.start(2)] + said + text[found.end(2) :])
        return
    assert found.group(2) == said, "renew it with UPDATE_README=1"


def test_every_option_has_a_type_an_example_and_a_description() -> None:
    for option in _options():
        assert option["description"].strip().endswith((".", "`")), option["name"]
        assert option["type"], option["name"]
        assert option["example"] is not None or option["readOnly"], option["name"]


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
