"""Symbolic links in the tree are followed as Nix follows them; those that lead out are said."""

from collections.abc import Callable

import pytest

from agenix_check.keys.encrypt import encrypt
from agenix_check.model.declaration import DeclaredPath
from agenix_check.model.frozen import replace
from tests.conftest import Run
from tests.discover.declared.estate import DB, Estate, judge


def link(estate: Estate, path: str, target: str) -> None:
    place = estate.shop.top / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(target)


def behind_a_link(estate: Estate) -> None:
    estate.shop.write("shared/db.age", estate.shop.read(DB))
    estate.shop.remove(DB)
    link(estate, DB, "../shared/db.age")


def behind_a_chain(estate: Estate) -> None:
    estate.shop.write("shared/db.age", estate.shop.read(DB))
    estate.shop.remove(DB)
    link(estate, "by-name/db", "../shared/db.age")
    link(estate, DB, "../by-name/db")


def behind_a_directory(estate: Estate) -> None:
    estate.shop.write("shared/all/db.age", estate.shop.read(DB))
    link(estate, "linked", "shared/all")
    for node in estate.nodes.values():
        node.secrets["db"].source = "linked/db.age"
    estate.shop.remove(DB)


@pytest.mark.parametrize("move", [behind_a_link, behind_a_chain, behind_a_directory])
@pytest.mark.parametrize("inventory", ["nix", "lock", "names"])
def test_a_source_behind_a_link_is_the_file_that_it_leads_to(
    estate: Estate, run: Run, move: Callable[[Estate], None], inventory: str
) -> None:
    move(estate)
    estate.write_lock()
    estate.write_flake()
    estate.shop.commit("Move a source")

    done = run(estate.shop.top, "--inventory", inventory, "-v")

    assert (done.code, done.stderr) == (0, ""), done
    assert "source-unused" not in done.stdout


def test_the_edit_of_what_a_link_leads_to_makes_outputs_stale(estate: Estate, run: Run) -> None:
    behind_a_link(estate)
    estate.write_lock()
    estate.shop.commit("Move a source")
    content = encrypt(b"another text\n", [estate.shop.master])
    estate.shop.write("shared/db.age", content)
    estate.shop.stage()

    stale = {one.node for one in judge(estate).findings if one.rule == "output-stale"}
    assert stale == {"nixos:alpha", "nixos:beta", "nixos:delta"}

    (estate.shop.top.parent / "id").write_text(estate.shop.identity)
    identity = str(estate.shop.top.parent / "id")
    done = run(estate.shop.top, "--fix", "--inventory", "lock", "-i", identity)

    assert done.code == 0, done
    assert estate.shop.read("shared/db.age") == content
    assert (estate.shop.top / DB).is_symlink()


def test_a_link_that_leads_to_another_source_makes_outputs_stale(estate: Estate) -> None:
    behind_a_link(estate)
    estate.edit("shared/other.age", "the text of another\n")
    estate.write_lock()
    estate.shop.commit("Move a source")
    (estate.shop.top / DB).unlink()
    link(estate, DB, "../shared/other.age")
    estate.shop.stage()

    stale = {one.node for one in judge(estate).findings if one.rule == "output-stale"}

    assert stale == {"nixos:alpha", "nixos:beta", "nixos:delta"}


def test_a_link_with_the_name_of_a_missing_file_is_no_source(estate: Estate) -> None:
    estate.shop.remove(DB)
    link(estate, DB, "../shared/gone.age")
    estate.shop.stage()

    report = judge(estate)

    about_db = {(one.rule, one.path) for one in report.findings if one.secret == "db"}
    assert about_db == {("source-missing", "shared/gone.age")}


def test_links_in_a_circle_lead_nowhere(estate: Estate) -> None:
    estate.shop.remove(DB)
    link(estate, DB, "other.age")
    link(estate, "secrets/other.age", "db.age")
    estate.shop.stage()

    (sentence,) = judge(estate).incomplete

    assert sentence.startswith("nixos:alpha db could not be judged: its source is outside")
    assert sentence.endswith("(and 2 more)")


def test_a_linked_identity_is_read(estate: Estate) -> None:
    note = f"# public key: {estate.shop.master}\nAGE-PLUGIN-FIDO2-HMAC-1QQQ\n"
    estate.shop.write("keys/a.pub", note)
    link(estate, "keys/by-name/ann", "../a.pub")
    estate.masters = [
        replace(estate.masters[0], pubkey=None, identity=DeclaredPath(path="keys/by-name/ann"))
    ]
    estate.shop.write(DB, encrypt(b"x", [estate.hosts["alpha"]]))
    estate.write_lock()
    estate.shop.stage()

    rules = {one.rule for one in judge(estate).findings if one.path == DB}

    assert "source-missing-recipient" in rules


def test_a_storage_directory_behind_a_link_is_looked_at(estate: Estate) -> None:
    (estate.shop.top / "secrets/rekeyed").rename(estate.shop.top / "outputs")
    link(estate, "secrets/rekeyed", "../outputs")
    estate.shop.commit("Move the outputs")

    report = judge(estate)

    assert report.findings == ()
    assert report.counts.outputs == 5
