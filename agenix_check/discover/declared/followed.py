"""What a declaration names, at the places where the links of one tree lead to, as Nix follows them.

Every rule then judges the file itself, and --fix decrypts and writes that.
"""

from functools import cache

from agenix_check.discover.tree.evidence import Evidence
from agenix_check.git.links import Obstacle
from agenix_check.git.snapshot import SUBMODULE, SYMLINK
from agenix_check.model.declaration import (
    Declaration,
    DeclaredNode,
    DeclaredPath,
    DeclaredSecret,
    MasterIdentity,
)
from agenix_check.model.frozen import replace


def submodule_of(here: Evidence, place: DeclaredPath | None) -> str | None:
    """Return the submodule that a path is in, or None."""
    path = None if place is None else place.path or place.outside
    if path is None or path.startswith("/"):
        return None
    found = here.follow(path)
    return found.path if found.obstacle is Obstacle.SUBMODULE else None


def follow_declared(here: Evidence, declaration: Declaration) -> Declaration:
    """Return a declaration whose sources, identities and directories are behind no link.

    What links lead out of the tree to, and what is in a submodule, is outside the repository.
    """
    if not any(mode in (SYMLINK, SUBMODULE) for _, mode, _ in here.files.values()):
        return declaration

    @cache
    def lead(path: str) -> DeclaredPath:
        found = here.follow(path)
        if found.obstacle is Obstacle.SUBMODULE:
            return DeclaredPath(path=None, outside=f"{path} (in the submodule {found.path})")
        if found.obstacle is Obstacle.OUTSIDE:
            link, target = found.passed[-1] if found.passed else (path, "..")
            return DeclaredPath(path=None, outside=f"{target} (by the symbolic link {link})")
        return DeclaredPath(path=found.path)

    def place(one: DeclaredPath) -> DeclaredPath:
        path = one.path
        if path is None and one.outside is not None and not one.outside.startswith("/"):
            path = one.outside  # Nix did not find it in the tree that it was given
        return one if path is None else lead(path)

    def secret(one: DeclaredSecret) -> DeclaredSecret:
        return replace(one, source=place(one.source))

    def identity(one: MasterIdentity) -> MasterIdentity:
        return replace(one, identity=place(one.identity))

    def node(one: DeclaredNode) -> DeclaredNode:
        storage = None if one.storage is None else place(one.storage)
        if storage is not None and storage.path is None:
            storage = one.storage  # what a rekey writes there is not followed
        return replace(
            one,
            storage=storage,
            secrets=tuple(map(secret, one.secrets)),
            master_identities=tuple(map(identity, one.master_identities)),
        )

    return replace(declaration, nodes=tuple(map(node, declaration.nodes)))
