"""Dummies whose text names a store path of unusual length: only several of them show it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from agenix_check.audit.content import dummy_sizes
from agenix_check.audit.copies import JudgedOutput
from agenix_check.discover.tree.facts import AgeFact
from agenix_check.discover.tree.names import Names
from agenix_check.model.findings import Finding, JudgedFile
from agenix_check.model.frozen import replace

_RULE_OF_LENGTHS = "output-length"
_RULE_OF_DUMMIES = "output-dummy"
_ENOUGH_OUTPUTS = 3
_ENOUGH_TEXTS = 2  # of different lengths: outputs of one wrong text agree on anything
_LONGER_BY = range(-5, 201)  # bytes by which a store path may be longer than `<hash>-source`

_Owner = tuple[str | None, str | None, str | None]


def name_dummies(
    names: Names, judged: Sequence[JudgedOutput], findings: Iterable[Finding]
) -> tuple[list[JudgedFile], list[Finding]]:
    """Return verdicts and findings in which wrong lengths that dummies explain are called so."""
    results = [result for _, result in judged]
    found = list(findings)
    wrong = [number for number, one in enumerate(results) if _RULE_OF_LENGTHS in one.rules]
    if len(wrong) < _ENOUGH_OUTPUTS:
        return results, found
    agreed: dict[_Owner, tuple[int, int]] = {}
    for more, numbers in _agreements(names, judged, wrong).items():
        for number in numbers:
            one = results[number]
            agreed[one.node, one.secret, one.path] = more, len(numbers)
    for number in wrong:
        one = results[number]
        if (one.node, one.secret, one.path) in agreed:
            rules = tuple(
                _RULE_OF_DUMMIES if rule == _RULE_OF_LENGTHS else rule for rule in one.rules
            )
            results[number] = one._replace(rules=rules)
    return results, [_rename(one, agreed) for one in found]


def _agreements(
    names: Names, judged: Sequence[JudgedOutput], wrong: Iterable[int]
) -> Mapping[int, Sequence[int]]:
    """Return by how many bytes store paths are longer, and the outputs that agree on that."""
    lengths: dict[tuple[int, int], dict[int, int]] = defaultdict(dict)
    for number in wrong:
        output = judged[number][0]
        fact = names.here.facts.get(output.path)
        size = fact.plaintext_size if isinstance(fact, AgeFact) else None
        sizes = dummy_sizes(output)
        for place, usual in enumerate(sizes):
            more = 0 if size is None else size - usual
            if more and more in _LONGER_BY:
                # The first half of the sizes is of one text, the other half of the other.
                lengths[2 * place // len(sizes), more][number] = usual
    best: dict[int, list[int]] = {}
    for (_, more), alike in lengths.items():
        if len(alike) >= _ENOUGH_OUTPUTS and len(set(alike.values())) >= _ENOUGH_TEXTS:
            best[more] = sorted({*best.get(more, ()), *alike})
    return best


def _rename(finding: Finding, agreed: Mapping[_Owner, tuple[int, int]]) -> Finding:
    owner = finding.node, finding.secret, finding.path
    if finding.rule != _RULE_OF_LENGTHS or owner not in agreed:
        return finding
    more, count = agreed[owner]
    than = f"{abs(more)} byte{'' if abs(more) == 1 else 's'} {'longer' if more > 0 else 'shorter'}"
    message = (
        "as long as the dummy text that agenix-rekey writes instead of the secret, if store paths "
        f"are {than} there than usual, on which {count} outputs agree"
    )
    return replace(finding, rule=_RULE_OF_DUMMIES, message=message)
