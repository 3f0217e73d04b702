"""The names of laws, by which a source declares that one of them does not hold for it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import pytest

from datasources.conformance.methods import Method

Test = TypeVar("Test", bound=Callable[..., Any])


class UnknownGap(Exception):
    """A gap names no law, or a method that there is none of."""


def law(name: str, *, of_rows: bool = True) -> Callable[[Test], Test]:
    """A test as the law of this name; `of_rows` where it can be held to sources of rows that a factory makes."""

    def named(test: Test) -> Test:
        test.law, test.of_rows = name, of_rows  # type: ignore[attr-defined]  # functions take attributes
        return test

    return named


def expect_gap(request: pytest.FixtureRequest, gaps: Mapping[str, str]) -> None:
    """Where the test holds a law that is declared not to hold, have it fail: it is no gap if it does not."""
    name = getattr(request.function, "law", "")
    parameters = getattr(getattr(request.node, "callspec", None), "params", {})
    titles = [f"{name} {value.title}" for value in parameters.values() if isinstance(value, Method)]
    for gap in (name, *titles):
        if gap in gaps:
            request.node.add_marker(pytest.mark.xfail(strict=True, reason=gaps[gap]))


def check_gaps(gaps: Iterable[str], laws: Iterable[str], titles: Iterable[str]) -> None:
    """Pass where every gap is a law, or a law and a method. Raises UnknownGap."""
    known, methods = set(laws), set(titles)
    for gap in gaps:
        name, _, title = gap.partition(" ")
        if name not in known or (title and title not in methods):
            raise UnknownGap(f"'{gap}' is no law: name one of {', '.join(sorted(known))}, then a method if it is one's")
