"""What several formats say of exposed secrets: whose key, which version, what to do."""

from datetime import UTC, datetime

from agenix_check.model.exposed import (
    ExposedSecret,
    Exposure,
    KeyExposure,
    PublicSecret,
    ReadableVersion,
    VersionState,
)
from agenix_check.report.words import SHORT_COMMIT, quantity

TO_DO = {
    VersionState.IN_USE: "rotate",
    VersionState.PERHAPS: "rotate, unless its text changed",
    VersionState.ROTATED: "nothing",
}
STATE_SAYS = {
    VersionState.IN_USE: "in use",
    VersionState.PERHAPS: "re-encrypted, perhaps unchanged",
    VersionState.ROTATED: "rotated since",
}


def key_title(one: KeyExposure) -> str:
    """Return whose key it is: its files, its kind and its fingerprint."""
    if one.key is None:
        return one.words
    kind = one.key.partition(" ")[0]
    mark = one.fingerprint or one.key
    shown = f"{kind} {mark}" if kind.startswith("ssh-") else mark
    names = [*one.nodes, *one.names]
    return f"{names[0]} ({', '.join([shown, *names[1:2]])})" if names else shown


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
    how = "its private key is in" if one.by_private_key else "in plain text in"
    return (
        f"{one.secret}: {how} {one.path} of {one.commit[:SHORT_COMMIT]} ({_day(one.date)}), "
        f"{STATE_SAYS[one.state]}"
    )


def exposure_summary(exposure: Exposure) -> str:
    """Return the last line: how many secrets to rotate because of how many keys."""
    open_ = {
        (one.secret, one.state)
        for key in exposure.keys
        if not key.reader
        for one in key.secrets
        if one.state is not VersionState.ROTATED
    }
    secrets = {secret for secret, _ in open_}
    secrets |= {one.secret for one in exposure.public if one.state is not VersionState.ROTATED}
    keys = sum(
        not key.reader and any(one.state is not VersionState.ROTATED for one in key.secrets)
        for key in exposure.keys
    )
    if not secrets:
        return "no secret in use could be read by a former reader, as far as this history shows"
    return f"{quantity(len(secrets), 'secret')} to rotate, {quantity(keys, 'former reader')}"


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
