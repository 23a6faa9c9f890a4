"""Where there is nothing to check, the line says what the tree has instead."""

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt
from tests.audit.scenes import judge, judge_staged

NOTHING = "nothing to check: no file is named like an output of agenix-rekey (<ident>-<name>.age); "


def said(shop: Workshop) -> str:
    (sentence,) = judge_staged(shop).incomplete
    assert sentence.startswith(NOTHING)
    assert sentence.endswith("--allow-empty lets that pass")
    return sentence.removeprefix(NOTHING).removesuffix("--allow-empty lets that pass")


@pytest.mark.parametrize(
    ("path", "text", "there"),
    [
        (
            "base.nix",
            '{ age.rekey.storageMode = lib.mkDefault "derivation"; }\n',
            'base.nix says storageMode = "derivation": outputs are in the Nix store; ',
        ),
        ("base.nix", '# storageMode = "derivation";\n', ""),
        (
            "flake.nix",
            '{ inputs.vaultix.url = "github:milieuim/vaultix"; }\n',
            "flake.nix speaks of vaultix, which is not what this program checks; ",
        ),
        ("README.md", "Nothing here.\n", ""),
    ],
)
def test_what_a_tree_has_instead(workshop: Workshop, path: str, text: str, there: str) -> None:
    workshop.write(path, text)

    assert said(workshop) == there


def test_age_files_without_a_rule(workshop: Workshop) -> None:
    workshop.write("a.age", encrypt(b"a", [workshop.master]))
    assert said(workshop) == "a.age is an age file without an output or a rule (secrets.nix); "

    workshop.write("b.age", encrypt(b"b", [workshop.master]))
    assert said(workshop).startswith("a.age and 1 more are age files without an output")


def test_a_submodule(workshop: Workshop) -> None:
    commit = workshop.commit("Begin")
    workshop.git.run("update-index", "--add", "--cacheinfo", f"160000,{commit},private")

    (sentence,) = judge(workshop).incomplete

    assert "secrets may be in the submodule private, a repository of its own; " in sentence


def test_new_from_hides_no_emptiness(workshop: Workshop) -> None:
    workshop.write("README.md", "Nothing here.\n")
    commit = workshop.commit("Begin")

    assert len(judge(workshop, new_from=commit).incomplete) == 1
