"""What a tree without an output has instead: where its secrets may be, or what else keeps them."""

import re

from agenix_check.discover.tree.facts import AgeFact
from agenix_check.discover.tree.names import Names
from agenix_check.discover.tree.unreadable import list_submodules
from agenix_check.git.objects import read_blobs
from agenix_check.view import View

_DERIVATION = re.compile(rb'^[^#\n]*\bstorageMode\s*=[^;\n]*"derivation"', re.MULTILINE)
_SCHEMES = ("vaultix", "sops-nix")  # by the names of their flakes


def say_what_is_there(view: View, names: Names) -> str | None:
    """Return what stands in place of outputs, None where the tree shows nothing of that."""
    files = names.here.files
    speaking = {path: file.oid for path, file in files.items() if path.endswith(".nix")}
    blobs = read_blobs(view.repository.git, speaking.values())
    contents = {blob.oid: blob.data for blob in blobs}
    texts = {path: contents.get(speaking[path], b"") for path in sorted(speaking)}
    path = next((path for path in texts if _DERIVATION.search(texts[path])), None)
    if path is not None:
        return f'{path} says storageMode = "derivation": outputs are in the Nix store'
    if modules := list_submodules(names.here):
        return f"secrets may be in the submodule {modules[0].path}, a repository of its own"
    ages = [path for path, fact in names.here.facts.items() if isinstance(fact, AgeFact)]
    for scheme in _SCHEMES:
        path = next((path for path in texts if scheme.encode() in texts[path]), None)
        if path is not None:
            return f"{path} speaks of {scheme}, which is not what this program checks"
    if ages:
        more = f" and {len(ages) - 1} more" if ages[1:] else ""
        are = "are age files" if ages[1:] else "is an age file"
        return f"{min(ages)}{more} {are} without an output or a rule (secrets.nix)"
    return None
