"""What a repository uses: agenix-rekey or plain agenix, a flake, a forge, a hook manager."""

import posixpath
import re
from collections.abc import Collection, Mapping

from agenix_check.discover.tree.naming import output_file
from agenix_check.model.fleet import RULES_FILE
from agenix_check.model.frozen import frozen

PRE_COMMIT = ".pre-commit-config.yaml"
PREK = "prek.toml"
_LEFTHOOK = tuple(
    f"{dot}lefthook.{ending}" for dot in ("", ".") for ending in ("yml", "yaml", "toml")
)
# Files whose content decides, where they are there.
ASKED_FILES = (
    PRE_COMMIT, PREK, *_LEFTHOOK, ".gitlab-ci.yml", ".gitattributes", "agenix-check.toml",
    "pyproject.toml", "flake.nix", "flake.lock",
)  # fmt: skip

_FORGES = (
    ("github", re.compile(r"github", re.IGNORECASE), ".github/"),
    ("gitlab", re.compile(r"gitlab", re.IGNORECASE), ".gitlab-ci.yml"),
    ("forgejo", re.compile(r"codeberg|forgejo|gitea", re.IGNORECASE), ".forgejo/"),
)
_GIT_HOOKS = re.compile(
    r"cachix/(?:git-hooks|pre-commit-hooks)\.nix|\"(?:git-hooks|pre-commit-hooks)\.nix\""
)


@frozen
class InUse:
    """What a repository uses. `forge` and `hooks` are names, None where there is none.

    `paths` are all its files, `texts` the content of those of `ASKED_FILES` that are there.
    """

    outputs: int
    rules_files: tuple[str, ...]
    age_files: int
    has_flake: bool
    forge: str | None
    hooks: str | None
    paths: frozenset[str]
    texts: Mapping[str, str]


def look_around(
    paths: Collection[str], texts: Mapping[str, str], remotes: Collection[str]
) -> InUse:
    """Say what a repository with these files and these addresses of remotes uses."""
    age = [path for path in paths if path.endswith(".age")]
    return InUse(
        outputs=sum(output_file(path) is not None for path in age),
        rules_files=tuple(sorted(one for one in paths if posixpath.basename(one) == RULES_FILE)),
        age_files=len(age),
        has_flake="flake.nix" in texts,
        forge=_forge(paths, remotes),
        hooks=_hooks(texts),
        paths=frozenset(paths),
        texts=texts,
    )


def _forge(paths: Collection[str], remotes: Collection[str]) -> str | None:
    """Return the forge that files say, else the one that a remote's address names."""
    for name, _, place in _FORGES:
        if any(path.startswith(place) for path in paths):
            return name
    for name, host, _ in _FORGES:
        if any(host.search(remote) for remote in remotes):
            return name
    return None


def _hooks(texts: Mapping[str, str]) -> str | None:
    if PREK in texts:
        return "prek"
    # git-hooks.nix writes a file for pre-commit too, which is no file of the repository.
    if _GIT_HOOKS.search(texts.get("flake.lock", "") + texts.get("flake.nix", "")):
        return "git-hooks.nix"
    if PRE_COMMIT in texts:
        return "pre-commit"
    return "lefthook" if any(name in texts for name in _LEFTHOOK) else None
