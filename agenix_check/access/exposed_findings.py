"""Findings about secrets in use that a former reader could read, or that were public."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

from agenix_check.audit.judged import make_finding
from agenix_check.model.exposed import KeyExposure, PublicSecret, VersionState
from agenix_check.model.findings import Finding

_MOST_READERS_NAMED = 3
_SAYS = {
    VersionState.IN_USE: "in use",
    VersionState.PERHAPS: "re-encrypted, perhaps unchanged",
}
_READ = "everybody who has the repository can read it there"
_PUBLIC_TEXT_SAYS = {
    VersionState.IN_USE: f"{_READ}, and it is in use",
    VersionState.PERHAPS: f"{_READ}, and it is as long as it was then",
}


def audit_exposed(
    keys: Iterable[KeyExposure], public: Iterable[PublicSecret], new: Collection[str]
) -> Iterator[Finding]:
    """Yield a finding for each secret; `new` are the commits of the change that is judged."""
    readers: dict[tuple[str, VersionState], dict[str, None]] = defaultdict(dict)
    ended: dict[tuple[str, VersionState], list[tuple[int, str]]] = defaultdict(list)
    for one in keys:
        for secret in one.secrets:
            about = secret.secret, secret.state
            readers[about][one.called] = None
            ends = [(v.until_on, v.until) for v in secret.versions if v.until is not None]
            ended[about] += [max(ends)] if ends else []
    for (secret_path, state), names in sorted(readers.items()):
        last = max(ended[secret_path, state], default=(0, ""))[1] or None
        listed = list(names)
        more = len(listed) - _MOST_READERS_NAMED
        said = ", ".join(listed[:_MOST_READERS_NAMED]) + (f" and {more} more" if more > 0 else "")
        yield _finding(secret_path, f"{said} could read it; it is {_SAYS[state]}", last, new)
    for shown in public:
        if shown.state is not VersionState.ROTATED:
            text = f"it was in plain text in {shown.path}: {_PUBLIC_TEXT_SAYS[shown.state]}"
            if shown.by_private_key:
                says = _SAYS[shown.state]
                text = f"a private key that opens it was in {shown.path}; it is {says}"
            yield _finding(shown.secret, text, shown.commit, new)


def _finding(path: str, message: str, since: str | None, new: Collection[str]) -> Finding:
    return make_finding(
        "secret-exposed", message, path=path, source=path, new=since in new, since=since,
        mend=f"# give it another value, as `agenix-check explain secret-exposed` says: {path}",
    )  # fmt: skip
