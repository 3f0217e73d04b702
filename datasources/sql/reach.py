"""Who exists for the caller, as conditions on whatever column holds a customer's id."""

from typing import Any

from sqlalchemy import ColumnElement, exists, literal_column

from datasources.sql.dialects import Dialect
from datasources.sql.filters import Condition, equal
from datasources.sql.tables.profiles import customer_places

BELONGING = ("FAVORITE", "PURCHASED")
"""The relations by which a customer belongs to a store; a check-in alone is not one."""


def reach_of(customer: ColumnElement[Any]) -> dict[str, Condition]:
    """The conditions by the attributes of `Within`; without any of them the row of every customer is found."""

    def of_stores(dialect: Dialect, name: str) -> ColumnElement[bool]:
        """One of the stores is the favorite, or sold something to the customer (settled.md, "Default roles")."""
        return exists().where(
            customer_places.c.customer_id == customer,
            customer_places.c.relation.in_([literal_column(f"'{relation}'") for relation in BELONGING]),
            dialect.any_of(customer_places.c.store_id, name),
        )

    return {"customer": equal(customer), "stores": of_stores}
