"""The names of outputs, written and read, and which key and source a name was made from.

agenix-rekey names an output `<ident>-<name>.age`, with
ident = sha256hex(sha256hex(hostPubkey) ++ sha256hex(source))[:32] (its nix/output-derivation.nix).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, partial
from hashlib import sha256
from itertools import repeat
from typing import NamedTuple

from agenix_check.discover.tree.key_texts import KeyText
from agenix_check.errors import CannotCheckError

LEFTOVER = ".tmp.agenix-rekey."
_IDENT_PREFIX = re.compile(r"([0-9a-f]{32})-")
_OUTPUT_NAME = re.compile(r"([0-9a-f]{32})-(.+)\.age", re.DOTALL)
IDENT_DIGITS = 32  # hexadecimal digits
MOST_PAIRS = 20_000_000  # tries in one tree, of about a microsecond each; large fleets need a tenth
MOST_PAIRS_IN_HISTORY = 100_000_000  # in all of a history


_Form = tuple[bool, bool] | str
Place = tuple[str, str]  # an output's directory and name: what stays when it is made anew


class OutputFile(NamedTuple):
    """A file with the name of an output.

    `directory` is where agenix-rekey's `localStorageDir` must be; a name with `/` goes deeper.
    """

    path: str
    directory: str
    ident: str
    name: str

    @property
    def place(self) -> Place:
        """What stays the same when it is made anew."""
        return self.directory, self.name


class Trace(NamedTuple):
    """What an ident was made from: two SHA-256 digests in hexadecimal, of the texts as they are."""

    key: str
    source: str


_make_trace = partial(tuple.__new__, Trace)  # ten thousands on every first look


class Traced(NamedTuple):
    """How the keys and sources of each tree explain a name: not at all where there is no trace."""

    here: Trace | None
    base: Trace | None


def ident(key: str, source: str) -> str:
    """Return the ident of a key's and a source's digests."""
    return sha256((key + source).encode("ascii")).hexdigest()[:IDENT_DIGITS]


def output_path(storage: str, ident: str, name: str) -> str:
    """Return where an output belongs: in its storage directory, or at the top for an empty one."""
    file = f"{ident}-{name}.age"
    return f"{storage}/{file}" if storage else file


def output_file(path: str) -> OutputFile | None:
    """Return what a path's name says of an output, or None where it is not an output's name."""
    directory, _, name = path.rpartition("/")
    outer = _outer(directory)
    if outer is None:
        match = _OUTPUT_NAME.fullmatch(name)
        return OutputFile(path, directory, *match.groups()) if match else None
    storage, ident, start = outer
    if not ident or not name.endswith(".age"):
        return None
    return OutputFile(path, storage, ident, f"{start}/{name[:-4]}")


def may_be_outputs(names: Iterable[str]) -> list[bool]:
    """Return of each file's own name whether it may be an output's, whatever its digits are.

    It is a quick test: `output_file` decides, which knows the directories above too.
    """
    shortest = IDENT_DIGITS + len("-.age")
    return [
        name[IDENT_DIGITS : IDENT_DIGITS + 1] == "-"
        and name[-4:] == ".age"
        and len(name) > shortest
        for name in names
    ]


@cache
def _outer(directory: str) -> tuple[str, str, str] | None:
    """Return the storage directory, the ident and the start of the name that a directory gives.

    None where files in it are named for themselves; no ident where they are no outputs: leftovers.
    """
    parts = directory.split("/")
    if any(part.startswith(LEFTOVER) for part in parts):
        return "", "", ""
    for place, part in enumerate(parts):
        match = _IDENT_PREFIX.match(part)
        if match is not None:
            start = "/".join([part[match.end() :], *parts[place + 1 :]])
            return "/".join(parts[:place]), match[1], start
    return None


class Pairs:
    """How many pairs of a key and a source may still be tried."""

    def __init__(self, most: int | None = None) -> None:
        self.left = MOST_PAIRS if most is None else most

    def take(self, keys: int, sources: int) -> None:
        """Take the pairs of one key; raise `CannotCheckError` where that is too many."""
        self.left -= sources
        if self.left < 0:
            raise CannotCheckError(f"{keys} keys and {sources} sources make too many pairs to try")


def trace(
    idents: Iterable[str],
    keys: Mapping[str, KeyText],
    sources: Iterable[str],
    pairs: Pairs | None = None,
) -> dict[str, Trace]:
    """Return, for each ident that some key and some source make, which they are.

    `keys` are by the digest of their text. Raises `CannotCheckError` where more pairs would have to
    be tried than are left.
    """
    wanted = set(idents)
    found: dict[str, Trace] = {}
    encoded = {source: source.encode("ascii") for source in sources}
    pairs = pairs or Pairs()
    # A fleet writes all its keys in one form: once a key was found in one, its other forms can
    # wait, and in a fleet in order nothing is left to find when their turn comes.
    favourites: list[_Form] = []
    later: list[str] = []
    for forms in _by_body(keys):
        order = sorted(forms, key=lambda form: _rank(form, favourites))
        for place, form in enumerate(order):
            if not (wanted and encoded):
                return found
            pairs.take(len(keys), len(encoded))
            if _try(forms[form], encoded, wanted, found):
                favourites = [form, *(other for other in favourites if other != form)]
                later += [forms[other] for other in order[place + 1 :]]
                break
    for key in later:
        if wanted:
            pairs.take(len(keys), len(encoded))
            _try(key, encoded, wanted, found)
    return found


def _by_body(keys: Mapping[str, KeyText]) -> Iterable[dict[_Form, str]]:
    """Group the texts of each key: by whether they have a comment, and a newline at the end.

    A second text of the same form (another comment) stands under itself.
    """
    groups: dict[str, dict[_Form, str]] = {}
    for key, (text, _) in keys.items():
        if text is None:
            groups[key] = {key: key}
            continue
        words = text.split(None, 2)
        body = words[1] if text.startswith("ssh-") and len(words) > 1 else text.strip()
        form: _Form = (len(words) > 2, text.endswith("\n"))
        group = groups.setdefault(body, {})
        group[form if form not in group else key] = key
    return groups.values()


def _rank(form: _Form, favourites: Sequence[_Form]) -> int:
    return favourites.index(form) if form in favourites else len(favourites)


def _try(key: str, sources: Mapping[str, bytes], wanted: set[str], found: dict[str, Trace]) -> bool:
    """Look for idents that one key makes; move them from `wanted` to `found`."""
    begun = sha256(key.encode("ascii")).copy
    made: list[str] = []
    # Nearly every pair misses, so this does nothing but hash and look up.
    for source in sources.values():
        ended = begun()
        ended.update(source)
        made.append(ended.hexdigest()[:IDENT_DIGITS])
    hits = wanted.intersection(made)
    if hits:
        traces = zip(made, map(_make_trace, zip(repeat(key), sources)), strict=True)
        all_hit = len(hits) == len(made)
        found.update(traces if all_hit else (one for one in traces if one[0] in hits))
        wanted -= hits
    return bool(hits)
