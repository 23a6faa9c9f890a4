"""Outputs that are in order, seen in bulk, so that a first look costs little more than Git's own.

Nearly all outputs of a large fleet have a name that a key and a source of the tree make, one stanza
with that key's tag, and the length of that source. Which these are is decided here by a pattern and
two comparisons, without a value for each. All else is left to those who judge one output after
another, and so are a few of these: for each node, and for each source, one.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from itertools import compress
from operator import not_
from sys import intern

from agenix_check.age import SKIMMED, SSH_ED25519, is_sound, recipient_or_none, sealed_size
from agenix_check.discover.tree.carried import is_by_names_alone
from agenix_check.discover.tree.evidence import Evidence, classify, find_facts
from agenix_check.discover.tree.facts import AgeFact, Fact, find_fact
from agenix_check.discover.tree.facts_cache import Found
from agenix_check.discover.tree.key_texts import KeyText, bare
from agenix_check.discover.tree.naming import (
    IDENT_DIGITS,
    Trace,
    may_be_outputs,
    output_file,
    trace,
)
from agenix_check.discover.tree.settled import Beside, Rest, SettledTree, find_touched
from agenix_check.errors import CannotCheckError
from agenix_check.git.known_trees import list_between
from agenix_check.git.objects import blob_of, match_blobs
from agenix_check.git.snapshot import OID_AT, REGULAR, Change, path_of
from agenix_check.model.fleet import are_many
from agenix_check.model.frozen import frozen, replace
from agenix_check.model.settings import Settings
from agenix_check.view import View


def leave_out_in_order(view: View, settings: Settings) -> Rest | None:
    """Return what is left of a large fleet to look at; None where all of it has to be seen."""
    base, tree = view.base, view.snapshot.tree
    if base is None or view.cut_off:
        return None
    records = view.snapshot.records
    names = [record.rpartition("/")[2] for record in records]
    alike = may_be_outputs(names)
    if not are_many(alike.count(True)):
        return None
    changes = list_between(view.repository, [] if base.tree == tree else [(base.tree, tree)])
    touched = None if changes is None else find_touched(view, changes)
    if changes is None or touched is None:
        return None
    unlike = list(compress(records, map(not_, alike)))
    without_outputs = _with(view, unlike, ())
    if not is_by_names_alone(without_outputs, settings):
        return None
    others = without_outputs.snapshot.files
    facts = find_facts(view.repository, others.values())
    evidence = classify(others, facts)
    if evidence.has_link_to(map(path_of, compress(records, alike))):
        return None
    alike_names = list(compress(names, alike))
    bulk = _Bulk(
        records=records,
        places=list(compress(range(len(records)), alike)),
        names=alike_names,
        idents=[name[:IDENT_DIGITS] for name in alike_names],
        evidence=evidence,
        touched=touched,
        changes=changes,
        digits=len(tree),
    )
    try:
        traces = bulk.trace()
        proof = None if traces is None else bulk.prove(view, traces)
    except CannotCheckError:  # too many pairs, or a blob that is not here: who looks at all says so
        return None
    if traces is None or proof is None:
        return None
    left_out = list(compress(records, map(not_, proof.stays)))
    if not are_many(len(left_out)):
        return None
    pruned = _with(view, compress(records, proof.stays), left_out)
    read: dict[str, Fact | None] = dict.fromkeys(others)
    return Rest(
        view=pruned,
        found=Found(read | facts | proof.facts, traces),
        source_of=lambda ident: traces[ident].source if ident in traces else None,
        settle=partial(_settle, tree, traces, proof.amiss),
    )


def _with(view: View, records: Iterable[str], left_out: Sequence[str]) -> View:
    return replace(view, snapshot=view.snapshot.with_listing(records, left_out))


def _settle(
    tree: str, traces: Mapping[str, Trace], amiss: AbstractSet[str], kind: str
) -> SettledTree:
    return SettledTree.of(kind, tree, (one for one in traces.items() if one[0] not in amiss))


@frozen(kw_only=False)
class _Proof:
    """What a look at outputs in bulk found.

    `stays` says of each record whether it has to be seen, `amiss` are the idents of outputs that
    are not in order, `facts` those of some that are in order and stay, by path.
    """

    stays: bytearray
    amiss: set[str]
    facts: dict[str, Fact | None]


@frozen
class _Bulk:
    """The records of a tree; those at `places` look like outputs, with `names` behind the last /.

    `evidence` is of the other ones. `touched` are the keys and sources of changed files.
    """

    records: Sequence[str]
    places: Sequence[int]
    names: Sequence[str]
    idents: Sequence[str]
    evidence: Evidence
    touched: AbstractSet[str]
    changes: Sequence[Change]
    digits: int

    def trace(self) -> dict[str, Trace] | None:
        """Return what made the idents; None where some were not explained before this change.

        Nor where two outputs have one ident.
        """
        idents = {*self.idents}
        if self.evidence.outputs or len(idents) < len(self.names):
            return None
        keys, sources, touched = self.evidence.keys, self.evidence.sources, self.touched
        traces = trace(idents, keys, sources)
        lost = idents - traces.keys()
        if lost:
            changed = {one: KeyText(None, ()) for one in touched}
            lost -= trace(lost, keys, touched).keys()
            lost -= trace(lost, changed, [*sources, *touched]).keys()
        return None if lost else traces

    def prove(self, view: View, traces: Mapping[str, Trace]) -> _Proof | None:
        """Return which records stay and what is not in order; None if all have to be seen.

        Whatever is not in order or concerned by the change stays. So does, of the others, one of
        each directory, and one for each source and name: these are in the base too.
        """
        start, files = OID_AT + self.digits + 1, list(map(self.records.__getitem__, self.places))
        oids = [record[OID_AT : start - 1] for record in files]
        if len({*oids}) < len(oids) or not self._gone().isdisjoint(oids):
            return None
        tags, sizes, beside = self._tags(), self._sizes(), self._beside(traces)
        concerned = self.touched | beside.marks
        proof = _Proof(bytearray(b"\1") * len(self.records), set(), {})
        homes: dict[str, str] = {}
        secrets: dict[str, set[str]] = defaultdict(set)
        shown: dict[str, set[str]] = defaultdict(set)
        last, here, home, home_tag, is_shown = "", set[str](), None, b"", False
        heads = match_blobs(view.repository.git, oids, SKIMMED)
        made = map(traces.get, self.idents)
        for place, record, name, pair, (size, head) in zip(
            self.places, files, self.names, made, heads, strict=True
        ):
            directory, secret = record[start : -len(name)], intern(name[IDENT_DIGITS:])
            if directory != last:
                file = output_file(record[start:])
                if file is None or f"{file.directory}/" != directory:
                    return None  # a part of the directory's own name is an ident, or of leftovers
                last, here, home, is_shown = directory, secrets[directory], None, False
            here.add(secret)
            if pair is None:
                continue
            key, source = pair
            if key != home:
                if homes.setdefault(directory, key) != key:
                    return None
                home, home_tag = key, tags.get(key, b"")  # no stanza has an empty one
            _, _, tag, share, grease = head.groups()
            if (
                size != sizes.get(source)
                or tag != home_tag
                or share is None
                or not is_sound(share, grease)
                or not record.startswith(REGULAR)
            ):
                proof.amiss.add(name[:IDENT_DIGITS])
            elif not concerned.isdisjoint((secret, source, key)) and (
                not self.touched.isdisjoint(pair) or beside.has(directory[:-1], secret, source)
            ):
                continue
            elif not is_shown or secret not in shown[source]:
                is_shown = True
                shown[source].add(secret)
                content = blob_of(head)
                proof.facts[record[start:]] = find_fact(content, len(content))
            else:
                proof.stays[place] = 0
        if sum(map(len, secrets.values())) < len(files):
            return None  # two outputs of one node have one name
        texts = {bare(self.evidence.keys[key].text or "") for key in homes.values()}
        return proof if len(texts) == len(homes) else None

    def _gone(self) -> set[str]:
        """Return the objects of before that no changed output has now: another may have them."""
        alike = may_be_outputs(one.path.rpartition("/")[2] for one in self.changes)
        outputs = compress(self.changes, alike)
        now = {one.after.oid for one in outputs if one.after is not None}
        return {one.before.oid for one in self.changes if one.before is not None} - now

    def _beside(self, traces: Mapping[str, Trace]) -> Beside:
        """Return what lies beside the outputs that come, go or change."""
        outputs = [file for one in self.changes if (file := output_file(one.path)) is not None]
        lost = {one.ident for one in outputs if one.ident not in traces}
        made = trace(lost, self.evidence.keys, self.evidence.sources)
        found = {one.ident: traces.get(one.ident, made.get(one.ident)) for one in outputs}
        return Beside.of(
            outputs, {ident: one.source for ident, one in found.items() if one is not None}
        )

    def _tags(self) -> dict[str, bytes]:
        """Return the tags of the keys that stanzas show whole."""
        tags: dict[str, bytes] = {}
        for key, (text, _) in self.evidence.keys.items():
            recipient = recipient_or_none(text)
            if recipient is not None and recipient.kind == SSH_ED25519 and recipient.tag:
                tags[key] = recipient.tag.encode("ascii")
        return tags

    def _sizes(self) -> dict[str, int]:
        """Return how many bytes the payload of an output of each source has."""
        sizes: dict[str, int] = {}
        for source, paths in self.evidence.sources.items():
            fact = self.evidence.facts[paths[0]]
            if isinstance(fact, AgeFact) and fact.plaintext_size is not None:
                sizes[source] = sealed_size(fact.plaintext_size)
        return sizes
