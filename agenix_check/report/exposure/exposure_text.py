"""What could be read, for a terminal: what was public, then key by key what to rotate."""

from collections.abc import Iterator

from agenix_check.model.exposed import Exposure, KeyExposure
from agenix_check.report.escape import inert, visible
from agenix_check.report.exposure.exposure_words import (
    days,
    exposure_summary,
    folded,
    key_title,
    public_sentence,
    secret_words,
    state_words,
    still_words,
)
from agenix_check.report.folding import wrap_prose

_SHOWN_VERSIONS = 3


def render(exposure: Exposure, width: int) -> str:
    """Turn what could be read into text of so many columns."""
    lines: list[str] = []
    if exposure.public:
        lines += ["Public: whoever could read the repository could read", *_public(exposure), ""]
    for one in exposure.keys:
        lines += [*_key(one), ""]
    lines += [f"note: {visible(sentence)}" for sentence in exposure.notices]
    lines += [f"could not check: {visible(sentence)}" for sentence in exposure.incomplete]
    lines.append(exposure_summary(exposure))
    broken = (part for line in lines for part in _broken(line, width))
    return inert("".join(f"{line}\n" for line in broken))


def _broken(line: str, width: int) -> list[str]:
    """Break a line that is too long; what follows is further in than any line of its kind."""
    deep = len(line) - len(line.lstrip())
    return wrap_prose(line, width, " " * (deep + 4))


def _public(exposure: Exposure) -> Iterator[str]:
    yield from (f"  {visible(public_sentence(one))}" for one in folded(exposure.public))


def _key(one: KeyExposure) -> Iterator[str]:
    yield visible(", ".join(filter(None, (key_title(one), still_words(one)))))
    for secret in folded(one.secrets):
        yield f"  {visible(secret_words(secret))}: {state_words(secret)}"
        shown = [each for each in secret.versions if each.state is secret.state]
        for version in shown[-_SHOWN_VERSIONS:]:
            doubt = ", by the kind of the key" if version.anonymous else ""
            yield f"    {days(version)}, through {visible(version.via)}{doubt}"
        left = len(secret.versions) - len(shown[-_SHOWN_VERSIONS:])
        if left:
            yield f"    and {left} more (--format json has them)"
