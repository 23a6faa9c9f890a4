"""Which keys and sources of a tree and of its base make the names of their outputs."""

from collections.abc import Mapping

from agenix_check.discover.tree.evidence import Evidence
from agenix_check.discover.tree.naming import Pairs, Place, Trace, trace


def made_outputs(tree: Evidence, traces: Mapping[str, Trace]) -> dict[Place, Trace]:
    """Return what made the explained outputs of a tree, by their place."""
    outputs = tree.outputs.values()
    return {file.place: traces[file.ident] for file in outputs if file.ident in traces}


def trace_both(here: Evidence, there: Evidence, known: Mapping[str, Trace]) -> dict[str, Trace]:
    """Explain the outputs of both trees at once, the likelier pairs first."""
    idents = {file.ident for tree in (here, there) for file in tree.outputs.values()}
    found = {ident: known[ident] for ident in idents if ident in known}
    return found | _search(idents - found.keys(), here, there)


def traces_within(traces: Mapping[str, Trace], tree: Evidence) -> dict[str, Trace]:
    """Return the traces whose key and source a tree has."""
    return {
        ident: made
        for ident, made in traces.items()
        if made.key in tree.keys and made.source in tree.sources
    }


def _search(idents: set[str], here: Evidence, there: Evidence) -> dict[str, Trace]:
    pairs = Pairs()
    if there is here:
        return trace(idents, here.keys, here.sources, pairs)
    # First what the base alone has, which is little; then nothing is looked for in vain.
    sources = there.sources.keys() - here.sources.keys()
    keys = {key: text for key, text in there.keys.items() if key not in here.keys}
    traces = trace(idents, here.keys, sorted(sources), pairs)
    traces |= trace(idents - traces.keys(), here.keys, here.sources, pairs)
    return traces | trace(idents - traces.keys(), keys, {**here.sources, **there.sources}, pairs)
