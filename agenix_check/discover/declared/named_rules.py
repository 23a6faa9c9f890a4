"""Rules files with another name or place, which scripts, workflows and flakes give to agenix."""

import posixpath
import re

from agenix_check.git.objects import read_blobs
from agenix_check.git.paths import to_text
from agenix_check.git.snapshot import SUBMODULE, SYMLINK
from agenix_check.model.fleet import RULES_FILE
from agenix_check.view import View

_NAMES = re.compile(rb"\bRULES\s*=\s*[\"']*(?:\$\{?[\w.()-]{1,40}\}?/|\./)?([\w./-]{1,200}\.nix)\b")
_ENDINGS_OF_SCRIPTS = (
    ".nix",
    ".sh",
    ".bash",
    ".fish",
    ".yml",
    ".yaml",
    ".envrc",
    ".just",
    ".mk",
    ".toml",
)
_FILES_OF_RECIPES = ("justfile", "Justfile", "Makefile", ".envrc")


def find_named_rules(view: View) -> tuple[str, ...]:
    """Return the rules files that the tree names with `RULES=`, but those of agenix's own name.

    Only files that speak of `publicKeys`; names are relative to the root, or to the file with them.
    """
    files = view.snapshot.files
    scripts = [
        path
        for path, file in files.items()
        if file.mode not in (SYMLINK, SUBMODULE)
        and (path.endswith(_ENDINGS_OF_SCRIPTS) or posixpath.basename(path) in _FILES_OF_RECIPES)
    ]
    places: dict[str, list[str]] = {}
    for path in scripts:
        places.setdefault(files[path].oid, []).append(path)
    found = set()
    speaking = set()
    for blob in read_blobs(view.repository.git, places):
        if b"publicKeys" in blob.data:
            speaking.update(places[blob.oid])
        for match in _NAMES.finditer(blob.data):
            for path in places[blob.oid]:
                for above in ("", posixpath.dirname(path)):
                    found.add(posixpath.normpath(posixpath.join(above, to_text(match[1]))))
    return tuple(
        sorted(path for path in found & speaking if posixpath.basename(path) != RULES_FILE)
    )
