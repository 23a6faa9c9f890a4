"""Trees made of texts, for the evaluator to read."""

from collections.abc import Mapping

from agenix_check.discover.rules.machine import Budget
from agenix_check.discover.rules.reading import TreeFiles
from agenix_check.discover.rules.understand import (
    Misunderstood,
    Understood,
    understand,
)
from agenix_check.discover.rules.written import WrittenRule
from agenix_check.git.snapshot import SUBMODULE, SYMLINK, File

STEPS = 300_000


def make_tree(
    contents: Mapping[str, str], links: Mapping[str, str] | None = None, submodule: str = ""
) -> TreeFiles:
    """Return the files of a tree: texts, symbolic links, and perhaps a submodule."""
    files = {path: File(path, "100644", f"id of {path}") for path in contents}
    files |= {path: File(path, SYMLINK, f"id of {path}") for path in links or {}}
    if submodule:
        files[submodule] = File(submodule, SUBMODULE, "a commit")
    directories = {
        "/".join(path.split("/")[:depth]): "a tree"
        for path in files
        for depth in range(path.count("/") + 1)
    }
    texts = {**contents, **(links or {})}
    return TreeFiles(files, directories, lambda file: texts[file.path].encode())


def texts(rule: WrittenRule) -> tuple[str, ...]:
    """Return the texts of a rule's keys."""
    return tuple(key.text for key in rule.keys)


def evaluated(
    contents: Mapping[str, str],
    path: str = "secrets.nix",
    links: Mapping[str, str] | None = None,
    submodule: str = "",
) -> Understood:
    """Return what a rules file gives; fails where it is none."""
    found = understand(make_tree(contents, links, submodule), path, Budget(STEPS))
    assert found is not None
    return found


def misunderstood(
    contents: Mapping[str, str], links: Mapping[str, str] | None = None, submodule: str = ""
) -> Misunderstood:
    """Return the one failure of a rules file."""
    (failure,) = evaluated(contents, links=links, submodule=submodule).failures
    return failure
