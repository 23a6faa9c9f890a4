"""What could be read, as a list to tick off: the secrets to rotate, and because of whom."""

from collections import defaultdict

from agenix_check.model.exposed import Exposure, VersionState
from agenix_check.report.escape import inert
from agenix_check.report.exposure.exposure_words import (
    STATE_SAYS,
    days,
    exposure_summary,
    key_title,
    public_sentence,
)
from agenix_check.report.markup import code, prose

_STATES = (VersionState.IN_USE, VersionState.PERHAPS, VersionState.ROTATED)


def render(exposure: Exposure) -> str:
    """Turn what could be read into Markdown."""
    parts = [f"### {prose(exposure_summary(exposure))}\n"]
    if exposure.public:
        parts.append("\n#### Was public\n\n")
        parts += [f"- [ ] {code(public_sentence(one))}\n" for one in exposure.public]
    for state in _STATES:
        parts += _of_state(exposure, state)
    said = [*exposure.notices, *(f"could not check: {one}" for one in exposure.incomplete)]
    parts += ["\n", *(f"- {prose(sentence)}\n" for sentence in said)] if said else []
    return inert("".join(parts))


def _of_state(exposure: Exposure, state: VersionState) -> list[str]:
    lines: dict[str, list[str]] = defaultdict(list)
    for key in exposure.keys:
        for secret in key.secrets:
            if secret.state is state:
                last = [one for one in secret.versions if one.state is state][-1]
                still = ", a reader still" if key.reader else ""
                lines[secret.secret].append(f"  - {code(key_title(key))}{still}, {days(last)}\n")
    if not lines:
        return []
    box = "" if state is VersionState.ROTATED else "[ ] "
    listed = [f"- {box}{code(secret)}\n{''.join(lines[secret])}" for secret in sorted(lines)]
    return [f"\n#### {STATE_SAYS[state].capitalize()}\n\n", *listed]
