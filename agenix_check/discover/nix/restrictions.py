"""What an evaluation may read and take: addresses, local inputs of flake.lock, and memory.

Only the exported tree and locked remote inputs are read. An input that lies on this machine is read
if the tree that decides has it too: whoever proposes a change must not choose what is read here.
"""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, urlencode

from agenix_check.errors import UsageError
from agenix_check.git.export import Export
from agenix_check.git.objects import read_blobs
from agenix_check.git.snapshot import Snapshot

# Kinds of addresses that lead to other machines; of these only what is in Nix's caches is read.
_REMOTE = (
    "https://", "http://", "git://", "ssh://", "git+https://", "git+http://", "git+ssh://",
    "git+git://", "hg+https://", "hg+http://", "hg+ssh://", "tarball+https://", "tarball+http://",
    "file+https://", "file+http://", "github:", "gitlab:", "sourcehut:",
)  # fmt: skip
_FORGE_TYPES = ("github", "gitlab", "sourcehut")
_FILE = re.compile(r"(?:git\+|hg\+|tarball\+|file\+)?file:(?://)?(?=/)|(?=/)")
_SIZE = re.compile(r"([0-9]{1,9})([MGT])(?:i?B)?", re.IGNORECASE)
_UNITS = {"M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_MOST_JOBS = 256
_CONTAINER = Path("/sys/fs/cgroup/memory.max")
MOST_MEMORY = 4 << 30  # bytes that an evaluation may take if nobody says more

_Locked = Mapping[str, object]


def addresses(exported: Export, locks: Mapping[str, _Locked]) -> list[str]:
    """Return what Nix may read: the export, kinds of remote addresses, and inputs of a lock file.

    Nix before 2.20 compares the beginning of Git's own address (`file:///…`), up to a `/` that
    follows; newer ones the whole address of the input, with what it is locked to.
    """
    place = quote(str(exported.directory))
    allowed = [f"file://{place}", f"git+file://{os.path.dirname(place)}/", *_REMOTE]  # noqa: PTH120
    for locked in locks.values():
        kind = locked.get("type")
        if kind in _FORGE_TYPES:
            allowed.append(f"{kind}:{locked.get('owner')}/{locked.get('repo')}")
        elif (path := _local_path(locked)) is not None:
            allowed += _of_local(locked, quote(path))
    return [one for one in dict.fromkeys(allowed) if len(one.split()) == 1]


def local_inputs(locks: Mapping[str, _Locked]) -> dict[str, str]:
    """Return the inputs that lie on this machine: their names, by what they are locked to."""
    return {
        json.dumps(locked, sort_keys=True): name
        for name, locked in locks.items()
        if _local_path(locked) is not None
    }


def find_foreign(
    locks: Mapping[str, _Locked], trusted: Callable[[], Mapping[str, _Locked]]
) -> str | None:
    """Return what is wrong with an input on this machine that the trusted lock lacks, if any.

    `trusted` is asked only where there are inputs on this machine.
    """
    inputs = local_inputs(locks)
    known = local_inputs(trusted()) if inputs else {}
    for locked, name in inputs.items():
        if locked not in known:
            path = _local_path(json.loads(locked))
            return (
                f"flake.lock: this change brings the input {name!r}, which is on this machine "
                f"({path}); it is not read before the change is merged"
            )
    return None


def read_locks(snapshot: Snapshot, path: str) -> dict[str, _Locked]:
    """Return what the inputs of a flake.lock are locked to, by name; none if it cannot be read."""
    file = snapshot.files.get(path)
    if file is None:
        return {}
    (blob,) = read_blobs(snapshot.git, [file.oid])
    try:
        document = json.loads(blob.data)
    except (RecursionError, ValueError):  # Nix says what is wrong with it
        return {}
    return dict(_nodes(document))


def _nodes(document: object) -> Iterator[tuple[str, _Locked]]:
    nodes = document.get("nodes") if isinstance(document, dict) else None
    for name, node in nodes.items() if isinstance(nodes, dict) else ():
        locked = node.get("locked") if isinstance(node, dict) else None
        if isinstance(locked, dict):
            yield str(name), locked


def _local_path(locked: _Locked) -> str | None:
    """Return where on this machine an input is; None where it is elsewhere, or in the tree."""
    if locked.get("type") == "path":
        path = str(locked.get("path"))
        return path if path.startswith("/") else None
    url = str(locked.get("url", ""))
    found = _FILE.match(url)
    return url[found.end() :].partition("?")[0] if found else None


def _of_local(locked: _Locked, place: str) -> list[str]:
    """Return the ways in which versions of Nix write the address of a local input."""
    if locked.get("type") == "path":
        names = ("lastModified", "narHash", "rev", "revCount")
        query = urlencode({name: locked[name] for name in names if name in locked}, safe="/")
        return [f"path:{place}?{query}"]
    given = {name: locked[name] for name in ("ref", "rev") if name in locked}
    ways: tuple[dict[str, int], ...] = (
        {},
        {"shallow": 1},
        {"submodules": 1},
        {"shallow": 1, "submodules": 1},
    )
    queries = (urlencode({**given, **more}, safe="/") for more in ways)
    return [f"file://{place}", *(f"git+file://{place}?{query}" for query in queries)]


def memory_of(size: str | None) -> int:
    """Return how many bytes a process may take: as it is said, else a quarter of the machine's.

    Raises `UsageError` for what is no size.
    """
    if size is None:
        return min(_memory_of_machine() // 4, MOST_MEMORY)
    found = _SIZE.fullmatch(size)
    if found is None or not int(found[1]):
        raise UsageError(f"nix-memory must be a size like 512M or 2G, not {size!r}")
    return int(found[1]) * _UNITS[found[2].upper()]


def jobs_of(jobs: int | None, memory: int) -> int:
    """Return how many processes may evaluate: as it is said, else one a core if memory suffices."""
    if jobs is not None:
        return min(jobs, _MOST_JOBS)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(cores or 1, _memory_of_machine() // memory))


def _memory_of_machine() -> int:
    """Return how many bytes of memory there are, or how many of them a container lets us have."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(whole, int(_CONTAINER.read_text("ascii")))
    except (OSError, ValueError):  # there is none, or it says "max"
        return whole
