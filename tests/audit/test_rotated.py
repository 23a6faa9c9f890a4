"""A key that was replaced in one file and lives on in another: outputs are made for the old one."""

from collections.abc import Callable

import pytest

from agenix_check.audit.commands import choose_key
from agenix_check.demo.workshop import Workshop
from agenix_check.gate import check
from agenix_check.git.repository import open_repository
from agenix_check.model.findings import Finding, Report
from agenix_check.model.settings import Settings
from tests.audit.scenes import (
    ALPHA_TOKEN,
    DB,
    WIFI,
    judge,
    name_key_file,
    of_rule,
    rekey,
    storage,
    the_only,
)
from tests.audit.test_views import VIEWS
from tests.host_keys import ALPHA, BETA, NEW, OTHER, RSA

KNOWN = "known-hosts.toml"
RULE = "output-mixed-keys"


def rotate(shop: Workshop, key: str = NEW) -> str:
    """Replace alpha's key, which another file holds too, on a branch, and return the commit."""
    shop.write(KNOWN, f'alpha = "{ALPHA.strip()}"\n')
    shop.commit("Write the key down elsewhere")
    shop.git.run("checkout", "--quiet", "-b", "work")
    shop.host("alpha", key)
    return shop.commit("Rotate the key")


def something_else(shop: Workshop) -> None:
    """Commit what has nothing to do with it."""
    shop.write("notes.txt", "later\n")
    shop.commit("Write notes")


def by_a_merge(shop: Workshop) -> None:
    """Let another branch take it in."""
    shop.git.run("checkout", "--quiet", "-b", "other", "main")
    something_else(shop)
    shop.git.run("merge", "--quiet", "--no-edit", "work")
    shop.git.run("branch", "--quiet", "-f", "work", "HEAD")
    shop.git.run("checkout", "--quiet", "work")


def once_more(shop: Workshop) -> None:
    """Rotate it again, and a host without a part in this."""
    shop.host("alpha", OTHER)
    shop.host("delta", RSA)
    shop.commit("Rotate again")


def rekey_alpha(shop: Workshop) -> None:
    """Make all of alpha's outputs anew for its key."""
    for secret, source, text in (
        ("db", DB, "postgres://db\n"),
        ("wifi", WIFI, "correct horse\n"),
        ("token", ALPHA_TOKEN, "token of alpha\n"),
    ):
        rekey(shop, "alpha", secret, source, text)
    shop.commit("Rekey alpha")


def _mixed(report: Report) -> list[Finding]:
    return of_rule(report, RULE)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("later", [None, something_else, by_a_merge])
def test_it_is_said_in_every_view(
    fleet: Workshop, later: Callable[[Workshop], None] | None, view: str
) -> None:
    commit = rotate(fleet)
    if later is not None:
        later(fleet)

    finding = the_only(judge(fleet, **VIEWS[view]), RULE)

    in_range = "main" in VIEWS[view].values()
    assert finding.new == (in_range or (view == "rev" and later is not something_else))
    if not (finding.new and view == "index against main"):
        assert finding.cause is not None
        assert finding.since == finding.cause.commit
        assert finding.since == commit or later is by_a_merge
    assert finding.message == (
        "hosts/alpha/host.pub holds another key now, but outputs are made for the old one, which "
        f"is still in {KNOWN}"
    )


def test_many_commits_later(fleet: Workshop) -> None:
    commit = rotate(fleet)
    for _ in range(3):
        fleet.rekey("beta", "new", DB, "postgres://db\n")
        something_else(fleet)
        fleet.write("docs/a.md", fleet.read("notes.txt") * 2)
        fleet.commit("Write")
    for _ in range(2):
        finding = the_only(judge(fleet, no_cache=False), RULE)
        assert (finding.severity, finding.node, finding.path, finding.new, finding.since) == (
            "warning", storage("alpha"), name_key_file("alpha"), False, commit,
        )  # fmt: skip
        assert finding.mend == choose_key(name_key_file("alpha"), [KNOWN])


def _put_back(shop: Workshop) -> None:
    shop.host("alpha", ALPHA)
    shop.commit("Take it back")


def _retire(shop: Workshop) -> None:
    shop.remove(name_key_file("alpha"))
    shop.commit("Retire alpha")


def _make_for_the_old_key(shop: Workshop) -> None:
    shop.rekey("alpha", "new", DB, "postgres://db\n", key=ALPHA.strip())
    shop.commit("Rekey for what the flake declares")


@pytest.mark.parametrize("act", [rekey_alpha, _put_back, _retire, _make_for_the_old_key])
def test_it_ends(fleet: Workshop, act: Callable[[Workshop], None]) -> None:
    rotate(fleet)
    something_else(fleet)
    assert _mixed(judge(fleet))
    act(fleet)
    something_else_again = fleet.write("docs/b.md", "b\n")
    fleet.commit(f"Write {something_else_again}")
    assert not _mixed(judge(fleet))


def test_a_host_that_is_a_copy_of_another_is_left_out(fleet: Workshop) -> None:
    fleet.host("beta", ALPHA)
    for secret, source, text in (("db", DB, "postgres://db\n"), ("wifi", WIFI, "correct horse\n")):
        rekey(fleet, "beta", secret, source, text)
    fleet.commit("Copy alpha to beta")
    fleet.host("alpha", NEW)
    fleet.commit("Give alpha a key of its own")
    something_else(fleet)
    assert {one.node for one in _mixed(judge(fleet))} == {storage("alpha")}


def test_a_file_that_never_held_the_key_is_left_out(fleet: Workshop) -> None:
    fleet.write("users/alpha.pub", NEW)
    fleet.write(KNOWN, f'alpha = "{ALPHA.strip()}"\n')
    fleet.remove(name_key_file("alpha"))
    fleet.write("hosts/alpha/default.nix", fleet.read("hosts/alpha/default.nix"))
    fleet.commit("Keep the keys of users too")
    fleet.write("users/alpha.pub", OTHER)
    fleet.commit("Another laptop")
    something_else(fleet)
    for _ in range(2):
        assert not _mixed(judge(fleet, no_cache=False))


def _keys(alpha: str, *others: str) -> str:
    lines = [f'  host{number} = "{key.strip()}";' for number, key in enumerate((alpha, *others))]
    return "\n".join(["{", *lines, "}", ""])


@pytest.mark.parametrize(("others", "expected"), [((BETA,), 1), ((RSA,), 0)])
def test_a_list_of_keys_holds_those_of_other_hosts_too(
    fleet: Workshop, others: tuple[str, ...], expected: int
) -> None:
    fleet.write("keys.nix", _keys(ALPHA, *others))
    fleet.write(KNOWN, f'one = "{ALPHA.strip()}"\n')
    fleet.remove(name_key_file("alpha"))
    fleet.commit("Keep the keys in one file")
    fleet.write("keys.nix", _keys(NEW, *others))
    fleet.commit("Rotate a key")
    assert len(_mixed(judge(fleet, rev="HEAD"))) == 1
    something_else(fleet)
    assert len(_mixed(judge(fleet))) == expected


def test_what_one_branch_shows_is_not_taken_for_another(fleet: Workshop) -> None:
    repository, spare = open_repository(fleet.top), "keys/alpha.pub"
    for branch, texts in (("never", [NEW]), ("once", [ALPHA, NEW]), ("again", [NEW, ALPHA, NEW])):
        fleet.git.run("checkout", "--quiet", "-b", branch, "main")
        for text in texts:
            fleet.write(spare, text)
            fleet.commit(f"Write the key down on {branch}")
            something_else(fleet)  # the commit itself shows what it replaced
            known = check(repository, Settings(rev="HEAD"))
            assert known.findings == check(repository, Settings(rev="HEAD", no_cache=True)).findings
        assert [one.path for one in _mixed(known)] == ([] if len(texts) == 1 else [spare])


def test_what_was_a_key_of_another_host_may_be_nobodys_later(fleet: Workshop) -> None:
    beta = BETA.strip()
    fleet.host("beta", beta)
    for name, source, text in (("db", DB, "postgres://db\n"), ("wifi", WIFI, "correct horse\n")):
        rekey(fleet, "beta", name, source, text)
    fleet.write("beta.pub", f"{beta}\n{OTHER}")
    fleet.commit("List the keys of beta")
    fleet.write("beta.pub", f"{ALPHA}{OTHER}")
    fleet.commit("List another")
    something_else(fleet)
    repository = open_repository(fleet.top)
    assert _mixed(check(repository, Settings())) == []
    fleet.host("alpha", NEW)
    rekey_alpha(fleet)
    something_else(fleet)

    known, fresh = (check(repository, Settings(no_cache=one)) for one in (False, True))

    assert [one.node for one in _mixed(fresh)] == [storage("beta")]
    assert known.findings == fresh.findings


def test_a_shallow_clone_says_what_it_does_not_see(fleet: Workshop) -> None:
    rotate(fleet)
    something_else(fleet)
    top = fleet.top.with_name("shallow")
    allowed = fleet.git.with_environment({"GIT_ALLOW_PROTOCOL": "file"})
    allowed.run("clone", "--quiet", "--depth=1", f"file://{fleet.top}", str(top))
    assert open_repository(top).shallow
    report = judge(Workshop(top))
    assert not _mixed(report)
    (sentence,) = report.skipped
    assert sentence.startswith(
        f"{name_key_file('alpha')}: history that would show whether it once held"
    )
