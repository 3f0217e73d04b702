"""The kit's rows have in them what sources get wrong."""

from enum import Enum
from types import NoneType
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from datasources.conformance import methods_of
from datasources.conformance.expected import FALLING, FOLLOWS, UNTOLD, expected, keys_of, of_type, row_of
from datasources.conformance.making import NOW, rows_of, types_of
from datasources.profiles import CustomerRow
from datasources.registry import Domain

METHODS = [method for domain in Domain for method in methods_of(domain)]
ALWAYS_NULL = {
    ("LocationRow", "distance_meters"),
    ("CustomerRow", "wrapped_key"),
    ("PointAuditRow", "reverses_id"),
    ("PointAuditRow", "reversed_by_id"),
    ("PointAuditRow", "approval_id"),
    ("PointAuditRow", "paid_off"),
}
"""Fields that are null in all rows: what a source derives, or what a simple ledger has none of."""


@pytest.mark.parametrize("domain", Domain, ids=lambda domain: domain.value.lower())
def test_every_row_is_as_its_type_says(domain: Domain) -> None:
    for row in rows_of(domain):
        assert msgspec.convert(msgspec.to_builtins(row), type(row)) == row
    assert [kind for kind in types_of(domain) if not of_type(kind, rows_of(domain))] == []


def test_what_may_be_null_is_null_in_some_rows_and_not_in_others() -> None:
    nulls = {
        (kind.__name__, name): {getattr(row, name) is None for row in of_type(kind, rows_of(domain))}
        for domain in Domain
        for kind in types_of(domain)
        for name, hint in get_type_hints(kind).items()
        if name in kind.__struct_fields__ and NoneType in get_args(hint)
    }
    assert {field for field, found in nulls.items() if found == {True}} == ALWAYS_NULL
    assert {field for field, found in nulls.items() if found == {False}} == {("PrivacyRequestRow", "customer_id")}


@pytest.mark.parametrize("domain", Domain, ids=lambda domain: domain.value.lower())
def test_every_member_of_an_enum_is_there(domain: Domain) -> None:
    for kind in types_of(domain):
        for name, hint in get_type_hints(kind).items():
            if isinstance(hint, type) and issubclass(hint, Enum) and kind is not CustomerRow:
                found = {getattr(row, name) for row in of_type(kind, rows_of(domain))}
                assert len(found) >= min(len(hint), 3), f"{kind.__name__}.{name}"


@pytest.mark.parametrize("title", sorted(set(FALLING) - {"points.audit", "tags.tags"}))
def test_sorted_lists_have_ties_and_several_pages(title: str) -> None:
    (method,) = [method for method in METHODS if method.title == title]
    rows = rows_of(method.domain)
    owners: list[Any] = [None] if method.key is None else keys_of(method, rows)
    lists = [expected(method, owner, rows, NOW) for owner in owners]
    longest = max(lists, key=len)
    values = [getattr(row, FALLING[title][0]) for row in longest]
    assert len(set(values)) < len(values)
    assert title == "tags.held" or len(longest) > 9


def test_every_method_is_told_by_rows_or_has_a_reason_not_to_be() -> None:
    titles = {method.title for method in METHODS}
    assert set(FOLLOWS) | set(UNTOLD) <= titles
    told = [method for method in METHODS if method.title not in FOLLOWS and method.title not in UNTOLD]
    assert [method.title for method in told if not of_type(row_of(method), rows_of(method.domain))] == []
