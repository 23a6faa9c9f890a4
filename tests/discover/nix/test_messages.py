"""Nix's messages, as different versions write them, brought to their point."""

import pytest

from agenix_check.discover.nix.message import is_too_old, shorten

_ROOT = "/nix/store/3r2wq02j7a0rpwcvnkiz7gc9m6njbdpr-source"
_FILES = {"flake.nix", "hosts/alpha.nix"}

_NEW = """\
evaluation warning: something is old
error:
       … while evaluating the attribute 'config'
         at {root}/flake.nix:3:5:
            2|   outputs = {{ self }}: {{
            3|     config = x;
             |     ^

       … while calling the 'throw' builtin
         at /nix/store/00000000000000000000000000000000-source/lib/modules.nix:9:1:

       (stack trace truncated; use '--show-trace' to show the full, detailed trace)

       error: The option `services.x' in `{root}/hosts/alpha.nix' is not of type `string'.
       Definition values:
       - In `{root}/hosts/alpha.nix': 1
       at {root}/hosts/alpha.nix:12:3:
           11|
           12|   x
             |   ^
       Did you mean services.y?
"""


def test_a_message_with_its_trace() -> None:
    assert shorten(_NEW.format(root=_ROOT), _ROOT, _FILES) == (
        "The option `services.x' in `hosts/alpha.nix' is not of type `string'. "
        "Definition values: - In `hosts/alpha.nix': 1 (hosts/alpha.nix:12)"
    )


def test_a_place_in_a_tree_that_is_named_by_url() -> None:
    url = "«git+file:///tmp/x?rev=1»"
    text = f"error: undefined variable 'x'\n       at {url}/flake.nix:7:3:\n"
    assert shorten(text, _ROOT, _FILES) == "undefined variable 'x' (flake.nix:7)"
    assert shorten(text, "", _FILES) == "undefined variable 'x' (flake.nix:7)"


def test_a_place_elsewhere_is_left_out() -> None:
    other = f"/nix/store/{'0' * 32}-source"
    text = f"error: bad\n\n       at {other}/flake.nix:1:1:\n"
    assert shorten(text, _ROOT, _FILES) == "bad"


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("\x1b[31;1merror:\x1b[0m no\x1b]8;;http://x\x07 key", "no key"),
        ("trace: error: x\nerror: first\nerror: second", "second"),
        ("error: evaluation aborted with the following error message: 'a\n\n       b'", "a b"),
        ("error: cannot look up '<x>' in pure evaluation mode (use '--impure' to override)",
         "cannot look up '<x>' in pure evaluation mode"),
        ("fatal: transport 'ssh' not allowed\nerror: program 'git' failed with exit code 128",
         "transport 'ssh' not allowed (program 'git' failed with exit code 128)"),
        ("error: '/nix/store/00000000000000000000000000000000-hello-1.0/x'", "'hello-1.0/x'"),
        ("error: " + "x" * 400, "x" * 299 + "…"),
        ("Killed\n", "Killed"),
        ("", "Nix failed"),
    ],
)  # fmt: skip
def test_messages(text: str, point: str) -> None:
    assert shorten(text) == point


@pytest.mark.parametrize(
    "text",
    [
        "error: cannot read {}",
        "fatal: unable to read {}\nerror: program 'git' failed with exit code 128",
        "error: looking up file 'x': object not found - no match for id ({}) (libgit2 error)",
    ],
)
def test_an_object_that_is_not_here_is_named(text: str) -> None:
    oid = "e935e92e00d6ef91976ff24808e5313d35493a8a"
    assert shorten(text.format(oid)) == f"the object {oid} is not in this clone"


def test_a_nix_without_flakes_is_known() -> None:
    assert is_too_old("error: unrecognised flag '--extra-experimental-features'\nTry 'nix --help'")
    assert not is_too_old("error: attribute 'eval' missing")
