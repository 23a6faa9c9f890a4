"""What `fleet NODE` and `fleet --secret S` show: some nodes or secrets, with all that is known."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from agenix_check.model.access import Reader, ReaderKind
from agenix_check.model.findings import JudgedFile, Report
from agenix_check.report.access.access_words import short_key
from agenix_check.report.escape import inert, visible
from agenix_check.report.folding import all_or_names, wrap_words
from agenix_check.report.known_listing import made_from_words, reader_words
from agenix_check.report.words import summary

_VERDICT_WIDTH = 12


def render_closer(
    found: Report,
    *,
    readers: Sequence[Reader],
    by_node: bool,
    fully: bool,
    width: int,
) -> str:
    """Show what a report has of some nodes, or of some secrets, with what is wrong and why.

    `found` is the part of a report that was asked for, with details; `readers` are all there are.
    `fully` says of each output what it was made from, and for which key.
    """
    names = found.node_names()
    whys: dict[str, list[str]] = {}
    for finding in found.findings:
        if finding.path is not None:
            whys.setdefault(finding.path, []).append(visible(finding.message))
    look = _Look(
        names, {path: "; ".join(said) for path, said in whys.items()}, readers, width, fully=fully
    )
    parts = list(look.nodes(found.outputs) if by_node else look.secrets(found.outputs))
    parts += look.plain(found.plain)
    mends = dict.fromkeys(one.mend for one in found.findings if one.mend)
    ends = [*(f"fix: {visible(mend)}" for mend in mends), summary(found, verbose=True)]
    return inert("\n".join(["\n".join(part) + "\n" for part in parts] + ends) + "\n")


class _Look:
    """Gives the lines of each section."""

    def __init__(
        self,
        names: Mapping[str, str],
        whys: Mapping[str, str],
        readers: Sequence[Reader],
        width: int,
        *,
        fully: bool,
    ) -> None:
        self._names, self._whys, self._readers, self._width = names, whys, readers, width
        self._fully = fully

    def nodes(self, outputs: Sequence[JudgedFile]) -> Iterator[list[str]]:
        """A section for each node: its key, and each of its secrets."""
        for node in sorted({one.node for one in outputs}):
            mine = sorted((one for one in outputs if one.node == node), key=lambda one: one.secret)
            lines = [self._node(node), *self._keys(node, mine)]
            longest = max(len(visible(one.secret)) for one in mine)
            for one in mine:
                start = f"{visible(one.secret):<{longest}}  "
                lines += self._row(one.verdict, start + self._made(one))
            yield lines

    def secrets(self, outputs: Sequence[JudgedFile]) -> Iterator[list[str]]:
        """A section for each secret and its source: who has it, those alike in one line."""
        everyone = {visible(name) for name in self._names.values()}
        for secret, source in sorted({(one.secret, one.source or "") for one in outputs}):
            mine = [one for one in outputs if (one.secret, one.source or "") == (secret, source)]
            made = f", made from {visible(source)}" if source else ""
            lines = [f"{visible(secret)}{made}"]
            people = [
                one.name
                for one in self._readers
                if one.kind is not ReaderKind.NODE
                and any(each.secret == source for each in one.secrets)
            ]
            if people:
                lines += self._row("source for", ", ".join(map(visible, people)))
            alike: dict[tuple[str, str], list[str]] = {}
            for one in mine:
                said = self._whys.get(one.path) or visible(one.reason or "")
                alike.setdefault((one.verdict, said), []).append(self._node(one.node))
            for (verdict, said), nodes in sorted(alike.items()):
                listed = all_or_names(sorted(nodes), everyone, "node")
                lines += self._row(verdict, f"{listed}: {said}" if said else listed)
            yield lines

    def plain(self, files: Iterable[JudgedFile]) -> Iterator[list[str]]:
        """A section for each file of plain agenix: its rule, and who is to read it."""
        for one in files:
            lines = [f"{visible(one.path)}, by a rule in {visible(one.group)}"]
            if one.detail is not None and one.detail.readers:
                lines += self._row("for", ", ".join(map(reader_words, one.detail.readers)))
            said = self._whys.get(one.path) or visible(one.reason or "")
            yield [*lines, *self._row(one.verdict, said)]

    def _keys(self, node: str, outputs: Iterable[JudgedFile]) -> Iterator[str]:
        files = {one.detail.key.path for one in outputs if one.detail and one.detail.key}
        for file in sorted(files):
            keys = [
                one for one in self._readers if one.path == file and one.name == self._names[node]
            ]
            said = [short_key(one) for one in keys[:1]]
            yield from self._row("key", ", ".join([*said, f"in {visible(file)}"]))

    def _made(self, one: JudgedFile) -> str:
        why = self._whys.get(one.path) or visible(one.reason or "")
        made = made_from_words(one) if self._fully else ""
        return ": ".join(filter(None, (made or visible(one.source or "?"), why)))

    def _row(self, label: str, text: str) -> list[str]:
        start = f"  {label:<{_VERDICT_WIDTH}}  "
        return wrap_words((start + text).rstrip(), self._width, " " * len(start))

    def _node(self, name: str) -> str:
        return visible(self._names.get(name, name))
