"""What keys could ever read: every version of every secret, and whether it is still in use."""

from enum import StrEnum
from typing import NamedTuple


class VersionState(StrEnum):
    """Whether a version of a secret is still the one in use.

    `PERHAPS`: it was encrypted anew and has the same length, so it may hold the same text.
    """

    IN_USE = "in-use"
    PERHAPS = "perhaps-unchanged"
    ROTATED = "rotated"


class ReadableVersion(NamedTuple):
    """A version that a key could read: through which file, and from which commit to which.

    `blob` is the object id of the source's content, or of the plain file's; of an output whose
    source is in no commit, its own. `until` is None while a tip has that file, see `KeyExposure`;
    dates are in seconds since 1970. `anonymous`: the file shows the kind of key alone.
    `rotated_by` is the commit that took the version out of use, if it is.
    """

    blob: str
    via: str
    begun: str
    begun_on: int
    until: str | None
    until_on: int
    state: VersionState
    anonymous: bool = False
    rotated_by: str | None = None


class ExposedSecret(NamedTuple):
    """A secret that a key could read; `state` is that of the version to worry about most.

    `now` are the paths at which it is now, if it has left its own.
    """

    secret: str
    state: VersionState
    versions: tuple[ReadableVersion, ...]
    now: tuple[str, ...] = ()


class KeyExposure(NamedTuple):
    """What one key could read.

    `key` is its text without a comment; None where no file shows it: then `words` say what they
    show. `names` are the files that held it, `nodes` those whose outputs were made for it: by name,
    or by directory. `reader`: a tip still has a file that it can read. Tips are `HEAD`, default
    branches, and the branches and tags that none of these contains; `reader_in` names those where
    it is one, if it is none in `HEAD`. `known_as` is what Nix files called it, or its comment.
    """

    key: str | None
    words: str
    fingerprint: str | None
    names: tuple[str, ...]
    nodes: tuple[str, ...]
    reader: bool
    secrets: tuple[ExposedSecret, ...]
    reader_in: tuple[str, ...] = ()
    known_as: str = ""

    @property
    def called(self) -> str:
        """What people call it: its node, its name, a file that held it, or what the files show."""
        shown = self.fingerprint or self.key or self.words
        return next(iter(self.every_name), shown)

    @property
    def every_name(self) -> tuple[str, ...]:
        """All that people call it, the best first."""
        known_as = (self.known_as,) if self.known_as and not self.nodes else ()
        return tuple(dict.fromkeys((*self.nodes, *known_as, *self.names)))


class PublicSecret(NamedTuple):
    """A secret that everybody could read who could read a commit: `path` is what showed it.

    That is the file in plain text, or the private key that was committed. `now` are the paths at
    which the secret is now, if it has left its own.
    """

    secret: str
    commit: str
    date: int
    path: str
    state: VersionState
    by_private_key: bool = False
    now: tuple[str, ...] = ()


class Exposure(NamedTuple):
    """What former readers, or the keys that were asked for, could ever read.

    `incomplete` says in sentences what could not be looked at, `notices` what was left out.
    """

    keys: tuple[KeyExposure, ...]
    public: tuple[PublicSecret, ...]
    incomplete: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def needs_rotation(self) -> bool:
        """Whether a former reader, or everybody, could read a version in use."""
        known = (one for key in self.keys if not key.reader for one in key.secrets)
        states = [*(one.state for one in known), *(one.state for one in self.public)]
        return any(one is not VersionState.ROTATED for one in states)
