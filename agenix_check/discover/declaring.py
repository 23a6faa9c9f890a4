"""What is declared, by Nix or by the lock file, held against a view."""

from dataclasses import replace

from agenix_check.declaration import Declaration, DeclaredNode, FailedNode
from agenix_check.discover.declared import expect
from agenix_check.discover.evaluation import Options, evaluate_view
from agenix_check.discover.inventory import LOCK, Inventory
from agenix_check.discover.lock import read_lock
from agenix_check.discover.names import Names
from agenix_check.errors import CannotCheckError
from agenix_check.settings import Settings
from agenix_check.tree.objects import read_blobs
from agenix_check.tree.snapshot import SYMLINK
from agenix_check.tree.store import Store
from agenix_check.view import View


def evaluation_options(settings: Settings) -> Options:
    """Return what of the settings concerns an evaluation."""
    return Options(
        evaluate=settings.text("evaluate") or "relevant",
        flake=(settings.text("flake") or "").strip("/").removeprefix("./"),
        nodes=settings.items("nodes"),
        collect_home_manager=settings.values.get("collect-home-manager") is not False,
        rules=settings.items("rules"),
        timeout=float(settings.text("nix-timeout") or 120),
    )


def declare_by_nix(
    view: View, names: Names, settings: Settings, store: Store, *, asked: bool
) -> Inventory:
    """Ask Nix; where it cannot tell at all, the names are judged and the run is incomplete."""
    try:
        evaluated = evaluate_view(view, names, evaluation_options(settings), store)
    except CannotCheckError as error:
        return Inventory(kind="names", incomplete=(str(error),))
    said: tuple[str, ...] = ()
    if evaluated.reused is not None:
        tree = evaluated.reused[:12]
        said = (f"evaluation: that of tree {tree} serves, this change touches no declaration",)
    failures = tuple(
        f"{file.path}: {file.failure}" for file in evaluated.rules if file.failure is not None
    )
    declaration = evaluated.declaration
    if declaration is None or not (declaration.nodes or declaration.failed):
        if asked and not evaluated.rules:
            failures = (*failures, "the flake declares no node that uses agenix-rekey")
        return Inventory(kind="names", rules=evaluated.rules, said=said, incomplete=failures)
    declaration = without_private_keys(declaration)
    failures += tuple(
        f"{node.name} could not be evaluated: {node.message}" for node in declaration.failed
    )
    lock = _read_lock(view) if LOCK in view.snapshot.files and not declaration.failed else None
    return Inventory(
        kind="nix",
        declared=expect(view, names.here, declaration),
        rules=evaluated.rules,
        lock=lock,
        said=said,
        incomplete=failures,
    )


def declare_by_lock(view: View, names: Names) -> Inventory:
    """Read the lock file. Raises `CannotCheckError` where there is none, or none to be read."""
    if LOCK not in view.snapshot.files:
        raise CannotCheckError(
            f"there is no {LOCK} in this tree; write it where Nix is: agenix-check fleet --lock"
        )
    declaration = without_private_keys(_read_lock(view))
    return Inventory(kind="lock", declared=expect(view, names.here, declaration))


def _read_lock(view: View) -> Declaration:
    file = view.snapshot.files[LOCK]
    if file.mode == SYMLINK:
        raise CannotCheckError(f"{LOCK} is a symlink")
    for blob in read_blobs(view.repository.git, [file.oid]):
        if len(blob.data) != blob.size:
            raise CannotCheckError(f"{LOCK} is too large to be read")
        return read_lock(blob.data.decode("utf-8", "replace"))
    raise CannotCheckError(f"{LOCK} cannot be read")


def without_private_keys(declaration: Declaration) -> Declaration:
    """Take out nodes whose `hostPubkey` is a private key: it must reach no report."""
    bad = [node for node in declaration.nodes if _is_private(node)]
    if not bad:
        return declaration
    failed = (
        FailedNode(name=node.name, message="its hostPubkey is a private key; make a new key pair")
        for node in bad
    )
    return replace(
        declaration,
        nodes=tuple(node for node in declaration.nodes if node not in bad),
        failed=(*declaration.failed, *failed),
    )


def _is_private(node: DeclaredNode) -> bool:
    return "AGE-SECRET-KEY-" in node.host_pubkey.upper() or "PRIVATE KEY-----" in node.host_pubkey
