"""The price of an operation: its formula, and what each field contributes to it."""

from typing import NamedTuple

from gateway.plan.formula import Condition, Formula, Term, Variables, are_met, value

Path = tuple[str, ...]
"""The keys that lead to a field in the answer, without the places in lists."""

CEILING = 2**53 - 1
"""The largest number that every reader of JSON takes for the same."""


class Part(NamedTuple):
    """A field of a selection, or under no key the fragments spread in it."""

    key: str | None
    conditions: tuple[Condition, ...]
    fixed: Term
    """What it costs for each object that has it."""
    each: Term
    """What it costs for each item of the page that it shows, where its parent is a connection."""
    times: Term | None = 1
    """How many objects it shows; None where they are the items of its parent's page."""
    size: Term = 0
    """How many items the sized fields below it hold."""
    below: tuple["Selected", ...] = ()
    """What is selected of its objects, by each type that they can be of."""
    given: int = 0
    """Values that its arguments hold."""


class Selected(NamedTuple):
    """What a selection costs for an object of one type: once, and for each item of the page that the object stands for."""

    fixed: Term
    each: Term
    parts: tuple[Part, ...]
    fields: int
    """Fields of it and below, each as often as it is spread and for every type that its parent can be of."""
    work: int
    """Selections and values of arguments that are gone through to compile it, each as often as a field."""


class Price:
    """The price of an operation as a formula over its variables."""

    def __init__(self, formula: Formula, root: Selected, total: Term, visited: int) -> None:
        self.variables = frozenset(formula.variables)
        """The variables that the price depends on; no other has to be given."""
        self.visited = visited
        """Selections visited to make the formula, each for every type that its parent can be of."""
        self.fields = root.fields
        """Fields that the operation consists of at most, once fragments are expanded for every type there can be."""
        self.work = root.work
        """Selections and values of arguments that are gone through to compile them, each as often as a field."""
        self.steps = len(formula)
        """Steps that it takes to work the price out."""
        self._formula, self._root, self._total = formula, root, total
        self._always = None if self.steps else min(value(total, ()), CEILING)
        """The price where it depends on nothing."""

    def of(self, variables: Variables) -> float:
        """The price with these variables, coerced; what is above the ceiling is told as the ceiling."""
        if self._always is not None:
            return self._always
        return min(value(self._total, self._formula.results(variables)), CEILING)

    def by_path(self, variables: Variables) -> dict[Path, float]:
        """The share of each field with all that is below it, by the keys that lead to it in the answer.

        Of several types that an object can be of, the dearest counts for each path. Fragments are expanded: it takes as
        long as for the operation written without them.
        """
        shares: dict[Path, float] = {}
        _Shares(self._formula.results(variables), variables).add(shares, self._root, (), (1, 0))
        return shares


class _Shares(NamedTuple):
    """The prices of fields by the results of a formula's steps."""

    results: list[float]
    variables: Variables

    def add(self, to: dict[Path, float], selected: Selected, path: Path, there: tuple[float, float]) -> None:
        """Add the shares of what is selected at a path, where so many objects are there that hold so many items each."""
        objects, items = there
        for part in selected.parts:
            if not are_met(part.conditions, self.variables):
                continue
            if part.key is None:
                self.add(to, part.below[0], path, there)
                continue
            here = (*path, part.key)
            to[here] = to.get(here, 0) + objects * (self._value(part.fixed) + items * self._value(part.each))
            shown = objects * (items if part.times is None else self._value(part.times))
            self._add_dearest(to, part.below, here, (shown, self._value(part.size)))

    def _add_dearest(
        self, to: dict[Path, float], below: tuple[Selected, ...], path: Path, there: tuple[float, float]
    ) -> None:
        dearest: dict[Path, float] = {}
        for selected in below:
            found: dict[Path, float] = {}
            self.add(found, selected, path, there)
            for key, share in found.items():
                dearest[key] = max(share, dearest.get(key, 0))
        for key, share in dearest.items():
            to[key] = to.get(key, 0) + share

    def _value(self, term: Term) -> float:
        return value(term, self.results)
