"""Which columns an operation asks for, of the rows of its connections and of customers: those that are read of them."""

from collections.abc import Iterable, Iterator, Mapping

from graphql import FieldNode, FragmentSpreadNode, SelectionSetNode
from graphql.execution.collect_fields import FragmentDetails

from resolvers.profiles import LOOKED_AT

Reads = frozenset[str] | None
"""Names of fields of a row; None for all there are."""
NOTHING: frozenset[str] = frozenset()


def all_of(several: Iterable[Reads]) -> Reads:
    """What is read in all."""
    found = NOTHING
    for one in several:
        if one is None:
            return None
        found |= one
    return found


class Projection:
    """The columns that one operation asks for. All selections of a connection ask for the same ones, and so do all that show
    a customer, so that those with the same arguments stay one call."""

    def __init__(self) -> None:
        self._read: dict[str, Reads] = {}
        self._whole: set[str] = set()
        self.customer_columns: Reads = LOOKED_AT
        """What is read of customers who are looked up."""

    def add(self, coordinate: str, reads: Reads) -> None:
        """A connection is selected of whose rows this is read."""
        self._read[coordinate] = all_of((self._read.get(coordinate, NOTHING), reads))

    def add_customers(self, reads: Reads) -> None:
        """Customers are selected of whom this is read."""
        self.customer_columns = all_of((self.customer_columns, reads))

    def ask_for_all(self, names: Iterable[str]) -> None:
        """Fields of these names may turn out to be selected while others are asked for already."""
        self._whole.update(names)

    def columns(self, coordinate: str) -> Reads:
        """What a connection asks for; to be called when the operation runs."""
        return None if coordinate.partition(".")[2] in self._whole else self._read[coordinate]


def names_in(
    selected: SelectionSetNode | None, fragments: Mapping[str, FragmentDetails], opened: set[str]
) -> Iterator[str]:
    """The names of all fields in a selection, however deep; fragments that were opened before are left out."""
    for node in () if selected is None else selected.selections:
        below = getattr(node, "selection_set", None)
        if isinstance(node, FieldNode):
            yield node.name.value
        if isinstance(node, FragmentSpreadNode) and node.name.value not in opened:
            opened.add(node.name.value)
            below = fragments[node.name.value].definition.selection_set
        yield from names_in(below, fragments, opened)
