"""What could be read, as a list to tick off: the secrets to rotate, and because of whom."""

from collections import defaultdict
from collections.abc import Iterator

from agenix_check.model.exposed import Exposure, KeyExposure, PublicSecret, VersionState
from agenix_check.report.escape import inert
from agenix_check.report.exposure.exposure_words import (
    HOW_TO_ROTATE,
    STATE_SAYS,
    days,
    exposure_summary,
    folded,
    key_mark,
    public_state_words,
    public_through,
    secret_words,
    still_words,
)
from agenix_check.report.markup import cell, code, prose

_PUBLIC_SAYS = (
    "Whoever could read the repository could read these. A private key that stood in it is to be "
    "replaced too."
)
_STATES = (VersionState.IN_USE, VersionState.PERHAPS, VersionState.ROTATED)


def render(exposure: Exposure) -> str:
    """Turn what could be read into Markdown."""
    parts = [f"### {prose(exposure_summary(exposure))}\n"]
    if exposure.needs_rotation:
        parts.append(f"\n{HOW_TO_ROTATE}\n")
    parts += _public(exposure)
    for state in _STATES:
        parts += _of_state(exposure, state)
    if exposure.keys:
        parts += ["\n#### Readers\n\n", *_readers(exposure)]
    said = [*exposure.notices, *(f"could not check: {one}" for one in exposure.incomplete)]
    parts += ["\n", *(f"- {prose(sentence)}\n" for sentence in said)] if said else []
    return inert("".join(parts))


def _public(exposure: Exposure) -> Iterator[str]:
    """Yield what was public: the most urgent first, each once, with all that showed it."""
    grouped: dict[str, list[PublicSecret]] = defaultdict(list)
    for one in folded(exposure.public):
        title = f"{_box(one.state)}{code(secret_words(one))}, {public_state_words(one)}"
        grouped[title].append(one)
    if grouped:
        yield f"\n#### Was public\n\n{_PUBLIC_SAYS}\n\n"
    for title, found in grouped.items():
        yield f"- {title}\n"
        yield from (f"  - {prose(public_through(one))}\n" for one in found)


def _of_state(exposure: Exposure, state: VersionState) -> list[str]:
    lines: dict[str, list[str]] = defaultdict(list)
    for key in exposure.keys:
        for secret in folded(key.secrets):
            if secret.state is state:
                last = [one for one in secret.versions if one.state is state][-1]
                line = f"  - {code(key.called)}{_still(key)}, {days(last)}\n"
                lines[secret_words(secret)].append(line)
    if not lines:
        return []
    listed = [
        f"- {_box(state)}{code(secret)}\n{''.join(lines[secret])}" for secret in sorted(lines)
    ]
    return [f"\n#### {STATE_SAYS[state].capitalize()}\n\n", *listed]


def _readers(exposure: Exposure) -> Iterator[str]:
    yield "| reader | key | file |\n| --- | --- | --- |\n"
    for one in exposure.keys:
        mark, file = key_mark(one), next(iter(one.names), "")
        shown = (cell(text) if text else "" for text in (mark, file))
        yield f"| {cell(one.called)}{_still(one)} | {' | '.join(shown)} |\n"


def _box(state: VersionState) -> str:
    """Return a box to tick, where there is something to do."""
    return "" if state is VersionState.ROTATED else "[ ] "


def _still(one: KeyExposure) -> str:
    words = still_words(one)
    return f", {prose(words)}".replace("|", r"\x7c") if words else ""
