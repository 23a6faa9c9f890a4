"""What `agenix-check fleet` prints: who has which secrets, made from what."""

import json
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence

from agenix_check.age import recipient_or_none
from agenix_check.audit.select import is_node, is_secret, matches
from agenix_check.model.declaration import PlainRule, RulesFile
from agenix_check.model.findings import JudgedFile, Report, Verdict
from agenix_check.model.fleet import Fleet, Node, Output
from agenix_check.model.frozen import replace
from agenix_check.report.escape import inert, inert_json, reversible, visible
from agenix_check.report.words import quantity

FLEET_SCHEMA = "agenix-check/fleet/1"


def restrict(fleet: Fleet, nodes: Sequence[str], secrets: Sequence[str]) -> Fleet:
    """Return the part of a fleet whose names match globs; without globs, everything matches."""
    outputs = tuple(
        output
        for output in fleet.outputs
        if is_node(output.node, nodes) and matches(output.secret, secrets)
    )
    kept = {output.node for output in outputs}
    nodes_ = (node for node in fleet.nodes if node.name in kept or not secrets)
    # Files of plain agenix are of no node.
    rules = () if nodes else tuple(_of_secrets(fleet.rules, secrets)) if secrets else fleet.rules
    return replace(
        fleet,
        outputs=outputs,
        nodes=tuple(node for node in nodes_ if is_node(node.name, nodes)),
        rules=rules,
    )


def _of_secrets(files: Iterable[RulesFile], secrets: Sequence[str]) -> Iterator[RulesFile]:
    """Give the rules files with the rules of these secrets alone, if they have any."""
    for file in files:
        rules = tuple(rule for rule in file.rules if is_secret(rule.path, secrets))
        if rules:
            yield replace(file, rules=rules)


def render_text(fleet: Fleet, report: Report) -> str:
    """Turn a fleet into a table: for each node its key, and its secrets with their sources.

    What is wrong by a report of all of it says so.
    """
    wrong = {one.path for one in report.outputs if one.verdict is Verdict.WRONG}
    names = fleet.node_names()
    outputs: dict[str, list[Output]] = {}
    for output in fleet.outputs:
        outputs.setdefault(output.node, []).append(output)
    parts = []
    for node in fleet.nodes:
        lines = [visible(names[node.name] or ".")]
        lines += [f"  key     {visible(_short(text))}" for text in node.keys]
        rows = [
            (
                visible(output.secret),
                visible(output.source or "?"),
                output.skipped or (str(Verdict.WRONG) if output.path in wrong else None),
            )
            for output in outputs.get(node.name, [])
        ]
        width = max((len(secret) for secret, _, _ in rows), default=0)
        for secret, source, skipped in sorted(rows, key=lambda row: row[:2]):
            why = f"  ({skipped})" if skipped else ""
            lines.append(f"  secret  {secret:<{width}}  {source}{why}")
        parts.append("\n".join(lines) + "\n")
    return inert("\n".join([*parts, *_masters_and_rules(fleet), _summary(fleet)]) + "\n")


def render_masters_and_rules(fleet: Fleet) -> str:
    """Turn what a table of outputs does not have into text: the masters, and plain agenix."""
    return inert("".join(f"\n{part}" for part in _masters_and_rules(fleet)))


def _masters_and_rules(fleet: Fleet) -> Iterator[str]:
    if fleet.masters or fleet.unknown_masters:
        lines = ["every source is for"]
        lines += [f"  master  {visible(_short(text))}" for text in fleet.masters]
        lines += [
            f"  master  {visible(place)} (public key unknown)" for place in fleet.unknown_masters
        ]
        yield "\n".join(lines) + "\n"
    for file in fleet.rules:
        yield "\n".join(_rules_file(file, fleet.key_names)) + "\n"


def with_judged(fleet: Fleet, report: Report) -> Fleet:
    """Return a fleet with the outputs that were judged and that nothing explains."""
    known = {one.path for one in fleet.outputs}
    nodes = {one.name for one in fleet.nodes}
    new = [one for one in report.outputs if one.path not in known]
    added = {one.node: _storage_of(one) for one in new if one.node not in nodes}
    more = [Node(name=name, storage=storage, keys=()) for name, storage in added.items()]
    every = sorted((*fleet.nodes, *more), key=lambda node: node.name)
    return replace(fleet, nodes=tuple(every), outputs=(*fleet.outputs, *map(_as_output, new)))


def _storage_of(one: JudgedFile) -> str:
    """Return the directory of an output that nothing declares: its node is one by name."""
    is_inside = one.path.startswith(f"{one.node}/")
    return one.node if is_inside else posixpath.dirname(one.path)


def _as_output(one: JudgedFile) -> Output:
    sources = () if one.source is None else (one.source,)
    return Output(one.node, one.secret, one.path, "", None, sources)


def _rules_file(file: RulesFile, names: Mapping[str, str]) -> Iterator[str]:
    """Give the lines of a rules file: its files and who may read them, then the keys."""
    yield visible(file.path)
    width = max((len(visible(rule.path)) for rule in file.rules), default=0)
    for rule in file.rules:
        readers = ", ".join(_name(text, names) for text in rule.recipients) or "nobody"
        yield f"  file    {visible(rule.path):<{width}}  {readers}"
    texts = dict.fromkeys(text for rule in file.rules for text in rule.recipients)
    named = {_canonical(text): (_name(text, names), _short(text)) for text in texts}
    width = max((len(name) for name, _ in named.values()), default=0)
    for name, shown in sorted(named.values()):
        yield f"  key     {name:<{width}}  {visible(shown)}"


def _summary(fleet: Fleet) -> str:
    """Return how much there is in one line; of agenix-rekey nothing where there is only plain."""
    parts = []
    if fleet.nodes or fleet.outputs or not fleet.rules:
        sources = {output.source or output.skipped for output in fleet.outputs}
        parts.append(
            f"{quantity(len(fleet.nodes), 'node')}, {quantity(len(fleet.outputs), 'output')} of "
            f"{quantity(len(sources), 'source')}, known from {fleet.inventory}"
        )
        if fleet.inventory == "names":
            parts[0] += ": secrets that were never rekeyed are not shown"
        elif not fleet.complete:
            parts[0] += ", incomplete"
    if fleet.rules:
        files = {rule.path for file in fleet.rules for rule in file.rules}
        keys = {_canonical(text) for rule in _rules(fleet) for text in rule.recipients}
        parts.append(
            f"plain agenix: {quantity(len(files), 'file')} for {quantity(len(keys), 'key')} in "
            f"{quantity(len(fleet.rules), 'rules file')}"
        )
    return "\n".join(parts)


def _rules(fleet: Fleet) -> Iterator[PlainRule]:
    for file in fleet.rules:
        yield from file.rules


def _canonical(text: str) -> str:
    recipient = recipient_or_none(text)
    return text if recipient is None else recipient.text


def _name(text: str, names: Mapping[str, str]) -> str:
    """Return what people call a key: a name, else its comment, else the key itself, shortened."""
    key = _canonical(text)
    comment = text.removeprefix(key).strip()
    return visible(names.get(key) or comment or _short(key))


def render_json(fleet: Fleet, report: Report) -> str:
    """Turn a fleet into a JSON document, with the verdicts of a report of all of it."""
    judged = {one.path: one for one in report.outputs}
    names = fleet.node_names()
    document = {
        "schema": FLEET_SCHEMA,
        "inventory": fleet.inventory,
        "complete": fleet.complete,
        "nodes": [
            {
                "name": reversible(names[node.name]),
                "storage": reversible(node.storage),
                "keys": [reversible(text) for text in node.keys],
            }
            for node in fleet.nodes
        ],
        "outputs": [
            {
                "node": reversible(names.get(output.node, output.node)),
                "secret": reversible(output.secret),
                "path": reversible(output.path) or None,
                "sources": [reversible(path) for path in output.sources],
                "skipped": output.skipped,
                **_judgement(judged.get(output.path)),
            }
            for output in fleet.outputs
        ],
        "masters": list(fleet.masters),
        "unknown_masters": [reversible(place) for place in fleet.unknown_masters],
        "plain": [
            {
                "path": reversible(rule.path),
                "rules_file": reversible(file.path),
                "recipients": list(rule.recipients),
                "names": [_known_name(text, fleet.key_names) for text in rule.recipients],
            }
            for file in fleet.rules
            for rule in file.rules
        ],
    }
    return inert_json(json.dumps(document, indent=2) + "\n")


def _judgement(one: JudgedFile | None) -> dict[str, object]:
    if one is None:
        return {"verdict": None, "rules": [], "reason": None}
    reason = None if one.reason is None else reversible(one.reason)
    return {"verdict": one.verdict.value, "rules": sorted(one.rules), "reason": reason}


def _known_name(text: str, names: Mapping[str, str]) -> str | None:
    name = names.get(_canonical(text))
    return None if name is None else reversible(name)


def _short(text: str) -> str:
    """Return a key as one line, with a long body shortened in the middle."""
    words = text.strip().split(" ")
    cut = [word if len(word) <= 64 else f"{word[:24]}…{word[-8:]}" for word in words]
    return " ".join(cut)
