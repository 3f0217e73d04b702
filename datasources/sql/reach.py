"""Who exists for the caller, as conditions on whatever column holds a customer's id."""

from typing import Any

from sqlalchemy import ColumnElement, exists

from datasources.sql.dialects import Dialect
from datasources.sql.statements import Condition, equal
from datasources.sql.tables.profiles import customer_places


def reach_of(customer: ColumnElement[Any]) -> dict[str, Condition]:
    """The conditions by the attributes of `Within`; without any of them the row of every customer is found."""

    def of_stores(dialect: Dialect, name: str) -> ColumnElement[bool]:
        """Tied to one of the stores (settled.md, "Default roles")."""
        return exists().where(
            customer_places.c.customer_id == customer, dialect.any_of(customer_places.c.store_id, name)
        )

    return {"customer": equal(customer), "stores": of_stores}
