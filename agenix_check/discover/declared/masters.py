"""The recipients that every source must have: master identities and extra encryption keys.

They are found as agenix-rekey finds them (its nix/lib.nix): an explicit `pubkey`; for a YubiKey or
FIDO2 identity a comment in its file; else whatever age derives from the identity.
"""

from collections.abc import Iterable, Iterator, Mapping

from agenix_check.age import (
    Recipient,
    RecipientError,
    has_one_identity,
    noted_recipient,
    parse_recipient,
)
from agenix_check.git.objects import read_blobs
from agenix_check.git.repository import Repository
from agenix_check.git.snapshot import File
from agenix_check.model.declaration import Declaration, MasterIdentity
from agenix_check.model.frozen import frozen

EXTRA_KEYS = "extraEncryptionPubkeys"  # the place of those that no identity brings


@frozen
class Masters:
    """The recipients of all sources.

    `known` maps a recipient to where it is declared; `unknown` are the files of identities whose
    recipient only the identity itself would show. `mentions` has each known one as often as it is
    declared, since age and rage write a stanza each time.
    """

    known: Mapping[Recipient, str]
    unknown: tuple[str, ...]
    mentions: tuple[Recipient, ...]


def find_masters(
    repository: Repository, files: Mapping[str, File], declaration: Declaration
) -> Masters:
    """Collect the master recipients of all nodes, merged as agenix-rekey merges them."""
    identities = dict.fromkeys(one for node in declaration.nodes for one in node.master_identities)
    extra = dict.fromkeys(text for node in declaration.nodes for text in node.extra_recipients)
    contents = _read(repository, files, identities)
    mentions: list[tuple[Recipient, str]] = []
    unknown: list[str] = []
    for identity in identities:
        place = identity.identity.path or identity.identity.outside or "an identity"
        texts = [identity.pubkey] if identity.pubkey is not None else list(
            _recipients(contents.get(identity.identity.path or ""))
        )  # fmt: skip
        _add(mentions, unknown, texts, place)
    for text in extra:
        _add(mentions, unknown, [text], EXTRA_KEYS)
    known: dict[Recipient, str] = {}
    for recipient, place in mentions:
        known.setdefault(recipient, place)
    return Masters(
        known=known,
        unknown=tuple(dict.fromkeys(unknown)),
        mentions=tuple(recipient for recipient, _ in mentions),
    )


def _add(
    mentions: list[tuple[Recipient, str]], unknown: list[str], texts: Iterable[str], place: str
) -> None:
    """Read texts as recipients: one each, or one a line, as in files for age's option -R."""
    lines = [line for text in texts for line in text.splitlines() if _says_something(line)]
    for line in lines:
        try:
            mentions.append((parse_recipient(line), place))
        except RecipientError:
            unknown.append(place)
    if not lines:
        unknown.append(place)


def _says_something(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _read(
    repository: Repository, files: Mapping[str, File], identities: Iterable[MasterIdentity]
) -> dict[str, str]:
    paths = [one.identity.path for one in identities if one.pubkey is None and one.identity.path]
    there = {path: files[path].oid for path in paths if path in files}
    blobs = {blob.oid: blob.data for blob in read_blobs(repository.git, there.values())}
    return {path: blobs[oid].decode("utf-8", "replace") for path, oid in there.items()}


def _recipients(content: str | None) -> Iterator[str]:
    """Yield the recipients that an identity file shows; none if only its key could."""
    if content is None:
        return
    if has_one_identity(content):
        noted = noted_recipient(content)  # agenix-rekey takes none of several either
        if noted is not None:
            yield noted
        return
    lines = list(filter(_says_something, content.splitlines()))
    if len(lines) == 1:
        yield lines[0]
