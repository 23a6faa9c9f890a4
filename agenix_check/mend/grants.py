"""Grants: keys that are to get secrets they never had, as a person is told of them and names them.

Names of files, nodes and authors are a stranger's: in a command each is quoted for a shell, behind
a `#` too, because not every shell takes that for a comment.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from agenix_check.age import fingerprint, parse_recipient, recipient_or_none
from agenix_check.audit.commands import OR_AGENIX_REKEY, REKEY, REKEY_BY_NIX, shell
from agenix_check.discover.tree.key_names import name_keys
from agenix_check.discover.tree.names import Names
from agenix_check.errors import CannotCheckError, UsageError, nearest
from agenix_check.git.pickaxe import Brought, find_bringer, find_in_any_commit
from agenix_check.git.repository import Repository
from agenix_check.mend.admission import (
    A_HOST,
    COMMIT_DIGITS,
    NOT_KNOWN,
    NOT_SHOWN,
    Pair,
    Ungranted,
    files_with,
    searched,
)
from agenix_check.mend.lock_gifts import ONLY_THE_LOCK
from agenix_check.mend.plan import first_and_count
from agenix_check.model.fleet import closest_to_name
from agenix_check.model.frozen import frozen

ALL = "all"
_MOST_SEARCHES = 10  # of the whole history, for a commit to name
_LONGEST_AUTHOR = 60  # characters
_MOST_OFFERED_GRANTS = 10


@frozen
class Grant:
    """A key that would get secrets, and what a person needs to know to decide.

    `node` is None where files are encrypted anew in place; `called` is its shown name. `key` is
    its canonical text, `path` the file with the key, `bringer` the commit that brought it; `typed`
    is the option that grants it. `choice` says what to do where another key may be the host's.
    `bound` is what Nix files call a key that is no node's, which proves nothing.
    """

    node: str | None
    called: str | None
    key: str
    files: tuple[str, ...]
    secrets: tuple[str, ...]
    why: str
    path: str | None
    bringer: Brought | None
    typed: str
    choice: str | None = None
    bound: str | None = None

    @property
    def pair(self) -> Pair:
        """What is granted."""
        return self.node, self.key

    @property
    def who(self) -> str:
        """The key's fingerprint, its file, and who brought it; everything quoted."""
        place = "in no file of this tree" if self.path is None else _quote(self.path)
        if self.bringer is not None and not self.bringer.commit:
            place = f"{place}, which an earlier commit has"
        elif self.bringer is not None:
            author = _quote(self.bringer.author[:_LONGEST_AUTHOR])
            place = f"{place}, brought by {author} in {self.bringer.commit[:COMMIT_DIGITS]}"
            if self.bringer.by_jujutsu:
                place = f"{place}, which only Jujutsu keeps: perhaps your own edit"
        return f"{fingerprint(parse_recipient(self.key))} ({place})"

    @property
    def condition(self) -> str:
        """Under which condition it may be granted."""
        if self.node is not None:
            return f"only if {self.who} is this host's key"
        shown = ""
        if self.why == NOT_SHOWN:
            shown = ", if it cannot already: it is anonymous, so no file shows that"
        return (
            f"only if {self.who} may read {first_and_count(list(map(_quote, self.files)))}{shown}"
        )

    @property
    def line(self) -> str:
        """The line of a list."""
        kind = parse_recipient(self.key).kind
        name = self.called or self.bound
        whose = f"{_quote(name)}: " if name is not None else ""
        gets = ", ".join(map(_quote, self.secrets or self.files))
        doubt = "" if self.choice is None else f" ({self.why})"
        return f"{whose}{kind} {self.who} would get {gets}{doubt}"


def describe_grants(
    repository: Repository,
    names: Names,
    ungranted: Iterable[Ungranted],
    shown: Mapping[str, str],
) -> tuple[Grant, ...]:
    """Return what is to be granted for some files to be made, each node and key once.

    `shown` are the names under which nodes are shown.
    """
    groups: dict[Pair, list[Ungranted]] = {}
    for one in ungranted:
        groups.setdefault((one.node, one.key), []).append(one)
    several = _with_several_keys(names, {node for node, _ in groups})
    bound = name_keys(repository, (names.here,)) if None in {node for node, _ in groups} else {}
    bringers: dict[str, tuple[str | None, Brought | None]] = {}
    searches = 0
    for node, key in groups:
        if key not in bringers:
            path, bringer = _look_up(repository, names, node, key)
            if bringer is None and searches < _MOST_SEARCHES:
                searches += 1
                bringer = _search_everywhere(repository, key)
            bringers[key] = path, bringer
    return tuple(
        Grant(
            node=pair[0],
            called=pair[0] and shown.get(pair[0], pair[0]),
            key=pair[1],
            files=tuple(sorted({one.file for one in its})),
            secrets=tuple(sorted({one.secret for one in its if one.secret is not None})),
            why=its[0].why,
            choice=its[0].choice,
            path=bringers[pair[1]][0],
            bringer=bringers[pair[1]][1],
            typed=_typed(pair, groups, shown, by_key=pair[0] in several),
            bound=bound.get(pair[1]) if pair[0] is None else None,
        )
        for pair, its in groups.items()
    )


def say_grants(grants: Iterable[Grant], options: str = "") -> tuple[str, ...]:
    """Return what is left for lack of a grant, a sentence each; `options` are those of the run."""
    return tuple(
        f"{first_and_count(list(one.files))}: {one.why}"
        + ("" if one.choice is None else f"; {one.choice.removeprefix('# ')}")
        + (
            ""
            if one.choice is not None
            or one.node is None
            or one.why in (A_HOST, NOT_KNOWN, NOT_SHOWN, ONLY_THE_LOCK)
            else "; look at it, then --inventory nix"
        )
        + f"; {one.condition}, type `{' '.join(filter(None, (REKEY, options, one.typed)))}`"
        for one in grants
    )


def with_grants(command: str, grants: Sequence[Grant]) -> str:
    """Return the text of a fix that grants something; behind a `#` it says under which condition.

    A text that is no command stays as it is. Where another key may be the host's, it says how to
    choose instead.
    """
    choice = next((one.choice for one in grants if one.choice is not None), None)
    if choice is not None:
        return choice
    typed, _, prose = command.partition("  # ")
    if typed.startswith("#") or REKEY not in typed:
        return command
    options = " ".join(dict.fromkeys(one.typed for one in grants))
    # The script of agenix-rekey would ask nobody.
    others = [prose] if prose and prose != OR_AGENIX_REKEY else []
    conditions = "; ".join([one.condition for one in grants] + others)
    fix = REKEY_BY_NIX if REKEY_BY_NIX in typed else REKEY
    return f"{typed.replace(fix, f'{fix} {options}', 1)}  # {conditions}"


def choose(values: Iterable[str], grants: Sequence[Grant], others: Iterable[Pair]) -> set[Pair]:
    """Return which grants the values of `--grant` name; `others` are pairs that need none.

    Raises `UsageError` where a value names nothing, or more than one key.
    """
    pairs = {one.pair for one in grants}
    known = {*others} - pairs
    chosen: set[Pair] = set()
    shown = {one.node: one.called for one in grants if one.node and one.called}
    for value in values:
        found = _matching(value, pairs, shown)
        if value != ALL:
            namesakes = set() if value in shown.values() else _matching(value, known, {})
            keys = {key for _, key in found | namesakes}
            if not keys:
                raise UsageError(_unknown(value, grants))
            if len(keys) > 1:
                raise UsageError(f"--grant {value}: that is more than one key{_list(grants)}")
        chosen |= found
    return chosen


def _matching(value: str, pairs: Collection[Pair], shown: Mapping[str, str]) -> set[Pair]:
    """Return the pairs that a value of `--grant` names; a node cannot be called like a key."""
    if value == ALL:
        return set(pairs)
    recipient = recipient_or_none(value)
    if recipient is not None:
        return {pair for pair in pairs if pair[1] == recipient.text}
    if value.startswith("SHA256:"):
        return {pair for pair in pairs if fingerprint(parse_recipient(pair[1])) == value}
    exact = {pair for pair in pairs if pair[0] == value}
    called = {pair for pair in pairs if shown.get(pair[0] or "") == value}
    return exact or called or {pair for pair in pairs if value in _short_names(pair[0])}


def _short_names(node: str | None) -> set[str]:
    return set() if node is None else {node.rpartition("/")[2], node.rpartition(":")[2]}


def _with_several_keys(names: Names, nodes: Collection[str | None]) -> set[str]:
    """Return which nodes are directories whose outputs are made for more than one key."""
    keys: dict[str, set[str]] = {}
    for file in names.here.outputs.values():
        if file.directory not in nodes:
            continue
        made = names.traced(file).here
        recipient = recipient_or_none(names.here.keys[made.key].text) if made else None
        if recipient is not None:
            keys.setdefault(file.directory, set()).add(recipient.text)
    return {directory for directory, its in keys.items() if len(its) > 1}


def _typed(pair: Pair, pairs: Collection[Pair], shown: Mapping[str, str], *, by_key: bool) -> str:
    """Return the option that names a pair and no other key: by its node, else by its key."""
    node, key = pair
    names = () if by_key or node is None else (shown.get(node, node), node)
    value = next((one for one in names if _names_one(one, pair, pairs, shown)), None)
    value = value or fingerprint(parse_recipient(key))
    return f"--grant={_quote(value)}" if value.startswith("-") else f"--grant {_quote(value)}"


def _names_one(value: str, pair: Pair, pairs: Collection[Pair], shown: Mapping[str, str]) -> bool:
    """Return whether a value of `--grant` names a node, and no key but that of the pair."""
    found = _matching(value, pairs, shown) if value != ALL else set()
    return pair in found and {key for _, key in found} == {pair[1]}


def _look_up(
    repository: Repository, names: Names, node: str | None, key: str
) -> tuple[str | None, Brought | None]:
    """Return the file that holds a key, and who brought the key there."""
    text = searched(key)
    here = files_with(names.here, text)
    if not here:
        return None, None
    path = closest_to_name(here, (node or "").replace(":", "/"))
    return path, find_bringer(repository, text, path) if repository.head else None


def _search_everywhere(repository: Repository, key: str) -> Brought | None:
    try:
        return find_in_any_commit(repository, searched(key))
    except CannotCheckError:
        return None


def _unknown(value: str, grants: Sequence[Grant]) -> str:
    """Say that a value of `--grant` names nothing, and what there is to name."""
    people = [one for one in grants if one.bound == value]
    if people:
        typed = " or ".join(one.typed for one in people)
        return (
            f"--grant {value}: anybody can bind a key to that name, so a person is granted by the "
            f"key; if it is theirs: {typed}"
        )
    names = [name for one in grants if (name := one.called or one.bound) is not None]
    return f"--grant {value}: no node and no key here is that{nearest(value, names)}{_list(grants)}"


def _list(grants: Sequence[Grant]) -> str:
    if not grants:
        return "; nothing is to be granted"
    more = len(grants) - _MOST_OFFERED_GRANTS
    listed = "; ".join(f"{one.typed} ({one.line})" for one in grants[:_MOST_OFFERED_GRANTS])
    return f"; to be granted: {listed}{f'; and {more} more' if more > 0 else ''}"


def _quote(text: str) -> str:
    return shell(text).removeprefix("-- ")
