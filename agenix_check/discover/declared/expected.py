"""The fleet as declared: which output every secret of every node should have."""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from types import MappingProxyType

from agenix_check.age import DUMMY_RECIPIENT
from agenix_check.discover.declared.followed import follow_declared, submodule_of
from agenix_check.discover.declared.masters import Masters, find_masters
from agenix_check.discover.tree.evidence import LOCK, Evidence
from agenix_check.discover.tree.facts import AgeFact, LockedFact, PointerFact
from agenix_check.discover.tree.key_texts import digest
from agenix_check.discover.tree.naming import ident, output_path
from agenix_check.discover.tree.unreadable import advise_unlocked
from agenix_check.git.objects import read_blobs
from agenix_check.git.repository import Repository
from agenix_check.git.worktree import read_file
from agenix_check.model.declaration import WITHHELD, Declaration, DeclaredNode, DeclaredSecret
from agenix_check.model.fleet import Fleet, Node, Output
from agenix_check.model.frozen import NOTHING, frozen
from agenix_check.view import View

_NO_ROTATION: Mapping[str, str] = MappingProxyType({})


@frozen
class Expected:
    """One secret of one node, and the output that it should have.

    `skip` says why it has none, `unknown_because` why its output is not known, `lacks_source` that
    its source is not in the tree, `hides_source` that its source is where nobody can look.
    """

    node: DeclaredNode
    secret: DeclaredSecret
    output: Output | None
    skip: str | None = None
    unknown_because: str | None = None
    lacks_source: bool = False
    hides_source: bool = False


@frozen
class Declared:
    """A declaration held against one tree.

    `on_disk` are files that should be in the tree but are only in the work tree. `base` is what the
    base declared, held against the base, if that is known and the trees differ. `rotated` maps each
    node whose key differs from the lock file's to the file with its key. `is_whole` says that no
    node was left out because nobody asked about it.
    """

    declaration: Declaration
    expected: tuple[Expected, ...]
    masters: Masters
    on_disk: frozenset[str]
    base: "Declared | None" = None
    rotated: Mapping[str, str] = NOTHING
    is_whole: bool = True

    @property
    def unseen(self) -> tuple[str, ...]:
        """What could not be judged because nobody can look at its source, in a sentence."""
        hidden = [one for one in self.expected if one.hides_source]
        if not hidden:
            return ()
        first, *rest = hidden
        more = f" (and {len(rest)} more)" if rest else ""
        what = f"{first.node.name} {first.secret.name}"
        sentence = f"{what} could not be judged: {first.unknown_because}{more}"
        return (advise_unlocked(sentence),)

    def has_known_key(self, node: DeclaredNode) -> bool:
        """Return whether it is known for which key a node's outputs must be made."""
        return node.host_pubkey != WITHHELD and node.name not in self.rotated


def expect(
    view: View,
    here: Evidence,
    declaration: Declaration,
    *,
    base: Declared | None = None,
    rotated: Mapping[str, str] = _NO_ROTATION,
) -> Declared:
    """Work out which outputs should exist, and which files were not staged."""
    declaration = follow_declared(here, declaration)
    sources = {
        secret.source.path
        for node in declaration.nodes
        for secret in node.secrets
        if secret.source.path in here.files
    }
    digests = _digests(view.repository, here, (path for path in sources if path))
    skipped = {node.name: _why_skipped(here, node) for node in declaration.nodes}
    expected = tuple(
        _expected(node, secret, here, digests, rotated.get(node.name), skipped[node.name])
        for node in declaration.nodes
        for secret in node.secrets
    )
    wanted = {one.output.path for one in expected if one.output is not None}
    wanted |= {one.secret.source.path for one in expected if one.secret.source.path}
    on_disk: frozenset[str] = frozenset()
    if view.snapshot.kind == "index":
        lacking = sorted(wanted - here.files.keys())
        on_disk = frozenset(path for path in lacking if _is_on_disk(view.repository, path))
    return Declared(
        declaration=declaration,
        expected=expected,
        masters=find_masters(view.repository, here.files, declaration),
        on_disk=on_disk,
        base=base,
        rotated=rotated,
    )


def fleet_of_declared(declared: Declared, inventory: str) -> Fleet:
    """Return the declared nodes and secrets, also those without a known output."""
    nodes = tuple(
        Node(
            name=node.name,
            storage=node.storage.path or "" if node.storage is not None else "",
            keys=(node.host_pubkey,),
        )
        for node in declared.declaration.nodes
    )
    outputs = map(_shown, declared.expected)
    return Fleet(
        inventory=inventory,
        complete=not declared.declaration.failed,
        nodes=nodes,
        outputs=tuple(
            sorted(outputs, key=lambda output: (output.path, output.node, output.secret))
        ),
        masters=tuple(sorted(recipient.text for recipient in declared.masters.known)),
        unknown_masters=declared.masters.unknown,
    )


def _is_on_disk(repository: Repository, path: str) -> bool:
    """Return whether the work tree has a file; a declared name may be too long for a file."""
    try:
        return read_file(repository, path) is not None
    except OSError:
        return False


def _shown(one: Expected) -> Output:
    """Return an output as it is listed, also one whose path is not known."""
    source = one.secret.source.path
    known = one.output or Output(
        node=one.node.name,
        secret=one.secret.name,
        path="",
        ident="",
        key=one.node.host_pubkey,
        sources=() if source is None else (source,),
        id=one.secret.id,
    )
    missing = "its source is not in the tree" if one.lacks_source else None
    return known._replace(skipped=one.skip or one.unknown_because or missing)


def _why_skipped(here: Evidence, node: DeclaredNode) -> str | None:
    """Return why none of a node's outputs is in this tree, or None."""
    if node.host_pubkey == DUMMY_RECIPIENT:
        return "its node has agenix-rekey's placeholder key"
    if node.storage_mode == "derivation":
        return 'its node keeps outputs in the Nix store (storageMode = "derivation")'
    submodule = submodule_of(here, node.storage)
    if submodule is not None:
        return f"its node's storage directory is in the submodule {submodule}"
    return None


def _expected(
    node: DeclaredNode,
    secret: DeclaredSecret,
    here: Evidence,
    digests: Mapping[str, str],
    rotated: str | None,
    skip: str | None,
) -> Expected:
    source = secret.source.path
    fact = None if source is None else here.facts.get(source)
    unknown_because = None
    hides_source = False
    if secret.intermediary:
        skip = "an intermediary secret has no output"
    elif skip is not None:
        pass
    elif node.storage_mode != "local":
        unknown_because = "its node's storageMode is neither local nor derivation"
    elif node.host_pubkey == WITHHELD:
        unknown_because = "its node's hostPubkey is a private key"
    elif rotated is not None:
        unknown_because = f"{LOCK} is older than the key in {rotated}"
    elif source is None:
        unknown_because = f"its source is outside the repository: {secret.source.outside}"
        hides_source = True
    elif isinstance(fact, LockedFact):
        unknown_because = f"its source {source} is encrypted with {fact.by} in Git"
        hides_source = True
    elif node.storage is None or node.storage.path is None:
        outside = node.storage.outside if node.storage else None
        unknown_because = f"its node's storage directory is outside the repository: {outside}"
    output = None
    known = node.host_pubkey != WITHHELD and rotated is None
    if source in digests and source is not None and known:
        made = ident(digest(node.host_pubkey), digests[source])
        storage = node.storage.path if node.storage is not None else None
        output = Output(
            node=node.name,
            secret=secret.name,
            path=output_path(storage or "", made, secret.name),
            ident=made,
            key=node.host_pubkey,
            sources=(source,),
            id=secret.id,
            skipped=skip,
        )
    return Expected(
        node=node,
        secret=secret,
        output=output,
        skip=skip,
        unknown_because=unknown_because,
        lacks_source=source is not None and source not in here.files,
        hides_source=hides_source,
    )


def _digests(repository: Repository, here: Evidence, paths: Iterable[str]) -> dict[str, str]:
    """Return the SHA-256 of sources, also of those that are not age files, as agenix-rekey does."""
    found: dict[str, str] = {}
    others: dict[str, str] = {}
    for path in paths:
        fact = here.facts.get(path)
        if isinstance(fact, AgeFact | PointerFact):
            found[path] = fact.sha256
        elif not isinstance(fact, LockedFact):
            others[path] = here.files[path].oid
    whole = {
        blob.oid: sha256(blob.data).hexdigest()
        for blob in read_blobs(repository.git, others.values())
        if len(blob.data) == blob.size
    }
    found.update({path: whole[oid] for path, oid in others.items() if oid in whole})
    return found
