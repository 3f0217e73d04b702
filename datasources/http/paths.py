"""JMESPath expressions over answers: compiled once, and what they can't be evaluated on is told apart from nothing."""

from collections.abc import Callable, Mapping
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

JSON = Any
"""What an answer holds: fractions are Decimals, so that no amount of money is rounded on the way."""


class Unclear(Exception):
    """An answer is not what the mapping says. `at` names the attribute or the part of the mapping, never a value."""

    def __init__(self, at: str) -> None:
        self.at = at
        super().__init__(at)


class Path:
    """An expression. Raises ValueError where it is none.

    Its functions take whole numbers and texts; a fraction can only be taken as it is.
    """

    def __init__(self, expression: str, at: str) -> None:
        try:
            compiled = jmespath.compile(expression)
        except JMESPathError:
            raise ValueError("must be a JMESPath expression") from None
        self.at = at
        self._search: Callable[[JSON], JSON] = _direct(compiled.parsed) or compiled.search

    def of(self, answer: JSON) -> JSON:
        """What it finds, None where that is nothing. Raises Unclear."""
        try:
            return self._search(answer)
        except (JMESPathError, TypeError, ValueError, ArithmeticError, AttributeError):
            raise Unclear(self.at) from None

    def text_of(self, answer: JSON) -> str | None:
        """What it finds as a text: an id, told as one or as a whole number. Raises Unclear."""
        found = self.of(answer)
        if isinstance(found, bool) or not isinstance(found, (str, int, type(None))):
            raise Unclear(self.at)
        return None if found is None else str(found)


def _direct(parsed: Mapping[str, Any]) -> Callable[[JSON], JSON] | None:
    """The same without walking the expression, for one that is a key and no more: most are."""
    if parsed["type"] != "field":
        return None
    name = parsed["value"]
    return lambda answer: answer.get(name) if isinstance(answer, dict) else None
