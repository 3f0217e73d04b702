"""A formula over an operation's variables, kept as steps in the order in which they are worked out.

A step that several others use is worked out once, so evaluating takes as long as the formula was long to write, however
large the expression that it stands for.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

Variables = Mapping[str, Any]
"""A request's variables, coerced, by their names; those that were not given and have no default are left out."""
Step = Callable[[list[float], Variables], float]
"""(results of the steps before it, variables) → its own result."""
Condition = tuple[str, bool]
"""A variable, and what it has to be."""


class Held(NamedTuple):
    """The result of the step at a position."""

    at: int


Term = float | Held
"""A number, or what a step results in."""


def value(term: Term, results: Sequence[float]) -> float:
    """What a term is, by the results of all steps."""
    return results[term.at] if isinstance(term, Held) else term


def are_met(conditions: Iterable[Condition], variables: Variables) -> bool:
    """True where every one of the variables is what it has to be."""
    return all(bool(variables.get(name)) is wanted for name, wanted in conditions)


IDENTITY: dict[Callable[[list[float]], float], float] = {sum: 0, prod: 1}


class Formula:
    """Writes the steps. What holds no variable is worked out at once and needs none."""

    def __init__(self) -> None:
        self.variables: set[str] = set()
        """The variables that are read."""
        self._steps: list[Step] = []

    def __len__(self) -> int:
        return len(self._steps)

    def read(self, variables: Iterable[str], reckon: Callable[[Variables], float]) -> Held:
        """What a function makes of these variables."""
        self.variables.update(variables)
        return self._next(lambda _, values: reckon(values))

    def sum(self, terms: Iterable[Term]) -> Term:
        """All of them together; of none, 0."""
        return self._reduced(sum, terms)

    def product(self, terms: Iterable[Term]) -> Term:
        """Each times the others; of none, 1."""
        return self._reduced(prod, terms)

    def greatest(self, terms: Iterable[Term]) -> Term:
        """The largest of them, and at least 0."""
        return self._reduced(max, (0, *terms))

    def where(self, conditions: Sequence[Condition], term: Term) -> Term:
        """The term where all of the conditions are met, else 0."""
        if not conditions or term == 0:
            return term
        self.variables.update(name for name, _ in conditions)

        def met(results: list[float], values: Variables) -> float:
            return value(term, results) if are_met(conditions, values) else 0

        return self._next(met)

    def results(self, variables: Variables) -> list[float]:
        """What each step results in; `value` finds a term's there."""
        results: list[float] = []
        for step in self._steps:
            results.append(step(results, variables))
        return results

    def _reduced(self, reduce: Callable[[list[float]], float], terms: Iterable[Term]) -> Term:
        read: list[int] = []
        known: list[float] = []
        for term in terms:
            if isinstance(term, Held):
                read.append(term.at)
            else:
                known.append(term)
        constant = reduce(known) if known else IDENTITY.get(reduce)
        if not read and constant is not None:
            return constant
        if reduce is prod and constant == 0:
            return 0
        if len(read) == 1 and constant == IDENTITY.get(reduce):
            return Held(read[0])
        fixed = [] if constant is None else [constant]
        return self._next(lambda results, _: reduce([*fixed, *[results[at] for at in read]]))

    def _next(self, step: Step) -> Held:
        self._steps.append(step)
        return Held(len(self._steps) - 1)
