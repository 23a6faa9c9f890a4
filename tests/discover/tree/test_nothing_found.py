"""Where there is nothing to check, the line says what the tree has instead."""

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt
from tests.audit.scenes import judge, judge_staged

NO_OUTPUT = "nothing to check: no file is named like an output of agenix-rekey (<ident>-<name>.age)"
NEITHER = f"{NO_OUTPUT}, and none is a rules file of agenix (secrets.nix); "
NO_RULES = "nothing to check: no rules file (secrets.nix) is in this tree; "


def said(shop: Workshop, missing: str = NEITHER) -> str:
    (sentence,) = judge_staged(shop).incomplete
    assert sentence.startswith(missing)
    assert sentence.endswith("--allow-empty lets that pass")
    return sentence.removeprefix(missing).removesuffix("--allow-empty lets that pass")


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
    missing = f"{NO_OUTPUT}; " if "age.rekey" in text else NEITHER

    assert said(workshop, missing) == there


def test_age_files_without_a_rule(workshop: Workshop) -> None:
    workshop.write("a.age", encrypt(b"a", [workshop.master]))
    assert said(workshop) == "a.age is an age file without an output or a rule (secrets.nix); "

    workshop.write("b.age", encrypt(b"b", [workshop.master]))
    assert said(workshop).startswith("a.age and 1 more are age files without an output")


def test_plain_agenix_hears_nothing_of_another_tool(workshop: Workshop) -> None:
    rules = f'{{ "a.age".publicKeys = [ "{workshop.master}" ]; }}\n'
    (workshop.top / "secrets.nix").write_text(rules)
    (sentence,) = judge(workshop).incomplete
    assert sentence.startswith(NO_RULES)
    assert "secrets.nix is in the work tree, and not staged: git add " in sentence
    assert "rekey" not in sentence

    (workshop.top / "secrets.nix").rename(workshop.top / "rules.nix")
    workshop.write("a.age", encrypt(b"a", [workshop.master]))
    assert said(workshop, NO_RULES) == (
        "rules.nix has publicKeys: if it is the rules file, name it under `rules` in "
        "agenix-check.toml; "
    )


def test_outputs_that_nobody_staged(workshop: Workshop) -> None:
    workshop.write("host.nix", "{ age.rekey.hostPubkey = ./host.pub; }\n")
    assert said(workshop, f"{NO_OUTPUT}; ") == ""

    output = workshop.top / f"{'0' * 32}-a.age"
    output.write_bytes(encrypt(b"a", [workshop.master]))
    (sentence,) = judge(workshop).incomplete
    assert f"{output.name} is in the work tree, and not staged: git add " in sentence


def test_a_submodule(workshop: Workshop) -> None:
    commit = workshop.commit("Begin")
    workshop.git.run("update-index", "--add", "--cacheinfo", f"160000,{commit},private")

    (sentence,) = judge(workshop).incomplete

    assert "secrets may be in the submodule private, a repository of its own; " in sentence


def test_new_from_hides_no_emptiness(workshop: Workshop) -> None:
    workshop.write("README.md", "Nothing here.\n")
    commit = workshop.commit("Begin")

    assert len(judge(workshop, new_from=commit).incomplete) == 1
