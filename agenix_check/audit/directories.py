"""Judge output directories as a whole: their keys, where they are, and what else is in them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from agenix_check.age import (
    DUMMY_RECIPIENT,
    Recipient,
    RecipientError,
    parse_configured,
    recipient_or_none,
)
from agenix_check.audit.commands import REKEY_BY_NIX, choose_key, put_key_right, shell
from agenix_check.audit.judged import make_finding
from agenix_check.audit.keyring import Keyring
from agenix_check.discover.tree.evidence import Evidence
from agenix_check.discover.tree.key_texts import NOWHERE, KeyTexts, digest
from agenix_check.discover.tree.names import Names
from agenix_check.model.findings import Cause, CauseKind, Finding, Severity
from agenix_check.model.fleet import Fleet, Node

if TYPE_CHECKING:
    from agenix_check.model.lost import Rotated


def audit_directories(names: Names, fleet: Fleet, keyring: Keyring) -> Iterator[Finding]:
    """Yield the findings that are about a node and not about one of its outputs."""
    same = names.base is names.here
    before = {node.storage: {*node.keys} for node in fleet.nodes} if same else _keys_at_base(names)
    storages = {node.storage for node in fleet.nodes}
    for node in fleet.nodes:
        were = before.get(node.storage, set())
        for text in node.keys:
            found = judge_key(text, keyring.texts.get(text))
            if found is not None:
                rule, message = found
                holders = names.here.keys.get(digest(text), NOWHERE).paths
                invalid = rule == "node-invalid-key"
                where = shell(holders[0]) if holders else f"the public key of {shell(node.name)}"
                yield make_finding(
                    rule, message, path=holders[0] if holders else None, node=node.name,
                    new=text not in were, mend=put_key_right(where) if invalid else None,
                )  # fmt: skip
        yield from _mixed(names.here, node, were, keyring)
        yield from _hidden_rotations(names, node, were, storages)
        yield from _outgrown(names, node)
    yield from _overlaps(names, fleet, keyring, before.keys())


def _keys_at_base(names: Names) -> Mapping[str, set[str]]:
    """Return, by directory, the key texts that the base's outputs were made for."""
    found: dict[str, set[str]] = defaultdict(set)
    for file in names.base.outputs.values():
        made = names.traced(file).base
        if made is not None:
            found[file.directory].add(names.base.keys[made.key].text or "")
    return found


def judge_key(text: str, recipient: Recipient | None) -> tuple[str, str] | None:
    """Return the rule that a node's key text breaks and the message, or None if it is valid."""
    if recipient is None and text.startswith("/"):
        name = text.strip()
        return (
            "node-key-path",
            f"hostPubkey is the string {name}: a new key in that file does not rename any output",
        )
    why_not = explain_invalid(text)
    if why_not is not None:
        return "node-invalid-key", f"hostPubkey must be exactly one recipient, but {why_not}"
    if recipient is not None and recipient.text == DUMMY_RECIPIENT:
        return (
            "node-placeholder-key",
            "outputs are made for agenix-rekey's placeholder, whose private key nobody has",
        )
    return None


def explain_invalid(text: str) -> str | None:
    """Return why age or rage refuses a key text as agenix-rekey hands it over, or None."""
    try:
        parse_configured(text)
    except RecipientError as error:
        return str(error)
    return None


def _mixed(here: Evidence, node: Node, before: set[str], keyring: Keyring) -> Iterator[Finding]:
    """Find a directory whose outputs have different keys; the comment of a key does not count."""
    holders = {
        _key(text, keyring): here.keys.get(digest(text), NOWHERE).paths for text in node.keys
    }
    if len(holders) < 2:
        return
    places = ", ".join(sorted({paths[0] if paths else "no file" for paths in holders.values()}))
    yield make_finding(
        "output-mixed-keys",
        f"the outputs of this directory are made for {len(holders)} keys ({places}): two nodes "
        "share it, or an old key is still in use",
        path=node.storage, node=node.name, new=len({_key(text, keyring) for text in before}) < 2,
    )  # fmt: skip


def _key(text: str, keyring: Keyring) -> str:
    """Return a key without its comment; a text that is not a key is returned as it is."""
    recipient = keyring.texts.get(text)
    return text if recipient is None else recipient.text


def _overlaps(
    names: Names, fleet: Fleet, keyring: Keyring, before: Iterable[str]
) -> Iterator[Finding]:
    storages = {node.storage for node in fleet.nodes}
    known = {*before, *names.base.files}
    sources = {path for paths in names.here.sources.values() for path in paths}
    for storage, inside in sorted(find_inside(storages, sources | storages).items()):
        if _moved_inside(fleet, keyring, storage, inside):
            continue
        new = not known.issuperset((storage, *inside))
        yield storage_overlap(storage, inside, node=storage, new=new)


def _moved_inside(fleet: Fleet, keyring: Keyring, storage: str, inside: Collection[str]) -> bool:
    """Return whether a directory inside has every output of this one: they were moved there."""
    held: dict[str, set[tuple[str, str | None]]] = defaultdict(set)
    for output in fleet.outputs:
        if output.node == storage or output.node in inside:
            key = None if output.key is None else _key(output.key, keyring)
            held[output.node].add((output.secret, key))
    own = held.pop(storage, set())
    return any(own <= others for others in held.values())


def find_inside(storages: Collection[str], paths: Iterable[str]) -> dict[str, list[str]]:
    """Return for each storage directory the sorted paths below it, however deep."""
    inside: dict[str, list[str]] = defaultdict(list)
    for path in sorted(paths):
        for parent in _parents(path):
            if parent in storages:
                inside[parent].append(path)
    return inside


def _parents(path: str) -> Iterator[str]:
    """Yield the directories above a path, the nearest first; the last is "", the root."""
    while path:
        path = path.rpartition("/")[0]
        yield path


def storage_overlap(storage: str, inside: Sequence[str], *, node: str, new: bool) -> Finding:
    """Say what agenix-rekey would delete: it removes all in a storage directory but its outputs."""
    are = f" and {len(inside) - 1} more are" if len(inside) > 1 else " is"
    return make_finding(
        "node-storage-overlap",
        f"{inside[0]}{are} in this storage directory: agenix rekey deletes "
        "everything there that is not an output of this node",
        path=storage, node=node, new=new,
    )  # fmt: skip


def _hidden_rotations(
    names: Names, node: Node, before: set[str], storages: Collection[str]
) -> Iterator[Finding]:
    """Find keys that were replaced in one of their files but are still in another one.

    A key that the node's outputs were not made for `before` came from another node, so it is left
    out; and so is a file of another host that had a copy of this one's.
    """
    for text in node.keys:
        key = digest(text)
        now = names.here.keys[key].paths
        said = False
        for one in find_replaced(names, storages, node.storage, key) if text in before else ():
            said = True
            yield _hidden_rotation(node, one, now, new=True)
        old = names.rotated.get((node.storage, key))
        if old is not None and not said:
            yield _hidden_rotation(node, old, now, new=False)


def find_replaced(
    names: Names, storages: Collection[str], storage: str, key: str
) -> "Iterator[Rotated]":
    """Yield where the change that is judged replaced a key, by its digest, that lives on elsewhere.

    `storages` are all output directories, `storage` is the one whose outputs are made for it.
    """
    now = names.here.keys.get(key, NOWHERE).paths
    for path in names.base.keys.get(key, NOWHERE).paths if now else ():
        if path in now or not _gained_a_key(names, path):
            continue
        if not _is_of_another(storages, storage, path, now):
            from agenix_check.model.lost import Rotated

            yield Rotated(path, names.commits.get(path))


def _is_of_another(
    storages: Collection[str], storage: str, path: str, holders: Iterable[str]
) -> bool:
    """Return whether a key is still in its host's own file, and this one names another host."""
    from agenix_check.discover.tree.rotated import hosts_in_paths

    host = hosts_in_paths(storages)[storage]
    return host.search(path) is None and any(map(host.search, holders))


def _hidden_rotation(
    node: Node, replaced: "Rotated", holders: Sequence[str], *, new: bool
) -> Finding:
    path, commit = replaced
    return make_finding(
        "output-mixed-keys",
        f"{path} holds another key now, but outputs are made for the old one, which is still in "
        f"{holders[0]}",
        path=path, node=node.name, new=new, since=commit,
        cause=Cause(kind=CauseKind.KEY_CHANGED, path=path, commit=commit),
        mend=choose_key(path, holders),
    )  # fmt: skip


def _outgrown(names: Names, node: Node) -> Iterator[Finding]:
    """Find outputs made for what was the whole text of a key file and is less than that now."""
    for text in node.keys:
        found = names.outgrown.get(key := digest(text))
        if found is None:
            continue
        from agenix_check.model.lost import Grown

        now, was = (tree.reading(key) for tree in (names.here, names.base))
        unless = {
            Grown.NEWLINE: "the text is trimmed",
            Grown.COMMENT: "comments are left out",
            Grown.LINES: "one line of it is taken",
        }[found.grown]
        yield make_finding(
            "output-stale",
            f"{found.path} got {found.grown}, which agenix-rekey hashes too: unless {unless}, the "
            "host looks for other file names",
            path=found.path, node=node.name, severity=Severity.WARNING,
            new=found.commit is None or (was is not None and now is not None and was < now),
            cause=Cause(
                kind=CauseKind.KEY_TEXT_CHANGED, path=found.path,
                commit=found.commit or names.commits.get(found.path),
            ),
            since=found.commit, mend=REKEY_BY_NIX,
        )  # fmt: skip


def _gained_a_key(names: Names, path: str) -> bool:
    """Return whether a file contains a key that it did not contain at the base."""
    now, before = (_keys_in(tree, path) for tree in (names.here, names.base))
    return not now <= before


def _keys_in(tree: Evidence, path: str) -> set[str]:
    fact = tree.facts.get(path)
    texts = fact.public if isinstance(fact, KeyTexts) else ()
    return {one.text for one in map(recipient_or_none, texts) if one is not None}
