"""Private keys that somebody committed: whose they are. What they open, everybody could read."""

import re
from collections import defaultdict

from agenix_check.age import RecipientError, parse_recipient
from agenix_check.discover.tree.chronicle import Chronicle, Held
from agenix_check.discover.tree.key_texts import KeyTexts
from agenix_check.git.objects import read_blobs
from agenix_check.git.repository import Repository
from agenix_check.keys.errors import DecryptionError
from agenix_check.keys.ssh_private_keys import has_passphrase, public_half

_WHOLE_AGE_KEY = re.compile(rb"AGE-SECRET-KEY-1[0-9A-Z]{58}")
_WHOLE_SSH_KEY = re.compile(
    rb"-----BEGIN OPENSSH PRIVATE KEY-----[^-]+-----END OPENSSH PRIVATE KEY-----"
)


def find_published(repository: Repository, chronicle: Chronicle) -> dict[str, list[Held]]:
    """Return the public halves of private keys in a history, with the files that held these.

    Keys that need a passphrase are not among them. Of forms whose public half only their own
    program shows, nothing is known.
    """
    wanted: dict[str, list[Held]] = defaultdict(list)
    for held in chronicle.spans:
        fact = chronicle.facts.get(held.oid)
        if isinstance(fact, KeyTexts) and fact.private:
            wanted[held.oid].append(held)
    found: dict[str, list[Held]] = defaultdict(list)
    for blob in read_blobs(repository.git, wanted):
        for text in dict.fromkeys(_public_halves(blob.data)):
            found[text] += wanted[blob.oid]
    return dict(found)


def _public_halves(data: bytes) -> list[str]:
    found = []
    for match in _WHOLE_AGE_KEY.finditer(data):
        text = _of_age(match.group())
        if text is not None:
            found.append(text)
    for match in _WHOLE_SSH_KEY.finditer(data):
        if has_passphrase(match.group()):
            continue
        try:
            public = public_half(match.group())
        except DecryptionError:  # of a kind that age cannot use
            continue
        if public is not None:
            found.append(public.text)
    return found


def _of_age(line: bytes) -> str | None:
    from pyrage import IdentityError, x25519

    try:
        identity = x25519.Identity.from_str(line.decode("ascii"))
        return parse_recipient(str(identity.to_public())).text
    except (IdentityError, RecipientError):
        return None
