"""Key files that were one public key as a whole, and that hold something else now.

agenix-rekey hashes the whole text of such a file and hands it to age as it is.
"""

from collections.abc import Iterable, Mapping

from agenix_check.age import RecipientError, parse_configured
from agenix_check.discover.tree.evidence import Evidence
from agenix_check.git.objects import read_blobs
from agenix_check.git.paths import to_text
from agenix_check.git.process import Git
from agenix_check.git.snapshot import SUBMODULE, SYMLINK
from agenix_check.model.lost import Lost


def find_spoiled(
    git: Git, here: Evidence, base: Evidence, lost: Iterable[Lost]
) -> Mapping[str, str]:
    """Return why files through which outputs lost their key are no key files now, by path.

    `lost` are the outputs whose key is gone.
    """
    now: dict[str, str] = {}
    was: dict[str, str] = {}
    for one in lost:
        for path in one.keys:
            file = here.files.get(path)
            # It may have had one of the other names then.
            names = () if file is None else (path, *one.keys)
            before = next((oid for name in names if (oid := _before(git, base, name, one))), None)
            if file is not None and before is not None and file.mode not in (SYMLINK, SUBMODULE):
                now[path], was[path] = file.oid, before
    if not now:
        return {}
    blobs = read_blobs(git, {*now.values(), *was.values()})
    reasons = {
        blob.oid: _complaint(blob.data) for blob in blobs if len(blob.data) == blob.size
    }  # what is large, or not in this clone, is left out
    return {
        path: why
        for path, oid in sorted(now.items())
        if reasons.get(was[path], "unknown") is None and (why := reasons.get(oid)) is not None
    }


def _before(git: Git, base: Evidence, path: str, lost: Lost) -> str | None:
    """Return the blob that a file was before an output was lost."""
    if lost.commit is None:
        return base.files[path].oid if path in base.files else None
    failed, oid, _ = git.attempt("rev-parse", "--verify", "--quiet", f"{lost.commit}^:{path}")
    return None if failed else oid.decode("ascii").strip()


def _complaint(data: bytes) -> str | None:
    try:
        parse_configured(to_text(data))
    except RecipientError as error:
        return str(error)
    return None
