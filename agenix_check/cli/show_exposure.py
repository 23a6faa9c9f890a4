"""The verb `exposure`: what former readers, or the keys that are asked for, could ever read."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agenix_check.access.exposure import (
    only_former,
    public_urgency,
    published,
    urgency,
)
from agenix_check.age import Recipient, recipient_or_none
from agenix_check.audit.select import is_node, is_secret
from agenix_check.cli.configuration import ask
from agenix_check.cli.destinations import whole_document
from agenix_check.cli.gate_grammar import AskedExposure, parse_exposure
from agenix_check.cli.opening import open_here
from agenix_check.cli.terminal import line_width, print_out, say, waiting
from agenix_check.errors import CannotCheckError, UsageError
from agenix_check.git.every_commit import count_aside
from agenix_check.inquiries import call_past_readers, discover_past_readers, say_unseen_history
from agenix_check.keys.published import find_past_exposures
from agenix_check.model.exposed import Exposure, KeyExposure, PublicSecret
from agenix_check.report.exposure import render_exposure
from agenix_check.report.words import quantity

if TYPE_CHECKING:
    from agenix_check.access.past_readers import PastReaders
    from agenix_check.git.repository import Repository
    from agenix_check.model.settings import Settings

_LONGEST_KEY_FILE = 1 << 16  # bytes
_MOST_CALLED = 20


def run_exposure(arguments: Sequence[str]) -> int:
    """Show what could be read, and return 1 if something in use must be rotated."""
    given, asked = parse_exposure(arguments)
    settings = ask(given).settings
    with whole_document(None if asked.form == "text" else lambda why: _nothing(why, asked)):
        exposure = _find(settings, asked)
        # Text and standard error have one reader, to whom nothing is said twice.
        shown = exposure._replace(incomplete=()) if asked.form == "text" else exposure
        document = render_exposure(shown, asked.form, line_width())
    print_out(document)
    for sentence in exposure.incomplete:
        say(f"could not check: {sentence}")
    return 3 if exposure.incomplete else int(exposure.needs_rotation)


def _nothing(why: str, asked: AskedExposure) -> str:
    return render_exposure(
        Exposure(keys=(), public=(), incomplete=(why,)), asked.form, line_width()
    )


def _find(settings: "Settings", asked: AskedExposure) -> Exposure:
    """Find out what is asked for."""
    repository = open_here()
    keys = [one for text in asked.keys for one in _keys(text)]
    with waiting(settings):
        past = discover_past_readers(repository, settings, [one for one in keys if one is not None])
    exposures, public, private_keys = find_past_exposures(repository, past)
    if settings.decrypt:
        exposures, public = _compare(repository, settings, past, exposures, public)
    elif settings.identity:
        raise UsageError("--identity needs --decrypt")
    public += published(exposures, private_keys, past.chronicle)
    called, names = call_past_readers(repository, settings, past, exposures)
    return Exposure(
        keys=_select(called, asked, names),
        public=tuple(one for one in public if _is_asked(one, asked)),
        incomplete=say_unseen_history(repository, past),
        notices=tuple(_notices(repository, past)),
    )


def _compare(
    repository: "Repository",
    settings: "Settings",
    past: "PastReaders",
    exposures: list[KeyExposure],
    public: list[PublicSecret],
) -> tuple[list[KeyExposure], list[PublicSecret]]:
    """Decide, with private keys, what is perhaps unchanged; say what could not be opened."""
    from agenix_check.decrypt.past_versions import PastComparer

    comparer = PastComparer(repository, settings, past)
    settled = sorted(comparer.settle(exposures), key=urgency)
    settled_public = sorted(comparer.settle_public(public), key=public_urgency)
    for sentence in comparer.unproved.values():
        say(f"not compared: {sentence}")
    return settled, settled_public


def _keys(text: str) -> list[Recipient | None]:
    """Return the keys that an option names: a file's, a text, or none for a fingerprint."""
    recipient = recipient_or_none(text)
    if recipient is not None:
        return [recipient]
    try:
        content = Path(text).read_bytes()[:_LONGEST_KEY_FILE].decode("utf-8", "replace")
    except (OSError, ValueError):
        return [None]
    if "PRIVATE KEY" in content or "AGE-SECRET-KEY" in content:
        raise UsageError(f"{text} holds a private key; name the file of its public key")
    found = [one for one in map(recipient_or_none, content.splitlines()) if one is not None]
    if not found:
        raise UsageError(f"{text} holds no public key of age or SSH")
    return list(found)


def _select(
    exposures: Sequence[KeyExposure], asked: AskedExposure, names: Mapping[str, str]
) -> tuple[KeyExposure, ...]:
    """Return the keys that are asked for, with the secrets that are."""
    if asked.nodes or asked.keys:
        found = [one for one in exposures if _is_wanted(one, asked, names)]
        if not found and asked.nodes:
            raise CannotCheckError(_no_node(exposures, asked.nodes))
        _refuse_unknown(exposures, asked)
    else:
        found = list(only_former(exposures) if not asked.secrets else exposures)
    if asked.secrets:
        found = [
            one._replace(
                secrets=tuple(each for each in one.secrets if is_secret(each.secret, asked.secrets))
            )
            for one in found
        ]
    return tuple(one for one in found if one.secrets)


def _is_wanted(one: KeyExposure, asked: AskedExposure, names: Mapping[str, str]) -> bool:
    """Return whether a key is asked for; a node by its name, its directory or its key file."""
    globs = [*asked.nodes, *(glob.rpartition(":")[2] for glob in asked.nodes)]
    directories = (directory for directory, name in names.items() if name in one.nodes)
    places = [*one.nodes, *directories, *(path.removesuffix(".pub") for path in one.names)]
    by_node = bool(globs) and any(is_node(place, globs) for place in places)
    return by_node or any(_is_key(one, text) for text in asked.keys)


def _is_key(one: KeyExposure, text: str) -> bool:
    wanted = {key.text for key in _keys(text) if key is not None}
    return one.key in wanted or (not wanted and text in (one.fingerprint, *one.every_name))


def _refuse_unknown(exposures: Sequence[KeyExposure], asked: AskedExposure) -> None:
    """Refuse what is neither a file nor a key, nor the name or fingerprint of one in history."""
    for text in asked.keys:
        if _keys(text) == [None] and not any(_is_key(one, text) for one in exposures):
            called = sorted({one.called for one in exposures})
            raise UsageError(
                f"--key {text}: there is no such file, it is no key, and no key of this history "
                f"has that name or fingerprint; there are {_listed(called)}"
            )


def _is_asked(one: PublicSecret, asked: AskedExposure) -> bool:
    if asked.secrets and not is_secret(one.secret, asked.secrets):
        return False
    return not (asked.nodes or asked.keys)


def _notices(repository: "Repository", past: "PastReaders") -> Iterable[str]:
    aside = count_aside(repository.git)
    if aside:
        yield (
            f"{quantity(aside, 'commit')} in no branch or tag, only in reflogs or other refs "
            "(forced pushes, amends, pull requests), not looked at; --rev REF looks at one of them"
        )
    for path in past.chronicle.submodules:
        yield f"{path}: a submodule, which is a repository of its own"


def _no_node(exposures: Sequence[KeyExposure], asked: Sequence[str]) -> str:
    """Say which nodes there are, and where somebody who is none was named, what to type."""
    shown = ", ".join(asked)
    people = [one for one in asked if any(one in other.every_name for other in exposures)]
    if people:
        keys = " ".join(f"--key {shlex.quote(one)}" for one in people)
        return f"no node of this history matches {shown}; of keys with that name: {keys}"
    if nodes := sorted({node for one in exposures for node in one.nodes}):
        return f"no node of this history matches {shown}; there are {_listed(nodes)}"
    called = sorted({one.called for one in exposures})
    return (
        f"no node of this history matches {shown}, it has none; --key NAME chooses the key of "
        f"somebody; there are {_listed(called)}"
    )


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_CALLED
    return (", ".join(names[:_MOST_CALLED]) or "none") + (f" and {more} more" if more > 0 else "")
