"""Where rules files are, and from the rules that they give to those of the repository."""

import posixpath
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence

from agenix_check.discover.rules.written import PublicKey, WrittenRule
from agenix_check.git.snapshot import SUBMODULE, SYMLINK, File
from agenix_check.model.declaration import KeyOrigin, PlainRule, RulesFile
from agenix_check.model.fleet import RULES_FILE


def list_secrets_nix(files: Mapping[str, File]) -> tuple[str, ...]:
    """Return every file that has the name of agenix's rules files, sorted.

    NixOS modules can have that name too.
    """
    return tuple(
        sorted(
            path
            for path, file in files.items()
            if posixpath.basename(path) == RULES_FILE and file.mode not in (SYMLINK, SUBMODULE)
        )
    )


def make_rules_file(
    path: str,
    given: Sequence[WrittenRule],
    failures: Sequence[str] = (),
    *,
    files: Container[str] = (),
    unread: Sequence[str] | None = (),
) -> RulesFile:
    """Return a rules file from its rules, whose names are relative to a directory of `files`.

    `unread` are the names of rules that could not be read, None if these are not known.
    """
    names = [rule.name for rule in given]
    directory = _directory(path, names, files)
    rules: dict[str, PlainRule] = {}
    outside = []
    for rule in given:
        place = _place(directory, rule.name)
        if place is None:
            outside.append(rule.name)
        else:
            rules[place] = _rule(place, rule)
    if outside:
        shown = ", ".join(map(ascii, outside))
        failures = [*failures, f"these rules lead out of the repository: {shown}"]
    if unread is not None:
        unread = tuple(filter(None, (_place(directory, name) for name in unread)))
    return RulesFile(
        path=path,
        rules=tuple(rules[key] for key in sorted(rules)),
        failure="; ".join(failures) or None,
        unread=unread,
        directory=directory,
    )


def correct(path: str) -> str:
    """Return what to type where a rules file, or a file that it imports, has a mistake."""
    return f"correct it, then: git add {ascii(path)[1:-1]}"


def _directory(path: str, names: Sequence[str], files: Container[str]) -> str:
    """Return what the names in a rules file are relative to.

    agenix is run beside it, or with `RULES=` from a directory above: that counts if there are
    files there, and none beside the rules file.
    """
    own = above = posixpath.dirname(path)
    while True:
        if any(_place(above, name) in files for name in names):
            return above
        if not above:
            return own
        above = posixpath.dirname(above)


def _place(directory: str, name: str) -> str | None:
    """Return the path that a name leads to, or None outside of the repository."""
    place = posixpath.normpath(posixpath.join(directory, name))
    return None if place.startswith(("/", "../")) or place in ("..", ".") else place


def _rule(place: str, rule: WrittenRule) -> PlainRule:
    lines = [(line, key) for key in rule.keys for line in _lines(key)]
    texts = Counter([line for line, _ in lines])
    again = tuple((texts - Counter(texts.keys())).elements())
    origins: dict[str, KeyOrigin | None] = {}
    for line, key in lines:
        if origins.get(line) is None:
            origins[line] = _origin(key)
    known = any(one is not None for one in origins.values())
    return PlainRule(
        path=place,
        recipients=tuple(texts),
        armor=rule.armor,
        repeated=again,
        nested=rule.nested,
        origins=tuple(origins.values()) if known else (),
    )


def _origin(key: PublicKey) -> KeyOrigin | None:
    if key.place is None:
        return None
    return KeyOrigin(path=key.place.path, line=key.place.line, name=key.name)


def _lines(key: PublicKey) -> Iterator[str]:
    """Yield each line of a key, as agenix gives them to age; "" for a blank one whose place shows.

    agenix passes over that, and whose key it was to be has no access. What has no place is what
    `split` leaves behind the last line.
    """
    lines = list(filter(None, (line.strip() for line in key.text.splitlines())))
    yield from lines or ([] if key.place is None else [""])
