"""Where the fleet comes from: Nix, the lock file, or file names alone."""

from dataclasses import dataclass, replace

from agenix_check.declaration import Declaration, DeclaredNode, FailedNode, RulesFile
from agenix_check.discover.declared import Declared, expect
from agenix_check.discover.evaluation import Options, evaluate_view
from agenix_check.discover.lock import FILE, read_lock
from agenix_check.discover.names import Names
from agenix_check.errors import CannotCheckError
from agenix_check.settings import Settings
from agenix_check.tree.objects import read_blobs
from agenix_check.tree.snapshot import SYMLINK
from agenix_check.tree.store import Store
from agenix_check.view import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What is known of a fleet besides the names.

    `kind` is `nix`, `lock` or `names`; `declared` is None for the last. `lock` is the lock file of
    the tree, where the declaration does not come from it. `said` and `incomplete` are sentences
    for the report.
    """

    kind: str
    declared: Declared | None = None
    rules: tuple[RulesFile, ...] = ()
    lock: Declaration | None = None
    said: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()


def take_inventory(view: View, names: Names, settings: Settings, store: Store) -> Inventory:
    """Find out what is declared, as the settings want it.

    Raises `CannotCheckError` where a lock file was asked for, and is not there or not readable.
    """
    wanted = settings.text("inventory") or "auto"
    options = evaluation_options(settings)
    has_flake = f"{options.flake}/flake.nix".lstrip("/") in view.snapshot.files
    has_lock = FILE in view.snapshot.files
    if wanted == "names":
        return Inventory(kind="names")
    if wanted == "lock" or (wanted == "auto" and has_lock and not _nix_is_here()):
        return _from_lock(view, names)
    speaks_of_rules = _rules_files(view) or options.rules
    if wanted == "auto" and not (has_flake or speaks_of_rules):
        return Inventory(kind="names")
    if wanted == "auto" and not _nix_is_here():
        said = tuple(
            f"{path}: plain agenix, which needs Nix to be checked, and Nix is not installed"
            for path in _rules_files(view)
        )
        return Inventory(kind="names", said=said)
    return _from_nix(view, names, options, store, asked=wanted == "nix")


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


def _from_nix(
    view: View, names: Names, options: Options, store: Store, *, asked: bool
) -> Inventory:
    """Ask Nix; where it cannot tell at all, the names are judged and the run is incomplete."""
    try:
        evaluated = evaluate_view(view, names, options, store)
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
    lock = _read_lock(view) if FILE in view.snapshot.files and not declaration.failed else None
    return Inventory(
        kind="nix",
        declared=expect(view, names.here, declaration),
        rules=evaluated.rules,
        lock=lock,
        said=said,
        incomplete=failures,
    )


def _from_lock(view: View, names: Names) -> Inventory:
    if FILE not in view.snapshot.files:
        raise CannotCheckError(
            f"there is no {FILE} in this tree; write it where Nix is: agenix-check fleet --lock"
        )
    declaration = without_private_keys(_read_lock(view))
    return Inventory(kind="lock", declared=expect(view, names.here, declaration))


def _read_lock(view: View) -> Declaration:
    file = view.snapshot.files[FILE]
    if file.mode == SYMLINK:
        raise CannotCheckError(f"{FILE} is a symlink")
    for blob in read_blobs(view.repository.git, [file.oid]):
        if len(blob.data) != blob.size:
            raise CannotCheckError(f"{FILE} is too large to be read")
        return read_lock(blob.data.decode("utf-8", "replace"))
    raise CannotCheckError(f"{FILE} cannot be read")


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


def _rules_files(view: View) -> tuple[str, ...]:
    from agenix_check.discover.nixrules import find_rules_files

    paths = find_rules_files(view.snapshot)
    if not paths:
        return ()
    files = view.snapshot.files
    blobs = read_blobs(view.repository.git, [files[path].oid for path in paths])
    speaking = {blob.oid for blob in blobs if b"publicKeys" in blob.data}
    return tuple(path for path in paths if files[path].oid in speaking)


def _nix_is_here() -> bool:
    from shutil import which

    return which("nix") is not None
