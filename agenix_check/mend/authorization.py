"""Whom a directory's outputs are for, as names tell it: who may be given a secret undeclared.

Whoever knows a public key and a source can name a file for them, so a pull request can ask for a
secret by a file name alone. By names a secret is therefore encrypted only to the one key that the
outputs of its directory were made for before the change, or to what took that key's place in the
files which held it.
"""

from collections import defaultdict

from agenix_check.age import RecipientError, parse_recipient
from agenix_check.discover.tree.names import Names
from agenix_check.mend.current import present_key


class Authorization:
    """The keys that each directory's outputs were made for at the base, by their digests.

    Before the first commit there is no base, and nobody else's work: then it is the tree itself.
    """

    def __init__(self, names: Names) -> None:
        self._names = names
        self._tree = names.base if names.base.files else names.here
        keys: dict[str, set[str]] = defaultdict(set)
        for file in self._tree.outputs.values():
            made = names.explain(self._tree, file)
            if made is not None:
                keys[file.directory].add(made.key)
        self._keys = dict(keys)

    def objection(self, storage: str, key: str) -> str | None:
        """Return why a directory's secrets are not to be encrypted to a key text, or None."""
        before = self._keys.get(storage, set())
        known = {_bare(self._tree.keys[one].text) for one in before}
        if len(known) > 1:
            return "outputs of its directory are made for several keys"
        if _bare(key) in known or any(present_key(self._names, one) == key for one in before):
            return None
        return "only its name says that this key is to read it"


def _bare(text: str | None) -> str | None:
    """Return a key without comment and newline, or a text that is no key as it is."""
    try:
        return None if text is None else parse_recipient(text).text
    except RecipientError:
        return text
