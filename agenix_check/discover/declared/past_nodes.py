"""What nodes are called, those of the past too, without an evaluation."""

from collections.abc import Iterator

from agenix_check.discover.declared.evaluation_cache import remembered_declarations
from agenix_check.discover.declared.past_locks import past_lock_files
from agenix_check.git.cache import Store
from agenix_check.git.repository import Repository
from agenix_check.model.declaration import Declaration


def name_past_nodes(repository: Repository, store: Store, commit: str | None) -> dict[str, str]:
    """Return the names of nodes by their storage directories, as far as each has its own.

    The lock files that a commit leads to say them, and evaluations that are remembered; the newest
    that has a directory counts.
    """
    found: dict[str, str] = {}
    for declaration in _declarations(repository, store, commit):
        owners: dict[str, set[str]] = {}
        for node in declaration.nodes:
            if node.storage is not None and node.storage.path is not None:
                owners.setdefault(node.storage.path, set()).add(node.name)
        for directory, names in owners.items():
            if len(names) == 1:
                found.setdefault(directory, *names)
    return found


def _declarations(
    repository: Repository, store: Store, commit: str | None
) -> Iterator[Declaration]:
    yield from remembered_declarations(store)
    if commit is not None:
        yield from past_lock_files(repository, commit)
