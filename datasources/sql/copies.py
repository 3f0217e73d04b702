"""A customer's rows of a table as another database copies them: read whole, and put in the place of what it had."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import String, Table, Uuid, bindparam, select

from datasources.ids import CustomerId
from datasources.sql.changes import Change, Place
from datasources.sql.engine import Database, Prepared, Statements
from datasources.sql.unit_of_work import Unit

Values = tuple[Any, ...]  # of all the table's columns, in their order


class Copies:
    """Copies of one table, whose rows belong to a customer and hold neither sealed text nor documents."""

    def __init__(self, table: Table) -> None:
        # Without a collation, which a cast can't have.
        self._columns = {
            column.name: String() if isinstance(column.type, String) else column.type for column in table.c
        }
        self._table = table
        self._replaced, self._put = Change(self._emptied), Change(self._filled)
        self._prepared: dict[str, Prepared[Values]] = {}

    async def read(self, database: Database, customer: CustomerId) -> Sequence[Values]:
        """The customer's rows. Raises SourceUnavailable, SourceTimedOut."""
        dialect = database.dialect
        if dialect.name not in self._prepared:
            table = self._table
            own = select(table).where(table.c.customer_id == bindparam("customer", type_=Uuid()))
            self._prepared[dialect.name] = Prepared(own.order_by(*table.primary_key), lambda *row: row, dialect)
        return [row for (row,) in await database.fetch(self._prepared[dialect.name], {"customer": customer})]

    def replace(self, unit: Unit, rows: Sequence[Values]) -> Statements[None]:
        """Have these be the customer's rows."""
        unit.change(self._replaced, {"customer": unit.customer_id})
        yield from unit.flush()
        if rows:
            columns = zip(*rows, strict=True)
            unit.change(self._put, {}, dict(zip(self._columns, map(list, columns), strict=True)))

    def _emptied(self, place: Place) -> Any:
        return self._table.delete().where(self._table.c.customer_id == place.bind("customer", Uuid()))

    def _filled(self, place: Place) -> Any:
        rows = place.keys(**self._columns)
        return self._table.insert().from_select(list(self._columns), select(*(rows.c[name] for name in self._columns)))
