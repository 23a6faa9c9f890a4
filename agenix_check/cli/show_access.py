"""The verb `access`: who can read what, or what a range changes in that."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from agenix_check.audit.select import is_node, is_secret, matches
from agenix_check.cli.check import say_whose_settings
from agenix_check.cli.configuration import ask
from agenix_check.cli.destinations import whole_document
from agenix_check.cli.gate_grammar import parse_access
from agenix_check.cli.opening import open_run
from agenix_check.cli.terminal import print_out, say, text_width
from agenix_check.errors import CannotCheckError
from agenix_check.inquiries import discover_access
from agenix_check.model.access import AccessChange, AccessListing, Reader, ReaderKind
from agenix_check.report.access import render_access
from agenix_check.report.access.access_words import reader_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agenix_check.cli.options import OptionValue

_MOST_READERS = 20


def run_access(arguments: Sequence[str]) -> int:
    """Show who can read what, and return the exit code."""
    given, form, wanted = parse_access(arguments)
    with whole_document(None if form == "text" else lambda why: _nothing(why, form)):
        listing = _find(given, wanted)
        document = render_access(listing, form, text_width())
    print_out(document)
    for sentence in listing.incomplete:
        say(f"could not check: {sentence}")
    return 3 if listing.incomplete else 0


def _nothing(why: str, form: str) -> str:
    return render_access(AccessListing((), incomplete=(why,)), form, 0)


def _find(given: "Mapping[str, OptionValue]", wanted: Sequence[str]) -> AccessListing:
    """Find out what is asked for."""
    with open_run(ask(given)) as run:
        say_whose_settings(run)
        of_range = run.settings.from_ref is not None
        found = discover_access(run.view, run.settings, of_change=of_range)
    from agenix_check.access.of_view import call_nodes, call_nodes_of_change

    settings = run.settings
    choice = _Choice(settings.node, settings.secret, wanted)
    change = found.change
    if of_range and change is None:
        change = AccessChange(added=found.readers)
    shown = choice.of(found.readers)
    if not shown and not of_range and found.readers and choice.restricts:
        raise CannotCheckError(_nobody(call_nodes(found.readers, found.nodes)))
    part = None if change is None else call_nodes_of_change(choice.of_change(change), found.nodes)
    return AccessListing(call_nodes(shown, found.nodes), part, found.inventory, found.incomplete)


class _Choice:
    """Which readers and secrets are shown: those that match globs."""

    def __init__(
        self, nodes: Sequence[str], secrets: Sequence[str], readers: Sequence[str]
    ) -> None:
        self._nodes, self._secrets, self._readers = nodes, secrets, readers
        self.restricts = bool(nodes or secrets or readers)

    def of(self, readers: "Iterable[Reader]") -> tuple[Reader, ...]:
        """Return the readers that match, with the secrets that do."""
        found = map(self._restrict, filter(self._is_wanted, readers))
        return tuple(one for one in found if one.secrets)

    def of_change(self, change: AccessChange) -> AccessChange:
        """Return the part of a change that matches."""
        replaced = [
            one._replace(before=self._restrict(one.before), after=self._restrict(one.after))
            for one in change.replaced
            if self._is_wanted(one.after) or self._is_wanted(one.before)
        ]
        return change._replace(
            added=self.of(change.added),
            removed=self.of(change.removed),
            replaced=tuple(one for one in replaced if one.after.secrets),
        )

    def _is_wanted(self, reader: Reader) -> bool:
        if self._nodes and (
            reader.kind is not ReaderKind.NODE or not is_node(reader.name, self._nodes)
        ):
            return False
        known = (reader.name, reader.key, reader.fingerprint, reader.path)
        return (
            not self._readers
            or is_node(reader.name, self._readers)
            or any(matches(one, self._readers) for one in known if one)
        )

    def _restrict(self, reader: Reader) -> Reader:
        if not self._secrets:
            return reader
        kept = tuple(one for one in reader.secrets if is_secret(one.secret, self._secrets))
        return reader._replace(secrets=kept)


def _nobody(readers: Sequence[Reader]) -> str:
    names = list(dict.fromkeys(reader_names(readers).values()))
    more = f" and {len(names) - _MOST_READERS} more" if len(names) > _MOST_READERS else ""
    return f"no reader of a secret matches; there are {', '.join(names[:_MOST_READERS])}{more}"
