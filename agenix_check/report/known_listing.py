"""What `agenix-check inspect` adds for a file of a repository: what the fleet knows of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from agenix_check.model.findings import Finding, JudgedFile, MadeFrom, PlainReader, Verdict
from agenix_check.model.known import KnownFile, KnownKind
from agenix_check.report.escape import reversible, visible
from agenix_check.report.folding import all_or_names
from agenix_check.report.words import SHORT_COMMIT, quantity

_MOST_IN_LINE = 12


def known_lines(known: KnownFile, names: Mapping[str, str]) -> Iterator[str]:
    """Give sentences about a file, then what is wrong with it; `names` shorten nodes."""
    yield from _SENTENCES[known.kind](known, names)
    yield from finding_lines(known.findings)


def finding_lines(findings: Iterable[Finding]) -> Iterator[str]:
    """Give a line for each finding, and each fix once."""
    found = list(findings)
    for one in found:
        yield f"{one.severity}[{one.rule}]: {visible(one.message)}"
    for mend in dict.fromkeys(one.mend for one in found if one.mend):
        yield f"fix: {visible(mend)}"


def made_from_words(judged: JudgedFile) -> str:
    """Say what an output was made from, and to which key it is addressed, as far as is known."""
    detail = judged.detail
    source = None if detail is None else detail.source
    parts = []
    if source is not None:
        parts.append(f"made from {visible(source.path)} ({_version(source)})")
    elif judged.source is not None:
        parts.append(f"to be made from {visible(judged.source)}")
    key = None if detail is None else detail.key
    if key is not None:
        parts.append(f"addressed to {_key(key)}")
    elif detail is not None and detail.addressed_to:
        parts.append(f"for {', '.join(map(visible, detail.addressed_to))}")
    return ", ".join(parts)


def _output(known: KnownFile, names: Mapping[str, str]) -> Iterator[str]:
    judged = known.judged
    if judged is None:
        yield "output of no node and secret that is known"
        return
    what = f"output of {_node(judged.node, names)} for {visible(judged.secret)}"
    yield ", ".join(filter(None, (what, made_from_words(judged))))
    yield f"verdict: {verdict_words(judged)}"


def _plain(known: KnownFile, _: Mapping[str, str]) -> Iterator[str]:
    judged = known.judged
    if judged is None:
        return
    yield f"file of a rule in {visible(judged.group)}"
    if judged.detail is not None:
        readers = judged.detail.readers
        yield f"for {', '.join(map(reader_words, readers)) or 'nobody'}"
    yield f"verdict: {verdict_words(judged)}"


def _source(known: KnownFile, names: Mapping[str, str]) -> Iterator[str]:
    if known.unread and not known.outputs:
        yield f"whose it is cannot be told: {_some(known.unread)} could not be read"
    elif not known.outputs:
        yield "a source from which no output is made"
    elif known.people:
        yield f"source, for {_some(known.people)}"
    else:
        yield "source"
    by_state: dict[tuple[str, str], list[str]] = {}
    for one in known.outputs:
        by_state.setdefault((one.secret, verdict_words(one)), []).append(_node(one.node, names))
    for (secret, verdict), nodes in by_state.items():
        listed = all_or_names(sorted(nodes), [*map(visible, names.values())], "node")
        yield f"made from it: {visible(secret)} of {listed}: {verdict}"


def _key(key: MadeFrom) -> str:
    if key.current:
        return f"the key in {visible(key.path)}"
    return f"the key that {visible(key.path)} held before {_since(key)}"


def _version(source: MadeFrom) -> str:
    return "current" if source.current else f"the version before {_since(source)}"


def _since(made: MadeFrom) -> str:
    return made.until[:SHORT_COMMIT] if made.until else "this change"


def _key_file(known: KnownFile, _: Mapping[str, str]) -> Iterator[str]:
    if not known.people:
        yield "a public key that can read no secret of this repository"
        return
    yield f"key of {_some(known.people)}"
    yield f"it can read {quantity(len(known.secrets), 'secret')}: {_some(known.secrets)}"


_SENTENCES = {
    KnownKind.OUTPUT: _output,
    KnownKind.PLAIN: _plain,
    KnownKind.SOURCE: _source,
    KnownKind.KEY: _key_file,
}


def verdict_words(judged: JudgedFile) -> str:
    """Return a verdict, and why there is none that counts."""
    if judged.verdict in (Verdict.OK, Verdict.WRONG) or not judged.reason:
        return str(judged.verdict)
    return f"{judged.verdict} ({visible(judged.reason)})"


def reader_words(one: PlainReader) -> str:
    """Return whom a rule names, and how that is not so."""
    from agenix_check.model.findings import ReaderState

    if one.state is ReaderState.READS:
        return visible(one.name)
    return f"{visible(one.name)} ({one.state})"


def _node(name: str, names: Mapping[str, str]) -> str:
    return visible(names.get(name, name))


def _some(words: Sequence[str]) -> str:
    shown = ", ".join(map(visible, words[:_MOST_IN_LINE]))
    more = len(words) - _MOST_IN_LINE
    return f"{shown} and {more} more" if more > 0 else shown


def known_document(known: KnownFile, names: Mapping[str, str]) -> dict[str, object]:
    """Return what is known of a file for JSON; `names` are those of nodes."""
    judged = known.judged
    detail = None if judged is None else judged.detail
    return {
        "kind": known.kind.value,
        "node": _text(names.get(judged.node, judged.node))
        if judged and known.kind is KnownKind.OUTPUT
        else None,
        "secret": _text(judged.secret) if judged and known.kind is KnownKind.OUTPUT else None,
        "rules_file": _text(judged.group) if judged and known.kind is KnownKind.PLAIN else None,
        "verdict": judged and judged.verdict.value,
        "reason": judged and _text(judged.reason),
        "source": _made(detail.source if detail else None),
        "key": _made(detail.key if detail else None),
        "readers": [
            {"name": reversible(one.name), "state": one.state.value}
            for one in (detail.readers if detail else ())
        ],
        "outputs": [
            {
                "node": reversible(names.get(one.node, one.node)),
                "secret": reversible(one.secret),
                "path": reversible(one.path),
                "verdict": one.verdict.value,
            }
            for one in known.outputs
        ],
        "people": list(map(reversible, known.people)),
        "secrets": list(map(reversible, known.secrets)),
        "findings": [
            {"rule": one.rule, "severity": one.severity.value, "message": reversible(one.message)}
            for one in known.findings
        ],
    }


def _made(made: MadeFrom | None) -> dict[str, object] | None:
    if made is None:
        return None
    return {"path": reversible(made.path), "current": made.current, "until": made.until}


def _text(text: str | None) -> str | None:
    return None if text is None else reversible(text)
