"""What was a rules file of plain agenix is one still: its files do not get out of sight."""

from collections.abc import Callable

import pytest

from agenix_check.keys.encrypt import encrypt
from tests.audit.by_declaration.test_plain import write_rules
from tests.conftest import Run
from tests.discover.declared.estate import Estate
from tests.host_keys import ALPHA, BETA

RULES, FILE = "plain/secrets.nix", "plain/wifi.age"
RANGE = ("--from-ref", "main", "--to-ref", "topic")


def remove(estate: Estate) -> None:
    estate.shop.remove(RULES)


def rename(estate: Estate) -> None:
    estate.shop.write("plain/keys.nix", estate.shop.read(RULES))
    estate.shop.remove(RULES)


def rename_and_say_so(estate: Estate) -> None:
    rename(estate)
    estate.shop.write("agenix-check.toml", 'rules = ["plain/keys.nix"]\n')


def make_it_a_module(estate: Estate) -> None:
    estate.shop.write(RULES, "{ config, ... }: { }\n")


def empty(estate: Estate) -> None:
    estate.shop.write(RULES, "")


def make_it_a_module_that_speaks_of_keys(estate: Estate) -> None:
    estate.shop.write(RULES, "{ config, ... }: { } # publicKeys\n")


def let_it_have_no_rule(estate: Estate) -> None:
    estate.shop.write(RULES, "if true then { } else { x.publicKeys = [ ]; }\n")


def move_where_it_is_left_out(estate: Estate) -> None:
    text = estate.shop.read(RULES).decode()
    estate.shop.write("old/secrets.nix", text.replace('"wifi', '"../plain/wifi'))
    estate.shop.remove(RULES)


HIDE = (
    remove, rename, rename_and_say_so, make_it_a_module, empty,
    make_it_a_module_that_speaks_of_keys, let_it_have_no_rule, move_where_it_is_left_out,
)  # fmt: skip
LEFT_OUT = """
[[ignore]]
rule = "*"
path = "old/secrets.nix"
reason = "nobody uses it"
"""


@pytest.mark.parametrize("hide", HIDE)
@pytest.mark.parametrize("inventory", ["names", "lock", "nix"])
def test_no_rules_file_is_left(
    estate: Estate, run: Run, inventory: str, hide: Callable[[Estate], None]
) -> None:
    estate.shop.write(FILE, encrypt(b"x", [ALPHA]))
    write_rules(estate.shop, RULES, wifi=[ALPHA])
    estate.shop.write("agenix-check.toml", LEFT_OUT)
    estate.shop.commit("Add a plain secret")
    assert run(estate.shop.top, "--inventory", inventory).code == 0
    estate.shop.git.run("checkout", "--quiet", "-b", "topic")
    hide(estate)
    estate.shop.write(FILE, encrypt(b"y", [ALPHA, BETA]))
    estate.shop.commit("Let beta read it")
    result = run(estate.shop.top, *RANGE, "--inventory", inventory)
    assert result.code == 3, result
    assert RULES in result.stderr
    assert "Traceback" not in result.stderr


def test_a_fleet_that_gave_plain_agenix_up(estate: Estate, run: Run) -> None:
    # Its files are sources now: outputs are made from them.
    write_rules(estate.shop, "secrets/secrets.nix", db=[ALPHA])
    estate.shop.commit("Have both")
    estate.shop.git.run("checkout", "--quiet", "-b", "topic")
    estate.shop.remove("secrets/secrets.nix")
    estate.shop.commit("Give it up")
    assert run(estate.shop.top, *RANGE, "--inventory", "names").code == 0
    assert run(estate.shop.top, *RANGE, "--inventory", "lock").code == 0


def test_a_rules_file_and_its_files_that_are_gone(estate: Estate, run: Run) -> None:
    estate.shop.write(FILE, encrypt(b"x", [ALPHA]))
    write_rules(estate.shop, RULES, wifi=[ALPHA])
    estate.shop.commit("Add a plain secret")
    estate.shop.git.run("checkout", "--quiet", "-b", "topic")
    estate.shop.remove(RULES)
    estate.shop.remove(FILE)
    estate.shop.commit("Remove it")
    assert run(estate.shop.top, *RANGE, "--inventory", "names").code == 0
