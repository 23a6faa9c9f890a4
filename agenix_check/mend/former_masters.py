"""Which anonymous master recipients the sources of a tree are for, as history shows it.

Of anonymous stanzas only the number shows. Whom they are for follows where just as many keys of
their type stood in the tree of the commit that brought its content: it was for no other.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from agenix_check.age import PLUGIN, Recipient
from agenix_check.audit.readers import compare
from agenix_check.discover.tree.evidence import Evidence
from agenix_check.discover.tree.facts import AgeFact
from agenix_check.errors import CannotCheckError
from agenix_check.git.history import first_with
from agenix_check.git.pickaxe import is_in_tree
from agenix_check.git.repository import Repository

_MOST_SOURCES = 10  # whose commits are looked at, of a type


def shown_masters(
    repository: Repository,
    commit: str,
    tree: Evidence,
    sources: Sequence[str],
    masters: Sequence[Recipient],
) -> Iterator[Recipient]:
    """Yield the anonymous masters that some source of a commit's tree was encrypted to.

    Only of types of which no source has as many stanzas as there are masters.
    """
    kinds: dict[str, list[Recipient]] = defaultdict(list)
    for one in dict.fromkeys(masters):
        if one.is_anonymous and one.kind != PLUGIN:
            kinds[one.kind].append(one)
    for its in kinds.values():
        lacking = {
            path: missing
            for path in sources
            if isinstance(fact := tree.facts.get(path), AgeFact)
            and fact.problem is None
            and (missing := sum(one in its for one in compare(fact.stanzas, masters).missing))
        }
        for path, missing in list(lacking.items())[:_MOST_SOURCES]:
            then = _there_then(repository, commit, tree.files[path].oid, its)
            if then and len(then) == len(its) - missing:
                yield from then
                break


def _there_then(
    repository: Repository, commit: str, oid: str, masters: Sequence[Recipient]
) -> list[Recipient]:
    """Return which keys stood in the tree of the commit that brought a content, if known."""
    try:
        wrote = first_with(repository.git, commit, oid)
        if wrote is None:
            return []
        return [one for one in masters if is_in_tree(repository, one.text, wrote)]
    except CannotCheckError:  # a partial clone
        return []
