"""Whom messages name, found through the profiles' index of identifiers: one statement for any number of them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, String, Uuid, and_, select, union_all
from sqlalchemy.types import TypeEngine

from datasources.ids import CustomerId
from datasources.profiles import Named, Within
from datasources.sql.engine import Database
from datasources.sql.reach import reach_of
from datasources.sql.statements import EachOf
from datasources.sql.tables.profiles import customers, identifiers

NAME: dict[str, TypeEngine[Any]] = {"own": Uuid(), "kind": String(), "system": String(), "value": String()}
REACH = reach_of(customers.c.customer_id)


async def customers_named(database: Database, names: Sequence[Named], within: Within) -> Sequence[CustomerId | None]:
    """The customer whom each names, in the order given; None for the unknown and those out of reach.

    An identifier belongs to one customer, so none is ambiguous (inv-I1). Raises SourceUnavailable, SourceTimedOut.
    """
    keys = [(name.customer_id, name.kind.value if name.kind else "", name.system, name.value) for name in names]
    found = await MATCHES.fetch(database, keys, within)
    return [rows[0] if rows else None for rows in found]


def named(names: FromClause, place: ColumnElement[int]) -> FromClause:
    """Position of each name, which the column tells, and the customer: by own id, and by the primary key of the index."""
    position = place.label("position")
    by_id = select(position, names.c.own.label("customer_id")).where(names.c.own.is_not(None))
    same = and_(*(identifiers.c[part] == names.c[part] for part in ("kind", "system", "value")))
    by_identifier = select(position, identifiers.c.customer_id).select_from(names.join(identifiers, same))
    return union_all(by_id, by_identifier).subquery("known")


def _select(names: FromClause, *conditions: ColumnElement[bool]) -> Select[Any]:
    known = named(names, names.c.position)
    return (
        select(known.c.position, customers.c.customer_id)
        .select_from(known.join(customers, customers.c.customer_id == known.c.customer_id))
        .where(*conditions)
    )


MATCHES: EachOf[CustomerId] = EachOf(CustomerId, NAME, _select, REACH)
