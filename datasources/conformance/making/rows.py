"""The rows of a domain: of every type that its reader answers with, for a few customers."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, get_args, get_type_hints

import msgspec

from datasources.conformance.making.ledger import ledger
from datasources.conformance.making.relations import FITTED, NOT_GIVEN, ONE_EACH, PARTS
from datasources.conformance.making.values import id_of, struct_of
from datasources.ids import CustomerId
from datasources.paging import Page
from datasources.protocols import methods_of
from datasources.registry import Domain

COUNTS = (11, 7, 4, 2, 1, 1, 0)
"""How many rows of a list each customer has: several pages, less than one, and none."""
SHARED = 11
"""How many rows there are of what belongs to no customer."""
ALL_CUSTOMERS = tuple(CustomerId(id_of("customer", number)) for number in range(len(COUNTS)))
CUSTOMERS = ALL_CUSTOMERS[:-1]
"""Those who have rows."""


@cache
def rows_of(domain: Domain) -> tuple[Any, ...]:
    """All rows of a domain, those that others refer to first."""
    if domain is Domain.POINTS:
        return tuple(row for customer, count in zip(CUSTOMERS, COUNTS, strict=False) for row in ledger(customer, count))
    made: list[Any] = []
    for row in types_of(domain):
        made += PARTS[row](made) if row in PARTS else _fitted(row, made)
    return tuple(made)


def thinned(rows: Mapping[Domain, Sequence[Any]]) -> dict[Domain, tuple[Any, ...]]:
    """Less of the same: of every three rows the second is gone, with what refers to it."""
    return {
        domain: tuple(_without(given, {row.id for row in given[1::3] if hasattr(row, "id")}))
        for domain, given in rows.items()
    }


def types_of(domain: Domain) -> list[type[msgspec.Struct]]:
    """The types of the rows that a source of this domain holds: the shared ones, those of customers, then their parts."""
    answers = [get_type_hints(function)["return"] for function in methods_of(domain).values()]
    found = dict.fromkeys(row for answer in answers for row in _structs(answer))
    return sorted((row for row in found if row not in NOT_GIVEN), key=_rank)


def _structs(hint: Any) -> Iterator[type[msgspec.Struct]]:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct) and hint is not Page:
        yield hint
    for part in get_args(hint):
        yield from _structs(part)


def _rank(row: type[msgspec.Struct]) -> tuple[bool, bool]:
    return row in PARTS, "customer_id" in row.__struct_fields__


def _fitted(row: type[msgspec.Struct], others: Sequence[Any]) -> Iterator[Any]:
    """The rows of a type, each made to agree with itself and with what it refers to."""
    for number, known in enumerate(_owners(row)):
        if "id" in row.__struct_fields__:
            known["id"] = id_of(row.__name__, number)
        made = struct_of(row, number, **known)
        yield FITTED[row](made, number, others) if row in FITTED else made


def _owners(row: type[msgspec.Struct]) -> list[dict[str, Any]]:
    """What is known of each row of a type: whose it is."""
    if "customer_id" not in row.__struct_fields__:
        return [{} for _ in range(SHARED)]
    counts = [1] * len(CUSTOMERS) if row in ONE_EACH else COUNTS
    return [
        {"customer_id": customer} for customer, count in zip(ALL_CUSTOMERS, counts, strict=False) for _ in range(count)
    ]


def _without(rows: Sequence[Any], gone: set[Any]) -> Iterator[Any]:
    """Every row but the second of three, and but those that name an id that is gone."""
    for number, row in enumerate(rows):
        named = {getattr(row, name) for name in row.__struct_fields__ if name.endswith("id")}
        if number % 3 != 1 and not named & gone:
            yield row
