"""The snapshot is what is evaluated, wherever and however its repository is."""

import hashlib
from pathlib import Path

import pytest

from agenix_check.demo.workshop import Workshop
from agenix_check.discover.nix import evaluate
from agenix_check.errors import AgenixCheckError, CannotCheckError
from agenix_check.git.export import export
from agenix_check.git.repository import commit_snapshot, index_snapshot, open_repository
from tests.discover.nix.flakes import declare, declare_worktree, names, only_node, write_flake
from tests.programs import version_of

_BOTH = ["nixos:alpha", "nixos:beta"]


def _keys(top: Path) -> dict[str, str]:
    return {node.name: node.host_pubkey for node in declare(top).nodes}


def _state(top: Path) -> dict[str, str]:
    """Return every file below a directory with its content's hash."""
    return {
        str(file.relative_to(top)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(top.rglob("*"))
        if file.is_file()
    }


def test_what_is_staged_is_evaluated(flake: Workshop) -> None:
    flake.commit("Begin")
    flake.write("hosts/alpha.pub", "ssh-ed25519 staged\n")
    flake.stage()
    flake.write("hosts/alpha.pub", "ssh-ed25519 edited\n")
    assert _keys(flake.top)["nixos:alpha"] == "ssh-ed25519 staged\n"


def test_the_work_tree_is_evaluated_where_it_is_asked_for(flake: Workshop) -> None:
    flake.commit("Begin")
    flake.write("hosts/alpha.pub", "ssh-ed25519 edited\n")
    flake.write("hosts/new.pub", "untracked\n")
    before = _state(flake.top)
    alpha, _ = declare_worktree(flake.top).nodes
    assert alpha.host_pubkey == "ssh-ed25519 edited\n"
    assert _state(flake.top) == before


def test_a_commit_is_evaluated(flake: Workshop) -> None:
    commit = flake.commit("Begin")
    flake.write("hosts/alpha.pub", "ssh-ed25519 later\n")
    flake.commit("Later")
    repository = open_repository(flake.top)
    alpha, _ = evaluate(repository, commit_snapshot(repository, commit)).nodes
    assert alpha.host_pubkey == "ssh-ed25519 AAAAalpha root@alpha\n"


def test_before_the_first_commit(flake: Workshop) -> None:
    assert names(declare(flake.top)) == _BOTH


def test_nothing_is_written_where_the_user_works(flake: Workshop) -> None:
    flake.commit("Begin")
    flake.write("hosts/alpha.pub", "ssh-ed25519 staged\n")
    flake.stage()
    with index_snapshot(open_repository(flake.top)) as (repository, snapshot):
        before = _state(flake.top)
        evaluate(repository, snapshot)
        assert _state(flake.top) == before


def test_the_same_tree_is_the_same_commit(flake: Workshop) -> None:
    with index_snapshot(open_repository(flake.top)) as (repository, snapshot):
        with export(repository, snapshot) as first:
            pass
        flake.git.run("config", "i18n.commitEncoding", "latin1")
        with export(repository, snapshot) as second:
            pass
    assert first.commit == second.commit
    assert not first.directory.exists()


def test_a_shallow_clone(flake: Workshop, tmp_path: Path) -> None:
    flake.commit("Begin")
    flake.write("hosts/alpha.pub", "ssh-ed25519 later\n")
    flake.commit("Later")
    clone = tmp_path / "clone"
    flake.git.with_environment({"GIT_ALLOW_PROTOCOL": "file"}).run(
        "clone", "--quiet", "--depth=1", f"file://{flake.top}", str(clone)
    )
    assert open_repository(clone).shallow
    assert _keys(clone)["nixos:alpha"] == "ssh-ed25519 later\n"


def test_a_linked_work_tree_and_a_bare_repository(flake: Workshop, tmp_path: Path) -> None:
    commit = flake.commit("Begin")
    linked = tmp_path / "linked"
    flake.git.run("worktree", "add", "--quiet", "--detach", str(linked))
    (linked / "hosts" / "beta.pub").write_text("ssh-ed25519 linked")
    assert {node.host_pubkey for node in declare_worktree(linked).nodes} == {
        "ssh-ed25519 AAAAalpha root@alpha\n",
        "ssh-ed25519 linked",
    }
    bare = tmp_path / "bare.git"
    flake.git.with_environment({"GIT_ALLOW_PROTOCOL": "file"}).run(
        "clone", "--quiet", "--bare", str(flake.top), str(bare)
    )
    repository = open_repository(bare)
    assert names(evaluate(repository, commit_snapshot(repository, commit))) == _BOTH


@pytest.mark.parametrize("name", ["two words", "a#b?c=d&e%20f", "ä☃", "-x", "q\"u'o\\te", "co:lon"])
def test_a_repository_with_a_difficult_name(tmp_path: Path, name: str) -> None:
    workshop = Workshop(tmp_path / name)
    workshop.write("host.pub", "age1x")
    assert only_node(workshop, "{ hostPubkey = ./host.pub; }").host_pubkey == "age1x"
    workshop.write("host.pub", "age1other")
    (node,) = declare_worktree(workshop.top).nodes
    assert node.host_pubkey == "age1other"


@pytest.mark.parametrize("name", ["two words", "a#b?c=d&e%20f", "ä☃"])
def test_a_scratch_directory_with_a_difficult_name(
    flake: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    scratch = tmp_path / name
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    assert names(declare(flake.top)) == _BOTH


def test_a_repository_with_sha256(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path / "repository", object_format="sha256")
    write_flake(workshop, "nixosConfigurations.alpha = node { } { };")
    workshop.stage()
    with pytest.raises(CannotCheckError) as caught:
        declare(workshop.top)
    assert str(caught.value) == (
        "the flake cannot be evaluated: this Nix cannot read repositories with SHA-256 object names"
    )


def test_a_repository_with_reftable(flake: Workshop) -> None:
    """Nix cannot open it; it meets the copy alone."""
    if version_of("git") >= (2, 46):
        flake.git.run("refs", "migrate", "--ref-format=reftable")
        assert flake.git.run("rev-parse", "--show-ref-format").strip() == b"reftable"
        assert names(declare(flake.top)) == _BOTH
        return
    flake.git.run("config", "core.repositoryFormatVersion", "1")
    flake.git.run("config", "extensions.refStorage", "reftable")
    with pytest.raises(AgenixCheckError, match="refstorage"):
        declare(flake.top)


def test_files_are_the_bytes_that_are_committed(workshop: Workshop) -> None:
    workshop.write(".gitattributes", "*.pub eol=crlf ident\nhidden export-ignore\n")
    workshop.write("host.pub", "age1x\n$Id$\n")
    workshop.write("hidden", "still here")
    workshop.git.run("config", "core.autocrlf", "true")
    node = only_node(
        workshop, "{ hostPubkey = builtins.readFile ./host.pub + builtins.readFile ./hidden; }"
    )
    assert node.host_pubkey == "age1x\n$Id$\nstill here"


def test_no_filter_of_the_user_runs(
    workshop: Workshop, nix_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = tmp_path / "ran"
    workshop.write(".gitattributes", "*.pub filter=mine\n")
    workshop.write("host.pub", "age1x\n")
    workshop.stage()
    configuration = nix_home / ".gitconfig"
    configuration.write_text(f'[filter "mine"]\n\tsmudge = touch {ran}; cat\n\trequired = true\n')
    try:
        assert only_node(workshop, "{ hostPubkey = ./host.pub; }").host_pubkey == "age1x\n"
    finally:
        configuration.unlink()
    assert not ran.exists()


def test_the_places_that_a_hook_is_given_do_not_mislead(
    flake: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flake.commit("Begin")
    flake.write("hosts/alpha.pub", "ssh-ed25519 partly\n")
    index = tmp_path / "next-index-1.lock"
    environment = {"GIT_INDEX_FILE": str(index)}
    flake.git.with_environment(environment).run("read-tree", "HEAD")
    flake.git.with_environment(environment).run("add", "hosts/alpha.pub")
    for name, value in {**environment, "GIT_DIR": ".git", "GIT_PREFIX": ""}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(flake.top)
    assert _keys(flake.top)["nixos:alpha"] == "ssh-ed25519 partly\n"


def test_objects_that_are_still_in_quarantine(
    flake: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flake.commit("Begin")
    arriving = tmp_path / "incoming:1"
    arriving.mkdir()
    real = flake.top / ".git" / "objects"
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(arriving))
    monkeypatch.setenv("GIT_ALTERNATE_OBJECT_DIRECTORIES", f'"{real}":/nowhere')
    arrived = Workshop(flake.top)
    arrived.write("hosts/alpha.pub", "ssh-ed25519 arriving\n")
    arrived.stage()
    assert any(arriving.iterdir())
    assert _keys(flake.top)["nixos:alpha"] == "ssh-ed25519 arriving\n"


def test_an_object_that_is_missing_is_named(flake: Workshop) -> None:
    flake.write("unlike", "what other tests have evaluated")
    flake.commit("Begin")
    oid = flake.git.run("rev-parse", ":secrets/db.age").decode().strip()
    (flake.top / ".git" / "objects" / oid[:2] / oid[2:]).unlink()
    with pytest.raises(CannotCheckError) as caught:
        declare(flake.top)
    assert str(caught.value).endswith(f"the object {oid} is not in this clone")
