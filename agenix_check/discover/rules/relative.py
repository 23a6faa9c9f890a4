"""Where rules files are, and from the rules that they give to those of the repository."""

import posixpath
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from agenix_check.git.snapshot import SUBMODULE, SYMLINK, File
from agenix_check.model.declaration import PlainRule, RulesFile
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
    given: Iterable[tuple[str, Sequence[str], bool | None]],
    failures: Sequence[str] = (),
) -> RulesFile:
    """Return a rules file from names, which are relative to its directory, keys and `armor`."""
    rules: dict[str, PlainRule] = {}
    outside = []
    for name, keys, armor in given:
        place = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
        if place.startswith(("/", "../")) or place in ("..", "."):
            outside.append(name)
            continue
        texts = Counter(_recipients(keys))
        again = tuple((texts - Counter(texts.keys())).elements())
        rules[place] = PlainRule(path=place, recipients=tuple(texts), armor=armor, repeated=again)
    if outside:
        shown = ", ".join(map(ascii, outside))
        failures = [*failures, f"these rules lead out of the repository: {shown}"]
    failure = "; ".join(failures) or None
    return RulesFile(path=path, rules=tuple(rules[key] for key in sorted(rules)), failure=failure)


def _recipients(keys: Sequence[str]) -> Iterator[str]:
    """Yield each line of each key, as agenix gives them to age."""
    lines = (line.strip() for key in keys for line in key.splitlines())
    return filter(None, lines)
