"""When Nix is started, counted by a program of its name that starts the real one."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from agenix_check.discover.declared import evaluation_cache
from agenix_check.discover.tree.evidence import LOCK
from agenix_check.git.cache import Store
from agenix_check.keys.encrypt import encrypt
from tests.audit.by_declaration.test_plain import write_rules
from tests.conftest import Result, Run
from tests.discover.declared.estate import DB, TOKEN, Estate, Secret
from tests.host_keys import ALPHA, NEW, OTHER
from tests.pace import PATIENCE

CACHE = ".git/agenix-check/evaluated"


class Counter:
    """Counts how often a program is started."""

    def __init__(self, directory: Path, program: str) -> None:
        self.log = directory / f"{program}.log"
        directory.mkdir(exist_ok=True)
        wrapper = directory / program
        wrapper.write_text(
            f'#!/bin/sh\necho "$$" >> {self.log}\nexec {shutil.which(program)} "$@"\n'
        )
        wrapper.chmod(0o755)
        self.env = {"PATH": f"{directory}{os.pathsep}{os.environ['PATH']}"}

    def take(self) -> int:
        """Return the number of starts since the last call."""
        if not self.log.exists():
            return 0
        count = len(self.log.read_text().splitlines())
        self.log.unlink()
        return count


@pytest.fixture
def nix(tmp_path: Path) -> Counter:
    return Counter(tmp_path / "bin", "nix")


Check = Callable[..., Result]


@pytest.fixture
def check(estate: Estate, run: Run, nix: Counter) -> Check:
    """Return a function that stages everything and checks it as a hook does."""

    def check_(*words: str, env: Mapping[str, str] | None = None) -> Result:
        estate.shop.stage()
        return run(estate.shop.top, *words, env={**nix.env, **(env or {})})

    return check_


def evaluated(check: Check, nix: Counter, *words: str, **variables: str) -> bool:
    """Check what is there; tell whether Nix was started."""
    done = check(*words, env=variables)
    assert done.code in (0, 1), done
    starts = nix.take()
    assert starts <= 1
    return starts == 1


@pytest.fixture
def warm(check: Check, nix: Counter) -> None:
    """Have the commit that is there evaluated."""
    assert evaluated(check, nix)


def edit_readme(estate: Estate) -> None:
    estate.shop.write("README.md", "Another text.\n")


def add_a_module(estate: Estate) -> None:
    estate.shop.write("modules/web.nix", "{ services.nginx.enable = true; }\n")


def edit_the_flake_elsewhere(estate: Estate) -> None:
    flake = estate.shop.read("flake.nix").decode()
    estate.shop.write("flake.nix", "# A fleet of three hosts.\n" + flake)


def edit_a_source(estate: Estate) -> None:
    estate.edit(DB, "another\n")


def edit_a_source_and_rekey(estate: Estate) -> None:
    estate.edit(DB, "another\n")
    estate.rekey()


def edit_beside_a_key(estate: Estate) -> None:
    estate.shop.write("known-hosts.nix", f'{{\n  # hosts\n  alpha = "{ALPHA.strip()}";\n}}\n')


IRRELEVANT = [
    edit_readme, add_a_module, edit_the_flake_elsewhere, edit_a_source, edit_a_source_and_rekey,
    edit_beside_a_key,
]  # fmt: skip


@pytest.mark.parametrize("edit", IRRELEVANT)
def test_a_change_of_no_relevant_line_starts_no_nix(
    estate: Estate, check: Check, nix: Counter, edit: Callable[[Estate], None]
) -> None:
    estate.shop.write("known-hosts.nix", f'{{\n  alpha = "{ALPHA.strip()}";\n}}\n')
    estate.shop.commit("Begin")
    assert evaluated(check, nix)
    edit(estate)

    assert not evaluated(check, nix)

    for text in ("one", "two"):
        estate.shop.commit("Do it")
        estate.shop.write("README.md", text)
        assert not evaluated(check, nix)


def edit_the_flake(estate: Estate) -> None:
    estate.nodes["beta"].secrets["token"] = Secret(TOKEN)
    estate.write_flake()


def rotate_a_key(estate: Estate) -> None:
    estate.shop.host("alpha", NEW)


def change_the_comment_of_a_key(estate: Estate) -> None:
    estate.shop.host("alpha", ALPHA.replace("root@alpha", "admin"))


def remove_a_module(estate: Estate) -> None:
    estate.shop.remove("modules/old.nix")


def edit_the_inputs(estate: Estate) -> None:
    estate.shop.write("nixos/flake.lock", '{ "nodes": { "root": { } }, "version": 7 }\n')


def edit_the_identity(estate: Estate) -> None:
    estate.shop.write("master.pub", "# Nothing of an identity.\n")


def add_a_source_and_a_line(estate: Estate) -> None:
    estate.shop.source("secrets/new.age", "x")
    edit_readme(estate)


def rotate_a_bare_key(estate: Estate) -> None:
    estate.shop.write("hosts.json", json.dumps({"gamma": OTHER.split()[1]}))


def rename_a_source(estate: Estate) -> None:
    estate.shop.write("vault/db.age", estate.shop.read(DB))
    estate.shop.remove(DB)


RELEVANT = [
    edit_the_flake, rotate_a_key, change_the_comment_of_a_key, remove_a_module, edit_the_inputs,
    edit_the_identity, add_a_source_and_a_line, rotate_a_bare_key, rename_a_source,
]  # fmt: skip


@pytest.mark.parametrize("edit", RELEVANT)
def test_a_change_of_a_relevant_line_or_file_starts_nix_once(
    estate: Estate, check: Check, nix: Counter, edit: Callable[[Estate], None]
) -> None:
    estate.shop.write("modules/old.nix", "{ age.secrets.x.rekeyFile = ./x; }\n")
    estate.shop.write("hosts.json", json.dumps({"gamma": NEW.split()[1]}))
    estate.shop.commit("Begin")
    assert evaluated(check, nix)
    edit(estate)

    assert evaluated(check, nix)

    assert not evaluated(check, nix)
    estate.shop.commit("Do it")
    assert not evaluated(check, nix)


def test_new_rules_need_no_nix(estate: Estate, check: Check, nix: Counter, warm: None) -> None:
    write_rules(estate.shop, "plain/secrets.nix", wifi=[ALPHA])
    estate.shop.write("plain/wifi.age", encrypt(b"x", [ALPHA]))

    done = check()

    assert (done.code, nix.take()) == (0, 1), done  # for the flake: a key and an age file are new


def test_what_was_committed_past_the_hook_is_evaluated_with_the_next_commit(
    estate: Estate, check: Check, nix: Counter, warm: None
) -> None:
    edit_the_flake(estate)
    estate.shop.commit("Merged from elsewhere")
    edit_readme(estate)

    done = check()

    assert nix.take() == 1
    assert (done.code, "output-missing" in done.stdout) == (1, True)


def test_a_reused_evaluation_is_said_to_be_one(
    estate: Estate, check: Check, nix: Counter, warm: None
) -> None:
    tree = estate.shop.git.run("rev-parse", "HEAD^{tree}").decode()[:12]
    edit_readme(estate)

    done = check()

    assert f"skipped: evaluation: that of tree {tree} is reused" in done.stdout
    assert done.code == 0


def test_exact_content_of_before_starts_no_nix(
    estate: Estate, check: Check, nix: Counter, warm: None
) -> None:
    edit_the_flake(estate)
    assert evaluated(check, nix)
    estate.shop.restore()

    assert not evaluated(check, nix)
    assert not evaluated(check, nix, "-v")  # what was green is not enough for that


def test_ci_always_evaluates(estate: Estate, check: Check, nix: Counter, warm: None) -> None:
    assert evaluated(check, nix, CI="1")
    assert evaluated(check, nix, CI="1")
    assert not evaluated(check, nix, "--evaluate", "relevant", CI="1")
    assert evaluated(check, nix, "--evaluate", "always")


def test_never_starts_no_nix(estate: Estate, check: Check, nix: Counter, warm: None) -> None:
    edit_the_flake(estate)

    done = check("--evaluate", "never")

    assert nix.take() == 0
    assert "skipped: evaluation: that of tree" in done.stdout


def test_never_without_an_evaluation_cannot_check(
    estate: Estate, check: Check, nix: Counter
) -> None:
    done = check("--evaluate", "never")

    assert (done.code, nix.take()) == (3, 0)
    assert done.stderr == (
        "agenix-check: could not check: nothing was evaluated yet, and --evaluate never was given\n"
    )


def test_other_settings_are_another_evaluation(
    estate: Estate, check: Check, nix: Counter, warm: None
) -> None:
    estate.shop.write("agenix-check.toml", "collect-home-manager = false\n")
    estate.shop.commit("Set up")

    assert evaluated(check, nix)


def test_without_a_cache_nothing_is_kept(estate: Estate, check: Check, nix: Counter) -> None:
    assert evaluated(check, nix, "--no-cache")
    assert evaluated(check, nix, "--no-cache")
    assert not (estate.shop.top / ".git/agenix-check").exists()


def test_a_failed_evaluation_is_not_kept(estate: Estate, check: Check, nix: Counter) -> None:
    estate.write_flake('nixosConfigurations.broken = throw "no such host";')

    assert check().code == 3
    assert nix.take()
    assert not (estate.shop.top / CACHE).exists()


def test_names_and_lock_start_no_nix(estate: Estate, check: Check, nix: Counter) -> None:
    assert not evaluated(check, nix, "--inventory", "names")
    assert not evaluated(check, nix, "--inventory", "lock")


def _flip(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        _flip,
        lambda content: content[:-1],
        lambda content: content[:20],
        lambda content: content[:0],
        lambda content: content.replace(b"agenix-check ", b"agenix-check 0.0.", 1),
        lambda content: content + b"x",
    ],
    ids=["flipped", "cut", "cut short", "empty", "old version", "longer"],
)
def test_a_damaged_cache_is_not_trusted(
    estate: Estate, check: Check, nix: Counter, warm: None, damage: Callable[[bytes], bytes]
) -> None:
    content = estate.shop.read(CACHE)
    estate.shop.write(CACHE, damage(content))

    assert evaluated(check, nix, "-v")
    assert estate.shop.read(CACHE) == content


@pytest.mark.parametrize(("size", "kept"), [(1, 16), (1 << 21, 8), (1 << 25, 1)])
def test_the_cache_is_bounded(tmp_path: Path, size: int, kept: int) -> None:
    store = Store(tmp_path)
    names = [str(number) for number in range(kept + 2)]
    for name in names:
        entry = ("tree", "options", "x" * size, True)
        evaluation_cache._save(store, evaluation_cache._load(store), name, entry)

    assert list(evaluation_cache._load(store)) == names[-kept:]


def test_two_runs_may_write_the_cache_at_once(
    estate: Estate, check: Check, nix: Counter, run: Run
) -> None:
    estate.shop.stage()
    other = estate.shop.top.parent / "linked"
    estate.shop.git.run("worktree", "add", "--quiet", "--detach", str(other))
    command = [sys.executable, "-W", "error", "-m", "agenix_check", "--format", "json"]
    for attempt in range(3):
        (other / "new.pub").write_text(f"{NEW.strip()}{attempt}\n")
        subprocess.run(["git", "add", "new.pub"], cwd=other, check=True)
        estate.shop.write("other.pub", f"{OTHER.strip()}{attempt}\n")
        estate.shop.stage()
        running = [
            subprocess.Popen(command, cwd=top, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for top in (estate.shop.top, other)
        ]
        for process in running:
            out, complaint = process.communicate(timeout=PATIENCE)
            assert (process.returncode, complaint) == (0, b"")
            assert json.loads(out)["fleet"]["inventory"] == "nix"

    assert not list((estate.shop.top / ".git/agenix-check").glob("tmp*"))
    last = [evaluated(check, nix, "-v"), evaluated(check, nix, "-v")]
    assert not last[1]


def test_a_remembered_evaluation_costs_no_process_more_than_names(
    estate: Estate, check: Check, nix: Counter, warm: None, tmp_path: Path, run: Run
) -> None:
    git = Counter(tmp_path / "bin", "git")
    edit_a_source_and_rekey(estate)
    estate.shop.stage()
    counts = {}
    for inventory in ("names", "nix"):
        done = run(estate.shop.top, "--inventory", inventory, "-v", env=git.env)
        assert done.code == 0, done
        counts[inventory] = git.take()

    assert nix.take() == 0
    assert counts["nix"] <= counts["names"], counts


def test_the_cache_says_nothing_of_the_lock_file(
    estate: Estate, check: Check, nix: Counter, warm: None
) -> None:
    estate.shop.write(LOCK, estate.shop.read(LOCK).replace(b"secrets/db.age", b"secrets/x.age"))

    done = check()

    assert nix.take() == 1
    assert "error[lock-stale]" in done.stdout
