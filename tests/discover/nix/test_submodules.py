"""The submodules of a flake that asks for them: read from the clones that are here."""

from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.discover.nix.submodules import address
from agenix_check.errors import CannotCheckError
from agenix_check.git.repository import open_repository
from agenix_check.model.declaration import DeclaredPath
from tests.discover.nix.flakes import declare, write_flake

_REMOTES = (
    None,
    "https://token:secret@example.org/a/b/fleet.git",
    "git@example.org:a/b/fleet.git",
    "ssh://git@example.org:2222/a/b/fleet.git/",
    "/srv/with blank/fleet.git",
    "../elsewhere",
)
_ABSENT = (
    "the flake cannot be evaluated: the submodule lib/keys is not in this clone; "
    "fetch it with `git submodule update --init`"
)


def _with_submodule(workshop: Workshop, tmp_path: Path, url: str | None) -> None:
    library = Workshop(tmp_path / "library")
    # Nix, which all tests share, has not fetched this one yet.
    library.write("default.nix", f'"ssh-ed25519 from-the-submodule" # {tmp_path}')
    library.commit("Begin")
    allowed = workshop.git.with_environment({"GIT_ALLOW_PROTOCOL": "file"})
    allowed.run("submodule", "--quiet", "add", "--name", "a.lib", str(library.top), "lib/keys")
    if url is not None:
        allowed.run("config", "--file", ".gitmodules", "submodule.a.lib.url", url)
    write_flake(
        workshop,
        """
        nixosConfigurations.alpha =
          node { hostPubkey = import ./lib/keys; } { db.rekeyFile = ./lib/keys/db.age; };
        """,
    )
    text = workshop.read("flake.nix").decode()
    workshop.write(
        "flake.nix", text.replace("outputs =", "# self.submodules = true;\n outputs =", 1)
    )
    workshop.stage()


@pytest.mark.parametrize("url", [None, "https://example.org/library.git", "../library.git"])
def test_submodules_come_from_the_clones_that_are_here(
    workshop: Workshop, tmp_path: Path, url: str | None
) -> None:
    _with_submodule(workshop, tmp_path, url)
    (node,) = declare(workshop.top).nodes
    assert node.host_pubkey == "ssh-ed25519 from-the-submodule"
    assert node.secrets[0].source == DeclaredPath(path=None, outside="lib/keys/db.age")


_URLS = ["https://example.org/library.git", "../library.git", "../library"]


@pytest.mark.parametrize("url", _URLS)
def test_a_submodule_that_is_not_here_is_fetched_from_nowhere(
    workshop: Workshop, tmp_path: Path, url: str
) -> None:
    _with_submodule(workshop, tmp_path, url)
    assert (
        workshop.top / "../library/.git"
    ).is_dir()  # beside the repository, and not ours to read
    (workshop.top / ".git" / "modules").rename(tmp_path / "modules")
    with pytest.raises(CannotCheckError) as caught:
        declare(workshop.top)
    assert str(caught.value) == _ABSENT


def test_a_submodule_whose_commit_is_not_here_is_named(workshop: Workshop, tmp_path: Path) -> None:
    _with_submodule(workshop, tmp_path, "../library.git")
    workshop.git.run("update-index", "--cacheinfo", f"160000,{'1' * 40},lib/keys")
    with pytest.raises(CannotCheckError) as caught:
        declare(workshop.top)
    assert str(caught.value) == _ABSENT


def test_what_else_fails_is_not_blamed_on_submodules(workshop: Workshop, tmp_path: Path) -> None:
    _with_submodule(workshop, tmp_path, "../library.git")
    workshop.write("flake.nix", "# self.submodules = true;\n{ outputs = }")
    workshop.stage()
    with pytest.raises(CannotCheckError, match="syntax error, unexpected '}'"):
        declare(workshop.top)


@pytest.mark.parametrize("remote", _REMOTES)
def test_relative_addresses_lead_to_them_whatever_the_remote_is(
    workshop: Workshop, tmp_path: Path, remote: str | None
) -> None:
    if remote is not None:
        workshop.git.run("config", "remote.origin.url", remote)
    _with_submodule(workshop, tmp_path, "../../other/./library.git")
    (node,) = declare(workshop.top).nodes
    assert node.host_pubkey == "ssh-ed25519 from-the-submodule"


def _address(workshop: Workshop, **settings: str) -> str:
    for name, value in settings.items():
        workshop.git.run("config", name.replace("_", "."), value)
    return address(open_repository(workshop.top))


def test_addresses_start_from_the_remote_of_the_branch(workshop: Workshop) -> None:
    ours, theirs = "https://example.org/ours/fleet.git", "https://example.org/theirs/fleet.git"
    assert _address(workshop, remote_origin_url=ours, remote_theirs_url=theirs) == ours
    assert _address(workshop, branch_main_remote="theirs") == theirs


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        ("https://token:secret@example.org/fleet.git", "https://example.org/fleet.git"),
        ("https://token@example.org//fleet.git/", "https://example.org/fleet.git"),
        ("ssh://git:secret@example.org/fleet.git", "ssh://git@example.org/fleet.git"),
        ("git@example.org:my/fleet.git", "ssh://git@example.org/my/fleet.git"),
        ("file:///srv/fleet.git", "https://here.invalid/srv/fleet.git"),
        ("/srv/fleet.git", "https://here.invalid/srv/fleet.git"),
    ],
)
def test_no_password_and_no_local_path_is_handed_on(
    workshop: Workshop, remote: str, expected: str
) -> None:
    assert _address(workshop, remote_origin_url=remote) == expected
