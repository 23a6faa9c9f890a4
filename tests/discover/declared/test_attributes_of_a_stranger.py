"""A change brings Git attributes: they change nothing that is read."""

import json
from typing import Any

import pytest

from agenix_check.keys.encrypt import encrypt
from tests.audit.by_declaration.test_plain import write_rules
from tests.conftest import Run
from tests.discover.declared.estate import DB, WIFI, Estate
from tests.host_keys import ALPHA, BETA
from tests.mend.mending import command, execute

ATTRIBUTES = (
    "*.nix -diff", "* -text", "*.nix diff=age", "* filter=age",
    "*.nix working-tree-encoding=UTF-16",
    "* text=auto eol=crlf", "* binary", "* ident", "* export-ignore -diff merge=ours",
    "*.age working-tree-encoding=UTF-32", "[attr]mine -diff -text\n* mine",
)  # fmt: skip
# What the machine would run if attributes counted. Harmless: it only answers with another text.
PROGRAMS = ("diff.age.textconv", "diff.age.command", "filter.age.clean", "filter.age.smudge")


def judge(estate: Estate, run: Run, inventory: str, *words: str) -> tuple[int, Any]:
    done = run(estate.shop.top, "--inventory", inventory, "--format", "json", *words)
    report = json.loads(done.stdout)
    said = [(one["rule"], one["severity"], one["path"], one["new"]) for one in report["findings"]]
    return done.code, [said, report["incomplete"], report["fleet"], report["counts"]]


def install_programs(estate: Estate) -> None:
    for name in PROGRAMS:
        estate.shop.git.run("config", name, "echo another text #")


# All of them where Git compares lines of modules; half, where it only says what a file is.
@pytest.mark.parametrize(
    ("inventory", "brought"),
    [("names", ATTRIBUTES), ("lock", ATTRIBUTES[::2]), ("nix", ATTRIBUTES[1::2])],
)
def test_the_verdict_holds(
    estate: Estate, run: Run, inventory: str, brought: tuple[str, ...]
) -> None:
    """The same change is judged the same, with attributes and without."""
    shop, git = estate.shop, estate.shop.git
    write_rules(shop, "plain/secrets.nix", wifi=[ALPHA])
    shop.write("plain/wifi.age", encrypt(b"x", [ALPHA]))
    estate.nodes["beta"].secrets["group/wifi"].source = WIFI
    shop.write("hosts/beta/wifi.nix", "{ file = ./secrets/wifi.age; }\n")
    base = shop.commit("Add more")
    run(shop.top, "--inventory", inventory)  # what is remembered must not decide either
    git.run("checkout", "--quiet", "-b", "honest")
    estate.edit(DB, "another\n")
    estate.edit(WIFI, "another\n")
    shop.write("hosts/beta/wifi.nix", "{ }\n")
    write_rules(shop, "plain/secrets.nix", wifi=[ALPHA, BETA])
    estate.nodes["alpha"].secrets["token"].name = "other"
    estate.write_flake()
    shop.commit("Improve things")
    words = ("--from-ref", base, "--to-ref")
    code, expected = judge(estate, run, inventory, *words, "honest")
    assert code == 1

    for number, attributes in enumerate(brought):
        git.run("checkout", "--quiet", "-b", f"topic-{number}", "honest")
        shop.write(".gitattributes", f"{attributes}\n")
        git.run("add", ".gitattributes")
        git.run("commit", "--quiet", "-m", "Bring attributes")
        install_programs(estate)
        for view in ((*words, "HEAD"), ("--rev", "HEAD~")):
            assert judge(estate, run, inventory, *view) == (code, expected), attributes
        for name in PROGRAMS:  # they would have a say in the next checkout
            git.run("config", "--unset", name)


@pytest.mark.parametrize("attributes", ["* -text", "* text=auto eol=crlf", "* filter=age"])
def test_what_is_fixed_is_what_was_made(estate: Estate, run: Run, attributes: str) -> None:
    estate.shop.write(".gitattributes", f"{attributes}\n")
    estate.shop.commit("Bring attributes")
    estate.edit(DB, "another\n")
    estate.shop.stage(DB)
    install_programs(estate)
    words = command(estate.shop)
    words[words.index("names")] = "lock"

    done = execute(estate.shop, words)

    refused = "filter" in attributes  # what Git would store is not what was made
    assert done.code == (3 if refused else 0), done
    assert judge(estate, run, "lock")[0] == (1 if refused else 0)
