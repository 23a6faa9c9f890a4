"""A key of plain agenix that is another's: who pasted the wrong one is asked before it is used."""

import json
from collections.abc import Mapping

import pytest

from agenix_check.age import read_age
from agenix_check.demo.workshop import Workshop
from agenix_check.keys.encrypt import encrypt
from tests.host_keys import ALPHA, BETA, GAMMA, NEW
from tests.mend.mending import fix, state


def _write(shop: Workshop, names: Mapping[str, str], **rules: str) -> None:
    bound = "".join(f"  {name} = {text};\n" for name, text in names.items())
    listed = "".join(f'  "{path}.age".publicKeys = {keys};\n' for path, keys in rules.items())
    shop.write("secrets.nix", f"let\n{bound}in {{\n{listed}}}\n")


def _key(text: str) -> str:
    return json.dumps(text.strip())


@pytest.fixture
def begun(workshop: Workshop) -> tuple[Workshop, dict[str, str], dict[str, str]]:
    """A repository with a secret for each of two hosts, and what its rules are made of."""
    me = workshop.master
    names = {"me": _key(me), "web": _key(ALPHA), "db": _key(BETA), "admins": f"[ {_key(me)} ]"}
    rules = {"site": "[ me web ]", "data": "[ me db ]", "all": "admins"}
    for path, keys in (("site", [me, ALPHA]), ("data", [me, BETA]), ("all", [me])):
        workshop.write(f"{path}.age", encrypt(b"x\n", keys))
    _write(workshop, names, **rules)
    workshop.commit("Begin")
    assert fix(workshop).code == 0
    return workshop, names, rules


def test_who_pastes_another_hosts_key_is_asked(
    begun: tuple[Workshop, dict[str, str], dict[str, str]],
) -> None:
    shop, names, rules = begun
    _write(shop, names | {"web": names["db"]}, **rules)
    shop.stage()
    before = state(shop)

    done = fix(shop)

    assert (done.code, state(shop)) == (1, before)
    assert "had another key before this change, and this one was db's" in done.stderr
    option = next(word for word in done.stderr.split() if word.startswith("SHA256:"))
    assert fix(shop, "--grant", option).code == 0
    assert len(read_age(shop.read("site.age")).real_stanzas) == 2


@pytest.mark.parametrize(
    ("edited", "ruled"),
    [
        pytest.param({"web": _key(NEW)}, {}, id="a key that nobody had"),
        pytest.param({}, {"site": "[ me web db ]"}, id="one more reader"),
        pytest.param({"admins": "[ me db ]"}, {}, id="one more in a list"),
        pytest.param({"web2": _key(BETA)}, {"site": "[ me web2 ]"}, id="a second name"),
        pytest.param({"db": _key(GAMMA), "web": _key(GAMMA)}, {}, id="one new key for two"),
    ],
)
def test_whoever_means_it_is_not_asked(
    begun: tuple[Workshop, dict[str, str], dict[str, str]],
    edited: dict[str, str],
    ruled: dict[str, str],
) -> None:
    shop, names, rules = begun
    _write(shop, names | edited, **rules | ruled)
    shop.stage()

    assert fix(shop).code == 0
