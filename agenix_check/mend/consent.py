"""What a person grants in one run: with `--grant`, or asked once at the terminal."""

from collections.abc import Callable, Iterable, Sequence

from agenix_check.discover.declared.inventory import Inventory
from agenix_check.discover.tree.names import Names
from agenix_check.mend.admission import Admission, Pair
from agenix_check.mend.former_keys import named_needs
from agenix_check.mend.grants import Grant, choose
from agenix_check.mend.needs import declared_needs

Ask = Callable[[Sequence[str]], bool]


class Consent:
    """The grants of one run: `values` are those of `--grant`.

    `ask` shows the lines of a list and returns whether a person agrees; None where nobody is to be
    asked. `say` writes a sentence for them. `options` are those that a command must repeat.
    """

    def __init__(
        self,
        values: Iterable[str],
        say: Callable[[str], object],
        ask: Ask | None = None,
        *,
        options: str = "",
    ) -> None:
        self.options = options
        self.granted: frozenset[Pair] = frozenset()
        self._values = tuple(values)
        self._say = say
        self._ask = ask
        self._said: set[str] = set()

    def tell(self, sentence: str) -> None:
        """Say a sentence, once."""
        if sentence not in self._said:
            self._said.add(sentence)
            self._say(sentence)

    def extend(self, grants: Sequence[Grant], others: Callable[[], Iterable[Pair]]) -> bool:
        """Grant what options and a person at the terminal grant; return whether that is anything.

        `others` gives the pairs that need no grant. Raises `UsageError` as `choose` does.
        """
        new = choose(self._values, grants, others() if self._values else ()) - self.granted
        left = [one for one in grants if one.pair not in new and one.pair not in self.granted]
        if left and self._ask is not None:
            ask, self._ask = self._ask, None  # once, whatever the answer
            if ask([one.line for one in left]):
                new |= {one.pair for one in left}
        self.granted |= new
        return bool(new)


def all_pairs(names: Names, inventory: Inventory, admission: Admission) -> set[Pair]:
    """Return every node with its key, and every recipient of plain agenix and of sources."""
    declared = inventory.declared
    needs = named_needs(names) if declared is None else declared_needs(declared)
    texts: set[tuple[str | None, str]] = {(need.node, need.key) for need in needs.known}
    if declared is not None:
        texts |= {(node.name, node.host_pubkey) for node in declared.declaration.nodes}
        texts |= {(None, one.text) for one in declared.masters.known}
    rules = (rule for file in inventory.rules for rule in file.rules)
    texts |= {(None, text) for rule in rules for text in rule.recipients}
    found = ((node, admission.canonical(text)) for node, text in texts)
    return {(node, key) for node, key in found if key is not None}
