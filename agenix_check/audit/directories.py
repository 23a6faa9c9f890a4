"""What is wrong with an output directory as a whole: its key, its place, what else lies in it."""

from collections import defaultdict
from collections.abc import Iterator

from agenix_check.age import DUMMY_RECIPIENT, RecipientError, parse_recipient
from agenix_check.audit.keyring import Keyring
from agenix_check.audit.making import make_finding
from agenix_check.discover.evidence import KeyText
from agenix_check.discover.keys import KeyTexts, digest
from agenix_check.discover.names import Names
from agenix_check.finding import Cause, CauseKind, Finding
from agenix_check.fleet import Fleet, Node


def audit_directories(names: Names, fleet: Fleet, keyring: Keyring) -> Iterator[Finding]:
    """Give the findings that are about a node rather than about one of its outputs."""
    for node in fleet.nodes:
        yield from _keys(names, node, keyring)
    yield from _overlaps(names, fleet)
    yield from _hidden_rotations(names, fleet, keyring)


def _keys(names: Names, node: Node, keyring: Keyring) -> Iterator[Finding]:
    bodies = {}
    for text in node.keys:
        holders = names.here.keys.get(digest(text), KeyText(text, ())).paths
        where = holders[0] if holders else None
        new = any(path in names.changed for path in holders)
        recipient = keyring.texts.get(text)
        bodies[text if recipient is None else recipient.text] = where
        if recipient is None and text.startswith("/"):
            yield make_finding(
                "node-key-path",
                f"hostPubkey is the path {text.strip()} as a string: the name of an output does "
                "not change when that file does",
                path=where, node=node.name, new=new,
            )  # fmt: skip
        elif recipient is None:
            yield make_finding(
                "node-invalid-key", f"hostPubkey is no single valid recipient: {_complaint(text)}",
                path=where, node=node.name, new=new,
            )  # fmt: skip
        elif recipient.text == DUMMY_RECIPIENT:
            yield make_finding(
                "node-placeholder-key",
                "outputs are made for agenix-rekey's placeholder key, which nobody has",
                path=where, node=node.name, new=new,
            )  # fmt: skip
    if len(bodies) > 1:
        places = ", ".join(sorted({place or "no file" for place in bodies.values()}))
        yield make_finding(
            "output-mixed-keys",
            f"the outputs of this directory are made for {len(bodies)} keys ({places}): two nodes "
            "share it, or an old key lingers",
            path=node.storage, node=node.name,
            new=any(path.startswith(f"{node.storage}/") for path in names.changed),
        )  # fmt: skip


def _complaint(text: str) -> str:
    try:
        parse_recipient(text)
    except RecipientError as error:
        return str(error)
    return "agenix-rekey hands it to age as it is"


def _overlaps(names: Names, fleet: Fleet) -> Iterator[Finding]:
    """Find what agenix-rekey would delete: it removes all below a storage directory but outputs."""
    storages = {node.storage for node in fleet.nodes}
    victims: dict[str, list[str]] = defaultdict(list)
    for paths in names.here.sources.values():
        for path in paths:
            for parent in _parents(path):
                if parent in storages:
                    victims[parent].append(path)
    for storage in storages:
        for parent in _parents(storage):
            if parent in storages:
                victims[parent].append(storage)
    for storage, lying in sorted(victims.items()):
        first = min(lying)
        more = f" and {len(lying) - 1} more" if len(lying) > 1 else ""
        yield make_finding(
            "node-storage-overlap",
            f"{first}{more} lies in this storage directory: agenix rekey deletes there whatever "
            "is no output of this node",
            path=storage, node=storage, new=any(path in names.changed for path in lying),
        )  # fmt: skip


def _parents(path: str) -> Iterator[str]:
    while path:
        path = path.rpartition("/")[0]
        yield path


def _hidden_rotations(names: Names, fleet: Fleet, keyring: Keyring) -> Iterator[Finding]:
    """Find keys that were replaced in one of their files and survive in another."""
    used: dict[str, set[str]] = defaultdict(set)
    for node in fleet.nodes:
        for text in node.keys:
            used[text].add(node.name)
    for text, nodes in sorted(used.items()):
        key = digest(text)
        before = names.base.keys.get(key, KeyText(text, ())).paths
        now = names.here.keys[key].paths
        for path in before:
            if path in now or path not in names.changed or not now:
                continue
            if not _gained_a_key(names, path, keyring):
                continue
            for name in sorted(nodes):
                yield make_finding(
                    "output-mixed-keys",
                    f"{path} holds another key now, but the outputs are made for the old one, "
                    f"which is still in {now[0]}",
                    path=path, node=name,
                    cause=Cause(
                        kind=CauseKind.KEY_CHANGED, path=path, commit=names.commits.get(path)
                    ),
                )  # fmt: skip


def _gained_a_key(names: Names, path: str, keyring: Keyring) -> bool:
    """Tell whether a file holds a key that it did not hold at the base."""
    now, before = names.here.facts.get(path), names.base.facts.get(path)
    if not isinstance(now, KeyTexts):
        return False
    known = before.public if isinstance(before, KeyTexts) else ()
    were = {keyring.texts[text].text for text in known if text in keyring.texts}
    return any(keyring.texts[text].text not in were for text in now.public if text in keyring.texts)
