"""What took the place of a key or a source that made an output at the base, as names tell it."""

from collections.abc import Iterable

from agenix_check.discover.tree.evidence import NOWHERE
from agenix_check.discover.tree.facts import AgeFact
from agenix_check.discover.tree.keys import KeyTexts, digest
from agenix_check.discover.tree.names import Names
from agenix_check.discover.tree.naming import Trace
from agenix_check.model.fleet import closest_to_name


def present_key(names: Names, key: str) -> str | None:
    """Return the text that stands where a key of the base stood, by its digest.

    Where the key is still there that is its text; else the one text of the same form that is new
    in the files that held it. None where there is no such text, or more than one.
    """
    if key in names.here.keys:
        return names.here.keys[key].text
    text, paths = names.base.keys.get(key, NOWHERE)
    if text is None:
        return None
    found = {new for path in paths for new in _new_texts(names, path, text)}
    return found.pop() if len(found) == 1 else None


def present_source(names: Names, made: Trace, name: str) -> str | None:
    """Return the path of the source that an output of the base should be made from now."""
    here = names.here
    if made.source in here.sources:
        return closest_to_name(here.sources[made.source], name)
    kept = [path for path in names.base.sources.get(made.source, ()) if path in here.facts]
    if len({_content(names, path) for path in kept}) != 1:
        return None
    return closest_to_name(kept, name)


def _content(names: Names, path: str) -> str | None:
    fact = names.here.facts[path]
    return fact.sha256 if isinstance(fact, AgeFact) else None


def _new_texts(names: Names, path: str, text: str) -> Iterable[str]:
    now, was = names.here.facts.get(path), names.base.facts.get(path)
    if not isinstance(now, KeyTexts) or not isinstance(was, KeyTexts):
        return ()
    if was.whole is not None and now.whole is not None:
        # A file that is read as a whole: with its end, without the newline, or trimmed.
        for end in (str, _without_newline, str.strip):
            if end(was.whole) == text:
                return (end(now.whole),)
    form = _form(text)
    before = {digest(one) for one in was.texts()}
    return {one for one in now.texts() if _form(one) == form and digest(one) not in before}


def _without_newline(text: str) -> str:
    return text.removesuffix("\n")


def _form(text: str) -> tuple[bool, bool, bool]:
    """Return how a key is written: whether for SSH, with a comment, with a newline at its end."""
    return text.startswith("ssh-"), len(text.split()) > 2, text.endswith("\n")
