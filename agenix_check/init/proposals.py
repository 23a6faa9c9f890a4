"""The files that `init` would write, and what it cannot write itself.

A file that is there is added to at its end, or at the end of its list of hooks. Nothing in it is
changed.
"""

import re
import tomllib
from collections.abc import Callable

from agenix_check.init.examples import example, where_to_read
from agenix_check.init.in_use import PRE_COMMIT, PREK, InUse
from agenix_check.model.frozen import frozen

_OURS = "agenix-check"
_INSTALL = "install -t pre-commit -t pre-merge-commit -t pre-push"
# What installs the hooks of a file in a clone; git-hooks.nix does so when its shell is entered.
INSTALL_HOOK = {
    "pre-commit": f"pre-commit {_INSTALL}",
    "prek": f"prek {_INSTALL}",
    "lefthook": "lefthook install",
}
_WORKFLOWS = {
    "github": (".github/workflows/agenix-check.yml", "github-actions.yml"),
    "gitlab": (".gitlab-ci.yml", "gitlab-ci.yml"),
    "forgejo": (".forgejo/workflows/agenix-check.yml", "forgejo-actions.yml"),
}
_SETTINGS = """\
# Settings of agenix-check; every option has the same name here. These are the defaults.

# strict = false           # whether warnings fail
# require-verified = false # whether outputs that no one can verify without a key fail
# fail-on = "all"          # "new": only what a commit or a range breaks fails it
# identities = []          # files with a key that --fix decrypts with; or AGENIX_CHECK_IDENTITY

# Rules that are switched off, for some files or everywhere, each with a reason:
# [[ignore]]
# rule = "output-orphan"
# path = "secrets/rekeyed/old-*"
# reason = "kept until May"
"""
_AGE_ATTRIBUTES = """\
# Ciphertext: Git must not change line ends in it. `git config` says what shows and merges it.
*.age -text diff=agenix-check merge=agenix-check
"""
# What Git has to be told in every clone: `.gitattributes` may name programs only by such a name.
CONFIG = (
    ("diff.agenix-check.textconv", "agenix-check driver diff"),
    ("merge.agenix-check.name", "age files"),
    ("merge.agenix-check.driver", "agenix-check driver merge %O %A %B %P"),
)
_BY_NIX = (
    "hook: yours come from git-hooks.nix; with flake-parts: "
    "imports = [ inputs.agenix-check.flakeModule ] and agenix-check.preCommit.enable = true; "
    f"else see {where_to_read('git-hooks.nix')}"
)
_LIST_OF_HOOKS = re.compile(r"^repos:[ \t]*(?:#.*)?\n", re.MULTILINE)
_ITEM = re.compile(r"^( *)- +repo:", re.MULTILINE)
_NEXT_KEY = re.compile(r"^[^\s#-]", re.MULTILINE)


@frozen(kw_only=False)
class Proposal:
    """A file that would be written: its content now, None if there is none, and then."""

    path: str
    before: str | None
    after: str


def propose(around: InUse) -> tuple[tuple[Proposal, ...], tuple[str, ...]]:
    """Return the files to write, and in sentences what is left to do by hand."""
    proposals: list[Proposal] = []
    advice: list[str] = []
    for part in (_hook, _workflow, _settings, _attributes):
        found, sentences = part(around)
        if found is not None:
            proposals.append(found)
        advice += sentences
    return tuple(proposals), tuple(advice)


_Part = tuple[Proposal | None, list[str]]
_Make = Callable[[str | None], str | None]


def _hook(around: InUse) -> _Part:
    if around.hooks == "git-hooks.nix":
        if _OURS in around.texts.get("flake.nix", ""):
            return None, []
        return None, [_BY_NIX]
    if around.hooks == "lefthook":
        if any(_OURS in text for name, text in around.texts.items() if "lefthook" in name):
            return None, []
        return None, [f"hook: add to your lefthook file what is in {where_to_read('lefthook.yml')}"]
    if around.hooks == "prek":
        return _add(around, PREK, _prek, INSTALL_HOOK["prek"])
    return _add(around, PRE_COMMIT, _pre_commit, INSTALL_HOOK["pre-commit"])


def _add(around: InUse, path: str, make: _Make, install: str) -> _Part:
    before = around.texts.get(path)
    if before is not None and _OURS in before:
        return None, []
    after = make(before)
    if after is None:
        example_of = {PREK: "prek.toml", PRE_COMMIT: "pre-commit-config.yaml"}[path]
        return None, [f"hook: add to {path} what is in {where_to_read(example_of)}"]
    return Proposal(path, before, after), [f"hook: type `{install}`"]


def _pre_commit(before: str | None) -> str | None:
    """Return the file with our hooks at the end of its list; None where that is not written out."""
    whole = example("pre-commit-config.yaml")
    if before is None:
        return whole
    start, item = _LIST_OF_HOOKS.search(before), _ITEM.search(before)
    if start is None or item is None or item.start() < start.end():
        return None
    end = _NEXT_KEY.search(before, start.end())
    head = before[: end.start() if end else len(before)]
    tail = before[len(head) :]
    # Comments right above the next key are that key's.
    kept = re.search(r"(?:^#.*\n)*\Z", head, re.MULTILINE)
    if tail and kept is not None:
        head, tail = head[: kept.start()], head[kept.start() :] + tail
    body = head.rstrip("\n")
    spaces = head[len(body) + 1 :] if tail else ""
    ours = whole[whole.index("  - repo:") :].splitlines(keepends=True)
    return f"{body}\n" + "".join(item[1] + line[2:] for line in ours) + spaces + tail


def _prek(before: str | None) -> str | None:
    whole = example("prek.toml")
    if before is None:
        return whole
    after = before.rstrip("\n") + "\n\n" + whole[whole.index("[[repos]]") :]
    try:
        tomllib.loads(after)
    except tomllib.TOMLDecodeError:
        return None
    return after


def _workflow(around: InUse) -> _Part:
    if around.forge is None:
        return None, ["CI: `agenix-check --rev HEAD --output junit=FILE`, in a clone with history"]
    path, name = _WORKFLOWS[around.forge]
    if path in around.paths:
        text = around.texts.get(path)
        if text is None or _OURS in text:
            return None, []
        return None, [f"CI: add to {path} what is in {where_to_read(name)}"]
    text = example(name)
    if around.forge == "github":
        # Not every repository has code scanning, and the upload fails where it is not there.
        text = _without_job(text, "code-scanning")
        if not (around.has_flake and around.outputs):
            text = _without_job(text, "check-with-nix")
    return Proposal(path, None, text), []


def _without_job(workflow: str, name: str) -> str:
    """Return a workflow without one of its jobs, and without the comment above it."""
    return re.sub(rf"\n(?:  #.*\n)*  {name}:\n(?:(?:    .*)?\n)*?(?=\n  \S|\Z)", "", workflow)


def _settings(around: InUse) -> _Part:
    has_table = "[tool.agenix-check" in around.texts.get("pyproject.toml", "")
    if has_table or "agenix-check.toml" in around.paths:
        return None, []
    return Proposal("agenix-check.toml", None, _SETTINGS), []


def _attributes(around: InUse) -> _Part:
    before = around.texts.get(".gitattributes")
    if before is not None and re.search(r"^\S*\*\.age[ \t]", before, re.MULTILINE):
        advice = ".gitattributes: add to the line of *.age: diff=agenix-check merge=agenix-check"
        return None, [] if _OURS in before else [advice]
    kept = "" if before is None else before.rstrip("\n") + "\n"
    return Proposal(".gitattributes", before, kept + _AGE_ATTRIBUTES), []
