"""What fails is named in one line each, and does not hide the rest."""

import os
import time
from pathlib import Path
from typing import Any

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.discover.nix.run import NixError, in_this_shape
from agenix_check.errors import CannotCheckError
from tests.discover.nix.flakes import ENDLESS, declare, failures, names, write_flake

# As 2.8, 2.26 and 2.34 say it.
_MISSING = (
    "getting status of 'nothing.pub': No such file or directory",
    "opening file 'nothing.pub': No such file or directory",
    "'nothing.pub' does not exist",
)
_GOOD = "good%d = node { } { };"


def _write_nodes(workshop: Workshop, bad: str, count: int = 7) -> None:
    good = "\n".join(_GOOD % number for number in range(count))
    write_flake(workshop, f"nixosConfigurations = {{ {good}\n{bad}\n }};")
    workshop.stage()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ('throw "no\\nkey"', "no key"),
        ('abort "no\\n\\nkey"', "no key"),
        ("let x = x; in x", "infinite recursion encountered (flake.nix:26)"),
        ("let f = n: 1 + f (n + 1); in f 0", "stack overflow"),
        ("{ }.key", "attribute 'key' missing (flake.nix:26)"),
        ("./nothing.pub", _MISSING),
        ("[ { } ]", "cannot coerce a set to a string"),
        ("import ./broken.nix", "syntax error, unexpected '}' (broken.nix:1)"),
        (r"""throw (builtins.fromJSON ''"\u001b[31mred\u0007\u009b"'')""", "red"),
    ],
)
def test_a_bad_node_is_named_and_the_others_are_read(
    workshop: Workshop, value: str, message: str | tuple[str, ...]
) -> None:
    workshop.write("broken.nix", "{ x = }")
    _write_nodes(workshop, f"bad = node {{ hostPubkey = {value}; }} {{ }};")
    declaration = declare(workshop.top)
    assert names(declaration) == [f"nixos:good{number}" for number in range(7)]
    assert list(failures(declaration)) == ["nixos:bad"]
    assert failures(declaration)["nixos:bad"].startswith(message)


def test_several_bad_nodes(workshop: Workshop) -> None:
    _write_nodes(
        workshop,
        """
        a = throw "a";
        b.config = abort "b";
        c.config = (node { } { }).config // {
          home-manager.users = {
            bob = (node { } { }).config;
            eve = abort "eve";
            pat = (node { hostPubkey = throw "pat"; } { }).config;
          };
        };
        d.config = { inherit (node { } { }) age; home-manager.users = abort "users"; };
        e.config = (node { } { }).config // { home-manager.users = abort "users"; };
        f = node { } { db.rekeyFile = abort "db"; };
        """,
    )
    declaration = declare(workshop.top)
    assert names(declaration) == [
        "host-nixos:c-user-bob",
        "nixos:c",
        "nixos:e",
        *(f"nixos:good{number}" for number in range(7)),
    ]
    found = failures(declaration)
    assert found.pop("nixos:d").startswith("attribute 'age' missing")
    assert found == {
        "host-nixos:c-user-eve": "eve",
        "host-nixos:c-user-pat": "pat",
        "host-nixos:e-user-*": "users",
        "nixos:a": "a",
        "nixos:b": "b",
        "nixos:f": "db",
    }


def test_one_cause_for_all_nodes_is_said_once(workshop: Workshop) -> None:
    _write_nodes(workshop, 'a = abort "the cause"; b = abort "the cause";', 0)
    with pytest.raises(CannotCheckError) as caught:
        declare(workshop.top)
    assert str(caught.value) == "no node of the flake can be evaluated: the cause"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{ outputs = }", "syntax error, unexpected '}'"),
        ('{ outputs = { self }: throw "outputs"; }', "outputs"),
        ('{ outputs = { self }: { nixosConfigurations = throw "set"; }; }', "set"),
        ("{ }", "the flake lacks attribute 'outputs'"),
        (
            '{ inputs.x.url = "github:example/x"; outputs = { self, x }: { }; }',
            (
                "cannot update flake input 'x' in pure mode; flake.lock does not fit flake.nix: ",
                "cannot update unlocked flake input 'x' in pure mode; flake.lock does not fit ",
            ),
        ),
    ],
)
def test_a_flake_that_cannot_be_evaluated_is_one_line(
    workshop: Workshop, text: str, message: str | tuple[str, ...]
) -> None:
    workshop.write("flake.nix", text)
    workshop.stage()
    with pytest.raises(CannotCheckError) as caught:
        declare(workshop.top)
    assert str(caught.value).startswith("the flake cannot be evaluated: ")
    assert str(caught.value).removeprefix("the flake cannot be evaluated: ").startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ("node { storageMode = [ ]; } { }", "storageMode is not a text"),
        (
            f"node {{ storageMode = {'{ y = ' * 2000}1{'; }' * 2000}; }} {{ }}",
            (
                "the result is nested too deeply",
                "storageMode is not a text",
            ),  # newer Pythons read it
        ),
        (
            'node { } { db = { rekeyFile = ./db.age; intermediary = "no"; }; }',
            "age.secrets.db.intermediary is not true or false",
        ),
    ],
)
def test_a_value_of_another_type_is_named(
    workshop: Workshop, node: str, message: str | tuple[str, ...]
) -> None:
    _write_nodes(workshop, f"bad = {node};")
    declaration = declare(workshop.top)
    assert len(names(declaration)) == 7
    assert list(failures(declaration)) == ["nixos:bad"]
    assert failures(declaration)["nixos:bad"].startswith(message)


def test_an_answer_of_another_shape() -> None:
    answers: list[Any] = [[], {}, {"root": "", "result": []}, 1, None]
    for answer in answers:
        with pytest.raises(NixError, match="another shape"), in_this_shape():
            assert answer["root"] + answer["store"]


def test_an_input_that_is_not_here_is_not_fetched(workshop: Workshop) -> None:
    workshop.write(
        "flake.lock",
        """{ "version": 7, "root": "root", "nodes": {
          "root": { "inputs": { "x": "x" } },
          "x": {
            "locked": {
              "type": "github", "owner": "example", "repo": "x",
              "rev": "0000000000000000000000000000000000000000",
              "narHash": "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
            },
            "original": { "type": "github", "owner": "example", "repo": "x" }
          } } }""",
    )
    workshop.write(
        "flake.nix",
        '{ inputs.x.url = "github:example/x"; outputs = { self, x }: { inherit (x) '
        "nixosConfigurations; }; }",
    )
    workshop.stage()
    with pytest.raises(CannotCheckError) as caught:
        declare(workshop.top)
    message = str(caught.value)
    assert "unable to download 'https://" in message
    assert "fetch the flake's inputs with `nix flake archive`, or judge by" in message
    assert message.endswith("`--inventory names` or `--inventory lock` (agenix-check.lock)")


def test_no_flake(workshop: Workshop, flake: Workshop) -> None:
    with pytest.raises(CannotCheckError, match=r"^there is no sub/flake\.nix in this tree$"):
        declare(flake.top, flake="sub")
    flake.remove("flake.nix")
    flake.stage()
    with pytest.raises(CannotCheckError, match=r"^there is no flake\.nix in this tree$"):
        declare(flake.top)


def test_no_nix(flake: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for directory in os.get_exec_path():
        if (git := Path(directory, "git")).exists():
            (programs / "git").symlink_to(git)
            break
    monkeypatch.setenv("PATH", str(programs))
    with pytest.raises(CannotCheckError, match=r"^nix was not found on PATH; "):
        declare(flake.top)


def test_the_time_limit_is_a_nodes(workshop: Workshop) -> None:
    _write_nodes(workshop, "")
    begin = time.monotonic()
    declare(workshop.top)
    timeout = round(2 + 8 * (time.monotonic() - begin))  # more than a node needs, also now
    _write_nodes(workshop, f"bad = node {{ hostPubkey = toString ({ENDLESS}); }} {{ }};")
    # It would run for days: that this test comes to an end is half of what it shows.
    declaration = declare(workshop.top, timeout=timeout)
    assert len(names(declaration)) == 7
    assert failures(declaration) == {
        "nixos:bad": f"it did not finish within {timeout} seconds; --nix-timeout gives it more"
    }


def test_outputs_that_hang_end_at_the_timeout(workshop: Workshop) -> None:
    write_flake(workshop, f"nixosConfigurations = {ENDLESS};")
    workshop.stage()
    with pytest.raises(CannotCheckError) as caught:
        declare(workshop.top, timeout=1.5)
    late = "it did not finish within 1.5 seconds; --nix-timeout gives it more"
    assert str(caught.value) == f"the flake cannot be evaluated: {late}"
