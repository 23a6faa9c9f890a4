"""Submodules for a flake that asks for them, taken from the clones in the repository."""

import os
import re
from collections import defaultdict
from pathlib import Path
from urllib.parse import quote

from agenix_check.git.objects import read_blobs
from agenix_check.git.paths import to_bytes, to_text
from agenix_check.git.repository import Repository
from agenix_check.git.snapshot import SUBMODULE, Snapshot

# `inputs.self.submodules = true` in flake.nix, in both ways of writing it.
_ASKED = re.compile(
    rb"\bself\s*\.\s*submodules\s*=\s*true\b|\bself\s*=\s*\{[^{}]*\bsubmodules\s*=\s*true\b"
)

_RELATIVE = ("./", "../")

# An address, and the short form of SSH's: host:path, but for a path that has a colon further on.
_ADDRESS = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*)://(?:([^/@]*)@)?([^/]*)(.*)", re.DOTALL)
_SCP_ADDRESS = re.compile(r"(?:([^/:@]*)@)?([^/:]+):(.*)", re.DOTALL)

# A host that there is not: what is beside a local repository is not ours to read.
_HERE = "https://here.invalid"


def wants_submodules(snapshot: Snapshot, flake: str) -> bool:
    """Return whether the flake.nix at a path asks for the repository's submodules."""
    (blob,) = read_blobs(snapshot.git, [snapshot.files[flake].oid])
    return ".gitmodules" in snapshot.files and _ASKED.search(blob.data) is not None


def address(repository: Repository) -> str:
    """Return the address that relative ones of submodules start from: the default remote's.

    A local path is given a host that does not exist, and passwords are left out.
    """
    url = _remote(repository)
    if (found := _ADDRESS.fullmatch(url)) and found[1].lower() != "file":
        scheme, user, host, path = found.groups()
        # In an address of the web this may be a token, which Nix would repeat where it fails.
        name = "" if scheme.lower() in ("http", "https") else (user or "").partition(":")[0]
    elif found is None and (short := _SCP_ADDRESS.fullmatch(url)):
        scheme, (name, host, path) = "ssh", short.groups(default="")
    else:
        local = found[4] if found else url
        place = (repository.top or repository.git_dir) / local
        return _HERE + quote(os.path.normpath(place), errors="surrogateescape")
    steps = [step for step in path.split("/") if step]
    return "/".join([f"{scheme}://{name and name + '@'}{host}", *steps])


def clone_settings(repository: Repository, snapshot: Snapshot, base: str) -> dict[str, str]:
    """Return settings by which Git finds each submodule in its local clone.

    Relative addresses start from `base`.
    """
    settings = {}
    for name, fields in _declared(snapshot).items():
        clone = _clone(repository, name)
        url = fields.get("url")
        if url is None or clone is None:
            continue
        # Older versions of Nix let Git update the submodules, newer ones fetch each by its URL.
        settings[f"submodule.{name}.url"] = str(clone)
        settings[f"url.{clone}.insteadOf"] = (
            _follow(base, url) if url.startswith(_RELATIVE) else url
        )
    return settings


def absent_submodule(repository: Repository, snapshot: Snapshot) -> str | None:
    """Return the path of the first submodule whose commit is not in a clone that is here."""
    names = {fields.get("path"): name for name, fields in _declared(snapshot).items()}
    for path, file in sorted(snapshot.files.items()):
        if file.mode == SUBMODULE and path in names:
            clone = _clone(repository, names[path])
            if clone is None or not _has(repository, clone, file.oid):
                return path
    return None


def _clone(repository: Repository, name: str) -> Path | None:
    """Return where the clone of the submodule of a name is, if it is here."""
    parts = name.split("/")
    clone = repository.git_dir.joinpath("modules", *parts)
    return clone if ".." not in parts and not name.startswith("/") and clone.is_dir() else None


def _has(repository: Repository, clone: Path, commit: str) -> bool:
    git = repository.git.with_environment({"GIT_DIR": str(clone)})
    return git.attempt("cat-file", "-e", commit)[0] == 0


def _follow(base: str, relative: str) -> str:
    """Return where a relative address leads, each `..` to one part less of the base."""
    scheme, _, rest = base.partition("://")
    host, *steps = rest.split("/")
    for step in relative.split("/"):
        if step == "..":
            del steps[-1:]
        elif step not in ("", "."):
            steps.append(step)
    return f"{scheme}://{'/'.join([host, *steps])}"


def _remote(repository: Repository) -> str:
    """Return the URL of the remote that Git takes for this branch, or "" where there is none."""
    status, output, _ = repository.git.attempt("symbolic-ref", "--quiet", "--short", "HEAD")
    branch = to_text(output).removesuffix("\n")
    remote = _setting(repository, f"branch.{branch}.remote") if status == 0 else ""
    return _setting(repository, f"remote.{remote or 'origin'}.url")


def _setting(repository: Repository, name: str) -> str:
    status, output, _ = repository.git.attempt("config", "--get", "-z", name)
    return to_text(output).removesuffix("\0") if status == 0 else ""


def _declared(snapshot: Snapshot) -> dict[str, dict[str, str]]:
    """Return what .gitmodules says about each submodule, by its name."""
    declared: dict[str, dict[str, str]] = defaultdict(dict)
    status, listing, _ = snapshot.git.attempt(
        "config", "-z", "--blob", snapshot.files[".gitmodules"].oid, "--get-regexp", r"^submodule\."
    )
    for record in to_text(listing).split("\0")[:-1] if status == 0 else []:
        key, _, value = record.partition("\n")
        name, _, field = key.removeprefix("submodule.").rpartition(".")
        declared[os.fsdecode(to_bytes(name))][field] = value
    return declared
