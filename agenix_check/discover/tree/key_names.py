"""What Nix files call public keys: the attribute or variable that a key is bound to."""

import re
from collections.abc import Iterable, Mapping, Sequence

from agenix_check.discover.tree.evidence import Evidence
from agenix_check.discover.tree.key_texts import KeyTexts
from agenix_check.git.objects import read_blobs
from agenix_check.git.paths import to_text
from agenix_check.git.repository import Repository

_BINDING = re.compile(
    rb'(?:([A-Za-z_][\w\'-]{0,60})|"([^"\\\n]{1,60})")\s*=\s*(?:"|\'\'\s*)'
    rb"((?:ssh-(?:ed25519|rsa)[ \t]+[0-9A-Za-z+/]+={0,3})|age1[0-9a-z-]{20,4000})"
)
# What a key is, not whose.
_SAYS_NOTHING = {
    "key",
    "publicKey",
    "pubkey",
    "hostPubkey",
    "sshKey",
    "publicKeys",
    "recipient",
    "hostKey",
}


def find_binding(line: bytes) -> str | None:
    """Return what a line of a Nix file binds a key to, if that says whose it is."""
    match = _BINDING.search(line)
    name = None if match is None else to_text(match[1] or match[2])
    return None if name in _SAYS_NOTHING else name


def name_keys(repository: Repository, trees: Iterable[Evidence]) -> Mapping[str, str]:
    """Return the names of keys that Nix files bind to one, by the key without a comment.

    Where it has several, the first counts, in the order of the trees.
    """
    oids: dict[str, int] = {}
    for tree in trees:
        for path, fact in tree.facts.items():
            if path.endswith(".nix") and isinstance(fact, KeyTexts):
                oids.setdefault(tree.files[path].oid, len(oids))
    return names_in_files(repository, tuple(oids))


def names_in_files(repository: Repository, oids: Sequence[str]) -> Mapping[str, str]:
    """Return the names of keys that some Nix files bind to one, by the key without a comment.

    The files are given by their object ids; where a key has several names, the first file counts.
    """
    order = {oid: place for place, oid in enumerate(oids)}
    names: dict[str, str] = {}
    for blob in sorted(read_blobs(repository.git, order), key=lambda one: order[one.oid]):
        for match in _BINDING.finditer(blob.data):
            name = to_text(match[1] or match[2])
            if name not in _SAYS_NOTHING:
                names.setdefault(" ".join(to_text(match[3]).split()), name)
    return names
