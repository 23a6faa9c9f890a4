"""`--fix` in every kind of repository and index, and with every kind of name."""

import json
import shlex
from pathlib import Path

import pytest

from agenix_check.age import read_age
from agenix_check.demo.workshop import Workshop
from agenix_check.git.process import Git
from tests.host_keys import ALPHA, BETA, NEW
from tests.mend.mending import DB, NEW_TEXT, ask, command, edit, execute, fix, write_key


def make(top: Path, *, object_format: str = "sha1", storage: str = "rekeyed") -> Workshop:
    """Return a fleet of one host and one secret, whose source was edited and staged."""
    fleet = Workshop(top, object_format=object_format, storage=storage)
    fleet.host("alpha", ALPHA)
    fleet.source(DB, "before\n")
    fleet.rekey("alpha", "db", DB, "before\n")
    fleet.commit("Build")
    edit(fleet)
    return fleet


def built(top: Path, *, storage: str = "rekeyed") -> Workshop:
    """Return a fleet of one host and one secret in order."""
    fleet = Workshop(top, storage=storage)
    fleet.host("alpha", ALPHA)
    fleet.source(DB, "before\n")
    fleet.rekey("alpha", "db", DB, "before\n")
    fleet.commit("Build")
    return fleet


def in_order(fleet: Workshop) -> None:
    path = fleet.output_path("alpha", "db", DB)
    assert (fleet.top / path).exists()
    assert ask(fleet, "diff", "--name-only") == ""
    assert ask(fleet, "ls-files", "--others") == ""
    ask(fleet, "fsck", "--no-dangling")


def test_the_fix_of_a_work_tree_stages_what_it_needs(fleet: Workshop) -> None:
    fleet.source(DB, NEW_TEXT)
    fleet.write("hosts/beta/host.pub", NEW + "\n")
    fleet.write("notes.txt", "not staged\n")
    words = [*command(fleet)[:-4], "--worktree", "--inventory", "names", "--format", "json"]
    report = json.loads(execute(fleet, [one for one in words if one != "--fix"]).stdout)
    typed = sorted({one["mend"].partition(" && agenix-check --fix")[0] for one in report["findings"]
                    if one["rule"] == "output-stale"})  # fmt: skip
    key, source = "git add -f -- :/hosts/beta/host.pub", f"git add -f -- :/{DB}"
    assert typed[0] == key
    assert set(typed[1:]) <= {source, f"{key} && {source}"}
    for line in typed:
        assert execute(fleet, ["sh", "-c", line]).code == 0
    assert ask(fleet, "diff", "--name-only") == ""
    assert fix(fleet, "--grant", "all").code == 0
    assert ask(fleet, "ls-files", "--others") == "notes.txt\n"


def test_a_repository_with_sha256(tmp_path: Path) -> None:
    fleet = make(tmp_path / "fleet", object_format="sha256")
    assert fix(fleet).code == 0
    in_order(fleet)


@pytest.mark.parametrize("storage", ["a b/'c'", 'quo"te\\', "new\nline", "-dash", "caf\udce9", "*"])
def test_a_directory_with_any_name(tmp_path: Path, storage: str) -> None:
    fleet = make(tmp_path / "fleet", storage=storage)
    done = fix(fleet)
    assert done.code == 0, done
    in_order(fleet)


def test_a_split_index(fleet: Workshop) -> None:
    fleet.git.run("update-index", "--split-index")
    edit(fleet)
    assert fix(fleet).code == 0
    in_order(fleet)


def test_an_index_of_version_4(fleet: Workshop) -> None:
    fleet.git.run("update-index", "--index-version", "4")
    edit(fleet)
    assert fix(fleet).code == 0
    in_order(fleet)


def test_a_linked_work_tree(fleet: Workshop, tmp_path: Path) -> None:
    before = ask(fleet, "ls-files", "--stage")
    linked = tmp_path / "linked"
    fleet.git.run("worktree", "add", "--quiet", "-b", "linked", str(linked))
    other = Workshop.__new__(Workshop)
    other.top, other.storage, other.git = linked, fleet.storage, fleet.git.at(str(linked))
    other.identity, other.master = fleet.identity, fleet.master
    edit(other)
    done = fix(other)
    assert done.code == 0, done
    in_order(other)
    assert ask(fleet, "ls-files", "--stage") == before
    assert ask(fleet, "status", "--porcelain") == ""


def test_from_a_directory_below(fleet: Workshop) -> None:
    edit(fleet)
    write_key(fleet)
    below = Workshop.__new__(Workshop)
    below.top, below.identity = fleet.top / "secrets", fleet.identity
    words = command(fleet)
    done = execute(below, words)
    assert done.code == 0, done
    in_order(fleet)


def test_before_the_first_commit(tmp_path: Path) -> None:
    fleet = Workshop(tmp_path / "fleet", storage="rekeyed")
    fleet.host("alpha", ALPHA)
    fleet.source(DB, NEW_TEXT)
    path = fleet.rekey("alpha", "db", DB, NEW_TEXT)
    fleet.stage()
    fleet.stage(fleet.write(path, "plain text"))
    done = fix(fleet)
    assert done.code == 0, done
    in_order(fleet)


def test_ignored_outputs_are_staged_too(fleet: Workshop) -> None:
    fleet.stage(fleet.write(".gitignore", "rekeyed\n"))
    edit(fleet)
    assert fix(fleet).code == 0
    in_order(fleet)


@pytest.mark.parametrize("options", [("--no-cone",), ("--cone",), ("--cone", "--sparse-index")])
def test_a_sparse_checkout_without_the_outputs(tmp_path: Path, options: tuple[str, ...]) -> None:
    fleet = built(tmp_path / "fleet")
    fleet.write("docs/read.me", "Not checked out.\n")
    fleet.commit("Write")
    fleet.git.run("sparse-checkout", "set", *options, "secrets", "hosts")
    assert not (fleet.top / "rekeyed").exists()
    edit(fleet)
    done = fix(fleet)
    assert done.code == 0, done
    in_order(fleet)
    assert ask(fleet, "ls-files", "docs") == "docs/read.me\n"
    assert not (fleet.top / "docs").exists()


@pytest.mark.parametrize(
    "attributes", ["* text=auto eol=crlf\n", "*.age text\n", "*.age -diff merge=ours\n"]
)
def test_attributes_alter_no_output(tmp_path: Path, attributes: str) -> None:
    fleet = make(tmp_path / "fleet")
    fleet.stage(fleet.write(".gitattributes", attributes))
    fleet.git.run("config", "core.autocrlf", "true")
    done = fix(fleet)
    assert done.code == 0, done
    in_order(fleet)
    path = fleet.output_path("alpha", "db", DB)
    assert fleet.git.run("cat-file", "blob", f":{path}") == fleet.read(path)


def test_a_storage_directory_behind_a_tracked_symlink(tmp_path: Path) -> None:
    fleet = built(tmp_path / "fleet", storage="real")
    (fleet.top / "rekeyed").symlink_to("real")
    fleet.commit("Add a symlink")
    edit(fleet)
    done = fix(fleet)
    assert done.code == 0, done
    in_order(fleet)
    assert (fleet.top / "rekeyed").is_symlink()


def test_a_submodule_is_left_alone_and_is_fixed_by_itself(tmp_path: Path) -> None:
    built(tmp_path / "inner")
    fleet = built(tmp_path / "fleet")
    add = ["git", "-c", "protocol.file.allow=always", "submodule", "--quiet", "add"]
    assert execute(fleet, [*add, str(tmp_path / "inner"), "inner"]).code == 0
    fleet.commit("Add a submodule")
    edit(fleet)
    before = ask(fleet, "ls-files", "--stage", "inner")
    assert fix(fleet).code == 0
    in_order(fleet)
    assert ask(fleet, "ls-files", "--stage", "inner") == before

    inner = Workshop.__new__(Workshop)
    inner.top, inner.storage = fleet.top / "inner", "rekeyed"
    inner.git = Git(str(inner.top))
    inner.identity, inner.master = fleet.identity, fleet.master
    edit(inner)
    done = fix(inner)
    assert done.code == 0, done
    in_order(inner)


@pytest.mark.parametrize("mark", ["--skip-worktree", "--assume-unchanged"])
def test_entries_that_git_does_not_look_at(tmp_path: Path, mark: str) -> None:
    fleet = make(tmp_path / "fleet")
    fleet.git.run("update-index", mark, *ask(fleet, "ls-files", "rekeyed").splitlines())
    done = fix(fleet)
    assert done.code == 0, done
    in_order(fleet)


def test_an_output_that_is_only_intended_to_be_added(tmp_path: Path) -> None:
    fleet = make(tmp_path / "fleet")
    fleet.rekey("alpha", "db", DB, NEW_TEXT)
    fleet.git.run("add", "--intent-to-add", ".")
    done = fix(fleet)
    assert done.code == 0, done
    in_order(fleet)


def test_a_rekey_that_was_not_added(tmp_path: Path) -> None:
    fleet = make(tmp_path / "fleet")
    fleet.remove(ask(fleet, "ls-files", "rekeyed").strip())
    made = fleet.rekey("alpha", "db", DB, NEW_TEXT)
    content = fleet.read(made)
    done = fix(fleet)
    assert done.code == 0, done
    in_order(fleet)
    assert fleet.read(made) == content


@pytest.mark.parametrize("storage", ["caf\udce9", "geheim\u00fc\u2603"])
def test_the_locale_c(tmp_path: Path, storage: str) -> None:
    fleet = make(tmp_path / "fleet", storage=storage)
    done = fix(fleet, env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"})
    assert done.code == 0, done
    in_order(fleet)


def test_without_a_home(tmp_path: Path) -> None:
    fleet = make(tmp_path / "fleet")
    done = execute(fleet, ["env", "--unset=HOME", *command(fleet)])
    assert done.code == 0, done
    in_order(fleet)


def test_without_standard_streams(tmp_path: Path) -> None:
    fleet = make(tmp_path / "fleet")
    done = execute(fleet, ["bash", "-c", '"$@" <&- >&- 2>&-', "bash", *command(fleet)])
    assert done.code == 3, "nobody saw the report"
    in_order(fleet)


@pytest.mark.parametrize("plaintext", [b"", bytes(100 << 20)], ids=["empty", "100 MiB"])
def test_secrets_of_any_size(tmp_path: Path, plaintext: bytes) -> None:
    fleet = built(tmp_path / "fleet")
    ask(fleet, "config", "core.compression", "0")  # nothing would come of it
    fleet.stage(fleet.source(DB, plaintext))
    done = fix(fleet)
    assert done.code == 0, done
    in_order(fleet)
    made = read_age(fleet.read(fleet.output_path("alpha", "db", DB)))
    assert made.plaintext_size == len(plaintext)


def test_nodes_whose_names_differ_in_case_alone(tmp_path: Path) -> None:
    fleet = built(tmp_path / "fleet")
    fleet.host("Alpha", BETA)
    fleet.rekey("Alpha", "db", DB, "before\n")
    fleet.commit("Add another")
    edit(fleet)
    done = fix(fleet)
    assert done.code == 0, done
    in_order(fleet)
    assert (fleet.top / fleet.output_path("Alpha", "db", DB)).exists()


def test_a_git_directory_elsewhere(tmp_path: Path) -> None:
    fleet = make(tmp_path / "fleet")
    fleet.git.run("init", "--quiet", f"--separate-git-dir={tmp_path / 'elsewhere.git'}")
    done = fix(fleet, env={"GIT_INDEX_FILE": str(tmp_path / "elsewhere.git/index")})
    assert done.code == 0, done
    in_order(fleet)


def test_a_commit_of_all_in_a_linked_work_tree_through_a_plain_hook(tmp_path: Path) -> None:
    fleet = built(tmp_path / "fleet")
    linked = tmp_path / "linked"
    fleet.git.run("worktree", "add", "--quiet", "-b", "linked", str(linked))
    hook = fleet.top / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\nexec {shlex.join(command(fleet))}\n")
    hook.chmod(0o755)
    other = Workshop.__new__(Workshop)
    other.top, other.storage, other.git = linked, "rekeyed", fleet.git.at(str(linked))
    other.identity, other.master = fleet.identity, fleet.master
    other.source(DB, NEW_TEXT)
    author = ["-c", "user.name=me", "-c", "user.email=me@example.org"]
    done = execute(other, ["git", *author, "commit", "--quiet", "--all", "-m", "Edit"])
    assert done.code == 0, done
    in_order(other)
    assert ask(other, "status", "--porcelain") == ""
    assert ask(other, "show", "--format=", "--name-only").count("rekeyed/") == 2


def test_a_copy_that_was_edited_is_left_with_a_reason(tmp_path: Path) -> None:
    fleet = built(tmp_path / "fleet")
    fleet.write("secrets/copy.age", fleet.read(DB))
    fleet.commit("Copy")
    edit(fleet)
    done = fix(fleet)
    assert done.code == 0
    assert "do not show which outputs are to be made from it" in done.stderr
