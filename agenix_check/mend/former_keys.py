"""What names alone show a fix: which outputs there should be, and whom a directory belonged to."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property

from agenix_check.age import recipient_or_none
from agenix_check.audit.directories import find_replaced
from agenix_check.discover.tree.facts import AgeFact
from agenix_check.discover.tree.key_texts import NOWHERE, KeyText, KeyTexts, digest, readings
from agenix_check.discover.tree.names import Names
from agenix_check.discover.tree.naming import OutputFile, Trace
from agenix_check.mend.needs import Need, Needs, collect_needs
from agenix_check.model.findings import Finding
from agenix_check.model.fleet import closest_to_name
from agenix_check.model.lost import Rotated


class FormerKeys:
    """The keys that each directory's outputs were made for at the base.

    Before the first commit there is no base, and no work of others: then the tree itself counts.
    """

    def __init__(self, names: Names) -> None:
        self._names = names
        there_is_a_base = bool(names.base.files)
        tree = names.base if there_is_a_base else names.here
        keys: dict[str, set[str]] = defaultdict(set)  # digests of key texts, by directory
        lost: dict[str, set[str]] = defaultdict(set)  # the same, of those that older commits broke
        for file in tree.outputs.values():
            traced = names.traced(file)
            made = traced.base if there_is_a_base else traced.here
            if made is not None:
                keys[file.directory].add(made.key)
            elif (key := _lost_key(names, file)) is not None:
                lost[file.directory].add(key)
        self._keys = lost | keys
        self._storages = {one.directory for one in names.here.outputs.values()}

    def rotated(self, storage: str, key: str) -> Rotated | None:
        """Return where a key text was replaced by another, while other files still have it.

        Which of the two the host of a directory has, names alone do not show.
        """
        names, same = self._names, _canonical(key)
        found = self._find(names.rotated, storage, same)
        if found is not None:
            return found
        for old in sorted(self._keys.get(storage, ())):
            text = names.here.keys.get(old, NOWHERE).text
            if text is not None and _canonical(text) == same:
                for found in find_replaced(names, self._storages, storage, old):
                    return found
        return None

    def maybe_rotated(self, storage: str, key: str) -> str | None:
        """Return the file where a key may have been replaced, as history would show."""
        found = self._find(self._names.maybe_rotated, storage, _canonical(key))
        return None if found is None else found.path

    def _find(
        self, rotations: Mapping[tuple[str, str], Rotated], storage: str, same: str | None
    ) -> Rotated | None:
        """Return what became of a key of a directory; it is given as a canonical text."""
        keys = self._names.here.keys
        for (directory, old), found in sorted(rotations.items()):
            if directory == storage and _canonical(keys[old].text) == same:
                return found
        return None

    def owner(self, storage: str, key: str) -> str | None:
        """Return the directory whose outputs are made for a key, where those of `storage` are not.

        None where it has none yet, or the key is of no other.
        """
        own, same = self._texts(storage), _canonical(key)
        if not own or same in own:
            return None
        return next((one for one in self._owners.get(same, ()) if one != storage), None)

    @cached_property
    def _owners(self) -> dict[str | None, list[str]]:
        """The directories of each key, as a canonical text."""
        found: dict[str | None, list[str]] = defaultdict(list)
        for directory in sorted(self._keys):
            for text in self._texts(directory):
                found[text].append(directory)
        return found

    def _texts(self, storage: str) -> set[str | None]:
        """Return the keys of a directory as canonical texts."""
        keys = self._keys.get(storage, ())
        return {_canonical(_key_before(self._names, one).text) for one in keys}

    def objection(self, storage: str, key: str) -> str | None:
        """Return why the secrets of a directory must not be encrypted to a key text, or None."""
        before = self._keys.get(storage, set())
        known = self._texts(storage)
        if len(known) > 1:
            return "outputs of its directory are made for several keys"
        if _canonical(key) in known or any(present_key(self._names, one) == key for one in before):
            return None
        return "only its name says that this key is to read it"


def named_needs(names: Names) -> Needs:
    """Return the outputs that there should be: those that are explained in the tree."""
    here = names.here
    known = []
    for file in here.outputs.values():
        made = names.traced(file).here
        key = here.keys[made.key].text if made is not None else None
        if made is not None and key is not None:
            source = closest_to_name(here.sources[made.source], file.name)
            known.append(_need(file, key, source, file.path))
    explained = {directory for directory, _ in (*names.made, *names.made_at_base)}
    broken = {
        file.directory
        for tree in (here, names.base)
        for file in tree.outputs.values()
        if _lost_key(names, file) is not None
    }
    return collect_needs(known, explained | broken)


def needs_by_names(names: Names, finding: Finding) -> tuple[Need, ...] | str:
    """Return the outputs that a finding is about, or why names alone do not show them."""
    path = finding.path or ""
    waiting = names.unstaged.outputs.get((finding.node or "", finding.secret or ""))
    if waiting is not None and waiting.file.path == path:
        made: Trace | None = waiting.made
        file: OutputFile | None = waiting.file
    else:
        file = names.here.outputs.get(path)
        if file is None:
            return "it is not in the tree"
        if file.ident in names.unstaged.keys:
            key = names.unstaged.keys[file.ident]
            return f"it is made for the key in {key}, which is not staged"
        traced = names.traced(file)
        made = traced.here or traced.base
        made = made or _made_before(names, file) or names.made_at_base.get(file.place)
    if made is None or file is None:
        return "names alone do not show what it should be made from; --inventory nix"
    source = present_source(names, made, file.name)
    if source is None:
        for path in _source_before(names, made.source):
            if path in names.here.files and not isinstance(names.here.facts.get(path), AgeFact):
                return f"its source {path} is not an age file any more"
        return "names alone do not show its source; --inventory nix"
    key_text = present_key(names, made.key)
    if key_text is None:
        return "names alone do not show its node's key; --inventory nix"
    return (_need(file, key_text, source, None),)


def present_key(names: Names, key: str) -> str | None:
    """Return the text that stands now where a key of the base stood; `key` is its text's digest.

    Where the key is still in the tree, that is its text; else the one text of the same form that
    is new in the files that held it. None where there is no such text, or more than one.
    """
    if key in names.here.keys:
        return names.here.keys[key].text
    text, paths = _key_before(names, key)
    if text is None:
        return None
    found = {new for path in paths for new in _new_texts(names, path, text)}
    return found.pop() if len(found) == 1 else None


def present_source(names: Names, made: Trace, name: str) -> str | None:
    """Return the path of the source that an output of the base should be made from now."""
    here = names.here
    if made.source in here.sources:
        return closest_to_name(here.sources[made.source], name)
    kept = [path for path in _source_before(names, made.source) if path in here.facts]
    if len({_sha256(names, path) for path in kept}) != 1:
        return None
    return closest_to_name(kept, name)


def _made_before(names: Names, file: OutputFile) -> Trace | None:
    """Return what made an output that an older commit broke, or the one before it in its place."""
    lost = names.lost.get(file.path)
    if lost is None:
        return None
    if lost.before is not None:
        return Trace(*lost.before)
    return None if lost.key is None or lost.source is None else Trace(lost.key, lost.source)


def _lost_key(names: Names, file: OutputFile) -> str | None:
    """Return for whom a directory had an output in order, as an output shows that is not.

    One that came out of order shows nothing by itself.
    """
    lost, made = names.lost.get(file.path), _made_before(names, file)
    if lost is None or made is None or (lost.brought and lost.before is None):
        return None
    return made.key


def _key_before(names: Names, key: str) -> KeyText:
    return names.base.keys.get(key) or names.lost_keys.get(key, NOWHERE)


def _source_before(names: Names, source: str) -> tuple[str, ...]:
    """Return the files that held a source, also under names that they got later."""
    at_base = names.base.sources.get(source, ())
    return (*at_base, *(one for one in names.lost_sources.get(source, ()) if one not in at_base))


def _need(file: OutputFile, key: str, source: str, path: str | None) -> Need:
    return Need(file.directory, file.name, file.directory, key, source, path)


def _canonical(text: str | None) -> str | None:
    """Return a key without comment and newline; a text that is not a key stays as it is."""
    recipient = recipient_or_none(text)
    return text if recipient is None else recipient.text


def _sha256(names: Names, path: str) -> str | None:
    fact = names.here.facts[path]
    return fact.sha256 if isinstance(fact, AgeFact) else None


def _new_texts(names: Names, path: str, text: str) -> Iterable[str]:
    now, was = names.here.facts.get(path), names.base.facts.get(path)
    if not isinstance(now, KeyTexts) or not isinstance(was, KeyTexts):
        return ()
    if was.whole is not None and now.whole is not None:
        for before, after in zip(readings(was.whole), readings(now.whole), strict=True):
            if before == text:
                return (after,)
    form = _form(text)
    if text not in was.texts():
        # An older commit took the key away: what is in its place now was there at the base too.
        if now.whole is None:
            return {one for one in now.texts() if _form(one) == form}
        ends = text.endswith("\n")
        return {one for one in readings(now.whole) if one.endswith("\n") == ends}
    known = {digest(one) for one in was.texts()}
    return {one for one in now.texts() if _form(one) == form and digest(one) not in known}


def _form(text: str) -> tuple[bool, bool, bool]:
    """Return how a key is written: whether for SSH, with a comment, with a newline at its end."""
    is_ssh = text.startswith("ssh-")
    has_comment = len(text.split()) > 2
    return is_ssh, has_comment, text.endswith("\n")
