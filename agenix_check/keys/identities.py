"""Which identities are tried, and in which order: files with private keys, or with stubs of them.

Those named for this run come first (`-i`, then AGENIX_CHECK_IDENTITY), then those of the fleet
(`masterIdentities`), then those of the setting `identities`, and where there are rules of plain
agenix, last the SSH keys that agenix itself tries. AGENIX_REKEY_PRIMARY_IDENTITY and
AGENIX_REKEY_PRIMARY_IDENTITY_ONLY mean what they mean to agenix-rekey (its nix/lib.nix): the first
names a public key, whose identity is tried first of the fleet's, or alone.
"""

import os
import re
import shlex
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from agenix_check.errors import UsageError
from agenix_check.model.declaration import Declaration, MasterIdentity
from agenix_check.model.frozen import frozen, replace

OPTION = "-i"
VARIABLE = "AGENIX_CHECK_IDENTITY"
FLEET = "masterIdentities"
SETTING = "the setting identities"
SSH_KEYS = ("~/.ssh/id_ed25519", "~/.ssh/id_rsa")  # those that agenix tries, if they are there
AGENIX = "where agenix looks"
PRIMARY = "AGENIX_REKEY_PRIMARY_IDENTITY"
ONLY = "AGENIX_REKEY_PRIMARY_IDENTITY_ONLY"

NAMED = (OPTION, VARIABLE)  # for this run
_LARGEST_FILE = 1 << 20  # in bytes: an identity file is far smaller


@frozen
class IdentityFile:
    """A file that may hold identities: its path as people know it, and where it was named.

    `content` is None where the file cannot be read; then `problem` says why. `pubkey` is the public
    key that the fleet declares for it. `primary` is true for the one that
    AGENIX_REKEY_PRIMARY_IDENTITY names. `place` is where another program can read the same content;
    None where there is no such file.
    """

    path: str
    origin: str
    content: bytes | None = None
    problem: str | None = None
    pubkey: str | None = None
    primary: bool = False
    place: Path | None = None


class Identities(NamedTuple):
    """The identity files in the order of trying, and sentences for the user."""

    files: tuple[IdentityFile, ...]
    warnings: tuple[str, ...] = ()


def order_identities(files: Iterable[IdentityFile], environment: Mapping[str, str]) -> Identities:
    """Put identity files in order, as agenix-rekey's variables demand; drop repeated contents.

    Those named for this run are always tried: agenix-rekey, too, adds the given ones to its own.
    """
    given = list(files)
    named = [one for one in given if one.origin in NAMED]
    declared = [one for one in given if one.origin not in NAMED]
    wanted = environment.get(PRIMARY, "")
    warnings: tuple[str, ...] = ()
    if wanted:
        known = _by_pubkey(declared)
        first = known.get(wanted)
        alone = environment.get(ONLY) == "true"
        if first is None and (declared or alone):
            warnings = (_not_found(wanted, known),)
        rest = [] if alone else declared
        declared = ([replace(first, primary=True)] if first else []) + rest
    once: dict[bytes | str, IdentityFile] = {}
    for one in (*named, *declared):
        once.setdefault(one.path if one.content is None else one.content, one)
    return Identities(tuple(once.values()), warnings)


def load_named(given: Sequence[str], environment: Mapping[str, str]) -> tuple[IdentityFile, ...]:
    """Read the identity files that are named for this run: those of `-i`, then of the variable.

    Raises UsageError for one that cannot be read.
    """
    variable = [path for path in environment.get(VARIABLE, "").split(":") if path]
    named = [_load_file(Path(path), path, OPTION) for path in given]
    named += [_load_file(_expanded(path), path, VARIABLE) for path in variable]
    for one in named:
        if one.content is None:
            raise UsageError(f"the identity file {one.path} (from {one.origin}): {one.problem}")
    return tuple(named)


def load(
    *,
    given: Sequence[str] = (),
    named: Sequence[IdentityFile] | None = None,
    settings: Sequence[str] = (),
    plain: bool = False,
    declaration: Declaration | None = None,
    environment: Mapping[str, str] = os.environ,
    top: Path | None = None,
    read: Callable[[str], bytes | None] | None = None,
) -> Identities:
    """Read every identity file that is named somewhere, and put them in order.

    `given` are the files of `-i`, or `named` what `load_named` has read already; `settings` those
    of the setting, relative to `top`; `plain` says that files of plain agenix may be decrypted, so
    that the SSH keys that agenix tries are tried too. `read` gives the content of a file of the
    repository, or None; without it the files below `top` are read. Raises UsageError as
    `load_named` does.
    """
    first = load_named(given, environment) if named is None else named
    base = top or Path()
    fleet = [] if declaration is None else [
        _of_master(one, base, read) for one in _all_masters(declaration)
    ]  # fmt: skip
    set_ = [_load_file(base / _expanded(path), path, SETTING) for path in settings]
    own = [(path, _expanded(path)) for path in SSH_KEYS if plain]
    ssh = [_load_file(place, path, AGENIX) for path, place in own if place.is_file()]
    return order_identities([*first, *fleet, *set_, *ssh], environment)


def _all_masters(declaration: Declaration) -> Iterable[MasterIdentity]:
    """Return the master identities of all nodes, merged as agenix-rekey merges them."""
    return dict.fromkeys(one for node in declaration.nodes for one in node.master_identities)


def _of_master(
    master: MasterIdentity, top: Path, read: Callable[[str], bytes | None] | None
) -> IdentityFile:
    path, outside = master.identity.path, master.identity.outside
    if path is None:
        one = _load_file(_expanded(_word(outside or "")), outside or "", FLEET)
    elif read is None:
        one = _load_file(top / path, path, FLEET)
    else:
        content = read(path)
        problem = "it is not in the tree" if content is None else None
        one = IdentityFile(path=path, origin=FLEET, content=content, problem=problem)
    return replace(one, pubkey=master.pubkey)


def _load_file(place: Path, shown: str, origin: str) -> IdentityFile:
    """Read a file, or a pipe as the shell makes them, once."""
    try:
        with place.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
            lasting = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
    except OSError as error:
        problem = os.strerror(error.errno or 0)
        return IdentityFile(path=shown, origin=origin, problem=problem)
    if len(content) > _LARGEST_FILE:
        return IdentityFile(path=shown, origin=origin, problem="it is too long for identities")
    again = place.absolute() if lasting else None  # what a pipe held is gone
    return IdentityFile(path=shown, origin=origin, content=content, place=again)


def _expanded(path: str) -> Path:
    """Return a path with its `~` replaced, as no shell has done that."""
    try:
        return Path(path).expanduser()
    except RuntimeError:  # there is no such user
        return Path(path)


def _word(text: str) -> str:
    """Return what a shell makes of a path: agenix-rekey writes it unquoted into its script."""
    try:
        words = shlex.split(text)
    except ValueError:
        return text
    return os.path.expandvars(words[0]) if len(words) == 1 else text


def _by_pubkey(files: Iterable[IdentityFile]) -> dict[str, IdentityFile]:
    """Map public keys to identities as agenix-rekey does: declared keys, then those in comments."""
    known: dict[str, IdentityFile] = {}
    others: list[IdentityFile] = []
    for one in files:
        if one.pubkey is None:
            others.append(one)
        else:
            known[one.pubkey.removesuffix("\n")] = one
    for one in others:
        found = _in_comments((one.content or b"").decode("utf-8", "replace"))
        if len(found) == 1:
            known[found[0]] = one
    return known


def _in_comments(text: str) -> list[str]:
    """Return the public keys that agenix-rekey finds in a file with one hardware identity."""
    if len(re.findall(r"^AGE-", text, re.MULTILINE)) != 1:
        return []
    if re.search(r"^AGE-PLUGIN-YUBIKEY-", text, re.MULTILINE):
        mark, key = "Recipient: age1yubikey1", r"age1yubikey1[0-9a-z]+"
    elif re.search(r"^AGE-PLUGIN-FIDO2-HMAC-", text, re.MULTILINE):
        mark, key = "public key: age1", r"age1[0-9a-z]+"
    else:
        return []
    return [found for line in text.split("\n") if mark in line for found in re.findall(key, line)]


def _not_found(wanted: str, known: Mapping[str, IdentityFile]) -> str:
    there = ", ".join(f"{key} ({one.path})" for key, one in known.items()) or "none"
    return f"{PRIMARY} names {wanted}, but no identity has this public key. Known are: {there}"
