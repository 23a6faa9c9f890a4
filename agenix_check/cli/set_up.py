"""`agenix-check init`: says what is here, shows what it would write, and writes it if asked to."""

import stat
from collections.abc import Sequence
from difflib import unified_diff
from pathlib import Path

from agenix_check.cli.files import write_file
from agenix_check.cli.grammar import parse_init
from agenix_check.cli.only_hook import is_on_path
from agenix_check.cli.opening import open_here
from agenix_check.cli.terminal import print_out, say
from agenix_check.errors import UsageError
from agenix_check.git.paths import to_text
from agenix_check.git.repository import Repository, worktree_snapshot
from agenix_check.git.worktree import mode_of
from agenix_check.init import (
    ASKED_FILES,
    CONFIG,
    INSTALL_HOOK,
    InUse,
    Proposal,
    look_around,
    propose,
)
from agenix_check.report.escape import visible
from agenix_check.report.words import quantity

_NOT_INSTALLED = (
    "diffs and merges of age files: Git has to find agenix-check on PATH: "
    "`pipx install agenix-check`, then init once more"
)
_LARGEST = 1 << 20  # bytes of a file that is added to


def run_init(arguments: Sequence[str]) -> int:
    """Set a repository up; 0 also where nothing is written because nobody agreed."""
    given = parse_init(arguments)
    repository = open_here()
    top = repository.top
    if top is None:
        raise UsageError("a bare repository has no place for the files of a hook")
    around = _look(repository, top)
    proposals, advice = propose(around)
    print_out(f"Found: {_describe(around)}.\n")
    for one in proposals:
        _refuse_odd(top, one)
        print_out(f"\n{_diff(one)}")
    config = _missing_config(repository)
    if config and not is_on_path():
        # Git would call what it cannot find, and fail.
        config, advice = [], (*advice, _NOT_INSTALLED)
    if config:
        print_out("\nIn this clone's configuration of Git:\n")
        print_out("".join(f"  git config --local {key} '{value}'\n" for key, value in config))
    install = INSTALL_HOOK.get(around.hooks or "")
    if install and not any("hook: " in one for one in advice) and not _has_hook(repository):
        advice = (*advice, f"hook: type `{install}`; this clone has none, and each needs its own")
    _say_advice(advice)
    if not proposals and not config:
        print_out("\nEverything that init writes is here already.\n")
        return 0
    if given.dry_run or not (given.yes or _agrees(len(proposals) + bool(config))):
        print_out("\nNothing was written.\n")
        return 0
    for one in proposals:
        path = top / one.path
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, one.after)
    for key, value in config:
        repository.git.run("config", "--local", key, value)
    if not proposals:
        print_out("\nWritten.\n")
        return 0
    names = " ".join(f":/{one.path}" for one in proposals)
    print_out(f"\nWritten. Look at it, then: git add -- {names}\n")
    return 0


def _look(repository: Repository, top: Path) -> InUse:
    with worktree_snapshot(repository) as (_, snapshot):
        paths = frozenset(snapshot.files)
    texts = {}
    for name in ASKED_FILES:
        path = top / name
        # What git-hooks.nix links to, or a huge file, is nothing to add to.
        if stat.S_ISREG(mode_of(path)) and path.stat().st_size <= _LARGEST:
            texts[name] = path.read_text("utf-8", "surrogateescape")
    status, listing, _ = repository.git.attempt(
        "config", "--null", "--get-regexp", r"^remote\..*\.url$"
    )
    remotes = to_text(listing).split("\0")[:-1] if status == 0 else []
    return look_around(paths, texts, remotes)


def _has_hook(repository: Repository) -> bool:
    """Return whether this clone runs a hook before a commit, whatever it does."""
    status, listing, _ = repository.git.attempt("config", "--null", "--get-all", "core.hooksPath")
    # The last one is ours, by which no hook runs while we look.
    set_here = to_text(listing).split("\0")[:-2] if status == 0 else []
    place = Path(set_here[-1]).expanduser() if set_here else repository.common_dir / "hooks"
    return Path(repository.top or "", place, "pre-commit").exists()


def _missing_config(repository: Repository) -> list[tuple[str, str]]:
    """Return the settings of Git that are not there; those that are stay as they are."""
    return [
        (key, value)
        for key, value in CONFIG
        if repository.git.attempt("config", "--get", key)[0] != 0
    ]


def _describe(around: InUse) -> str:
    parts = []
    if around.outputs:
        parts.append(f"agenix-rekey with {quantity(around.outputs, 'output')}")
    if around.rules_files:
        parts.append(f"plain agenix ({', '.join(map(visible, around.rules_files[:3]))})")
    if not parts:
        parts.append(quantity(around.age_files, "age file") if around.age_files else "no age file")
    parts.append("a flake" if around.has_flake else "no flake")
    forges = {"github": "GitHub", "gitlab": "GitLab", "forgejo": "Forgejo"}
    parts.append(forges[around.forge] if around.forge else "no forge that is known")
    parts.append(around.hooks or "no hook manager")
    return ", ".join(parts)


def _diff(one: Proposal) -> str:
    before = (one.before or "").splitlines(keepends=True)
    lines = unified_diff(
        before, one.after.splitlines(keepends=True),
        "/dev/null" if one.before is None else f"a/{one.path}", f"b/{one.path}",
    )  # fmt: skip
    return "".join(f"{visible(line.rstrip(chr(10)))}\n" for line in lines)


def _say_advice(advice: Sequence[str]) -> None:
    if advice:
        print_out("\nBy hand:\n" + "".join(f"  {sentence}\n" for sentence in advice))


def _refuse_odd(top: Path, one: Proposal) -> None:
    """Refuse to write through a symlink, or over what is there and was not looked at."""
    mode = mode_of(top / one.path)
    if stat.S_ISLNK(mode) or (one.before is None and mode):
        raise UsageError(
            f"{one.path} is no file that init can write to; move it away, then run init again"
        )


def _agrees(number: int) -> bool:
    from agenix_check.cli.asking import agrees

    answer = agrees(f"Write {'this' if number == 1 else 'all this'}? [y/N]")
    if answer is None:
        say("there is no terminal to ask on; --yes writes the files")
    return bool(answer)
