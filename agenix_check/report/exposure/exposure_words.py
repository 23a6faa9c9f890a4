"""What several formats say of exposed secrets: whose key, which version, what to do."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from agenix_check.model.exposed import (
    ExposedSecret,
    Exposure,
    KeyExposure,
    PublicSecret,
    ReadableVersion,
    VersionState,
)
from agenix_check.report.words import SHORT_COMMIT, quantity

HOW_TO_ROTATE = (
    "Change each where it is used (a password, a token, a certificate), then here with agenix edit "
    "PATH, or agenix -e PATH. To encrypt the same text anew does not help."
)
_MOST_TIPS_NAMED = 3
_Listed = TypeVar("_Listed", ExposedSecret, PublicSecret)
STATE_SAYS = {
    VersionState.IN_USE: "in use",
    VersionState.PERHAPS: "re-encrypted, perhaps unchanged",
    VersionState.ROTATED: "rotated since",
}

_PLAIN_STATE_SAYS = {
    VersionState.IN_USE: "in use: it must be changed",
    VersionState.PERHAPS: "as long as it was then: it must be changed",
}


def key_title(one: KeyExposure) -> str:
    """Return whose key it is: its files, its kind and its fingerprint."""
    if one.key is None:
        return one.words
    names = one.every_name
    return f"{names[0]} ({', '.join([key_mark(one), *names[1:2]])})" if names else key_mark(one)


def still_words(one: KeyExposure) -> str:
    """Return that a key is a reader still, and in which branches alone; else nothing."""
    if not one.reader:
        return ""
    more = len(one.reader_in) - _MOST_TIPS_NAMED
    named = ", ".join(one.reader_in[:_MOST_TIPS_NAMED]) + (f" and {more} more" if more > 0 else "")
    return "a reader still" + (f" in {named}" if named else "")


def key_mark(one: KeyExposure) -> str:
    """Return a key as people compare it; nothing where no file shows it."""
    if one.key is None:
        return ""
    kind = one.key.partition(" ")[0]
    mark = one.fingerprint or one.key
    return f"{kind} {mark}" if kind.startswith("ssh-") else mark


def days(one: ReadableVersion) -> str:
    """Return between which commits a version could be read, with their dates."""
    begun = f"from {_day(one.begun_on)} ({one.begun[:SHORT_COMMIT]})"
    if one.until is None:
        return f"{begun} to this day"
    return f"{begun} to {_day(one.until_on)} ({one.until[:SHORT_COMMIT]})"


def state_words(one: ExposedSecret) -> str:
    """Return the state of a secret; of one that was rotated, by which commit."""
    by = one.versions[-1].rotated_by if one.versions else None
    since = f" (by {by[:SHORT_COMMIT]})" if by and one.state is VersionState.ROTATED else ""
    return f"{STATE_SAYS[one.state]}{since}"


def public_sentence(one: PublicSecret) -> str:
    """Return what was public since which commit."""
    return f"{secret_words(one)}: {public_through(one)}, {public_state_words(one)}"


def public_state_words(one: PublicSecret) -> str:
    """Return the state of what was public: a text that everybody could read is to be changed."""
    if one.by_private_key or one.state is VersionState.ROTATED:
        return STATE_SAYS[one.state]
    return _PLAIN_STATE_SAYS[one.state]


def public_through(one: PublicSecret) -> str:
    """Return what showed a secret to everybody, where, and since when."""
    commit = f"{one.commit[:SHORT_COMMIT]} ({_day(one.date)})"
    if one.by_private_key:
        return f"a private key that opens it is in {one.path} of {commit}"
    return f"in plain text in {one.path} since {commit}"


def exposure_summary(exposure: Exposure) -> str:
    """Return the last line: how many secrets to rotate because of how many keys."""
    secrets = _open_secrets(key for key in exposure.keys if not key.reader)
    public = [one for one in exposure.public if one.state is not VersionState.ROTATED]
    secrets |= {path for one in public for path in one.now or (one.secret,)}
    former = sum(not key.reader and bool(_open_secrets([key])) for key in exposure.keys)
    if secrets:
        return f"{quantity(len(secrets), 'secret')} to rotate, {quantity(former, 'former reader')}"
    nobody = "no secret in use could be read by a former reader, as far as this history shows"
    if exposure.incomplete:
        nobody = "no exposed secret was found in what could be looked at"
    still = [key for key in exposure.keys if key.reader]
    if not still:
        return nobody
    known = quantity(len(_open_secrets(still)), "secret")
    return (
        f"{quantity(len(still), 'present reader')}, {known} in use: where a key was lost, take it "
        "out of the fleet or its rules, then rotate what it can read"
    )


def _open_secrets(keys: Iterable[KeyExposure]) -> set[str]:
    """Return what may be in use as the keys know it, by the paths that it has now."""
    found = (one for key in keys for one in key.secrets if one.state is not VersionState.ROTATED)
    return {path for one in found for path in one.now or (one.secret,)}


def folded(secrets: Sequence[_Listed]) -> list[_Listed]:
    """Return secrets, of those that were moved the ones at their present place alone."""
    listed = {(one.secret, one.state) for one in secrets}
    return [one for one in secrets if not one.now or {(at, one.state) for at in one.now} - listed]


def secret_words(one: ExposedSecret | PublicSecret) -> str:
    """Return the path of a secret, and where it is now if it was moved."""
    return f"{one.secret} (now {', '.join(one.now)})" if one.now else one.secret


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
