"""Where a snapshot comes from, as the page says it: no host, no user, no password."""

from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.git.checkout import describe_checkout
from agenix_check.git.repository import open_repository
from agenix_check.model.findings import Checkout


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    made = Workshop(tmp_path_factory.mktemp("checkout") / "fleet")
    made.write("one", "1\n")
    made.commit("Add one\n\nbecause")
    return made


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://github.com/owner/fleet.git", "owner/fleet"),
        ("https://user:secret@git.example.org/group/sub/fleet/", "sub/fleet"),
        ("https://user:se/cret@example.org/fleet.git", "fleet"),
        ("https://example.org/owner/fleet.git?private_token=secret", "owner/fleet"),
        ("git@example.org:owner/fleet.git", "owner/fleet"),
        ("ssh://git@example.org:2222/owner/fleet", "owner/fleet"),
        ("/srv/git/other.git", "fleet"),
        ("file:///srv/git/other.git", "fleet"),
        ("../other", "fleet"),
    ],
)
def test_a_repository_is_called_by_its_remote(shop: Workshop, address: str, name: str) -> None:
    shop.git.run("config", "remote.origin.url", address)
    assert describe_checkout(open_repository(shop.top), None).repository == name


def test_the_branch_is_that_of_the_commit(tmp_path: Path) -> None:
    shop = Workshop(tmp_path / "fleet")
    shop.git.run("symbolic-ref", "HEAD", "refs/heads/topic/x")
    empty = describe_checkout(open_repository(shop.top), None)
    assert empty == Checkout(repository="fleet", branch="topic/x")
    for number in "12":
        shop.write("one", number)
        shop.commit(f"Write {number}")
    repository = open_repository(shop.top)
    at_head = Checkout("fleet", "topic/x", repository.head, "Write 2")
    assert describe_checkout(repository, None) == at_head
    assert describe_checkout(repository, repository.head) == at_head
    before = shop.git.run("rev-parse", "HEAD^").decode().strip()
    assert describe_checkout(repository, before) == Checkout("fleet", None, before, "Write 1")
    shop.git.run("checkout", "-q", "--detach")
    assert describe_checkout(open_repository(shop.top), None) == at_head._replace(branch=None)
