"""The names of laws, by which a source declares that one of them does not hold for it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import pytest

from datasources.conformance.methods import Method, methods_of
from datasources.registry import Domain

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


def check_gaps(gaps: Iterable[str], laws: Iterable[str], domains: Iterable[Domain]) -> None:
    """Pass where every gap is a law, or a law and a method of one of the domains. Raises UnknownGap."""
    known = set(laws)
    titles = {method.title for domain in domains for method in methods_of(domain)}
    for gap in gaps:
        name, _, title = gap.partition(" ")
        if name not in known:
            raise UnknownGap(f"'{gap}' is no gap: '{name}' is no law, which are {', '.join(sorted(known))}")
        if title and title not in titles:
            raise UnknownGap(f"'{gap}' is no gap: '{title}' is no method of the domains that are read")
