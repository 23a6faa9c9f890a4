"""Trust on first use: the keys for which HEAD has outputs or a rule (docs/design.md, section 9)."""

from collections.abc import Iterable

from agenix_check.age import DUMMY_RECIPIENT, Recipient, recipient_or_none
from agenix_check.audit.content import may_be_read
from agenix_check.audit.readers import compare
from agenix_check.discover.declared.expected import Declared
from agenix_check.discover.declared.inventory import Inventory, take_inventory
from agenix_check.discover.tree.evidence import Evidence
from agenix_check.discover.tree.facts import AgeFact
from agenix_check.discover.tree.facts_cache import Memory
from agenix_check.discover.tree.key_texts import KeyText, digest
from agenix_check.discover.tree.names import Names, discover_names
from agenix_check.discover.tree.naming import trace
from agenix_check.git.cache import Store
from agenix_check.git.repository import Repository
from agenix_check.git.snapshot import Snapshot
from agenix_check.mend.admission import searched
from agenix_check.model.frozen import replace
from agenix_check.model.settings import Settings
from agenix_check.view import View, trusted_commit


def keys_of_head(
    view: View, names: Names, inventory: Inventory, settings: Settings, store: Store
) -> frozenset[str]:
    """Return the canonical keys for which HEAD has outputs or a rule, as the settings see it.

    Where the remote's default branch does not have HEAD, that branch stands for it: somebody else's
    may be checked out or merged. `names` and `inventory` are those of the view: what is trusted may
    have to be evaluated.
    """
    trusted = trusted_commit(view)
    if trusted is None:
        return frozenset()
    if view.base is None or view.base.commit != trusted.commit:
        there = _unchanged(view, trusted)
        names = discover_names(there, Memory(store), store)
        at_head = take_inventory(there, names, settings, store)
    elif names.changed:
        at_head = take_inventory(_unchanged(view, trusted), names.at_base(), settings, store)
    else:
        at_head = inventory
    declared = _declared_keys((inventory, at_head))
    keys = keys_of_outputs(names, names.base, declared)
    keys |= keys_of_rules(at_head)
    if at_head.declared is not None:
        keys |= keys_of_masters(view.repository, trusted, names.base, at_head.declared)
    return frozenset(keys)


def _unchanged(view: View, commit: Snapshot) -> View:
    """Return the view of a commit in which nothing has changed."""
    return replace(view, snapshot=commit, base=commit, of_a_change=False)


def keys_at_a_glance(view: View, names: Names, inventory: Inventory) -> frozenset[str]:
    """Return about the same without evaluating anything, for what a check advises.

    Of rules every key counts whose text stands in what is trusted.
    """
    trusted = trusted_commit(view)
    if trusted is None:
        return frozenset()
    here = view.snapshot.tree == trusted.tree
    if not here and (view.base is None or view.base.tree != trusted.tree):
        names = discover_names(_unchanged(view, trusted), Memory(Store(None)), Store(None))
        here = True
    tree = names.here if here else names.base
    keys = keys_of_outputs(names, tree, _declared_keys((inventory,)))
    declared = inventory.declared
    if declared is not None:
        one = declared if here else declared.base or declared
        keys |= keys_of_masters(view.repository, trusted, tree, one)
    texts = " ".join(one.text for one in tree.keys.values() if one.text is not None)
    return frozenset(keys | {key for key in keys_of_rules(inventory) if searched(key) in texts})


def keys_of_outputs(names: Names, tree: Evidence, declared: Iterable[str]) -> set[str]:
    """Return the canonical keys for which a tree of `names` has outputs that they can read.

    A file that is only named for a key shows nothing. `declared` are key texts that may stand in
    no file of the tree.
    """
    found: set[str] = set()
    shown: set[str] = set()  # digests of texts that are done
    recipients: dict[str, Recipient | None] = {}
    rest = {}
    traces = names.traces if tree is names.here else names.traces_at_base
    for path, file in tree.outputs.items():
        made = traces.get(file.ident)
        lost = names.lost.get(path)
        if made is not None:
            text, known = tree.keys[made.key].text, made.key
        elif lost is not None and lost.key is not None and not lost.brought:
            text, known = lost.key_text, lost.key
        else:
            rest[file.ident] = path
            continue
        if known in shown or text is None:
            continue
        if known not in recipients:
            recipients[known] = recipient_or_none(text)
        recipient = recipients[known]
        if recipient is not None and may_be_read(tree.facts.get(path), recipient):
            shown.add(known)
            found.add(recipient.text)
    texts = {digest(text): KeyText(text, ()) for text in declared}
    for name, made in trace(rest, texts, tree.sources).items() if rest and texts else ():
        recipient = recipient_or_none(texts[made.key].text)
        if recipient is not None and may_be_read(tree.facts.get(rest[name]), recipient):
            found.add(recipient.text)
    return found - {DUMMY_RECIPIENT}


def keys_of_rules(inventory: Inventory) -> set[str]:
    """Return the canonical keys in rules of plain agenix."""
    texts = {text for file in inventory.rules for rule in file.rules for text in rule.recipients}
    return {one.text for text in texts if (one := recipient_or_none(text)) is not None}


def keys_of_masters(
    repository: Repository, at: Snapshot, tree: Evidence, declared: Declared
) -> set[str]:
    """Return the declared master recipients that some source of the tree `at` is encrypted to.

    Of anonymous ones only the number shows: where one is missing, those of its type count only if
    history shows who was meant.
    """
    masters = tuple(declared.masters.known)
    found: set[str] = set()
    nodes = declared.declaration.nodes
    paths = (secret.source.path for node in nodes for secret in node.secrets)
    sources = sorted({path for path in paths if path is not None})
    for path in sources:
        fact = tree.facts.get(path)
        if not isinstance(fact, AgeFact) or fact.problem is not None:
            continue
        missing = compare(fact.stanzas, masters).missing
        kinds = {one.kind for one in missing if one.is_anonymous}
        found |= {one.text for one in masters if one not in missing and one.kind not in kinds}
    unsure = [one for one in masters if one.is_anonymous and one.text not in found]
    if unsure and at.commit is not None:
        from agenix_check.mend.former_masters import shown_masters

        shown = shown_masters(repository, at.commit, tree, sources, masters)
        found |= {one.text for one in shown}
    return found


def _declared_keys(inventories: Iterable[Inventory]) -> set[str]:
    found: set[str] = set()
    for inventory in inventories:
        one = inventory.declared
        while one is not None:
            found |= {node.host_pubkey for node in one.declaration.nodes}
            one = one.base
    return found
