"""What cannot be read: not in this clone, or too large; and what cannot be decided without it."""

import posixpath
import re
from collections.abc import Collection

from agenix_check.discover.tree.evidence import Evidence
from agenix_check.discover.tree.facts import MissingFact

# What holds neither a key nor a source, and is what most partial clones leave out.
_MEDIA = re.compile(
    r"\.(7z|aac|avif|bmp|bz2|cpio|flac|gif|gz|heic|icns|ico|iso|jpe?g|jxl|m4a|mkv|mov|mp[34]|ogg|otf"
    r"|pdf|png|psd|svg|tar|tgz|tiff?|ttf|wav|webm|webp|woff2?|xcf|xz|zip|zst)",
    re.IGNORECASE,
)
_WITH_KEYS = re.compile(r"(\.(pub|keys?|nix|toml|json|ya?ml|txt))?", re.IGNORECASE)


def is_media(path: str) -> bool:
    """Return whether a file's name says that it holds neither a key nor a source."""
    return _MEDIA.fullmatch(posixpath.splitext(path)[1]) is not None


def may_hold_parts(path: str) -> bool:
    """Return whether a file's name looks like that of a source, or of a file with keys."""
    end = posixpath.splitext(path)[1]
    return end == ".age" or _WITH_KEYS.fullmatch(end) is not None


def say_absent(here: Evidence) -> tuple[str, ...]:
    """Say which outputs and sources cannot be read, a sentence for each reason."""
    paths: dict[str, list[str]] = {}
    for path, reason in sorted(_absent(here).items()):
        if path in here.outputs or path.endswith(".age"):
            paths.setdefault(reason, []).append(path)
    return tuple(f"{found[0]} {reason}{_more(found)}" for reason, found in paths.items())


def say_undecided(
    here: Evidence, base: Evidence, changed: Collection[str], *, lost: int, new: int
) -> tuple[str, ...]:
    """Say what is not in this clone, where names alone cannot tell without it.

    Whatever cannot be read might explain an output that is `lost`: not explained by what can. Where
    none of them is `new`, only a file that looks like one with keys counts, as old orphans are
    common. `changed` are the paths in which the two trees differ; what is not in the clone of the
    base counts where it differs from what is here.
    """
    if not lost:
        return ()
    outputs = _outputs_are(lost)
    at_base = _absent(base)
    suspects = _absent(here) | {path: at_base[path] for path in at_base if path in changed}
    ends = {path: posixpath.splitext(path)[1] for path in suspects}
    paths = [
        path
        for path, end in ends.items()
        if (not _MEDIA.fullmatch(end) if new or path in changed else _WITH_KEYS.fullmatch(end))
    ]
    said = []
    if paths:
        paths.sort(key=lambda path: (not path.endswith((".age", ".pub")), path))
        said.append(
            f"{outputs} not explained, and {paths[0]}, which may do so, "
            f"{suspects[paths[0]]}{_more(paths)}"
        )
    return tuple(said)


def say_unseen(count: int, *, shallow: bool) -> tuple[str, ...]:
    """Say that history which would decide about outputs is not in this clone."""
    if not count:
        return ()
    what = "shallow clone ends before" if shallow else "clone lacks"
    how = "git fetch --unshallow, or fetch-depth: 0" if shallow else "clone without --filter"
    sentence = (
        f"{_outputs_are(count)} not explained, and this {what} the history that says whether a "
        f"commit broke them ({how})"
    )
    return (sentence,)


def _outputs_are(count: int) -> str:
    return "1 output is" if count == 1 else f"{count} outputs are"


def _more(paths: Collection[str]) -> str:
    return f", and {len(paths) - 1} more" if len(paths) > 1 else ""


def _absent(evidence: Evidence) -> dict[str, str]:
    return {
        path: fact.reason for path, fact in evidence.facts.items() if isinstance(fact, MissingFact)
    }
