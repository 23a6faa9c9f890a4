"""Private keys that somebody committed: whose they are. What they open, everybody could read."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from agenix_check.access.exposure import find_exposures, find_public
from agenix_check.access.past_readers import PastReaders
from agenix_check.age import RecipientError, parse_recipient
from agenix_check.discover.tree.chronicle import Chronicle, Held
from agenix_check.discover.tree.key_texts import KeyTexts
from agenix_check.git.objects import read_blobs
from agenix_check.git.repository import Repository
from agenix_check.keys.errors import DecryptionError
from agenix_check.keys.post_quantum import public_half_of_hybrid
from agenix_check.keys.private_keys import SAYS_NO_MATCH
from agenix_check.keys.prompts import is_panic
from agenix_check.keys.ssh_private_keys import has_passphrase, public_half
from agenix_check.model.exposed import KeyExposure, PublicSecret
from agenix_check.model.frozen import replace

if TYPE_CHECKING:
    from pyrage import x25519

_WHOLE_AGE_KEY = re.compile(rb"AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]{58}")
_WHOLE_SSH_KEY = re.compile(
    rb"-----BEGIN ((?:OPENSSH |RSA )?)PRIVATE KEY-----[^-]+-----END \1PRIVATE KEY-----"
)


class PastExposures(NamedTuple):
    """What keys could read, and what was in plain text, the most urgent first.

    `private_keys` are the files that held private keys, by the public half of each.
    """

    keys: list[KeyExposure]
    public: list[PublicSecret]
    private_keys: Mapping[str, Sequence[Held]]


def find_past_exposures(repository: Repository, past: PastReaders) -> PastExposures:
    """Return what a history exposed. What a committed private key opens is tried with that key."""
    public = find_public(past.chronicle, past.versions)
    if not past.chronicle.has_private_keys:
        return PastExposures(find_exposures(past), public, {})
    keys = PublishedKeys(repository, past.chronicle)
    past = replace(past, asked=(*past.asked, *map(parse_recipient, keys.places)))
    anonymous = ((one.who.key, one.via.oid) for one in past.readings if one.anonymous)
    tried = keys.try_on((key, oid) for key, oid in anonymous if key is not None)
    return PastExposures(find_exposures(past, tried), public, keys.places)


class PublishedKeys:
    """The private keys in a history: `places` has the files that held one, by its public half.

    Keys that need a passphrase are not among them.
    """

    def __init__(self, repository: Repository, chronicle: Chronicle) -> None:
        """Look for them in the files that have any."""
        self._git = repository.git
        self._identities: dict[str, x25519.Identity] = {}
        wanted: dict[str, list[Held]] = defaultdict(list)
        for held in chronicle.spans:
            fact = chronicle.facts.get(held.oid)
            if isinstance(fact, KeyTexts) and fact.private:
                wanted[held.oid].append(held)
        found: dict[str, list[Held]] = defaultdict(list)
        for blob in read_blobs(repository.git, wanted):
            for text in dict.fromkeys(self._public_halves(blob.data)):
                found[text] += wanted[blob.oid]
        self.places = dict(found)

    def try_on(self, files: Iterable[tuple[str, str]]) -> dict[tuple[str, str], bool]:
        """Return, of pairs of a public key and a file's object id, whether the key opens the file.

        What the file shows is not enough to say that of X25519; the private key shows it.
        """
        from pyrage import DecryptError, decrypt

        wanted: dict[str, list[str]] = defaultdict(list)
        for text, oid in files:
            if text in self._identities:
                wanted[oid].append(text)
        tried: dict[tuple[str, str], bool] = {}
        for blob in read_blobs(self._git, wanted):
            for text in wanted[blob.oid]:
                try:
                    decrypt(blob.data, [self._identities[text]])
                    tried[text, blob.oid] = True
                except DecryptError as error:
                    if str(error) == SAYS_NO_MATCH:
                        tried[text, blob.oid] = False
                except BaseException as error:
                    if not is_panic(error):
                        raise
        return tried

    def _public_halves(self, data: bytes) -> Iterator[str]:
        for match in _WHOLE_AGE_KEY.finditer(data):
            yield from self._of_age(match.group().decode("ascii"))
        for match in _WHOLE_SSH_KEY.finditer(data):
            if has_passphrase(match.group()):
                continue
            try:
                public = public_half(match.group())
            except DecryptionError:  # of a kind that age cannot use
                continue
            if public is not None:
                yield public.text

    def _of_age(self, line: str) -> Iterator[str]:
        from pyrage import IdentityError, x25519

        try:
            if line.startswith("AGE-SECRET-KEY-PQ-"):
                yield parse_recipient(public_half_of_hybrid(line)).text
                return
            identity = x25519.Identity.from_str(line)
            text = parse_recipient(str(identity.to_public())).text
        except (IdentityError, RecipientError, ValueError):  # damaged, or of an example
            return
        self._identities[text] = identity
        yield text
